//! Libraries that were not found: who needs them, where they were looked for, what came near.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::audit::libraries::chains::Chains;
use crate::audit::libraries::external::Provider;
use crate::audit::{Audit, Input};
use crate::elf::soname::stem;
use crate::finding::Finding;
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{NodeId, Origin, Searched, Target};
use crate::shell::shell_word;

/// One library that was not found.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// Its name in `DT_NEEDED`.
    pub soname: String,
    /// The chain to the first file that needs it, as names: `pkg/_x.so`, `libfoo.so.1`.
    pub first_chain: Vec<String>,
    /// How many files need it.
    pub needed_by: usize,
    /// Where it was looked for, for each who needs it; those who look in the same folders share a list.
    searched: Vec<Arc<[Searched]>>,
    /// What was found instead, in words.
    pub near: Vec<String>,
}

/// So many missing libraries have their folders told; nobody reads further.
const MOST_EXPLAINED: usize = 100;
/// So many folders are told of one.
const MOST_FOLDERS: usize = 100;

/// What to say of `missing`: each by itself.
pub(crate) fn findings(missing: &[Missing]) -> Vec<Finding> {
    let (explained, rest) = missing.split_at(missing.len().min(MOST_EXPLAINED));
    let explained = explained.iter().map(|it| it.finding(it.help()));
    let rest = rest.iter().map(|it| it.finding(it.advice()));
    explained.chain(rest).collect()
}

/// Everything that a repair for `tag` would not find, by name.
pub(crate) fn missing(audit: &Audit, input: &Input<'_>, tag: Since) -> Vec<Missing> {
    let externals = audit.externals.iter();
    let externals = externals.filter(|external| external.grafted_at(tag));
    let mut absent: BTreeMap<&str, Missing> = externals
        .filter(|external| external.provider == Provider::Missing)
        .map(|external| (external.soname.as_str(), Missing::new(&external.soname)))
        .collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let chains = Chains::of_grafts(audit, tag);
    for (id, node) in audit.graph.nodes.iter().enumerate() {
        if !chains.reaches(id) {
            continue;
        }
        for edge in &node.edges {
            if let (Some(missing), Target::Missing(searched)) =
                (absent.get_mut(edge.soname.as_str()), &edge.target)
            {
                if missing.needed_by == 0 {
                    missing.first_chain = names(audit, input, &chains.to(id));
                }
                missing.needed_by = missing.needed_by.saturating_add(1);
                missing.add_searched(searched);
            }
        }
    }
    let versions = Versions::new(audit, input, absent.keys().copied());
    for missing in absent.values_mut() {
        missing.near.extend(versions.of(&missing.soname));
    }
    absent.into_values().collect()
}

/// A chain as names: the member's path, then sonames.
pub(crate) fn names(audit: &Audit, input: &Input<'_>, chain: &[NodeId]) -> Vec<String> {
    chain.iter().map(|node| name(audit, input, *node)).collect()
}

/// The path of a member; outside, the soname, or else the file name.
pub(crate) fn name(audit: &Audit, input: &Input<'_>, node: NodeId) -> String {
    match audit.graph.nodes.get(node).map(|node| &node.origin) {
        Some(Origin::Member(member)) => {
            let elf = input.elves.get(*member);
            elf.map(|elf| elf.path.clone()).unwrap_or_default()
        }
        Some(Origin::Host(library)) => library.name(),
        None => String::new(),
    }
}

impl Missing {
    fn new(soname: &str) -> Self {
        Self {
            soname: soname.to_owned(),
            first_chain: Vec::new(),
            needed_by: 0,
            searched: Vec::new(),
            near: Vec::new(),
        }
    }

    fn add_searched(&mut self, searched: &Arc<[Searched]>) {
        let known = self.searched.last();
        if known.is_some_and(|known| Arc::ptr_eq(known, searched))
            || self.searched.len() > MOST_FOLDERS
        {
            return;
        }
        self.searched.push(Arc::clone(searched));
        for place in searched.iter() {
            let unfit = place.unfit.iter();
            let unfit = unfit.map(|why| format!("{}/{}: {why}", place.dir, self.soname));
            let near = place.near.iter();
            let near = near.map(|name| format!("{}/{name}: another version", place.dir));
            for near in unfit.chain(near) {
                if self.near.len() < MOST_FOLDERS && !self.near.contains(&near) {
                    self.near.push(near);
                }
            }
        }
    }

    /// Where it was looked for, in order, each folder once.
    pub(crate) fn searched(&self) -> Vec<&Searched> {
        let mut seen = HashSet::new();
        let places = self.searched.iter().flat_map(|places| places.iter());
        let places = places.filter(|place| seen.insert(&place.dir));
        places.take(MOST_FOLDERS).collect()
    }

    /// `needed by a.so → libfoo.so.1, and by 2 more files`.
    pub(crate) fn needed_by(&self) -> String {
        let first = self.first_chain.join(" → ");
        match self.needed_by {
            0 => "needed by nothing that is judged".to_owned(),
            1 => format!("needed by {first}"),
            2 => format!("needed by {first}, and by 1 more file"),
            number => format!(
                "needed by {first}, and by {} more files",
                number.saturating_sub(1)
            ),
        }
    }

    /// What can be done, one way a line.
    pub(crate) fn help(&self) -> String {
        let mut lines = vec![self.searched_line()];
        lines.extend(self.unsearched_line());
        lines.push(self.advice());
        lines.join("\n")
    }

    /// The same without the folders.
    fn advice(&self) -> String {
        let soname = &self.soname;
        let near = self.near.iter();
        let mut lines: Vec<String> = near.map(|near| format!("near miss: {near}")).collect();
        lines.push(format!(
            "if you have it: --lib-path DIR, where DIR holds {soname}"
        ));
        lines.push(format!(
            "if it is on every machine that this is for: --exclude {}",
            shell_word(soname)
        ));
        lines.join("\n")
    }

    /// `looked in /a (RPATH of x), /b (ld.so.conf)`.
    pub(crate) fn searched_line(&self) -> String {
        let searched = self.searched();
        if searched.is_empty() {
            return "no folder was searched: --no-host-libs, and no --lib-path or --sysroot"
                .to_owned();
        }
        let searched = searched.iter().filter(|place| place.unsearched.is_none());
        let groups = grouped(searched.map(|place| (&place.dir, place.found_by.to_string())));
        if groups.is_empty() {
            return "no folder was searched".to_owned();
        }
        format!("looked in {groups}")
    }

    /// `not searched: /a (RPATH of x, no such folder)`, if there is such a folder.
    fn unsearched_line(&self) -> Option<String> {
        let searched = self.searched();
        let places = searched.iter().filter_map(|place| {
            let unsearched = place.unsearched.as_ref()?;
            Some((&place.dir, format!("{}: {unsearched}", place.found_by)))
        });
        let groups = grouped(places);
        (!groups.is_empty()).then(|| format!("not searched: {groups}"))
    }

    fn finding(&self, help: String) -> Finding {
        let message = format!("{} was not found; {}", self.soname, self.needed_by());
        Finding::warning("lib-not-found", message).help(help)
    }
}

/// Folders with a reason each; one reason is told once, for all its folders.
fn grouped<'a>(places: impl Iterator<Item = (&'a String, String)>) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (dir, why) in places {
        match groups.iter_mut().find(|(known, _)| *known == why) {
            Some((_, dirs)) => dirs.push(dir),
            None => groups.push((why, vec![dir])),
        }
    }
    let groups = groups.iter();
    let groups: Vec<String> = groups
        .map(|(why, dirs)| format!("{} ({why})", dirs.join(" ")))
        .collect();
    groups.join(", ")
}

/// Files that are there under another version, by the base name of a missing library.
struct Versions(BTreeMap<String, BTreeSet<String>>);

impl Versions {
    fn new<'a>(audit: &Audit, input: &Input<'_>, missing: impl Iterator<Item = &'a str>) -> Self {
        let bases = missing.map(|soname| (stem(soname).to_owned(), BTreeSet::new()));
        let mut found: BTreeMap<String, BTreeSet<String>> = bases.collect();
        for (id, node) in audit.graph.nodes.iter().enumerate() {
            let file = match &node.origin {
                Origin::Member(member) => input.elves.get(*member).map(|elf| elf.path.clone()),
                Origin::Host(library) => Some(library.path.display().to_string()),
            };
            let Some(file) = file else { continue };
            let Some(known) = found.get_mut(stem(&file)) else {
                continue;
            };
            let judged = audit.judged.get(id) != Some(&false);
            let why = match (&node.origin, judged) {
                (Origin::Member(_), false) => {
                    "in the wheel, but for another architecture or C library"
                }
                (Origin::Member(_), true) => "in the wheel, under another name",
                (Origin::Host(_), _) => "another version",
            };
            known.insert(format!("{file}: {why}"));
        }
        Self(found)
    }

    fn of(&self, soname: &str) -> impl Iterator<Item = String> {
        let found = self.0.get(stem(soname));
        found.into_iter().flatten().cloned()
    }
}
