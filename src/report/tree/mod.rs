//! `audit tree`: who needs whom, where each file was found, and what becomes of it.
//!
//! [`Tree`] says it as data; one format a file.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::Judgement;
use crate::audit::PlatRequest;
use crate::audit::extension::python_extension;
use crate::audit::libraries::external::Inside;
use crate::audit::libraries::missing::name;
use crate::finding::Error;
use crate::platform::linux::policy::{Since, drivers::driver_of};
use crate::platform::linux::resolve::{Edge, NodeId, Origin, Target};

pub mod dot;
pub mod json;
pub mod mermaid;
pub mod text;
mod why_chains;

/// What becomes of a file in a repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// In the wheel.
    InWheel,
    /// In the wheel, but for another architecture or C library.
    NotJudged,
    /// To be grafted.
    Graft,
    /// Not found.
    Missing,
    /// Left outside by `--exclude`.
    Excluded,
    /// libpython, which the interpreter provides.
    Libpython,
    /// Belongs to a driver of the machine.
    Driver,
    /// The tag lets it stay outside.
    Allowed,
    /// Needed only by what stays outside.
    System,
}

impl State {
    /// Every state, in the order of legends.
    pub const ALL: [Self; 9] = [
        Self::InWheel,
        Self::NotJudged,
        Self::Graft,
        Self::Missing,
        Self::Excluded,
        Self::Libpython,
        Self::Driver,
        Self::Allowed,
        Self::System,
    ];

    /// The word for it in JSON and legends.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InWheel => "in-wheel",
            Self::NotJudged => "not-judged",
            Self::Graft => "graft",
            Self::Missing => "missing",
            Self::Excluded => "excluded",
            Self::Libpython => "libpython",
            Self::Driver => "driver",
            Self::Allowed => "allowed",
            Self::System => "system",
        }
    }

    /// What it means, for legends.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::InWheel => "in the wheel",
            Self::NotJudged => "in the wheel, not judged",
            Self::Graft => "a repair brings it in",
            Self::Missing => "not found",
            Self::Excluded => "excluded: stays outside",
            Self::Libpython => "the interpreter's own",
            Self::Driver => "a driver: stays outside",
            Self::Allowed => "may stay outside",
            Self::System => "needed by what stays outside",
        }
    }
}

/// A file, or a name that leads to none.
#[derive(Clone, Debug)]
pub struct Item {
    /// The member path, or the name by which it is needed.
    pub name: String,
    /// Where it is, if it is anywhere outside.
    pub path: Option<String>,
    /// What becomes of it.
    pub state: State,
    /// What it needs, in order: index into [`Tree::items`], and how it was found, in words.
    pub needs: Vec<Need>,
}

/// One need of an [`Item`].
#[derive(Clone, Debug)]
pub struct Need {
    /// The name in `DT_NEEDED`.
    pub soname: Arc<str>,
    /// Index into [`Tree::items`].
    pub item: usize,
    /// How it was found; empty if it was not looked for.
    pub found_by: Arc<str>,
    /// It was found where every program finds it.
    pub usual: bool,
}

/// Who needs whom.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The file name of what was judged.
    pub input: String,
    /// The tag that the states are for.
    pub tag: String,
    /// Members first, in archive order.
    pub items: Vec<Item>,
    /// Items to start from: what nothing else in the wheel needs, and Python extensions.
    pub roots: Vec<usize>,
    /// The chains that `--why` asked for: items from a member on, and whether there are more.
    pub why: Option<Why>,
}

/// The answer to `--why`.
#[derive(Clone, Debug)]
pub struct Why {
    /// What was asked for.
    pub library: String,
    /// Chains of items; the last is the library.
    pub chains: Vec<Vec<usize>>,
    /// Whether some chains were left out.
    pub more: bool,
}

impl Tree {
    /// The tree of a judged input, with states for the tag `at`.
    pub fn new(judgement: &Judgement<'_>, at: Since) -> Self {
        let Judgement { input, audit, .. } = *judgement;
        let mut builder = Builder {
            judgement,
            at,
            inside: Inside::new(&audit.graph, input.elves.len(), &audit.externals, at),
            items: Vec::new(),
            names: BTreeMap::new(),
            words: HashSet::new(),
        };
        builder.add_nodes();
        builder.add_needs();
        let mut tree = Self {
            input: input.path.display().to_string(),
            tag: audit.candidates.tag_name(at),
            items: builder.items,
            roots: Vec::new(),
            why: None,
        };
        tree.roots = tree.find_roots(judgement);
        tree
    }

    /// The tree with states for the tag `plat`, or for what a repair would reach.
    ///
    /// # Errors
    /// `ErrorKind::OutOfReach` for what is no tag of the input's.
    pub fn for_plat(judgement: &Judgement<'_>, plat: Option<&str>) -> Result<Self, Error> {
        let audit = judgement.audit;
        let at = match plat.and_then(PlatRequest::parse) {
            None => audit.verdict.repaired,
            Some(request) if request.is_linux() => Since::Never,
            Some(request) => Since::Rung(audit.rung_asked(&request, judgement.input.path)?),
        };
        Ok(Self::new(judgement, at))
    }

    /// The states that occur, in the order of legends.
    pub fn states(&self) -> Vec<State> {
        let used: BTreeSet<State> = self.items.iter().map(|item| item.state).collect();
        used.into_iter().collect()
    }

    fn find_roots(&self, judgement: &Judgement<'_>) -> Vec<usize> {
        let elves = judgement.input.elves;
        let members = elves.len().min(self.items.len());
        let needed: BTreeSet<usize> = self
            .items
            .iter()
            .enumerate()
            .flat_map(|(id, item)| item.needs.iter().map(move |need| (id, need.item)))
            .filter(|(id, needed)| id != needed)
            .map(|(_, needed)| needed)
            .collect();
        let mut roots: Vec<usize> = (0..members)
            .filter(|id| {
                let extension = elves.get(*id).and_then(python_extension).is_some();
                extension || !needed.contains(id)
            })
            .collect();
        // Members that only need each other in a circle.
        let mut seen = self.reached_from(&roots);
        for id in 0..members {
            if !seen.contains(&id) {
                roots.push(id);
                seen.extend(self.reached_from(&[id]));
            }
        }
        roots
    }

    fn reached_from(&self, roots: &[usize]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut queue = roots.to_vec();
        while let Some(id) = queue.pop() {
            if seen.insert(id)
                && let Some(item) = self.items.get(id)
            {
                queue.extend(item.needs.iter().map(|need| need.item));
            }
        }
        seen
    }
}

struct Builder<'a> {
    judgement: &'a Judgement<'a>,
    at: Since,
    inside: Inside<'a>,
    items: Vec<Item>,
    /// Items of names that lead to no file.
    names: BTreeMap<String, usize>,
    /// What needs say, each once.
    words: HashSet<Arc<str>>,
}

impl Builder<'_> {
    fn add_nodes(&mut self) {
        let Judgement { input, audit, .. } = *self.judgement;
        let grafts: BTreeSet<NodeId> = self.inside.grafts().collect();
        for (id, node) in audit.graph.nodes.iter().enumerate() {
            let (path, state) = match &node.origin {
                Origin::Member(member) if audit.judged.get(*member) == Some(&false) => {
                    (None, State::NotJudged)
                }
                Origin::Member(_) => (None, State::InWheel),
                Origin::Host(library) => {
                    let path = library.path.display().to_string();
                    let state = if grafts.contains(&id) {
                        State::Graft
                    } else {
                        State::System
                    };
                    (Some(path), state)
                }
            };
            self.items.push(Item {
                name: name(audit, input, id),
                path,
                state,
                needs: Vec::new(),
            });
        }
    }

    fn add_needs(&mut self) {
        let graph = &self.judgement.audit.graph;
        for (id, node) in graph.nodes.iter().enumerate() {
            let ours = self.items.get(id).is_some_and(|item| is_ours(item.state));
            let needs: Vec<Need> = node
                .edges
                .iter()
                .map(|edge| self.need(edge, ours))
                .collect();
            if let Some(item) = self.items.get_mut(id) {
                item.needs = needs;
            }
        }
    }

    fn need(&mut self, edge: &Edge, by_ours: bool) -> Need {
        let usual = matches!(&edge.target, Target::Node(_, found_by) if found_by.is_usual());
        let (item, found_by) = match &edge.target {
            Target::Node(node, found_by) => {
                self.settle(*node, &edge.soname, by_ours);
                (*node, found_by.to_string())
            }
            Target::Missing(_) => {
                let state = self.outside(&edge.soname).unwrap_or(State::Missing);
                (self.named(&edge.soname, state, None), String::new())
            }
            Target::Excluded { pattern, path } => {
                let path = path.as_ref().map(|path| path.display().to_string());
                let item = self.named(&edge.soname, State::Excluded, path);
                (item, format!("--exclude {pattern}"))
            }
            Target::Libpython => (
                self.named(&edge.soname, State::Libpython, None),
                String::new(),
            ),
            Target::Loader => (
                self.named(&edge.soname, State::Allowed, None),
                String::new(),
            ),
        };
        Need {
            soname: self.words(&edge.soname),
            item,
            found_by: self.words(&found_by),
            usual,
        }
    }

    fn words(&mut self, words: &str) -> Arc<str> {
        if let Some(known) = self.words.get(words) {
            return Arc::clone(known);
        }
        let new: Arc<str> = words.into();
        self.words.insert(Arc::clone(&new));
        new
    }

    /// What a file of ours needs, and is not brought in, may stay outside, or is a driver's.
    fn settle(&mut self, node: NodeId, soname: &str, by_ours: bool) {
        let outside = self.outside(soname).unwrap_or(State::Allowed);
        if let Some(item) = self.items.get_mut(node)
            && item.state == State::System
            && by_ours
        {
            item.state = outside;
            item.name.clear();
            item.name.push_str(soname);
        }
    }

    /// Why a library of that name is not brought in.
    fn outside(&self, soname: &str) -> Option<State> {
        if self.judgement.audit.candidates.library(soname) <= self.at && self.at != Since::Never {
            return Some(State::Allowed);
        }
        driver_of(soname).map(|_| State::Driver)
    }

    fn named(&mut self, soname: &str, state: State, path: Option<String>) -> usize {
        let next = self.items.len();
        let id = *self.names.entry(soname.to_owned()).or_insert(next);
        if id == next {
            self.items.push(Item {
                name: soname.to_owned(),
                path,
                state,
                needs: Vec::new(),
            });
        }
        id
    }
}

/// Whether a file will be in the repaired wheel.
fn is_ours(state: State) -> bool {
    matches!(state, State::InWheel | State::Graft)
}
