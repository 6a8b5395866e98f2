//! Libraries outside the wheel that some tag does not let stay there.
//!
//! A library must be brought in for a tag if a chain of needs leads to it on which no
//! library may stay outside. "May stay outside" only grows with newer tags, so one number
//! says it all: the first tag for which the library need not be brought in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::audit::libraries::outside::{Outside, Place};
use crate::audit::verdict::candidate_tags::CandidateTags;
use crate::platform::linux::policy::{Rung, Since};
use crate::platform::linux::resolve::{Edge, Graph, NodeId, Origin, Target};

/// What stands behind an external name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// A file outside the wheel.
    Node(NodeId),
    /// No file was found.
    Missing,
    /// libpython, which is never brought in.
    Libpython,
}

/// A library that must be brought in for some tag.
#[derive(Clone, Debug)]
pub struct External {
    /// The name in `DT_NEEDED`.
    pub soname: String,
    /// What it leads to.
    pub provider: Provider,
    /// The first tag for which it need not be brought in.
    pub until: Since,
    /// It belongs to a driver of the machine, or only such libraries need it: it stands in the way
    /// of a tag, but is not brought in.
    pub driver: bool,
}

impl External {
    /// Whether it stands in the way of the tag at `rung`.
    pub fn needed_for(&self, rung: Rung) -> bool {
        self.until > Since::Rung(rung)
    }

    /// Whether a repair for the tag at `rung` brings it in.
    pub fn grafted_for(&self, rung: Rung) -> bool {
        !self.driver && self.needed_for(rung)
    }

    /// The same for a tag that may be `linux_*` ([`Since::Never`]), which brings in what no tag
    /// lets stay outside.
    pub fn grafted_at(&self, tag: Since) -> bool {
        match tag {
            Since::Rung(rung) => self.grafted_for(rung),
            Since::Never => !self.driver && self.until == Since::Never,
        }
    }
}

/// What a repair for one tag would have inside the wheel.
///
/// Versions and symbols of libraries inside are the wheel's own business: no policy judges them.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    graph: &'a Graph,
    members: usize,
    grafts: BTreeSet<NodeId>,
}

impl<'a> Inside<'a> {
    /// The members and what is brought in for `tag`; [`Since::Never`]: what every tag brings in.
    pub(crate) fn new(
        graph: &'a Graph,
        members: usize,
        externals: &[External],
        tag: Since,
    ) -> Self {
        let grafts = externals
            .iter()
            .filter_map(|external| match external.provider {
                Provider::Node(node) if external.grafted_at(tag) => Some(node),
                _ => None,
            });
        Self {
            graph,
            members,
            grafts: grafts.collect(),
        }
    }

    /// The libraries brought in.
    pub(crate) fn grafts(&self) -> impl Iterator<Item = NodeId> {
        self.grafts.iter().copied()
    }

    /// Whether what the file `node` needs by the name `soname` would be inside.
    pub(crate) fn provides(&self, node: NodeId, soname: &str) -> bool {
        let provider = self.graph.provider(node, soname);
        provider.is_some_and(|node| node < self.members || self.grafts.contains(&node))
    }
}

/// All external libraries, sorted by name. The first `members` nodes are in the wheel.
pub(crate) fn externals(
    graph: &Graph,
    members: usize,
    judged: &[bool],
    candidates: &CandidateTags,
    outside: &Outside<'_>,
) -> Vec<External> {
    let mut walk = Walk {
        graph,
        members,
        found: BTreeMap::new(),
        width: vec![None; graph.nodes.len()],
        queue: VecDeque::new(),
        drivers: VecDeque::new(),
    };
    for member in (0..members).filter(|member| judged.get(*member) == Some(&true)) {
        walk.follow(member, Since::Never);
    }
    // Asked for, whatever a policy says.
    let found = |edge: &&Edge| matches!(edge.target, Target::Node(..));
    for edge in graph.included.iter().filter(found) {
        walk.step(edge, Since::Never, false);
    }
    while let Some(id) = walk.queue.pop_front() {
        let Some(node) = graph.nodes.get(id) else {
            continue;
        };
        let Some(Some(own)) = walk.width.get(id).copied() else {
            continue;
        };
        for edge in &node.edges {
            let place = outside.place(edge, graph);
            let until = match place {
                Place::Outside(since) => own.min(since),
                Place::Vendored | Place::Driver => own,
            };
            if until > Since::Rung(candidates.best()) {
                walk.step(edge, until, place == Place::Driver);
            }
        }
    }
    walk.needs_of_drivers(candidates, outside);
    walk.found.into_values().collect()
}

struct Walk<'a> {
    graph: &'a Graph,
    members: usize,
    found: BTreeMap<(String, Option<NodeId>), External>,
    /// Per node: the first tag for which it is not followed. Members are always followed.
    width: Vec<Option<Since>>,
    queue: VecDeque<NodeId>,
    /// What is left outside because it belongs to a driver, each with its `until`.
    drivers: VecDeque<(NodeId, Since)>,
}

impl Walk<'_> {
    /// What only drivers lead to is as little the wheel's business as they are; but it is outside,
    /// and no tag allows it.
    fn needs_of_drivers(&mut self, candidates: &CandidateTags, outside: &Outside<'_>) {
        let graph = self.graph;
        while let Some((id, own)) = self.drivers.pop_front() {
            // Who is followed for its own sake brings its needs in.
            let Some(slot @ None) = self.width.get_mut(id) else {
                continue;
            };
            *slot = Some(own);
            let edges = graph.nodes.get(id).map(|node| node.edges.as_slice());
            for edge in edges.unwrap_or_default() {
                let until = match outside.place(edge, graph) {
                    Place::Outside(since) => own.min(since),
                    Place::Vendored | Place::Driver => own,
                };
                if until > Since::Rung(candidates.best()) {
                    self.step(edge, until, true);
                }
            }
        }
    }

    fn step(&mut self, edge: &Edge, until: Since, driver: bool) {
        let Some(provider) = provider(&edge.target, self.members) else {
            return;
        };
        let own = match provider {
            // Asked for by its path, it is known by its soname.
            Provider::Node(node) if edge.soname.contains('/') => self.soname_of(node),
            _ => None,
        };
        note(
            &mut self.found,
            External {
                soname: own.unwrap_or_else(|| edge.soname.clone()),
                provider,
                until,
                driver,
            },
        );
        if let Provider::Node(next) = provider {
            if driver {
                self.drivers.push_back((next, until));
            } else {
                self.follow(next, until);
            }
        }
    }

    fn follow(&mut self, node: NodeId, until: Since) {
        if let Some(slot) = self.width.get_mut(node)
            && slot.is_none_or(|known| known < until)
        {
            *slot = Some(until);
            self.queue.push_back(node);
        }
    }

    fn soname_of(&self, node: NodeId) -> Option<String> {
        match &self.graph.nodes.get(node)?.origin {
            Origin::Host(library) => library.facts.soname.clone(),
            Origin::Member(_) => None,
        }
    }
}

/// What stands behind an edge that leads out of the wheel; nodes below `members` are in it.
///
/// The other files that an edge may lead to when somebody else loads its owner do not count: a
/// copy has one place and one search path, so it finds one of them.
fn provider(target: &Target, members: usize) -> Option<Provider> {
    match target {
        Target::Node(id, _) => (*id >= members).then_some(Provider::Node(*id)),
        Target::Missing(_) => Some(Provider::Missing),
        Target::Libpython => Some(Provider::Libpython),
        Target::Excluded { .. } | Target::Loader => None,
    }
}

fn note(found: &mut BTreeMap<(String, Option<NodeId>), External>, external: External) {
    let node = match external.provider {
        Provider::Node(id) => Some(id),
        Provider::Missing | Provider::Libpython => None,
    };
    let (until, driver) = (external.until, external.driver);
    let entry = found
        .entry((external.soname.clone(), node))
        .or_insert(external);
    // What comes in for one who needs it is no driver's.
    if entry.driver == driver {
        entry.until = entry.until.max(until);
    }
}
