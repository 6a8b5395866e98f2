//! Which libraries may stay outside the wheel: by the policy, by what they are, by request.

use crate::audit::verdict::candidate_tags::CandidateTags;
use crate::fnmatch::Pattern;
use crate::platform::linux::policy::{Since, drivers::driver_of};
use crate::platform::linux::resolve::{Edge, Graph, Origin, Target};

/// What becomes of an external library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It may stay outside from there on.
    Outside(Since),
    /// It is brought in whatever the policy says (`--vendor`).
    Vendored,
    /// It belongs to a driver of the machine: no tag allows it, and no copy would work.
    Driver,
}

/// The boundary of the wheel.
#[derive(Debug)]
pub(crate) struct Outside<'a> {
    candidates: &'a CandidateTags,
    vendor: Vec<Pattern>,
}

impl<'a> Outside<'a> {
    /// The boundary that `--vendor` patterns move.
    pub(crate) fn new(candidates: &'a CandidateTags, vendor: &[String]) -> Self {
        Self {
            candidates,
            vendor: vendor
                .iter()
                .map(|pattern| Pattern::new(pattern.as_str()))
                .collect(),
        }
    }

    /// Where the library behind `edge` belongs.
    pub(crate) fn place(&self, edge: &Edge, graph: &Graph) -> Place {
        if self.vendored(edge, graph) {
            return Place::Vendored;
        }
        let since = self.candidates.library(&edge.soname);
        if since == Since::Never && driver_of(&edge.soname).is_some() {
            return Place::Driver;
        }
        Place::Outside(since)
    }

    fn vendored(&self, edge: &Edge, graph: &Graph) -> bool {
        if self.vendor.is_empty() || self.candidates.owns(&edge.soname) {
            return false;
        }
        let matches = |text: &str| self.vendor.iter().any(|pattern| pattern.matches(text));
        matches(&edge.soname)
            || real_path(&edge.target, graph).is_some_and(|path| matches(&path.to_string_lossy()))
    }
}

/// The file of a library outside the wheel.
fn real_path<'a>(target: &Target, graph: &'a Graph) -> Option<&'a std::path::Path> {
    let Target::Node(node, _) = target else {
        return None;
    };
    match &graph.nodes.get(*node)?.origin {
        Origin::Host(library) => Some(&library.real_path),
        Origin::Member(_) => None,
    }
}
