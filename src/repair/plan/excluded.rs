//! What stays outside by request, and what is not needed any more because of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::libraries::external::{External, externals};
use crate::audit::libraries::outside::Outside;
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{Graph, Origin, ResolveOptions, Target};
use crate::repair::graft::Question;
use crate::repair::graft::source::label;

/// A library that `--exclude` leaves outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded {
    /// The name by which it is needed.
    pub soname: String,
    /// The pattern that matched.
    pub pattern: String,
    /// Who needs it: member paths and file names of libraries, sorted.
    pub needed_by: Vec<String>,
}

/// A library that would have come in but for the excluded ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spared {
    /// Its name.
    pub soname: String,
    /// Size of its file in bytes; `None` if it was not found.
    pub size: Option<u64>,
}

/// Everything left outside by request, by name.
pub(in crate::repair) fn excluded(question: &Question<'_>) -> Vec<Excluded> {
    let mut found: BTreeMap<&str, (String, BTreeSet<String>)> = BTreeMap::new();
    for node in &question.audit.graph.nodes {
        for edge in &node.edges {
            if let Target::Excluded { pattern, .. } = &edge.target {
                let (_, needed_by) = found
                    .entry(&edge.soname)
                    .or_insert_with(|| (pattern.clone(), BTreeSet::new()));
                needed_by.insert(label(question.wheel, &node.origin));
            }
        }
    }
    let found = found.into_iter();
    found
        .map(|(soname, (pattern, needed_by))| Excluded {
            soname: soname.to_owned(),
            pattern,
            needed_by: needed_by.into_iter().collect(),
        })
        .collect()
}

/// What a repair without `--exclude` would have brought in beside the excluded libraries.
pub(in crate::repair) fn spared(question: &Question<'_>, excluded: &[Excluded]) -> Vec<Spared> {
    if excluded.is_empty() {
        return Vec::new();
    }
    let audit = question.audit;
    let elves = &question.wheel.elves;
    let graph = Graph::resolve(
        elves,
        &audit.judged,
        &ResolveOptions {
            host: question.host,
            libc: audit.libc,
            arch: audit.arch,
            policies: &question.options.audit.policies,
            exclude: &[],
            vendor: &question.options.audit.vendor,
            include: &question.options.audit.include,
            folder: None,
        },
    );
    let outside = Outside::new(&audit.candidates, &question.options.audit.vendor);
    let all = externals(
        &graph,
        elves.len(),
        &audit.judged,
        &audit.candidates,
        &outside,
    );
    let tag = question.rung.map_or(Since::Never, Since::Rung);
    let now: BTreeSet<&str> = sonames(&audit.externals, tag);
    let known = |soname: &str| {
        now.contains(soname) || excluded.iter().any(|excluded| excluded.soname == soname)
    };
    let mut spared: BTreeMap<String, Option<u64>> = BTreeMap::new();
    for external in all.iter().filter(|external| external.grafted_at(tag)) {
        if !known(&external.soname) {
            spared.insert(external.soname.clone(), size(&graph, external));
        }
    }
    let spared = spared.into_iter();
    spared
        .map(|(soname, size)| Spared { soname, size })
        .collect()
}

fn sonames(externals: &[External], tag: Since) -> BTreeSet<&str> {
    let grafted = externals.iter().filter(|external| external.grafted_at(tag));
    grafted.map(|external| external.soname.as_str()).collect()
}

fn size(graph: &Graph, external: &External) -> Option<u64> {
    let crate::audit::libraries::external::Provider::Node(node) = external.provider else {
        return None;
    };
    match &graph.nodes.get(node)?.origin {
        Origin::Host(library) => Some(library.size),
        Origin::Member(_) => None,
    }
}
