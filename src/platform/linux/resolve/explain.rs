//! Where a library that was not found was looked for, and what was there instead.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Searched;
use super::contexts::{ContextId, List, Requester};
use super::search::Search;
use crate::elf::soname::stem;
use crate::host::{Probe, SearchDir};
use crate::platform::linux::search_path::{Lead, Problem, WheelDir};

/// No reader wants more, and hostile search paths have thousands of entries.
pub(super) const MOST_ROWS: usize = 100;
const MOST_NEAR: usize = 4;
/// Of all explanations together: what people read is a few, and a hostile wheel has thousands. Later
/// ones name one folder.
const MOST_ROWS_OF_ALL: usize = 50_000;

/// Why a folder of the machine is not searched.
pub(super) const NO_HOST: &str = "--no-host-libs";

/// Lists the folders searched; shares the lists of requesters that search the same ones.
pub(super) struct Explainer<'s, 'a> {
    search: &'s Search<'a>,
    plans: HashMap<(Requester, Option<ContextId>), Plan>,
    /// By folder and by stem in lower case: the libraries there.
    listings: HashMap<PathBuf, HashMap<String, Vec<String>>>,
    rows_left: usize,
}

/// A folder, and how a name would be looked for there.
enum Place {
    Wheel(WheelDir),
    Host(PathBuf),
    /// Not searched.
    None,
}

struct Plan {
    places: Vec<Place>,
    rows: Arc<[Searched]>,
}

impl<'s, 'a> Explainer<'s, 'a> {
    pub(super) fn new(search: &'s Search<'a>) -> Self {
        Self {
            search,
            plans: HashMap::new(),
            listings: HashMap::new(),
            rows_left: MOST_ROWS_OF_ALL,
        }
    }

    /// The folders searched for `name`, in the loader's order, and why in vain.
    pub(super) fn searched(
        &mut self,
        requester: &Requester,
        context: Option<ContextId>,
        name: &str,
    ) -> Arc<[Searched]> {
        let search = self.search;
        let plan = self.plans.entry((*requester, context)).or_insert_with(|| {
            let plan = plan(search, requester, context, MOST_ROWS.min(self.rows_left));
            self.rows_left = self.rows_left.saturating_sub(plan.rows.len());
            plan
        });
        let near_name = stem(name).to_ascii_lowercase();
        let found = plan.places.iter().map(|place| match place {
            Place::Wheel(dir) => {
                let member = search.tree.folder(dir);
                let member = member.and_then(|folder| search.tree.at(folder, name));
                let unfit = member.and_then(|member| search.tree.unfit(member, &requester.wanted));
                (unfit, Vec::new())
            }
            Place::Host(dir) => match search.options.host.probe(dir, name, &requester.wanted) {
                Probe::Skipped(reason) => (Some(reason), Vec::new()),
                Probe::Found(_) => (None, Vec::new()),
                Probe::Absent => (
                    None,
                    near_misses(search, &mut self.listings, dir, &near_name),
                ),
            },
            Place::None => (None, Vec::new()),
        });
        let found: Vec<(Option<String>, Vec<String>)> = found.collect();
        if found
            .iter()
            .all(|(unfit, near)| unfit.is_none() && near.is_empty())
        {
            return Arc::clone(&plan.rows);
        }
        let all = self.rows_left > 0;
        let rows = plan.rows.iter().zip(found);
        let rows = rows.filter(|(_, (unfit, near))| all || unfit.is_some() || !near.is_empty());
        let rows = rows.take(if all { MOST_ROWS } else { 1 });
        let rows = rows.map(|(row, (unfit, near))| Searched {
            unfit,
            near,
            ..row.clone()
        });
        let rows: Arc<[Searched]> = rows.collect();
        self.rows_left = self.rows_left.saturating_sub(rows.len());
        rows
    }
}

/// The first `most` places, at least one.
fn plan(
    search: &Search<'_>,
    requester: &Requester,
    context: Option<ContextId>,
    most: usize,
) -> Plan {
    let most = most.max(1);
    let mut plan: Vec<(Place, Searched)> = Vec::new();
    let [first, middle, last] = search.fixed_dirs(requester);
    plan.extend(first.into_iter().map(fixed));
    let of_list = |list: Option<usize>| list.and_then(|list| search.contexts.list(list));
    let runpath = of_list(requester.runpath);
    let context = context.filter(|_| runpath.is_none());
    for list in search.contexts.all(context) {
        if plan.len() >= most {
            break;
        }
        add_list(search, list, &mut plan);
    }
    plan.extend(middle.into_iter().map(fixed));
    if let Some(list) = runpath {
        add_list(search, list, &mut plan);
    }
    plan.extend(last.into_iter().map(fixed));
    if let Some(list) = of_list(requester.last_resort) {
        add_list(search, list, &mut plan);
    }
    plan.truncate(most);
    let (places, rows): (Vec<Place>, Vec<Searched>) = plan.into_iter().unzip();
    Plan {
        places,
        rows: rows.into(),
    }
}

/// The libraries in `dir` that differ only in what tells releases apart from the one whose stem, in lower
/// case, is `near_name`.
fn near_misses(
    search: &Search<'_>,
    listings: &mut HashMap<PathBuf, HashMap<String, Vec<String>>>,
    dir: &Path,
    near_name: &str,
) -> Vec<String> {
    if !listings.contains_key(dir) {
        let names = search
            .options
            .host
            .names_in(dir, |name| name.contains(".so"));
        let mut listing: HashMap<String, Vec<String>> = HashMap::new();
        for name in names {
            let stem = stem(&name).to_ascii_lowercase();
            listing.entry(stem).or_default().push(name);
        }
        listings.insert(dir.to_path_buf(), listing);
    }
    let near = listings.get(dir).and_then(|listing| listing.get(near_name));
    let near = near.map_or(&[][..], Vec::as_slice);
    near.iter().take(MOST_NEAR).cloned().collect()
}

fn fixed(dir: &SearchDir) -> (Place, Searched) {
    let row = Searched::new(dir.dir.to_string_lossy(), dir.found_by.clone());
    (Place::Host(dir.dir.clone()), row)
}

fn add_list(search: &Search<'_>, list: &List, plan: &mut Vec<(Place, Searched)>) {
    let entries = list.entries.iter();
    let leads = entries.flat_map(|entry| entry.leads.iter().map(move |lead| (entry, lead)));
    for (entry, lead) in leads.take(MOST_ROWS) {
        let (place, dir, unsearched) = match lead {
            // The prefix of an installation is no folder of the wheel, unless it puts something there.
            Lead::Wheel(dir @ WheelDir::Elsewhere(..)) if search.tree.folder(dir).is_none() => {
                let problem = Problem::LeavesWheel.as_str();
                (Place::None, entry.text.clone(), Some(problem))
            }
            Lead::Wheel(dir) => (Place::Wheel(dir.clone()), dir.to_string(), None),
            Lead::Nowhere(problem) => (Place::None, entry.text.clone(), Some(problem.as_str())),
            Lead::Absolute(_) | Lead::Folder(_) => {
                let Some(dir) = search.host_dir(lead) else {
                    continue;
                };
                let host = search.options.host;
                let text = dir.to_string_lossy().into_owned();
                if !host.may_search(&dir) {
                    (Place::None, text, Some(NO_HOST))
                } else if host.real_folder(&dir).is_none() {
                    (Place::None, text, Some("no such folder"))
                } else {
                    (Place::Host(dir), text, None)
                }
            }
        };
        let row = Searched {
            unsearched: unsearched.map(str::to_owned),
            ..Searched::new(dir, list.found_by.clone())
        };
        plan.push((place, row));
    }
}
