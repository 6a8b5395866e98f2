//! The loader's work, done on paper for each file that a process may start with.
//!
//! A name means what it meant when it was first loaded into a process, so every root (a
//! member that no other member needs) gets a process of its own. Then come members that no
//! root reached. Nothing recurses, and the work is bounded: see [`MOST_STEPS`].

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::contexts::{ContextId, NameId, Requester};
use super::explain::Explainer;
use super::process::Process;
use super::search::{Found, Search};
use super::{Edge, Graph, Node, NodeId, Origin, ResolveOptions, Searched, Target};
use crate::elf::Facts;
use crate::elf::soname::is_libpython;
use crate::host::{FileId, FoundBy, HostLibrary};
use crate::platform::linux::search_path::WheelDir;
use crate::tag::{CLibrary as _, Libc};
use crate::wheel::ElfMember;

/// From so many needs on, a file that any process has loaded is not gone through again for
/// another: hostile wheels have many roots that all reach everything. Real wheels stay far below.
const MOST_STEPS: usize = 10_000_000;

/// A file whose needs are known.
struct Work {
    origin: Origin,
    requester: Requester,
    soname: Option<NameId>,
    needs: Vec<NameId>,
    edges: Vec<EdgeWork>,
    expanded: bool,
}

#[derive(Clone, Default)]
struct EdgeWork {
    target: Option<Target>,
    also: Vec<NodeId>,
    /// Where it was looked for in vain.
    missed_in: Option<ContextId>,
}

pub(super) struct Resolver<'a> {
    pub(super) elves: &'a [ElfMember],
    pub(super) judged: &'a [bool],
    pub(super) search: Search<'a>,
    names: Vec<String>,
    name_ids: HashMap<String, NameId>,
    /// By name: what it leads to without looking.
    pub(super) fixed: Vec<Option<Target>>,
    nodes: Vec<Work>,
    host_nodes: HashMap<FileId, NodeId>,
    used_excludes: BTreeSet<usize>,
    process: Process,
    steps: usize,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        elves: &'a [ElfMember],
        judged: &'a [bool],
        options: &'a ResolveOptions<'a>,
    ) -> Self {
        Self {
            elves,
            judged,
            search: Search::new(elves, judged, options),
            names: Vec::new(),
            name_ids: HashMap::new(),
            fixed: Vec::new(),
            nodes: Vec::new(),
            host_nodes: HashMap::new(),
            used_excludes: BTreeSet::new(),
            process: Process::default(),
            steps: 0,
        }
    }

    pub(super) fn run(mut self) -> Graph {
        for (index, elf) in self.elves.iter().enumerate() {
            let requester = self.search.member(elf);
            let takes_part = self.judged.get(index) == Some(&true);
            self.add_node(Origin::Member(index), &elf.facts, requester, takes_part);
        }
        for root in self.search.tree.roots() {
            self.load(root);
        }
        for member in 0..self.elves.len() {
            let expanded = self.nodes.get(member).is_none_or(|node| node.expanded);
            if !expanded && self.judged.get(member) == Some(&true) {
                self.load(member);
            }
        }
        let include = self.search.options.include.iter();
        let included = include.map(|asked| self.include(asked)).collect();
        Graph {
            included,
            ..self.finish()
        }
    }

    fn add_node(
        &mut self,
        origin: Origin,
        facts: &Arc<Facts>,
        requester: Requester,
        takes_part: bool,
    ) -> NodeId {
        let mut needs = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for name in facts.needed.iter().filter(|_| takes_part) {
            let id = self.name(name);
            if seen.insert(id) {
                needs.push(id);
            }
        }
        let soname = facts.soname.as_deref().map(|soname| self.name(soname));
        self.nodes.push(Work {
            origin,
            requester,
            soname,
            edges: vec![EdgeWork::default(); needs.len()],
            needs,
            expanded: false,
        });
        self.process.members.push(0);
        self.process.contexts.push(None);
        self.nodes.len().saturating_sub(1)
    }

    pub(super) fn name(&mut self, name: &str) -> NameId {
        if let Some(known) = self.name_ids.get(name) {
            return *known;
        }
        let id = self.names.len();
        self.names.push(name.to_owned());
        self.name_ids.insert(name.to_owned(), id);
        let target = self.by_name(name);
        self.fixed.push(target);
        self.process.loaded.push(None);
        id
    }

    /// What a name leads to whoever needs it.
    fn by_name(&self, name: &str) -> Option<Target> {
        let exclude = self
            .search
            .excludes
            .iter()
            .find(|pattern| pattern.matches(name));
        if let Some(pattern) = exclude {
            return Some(Target::Excluded {
                pattern: pattern.as_str().to_owned(),
                path: None,
            });
        }
        let (libc, arch) = (self.search.options.libc, self.search.options.arch);
        let libpython = is_libpython(name);
        // Android's interpreter is a library of every process, and extensions must name it (PEP 738).
        if libc.is_loader(name, arch) || (libpython && libc == Libc::Android) {
            return Some(Target::Loader);
        }
        if libpython {
            return Some(Target::Libpython);
        }
        let reason = if name.is_empty() {
            "the name is empty"
        } else if name.contains('/') {
            "a name with a slash is a path, and is never opened"
        } else {
            return None;
        };
        Some(Target::Missing(Arc::new([Searched::not(
            name,
            FoundBy::Path,
            reason,
        )])))
    }

    /// Loads `root` into a process of its own, breadth first.
    fn load(&mut self, root: NodeId) {
        let near = self.search.tree.dir(root).cloned();
        let near = near.unwrap_or(WheelDir::Site(String::new()));
        self.load_from(root, &near);
    }

    /// Loads what someone near a folder starts with.
    pub(super) fn load_from(&mut self, root: NodeId, near: &WheelDir) {
        self.process.number = self.process.number.saturating_add(1);
        let mut queue = Vec::new();
        self.enter(root, None, &FoundBy::Path, &mut queue);
        let mut next = 0;
        while let Some(node) = queue.get(next).copied() {
            next = next.saturating_add(1);
            let first_time = self.nodes.get(node).is_some_and(|node| !node.expanded);
            if first_time || self.steps < MOST_STEPS {
                self.expand(node, near, &mut queue);
            }
        }
    }

    /// Makes `node` part of the process; `context` is its loader's.
    fn enter(
        &mut self,
        node: NodeId,
        context: Option<ContextId>,
        found_by: &FoundBy,
        queue: &mut Vec<NodeId>,
    ) {
        let number = self.process.number;
        let (Some(work), Some(member)) = (self.nodes.get(node), self.process.members.get_mut(node))
        else {
            return;
        };
        if *member == number {
            return;
        }
        *member = number;
        queue.push(node);
        let context = self.search.contexts.context(&work.requester, context);
        if let Some(slot) = self.process.contexts.get_mut(node) {
            *slot = context;
        }
        // musl knows a file only by the name under which it was found.
        let by_soname = self.search.options.libc != Libc::Musl;
        if let Some(soname) = work.soname.filter(|_| by_soname) {
            self.process.note(soname, node, found_by);
        }
    }

    fn expand(&mut self, node: NodeId, near: &WheelDir, queue: &mut Vec<NodeId>) {
        let Some(work) = self.nodes.get_mut(node) else {
            return;
        };
        work.expanded = true;
        let requester = work.requester;
        let needs = work.needs.clone();
        let own_dir = match work.origin {
            Origin::Member(index) => self.search.tree.dir(index).cloned(),
            Origin::Host(_) => None,
        };
        let near = own_dir.as_ref().unwrap_or(near);
        let context = self.process.contexts.get(node).copied().flatten();
        self.steps = self.steps.saturating_add(needs.len());
        for (edge, name) in needs.iter().enumerate() {
            let fixed = self.fixed.get(*name).cloned().flatten();
            let excluded = matches!(fixed, Some(Target::Excluded { .. }));
            if let Some(target) = fixed.clone().filter(|_| !excluded) {
                self.record(node, edge, target, context);
                continue;
            }
            let loaded = self.process.loaded(*name);
            // A member of the wheel is inside, whatever `--exclude` says of its name.
            let loaded = loaded.filter(|(known, _)| !excluded || *known < self.elves.len());
            if let Some((known, found_by)) = loaded {
                let found_by = found_by.clone();
                self.record_node(node, edge, known, &found_by);
                continue;
            }
            let reached = match fixed {
                Some(target) => {
                    let member = self.member(&requester, context, *name, near);
                    member.or(Some(Reached::Excluded(target)))
                }
                None => self.find(&requester, context, *name, near),
            };
            match reached {
                Some(Reached::Node(target, found_by)) => {
                    self.process.note(*name, target, &found_by);
                    self.enter(target, context, &found_by, queue);
                    self.record_node(node, edge, target, &found_by);
                }
                Some(Reached::Excluded(target)) => self.record(node, edge, target, context),
                None => self.record(node, edge, Target::Missing(Arc::new([])), context),
            }
        }
    }

    pub(super) fn find(
        &mut self,
        requester: &Requester,
        context: Option<ContextId>,
        id: NameId,
        near: &WheelDir,
    ) -> Option<Reached> {
        let member = self.member(requester, context, id, near);
        if member.is_some() {
            return member;
        }
        let name = self.names.get(id)?.as_str();
        let found = self.search.outside(requester, context, id, name)?;
        self.reached(found)
    }

    fn member(
        &self,
        requester: &Requester,
        context: Option<ContextId>,
        id: NameId,
        near: &WheelDir,
    ) -> Option<Reached> {
        let name = self.names.get(id)?.as_str();
        let found = self.search.in_wheel(requester, context, name, near);
        found.map(|(member, found_by)| Reached::Node(member, found_by))
    }

    pub(super) fn reached(&mut self, found: Found) -> Option<Reached> {
        match found {
            Found::Host(library, found_by) => {
                Some(Reached::Node(self.host_node(&library), found_by))
            }
            Found::Excluded(pattern, path) => {
                self.used_excludes.insert(pattern);
                let pattern = self.search.excludes.get(pattern)?.as_str().to_owned();
                let path = Some(path);
                Some(Reached::Excluded(Target::Excluded { pattern, path }))
            }
        }
    }

    fn host_node(&mut self, library: &Arc<HostLibrary>) -> NodeId {
        if let Some(known) = self.host_nodes.get(&library.id) {
            return *known;
        }
        let requester = self.search.library(library);
        let origin = Origin::Host(Arc::clone(library));
        let node = self.add_node(origin, &library.facts, requester, true);
        self.host_nodes.insert(library.id.clone(), node);
        node
    }

    fn record_node(&mut self, node: NodeId, edge: usize, target: NodeId, found_by: &FoundBy) {
        let work = self.nodes.get_mut(node);
        let Some(work) = work.and_then(|work| work.edges.get_mut(edge)) else {
            return;
        };
        match &work.target {
            Some(Target::Node(known, _)) if *known == target => {}
            Some(Target::Node(..)) => {
                if !work.also.contains(&target) {
                    work.also.push(target);
                }
            }
            _ => work.target = Some(Target::Node(target, found_by.clone())),
        }
    }

    /// Records what is not a file: it gives way to any file.
    fn record(&mut self, node: NodeId, edge: usize, target: Target, context: Option<ContextId>) {
        let work = self.nodes.get_mut(node);
        let Some(work) = work.and_then(|work| work.edges.get_mut(edge)) else {
            return;
        };
        if work.target.is_none() {
            work.missed_in = context;
            work.target = Some(target);
        }
    }

    fn finish(self) -> Graph {
        let mut explainer = Explainer::new(&self.search);
        let mut nodes = Vec::with_capacity(self.nodes.len());
        for work in self.nodes {
            let needs = work.needs.iter().zip(work.edges);
            let edges = needs.map(|(name, edge)| {
                let soname = self.names.get(*name).cloned().unwrap_or_default();
                let target = match edge.target {
                    Some(Target::Missing(known)) if known.is_empty() => {
                        let searched = explainer.searched(&work.requester, edge.missed_in, &soname);
                        Target::Missing(searched)
                    }
                    Some(target) => target,
                    None => Target::Missing(Arc::new([])),
                };
                Edge {
                    soname,
                    target,
                    also: edge.also,
                }
            });
            nodes.push(Node {
                origin: work.origin,
                edges: edges.collect(),
            });
        }
        let used_excludes = self.search.used_excludes(&nodes, &self.used_excludes);
        Graph {
            nodes,
            used_excludes,
            included: Vec::new(),
        }
    }
}

pub(super) enum Reached {
    Node(NodeId, FoundBy),
    Excluded(Target),
}
