//! `DT_NEEDED` resolved in the loader's order; who needs whom.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::elf::Facts;
use crate::elf::arch::Arch;
use crate::host::{FoundBy, Host, HostLibrary};
use crate::platform::linux::policy::Policies;
use crate::tag::Libc;
use crate::wheel::ElfMember;

mod contexts;
mod explain;
mod include;
mod loading;
mod process;
mod search;
mod tree;

#[cfg(test)]
#[cfg(unix)]
mod tests;

/// Index of a file in [`Graph::nodes`]. Members come first: node `n` is `elves[n]`.
pub type NodeId = usize;

/// Where a node's file is.
#[derive(Clone, Debug)]
pub enum Origin {
    /// In the wheel: index into `Wheel::elves`.
    Member(usize),
    /// Outside.
    Host(Arc<HostLibrary>),
}

/// One file and what it needs.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is.
    pub origin: Origin,
    /// One for each distinct `DT_NEEDED` name, in order.
    pub edges: Vec<Edge>,
}

/// A `DT_NEEDED` name and what it leads to.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The name as written.
    pub soname: String,
    /// What the loader would take.
    pub target: Target,
    /// Other files that it would take when loaded by another dependant (RPATH chains).
    pub also: Vec<NodeId>,
}

/// What a name leads to.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file.
    Node(NodeId, FoundBy),
    /// Nothing; the folders that were searched or could have been, in order.
    Missing(Arc<[Searched]>),
    /// An `--exclude` pattern matched (the soname, or this real path).
    Excluded {
        /// The pattern.
        pattern: String,
        /// The real path, where the pattern matched that.
        path: Option<PathBuf>,
    },
    /// libpython: never resolved. On Android it is [`Target::Loader`].
    Libpython,
    /// In every process that loads the wheel, so never resolved: the dynamic loader, and on Android
    /// libpython.
    Loader,
}

/// A folder that was searched without success, or was to be searched.
#[derive(Clone, Debug)]
pub struct Searched {
    /// The folder; for folders of the wheel `<wheel>/…`.
    pub dir: String,
    /// Why it was to be searched.
    pub found_by: FoundBy,
    /// Why it was not searched; `None`: it was.
    pub unsearched: Option<String>,
    /// Why the file of that name there does not fit; `None`: there is no such file.
    pub unfit: Option<String>,
    /// Files there whose names differ only in what tells releases apart.
    pub near: Vec<String>,
}

impl Searched {
    /// A folder in which nothing of interest was found.
    pub(super) fn new(dir: impl Into<String>, found_by: FoundBy) -> Self {
        Self {
            dir: dir.into(),
            found_by,
            unsearched: None,
            unfit: None,
            near: Vec::new(),
        }
    }

    /// A folder that was not searched, and why.
    pub(super) fn not(dir: impl Into<String>, found_by: FoundBy, why: impl Into<String>) -> Self {
        Self {
            unsearched: Some(why.into()),
            ..Self::new(dir, found_by)
        }
    }
}

/// What the resolver may do.
#[derive(Debug)]
pub struct ResolveOptions<'a> {
    /// Libraries outside the wheel.
    pub host: &'a Host,
    /// The wheel's C library.
    pub libc: Libc,
    /// The wheel's architecture.
    pub arch: Arch,
    /// What may stay outside, and so is not sought in the wheel.
    pub policies: &'a Policies,
    /// `--exclude` patterns (Python `fnmatch`).
    pub exclude: &'a [String],
    /// `--vendor` patterns: what no policy's word keeps outside.
    pub vendor: &'a [String],
    /// `--include`: sonames, file names or paths that no file needs by name.
    pub include: &'a [String],
    /// The real folder that the paths of loose ELF files start from; a wheel has none.
    pub folder: Option<&'a Path>,
}

/// All files reached from the wheel's ELF members.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Members first, then host libraries in the order found.
    pub nodes: Vec<Node>,
    /// `--exclude` patterns that matched something.
    pub used_excludes: Vec<String>,
    /// What was asked for though no file needs it (`--include`), in the order asked.
    pub included: Vec<Edge>,
}

impl Graph {
    /// Resolves everything that `elves` need, breadth first. `judged[n]` is false for members that
    /// take no part (another architecture or C library).
    pub fn resolve(elves: &[ElfMember], judged: &[bool], options: &ResolveOptions<'_>) -> Self {
        loading::Resolver::new(elves, judged, options).run()
    }

    /// The node that a file's need `soname` leads to.
    pub fn provider(&self, node: NodeId, soname: &str) -> Option<NodeId> {
        let mut edges = self.nodes.get(node)?.edges.iter();
        match edges.find(|edge| edge.soname == soname)?.target {
            Target::Node(provider, _) => Some(provider),
            _ => None,
        }
    }

    /// The facts of a node.
    pub fn facts<'a>(&'a self, node: NodeId, elves: &'a [ElfMember]) -> Option<&'a Facts> {
        match &self.nodes.get(node)?.origin {
            Origin::Member(index) => elves.get(*index).map(|elf| elf.facts.as_ref()),
            Origin::Host(library) => Some(&library.facts),
        }
    }
}
