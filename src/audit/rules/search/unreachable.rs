//! Libraries of the wheel that the loader does not find by itself: no search path leads to them.
//!
//! That is no fault where something has loaded the library before, by `ctypes` or as the need of
//! another package's library; nothing in the wheel tells, so this warns and changes no verdict.

use std::collections::BTreeMap;

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::host::FoundBy;
use crate::platform::linux::resolve::{NodeId, Target};

/// How many files that need a library are named.
const NAMED: usize = 3;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut needed: BTreeMap<(NodeId, &str), Vec<&str>> = BTreeMap::new();
    for (node, elf) in case.members() {
        let edges = case.audit.graph.nodes.get(node).map(|node| &node.edges);
        for edge in edges.into_iter().flatten() {
            if let Target::Node(library, FoundBy::WheelSoname) = edge.target {
                let users = needed.entry((library, &edge.soname)).or_default();
                users.push(&elf.path);
            }
        }
    }
    let told = needed.into_iter().filter_map(|((library, soname), users)| {
        let library = &case.input.elves.get(library)?.path;
        let first = users.first()?;
        let named: Vec<&str> = users.iter().take(NAMED).copied().collect();
        let more = match users.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "{soname} is in the {} ({library}), but no search path leads there from {}{more}: the \
             loader finds it only if something has loaded it before",
            case.input.noun(),
            named.join(", ")
        );
        let help = "if nothing loads it first: link with an RPATH that leads there from $ORIGIN; a repair adds \
                    one where the installed layout allows it";
        let finding = Finding::warning("lib-unreachable", message);
        Some(finding.at(*first).help(help))
    });
    told.collect()
}
