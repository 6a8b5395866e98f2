//! Libraries whose soname is not the name by which they were found.

use std::collections::BTreeSet;

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::platform::linux::resolve::{NodeId, Target};

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let graph = &case.audit.graph;
    let grafts: BTreeSet<NodeId> = case.grafts().map(|(node, _)| node).collect();
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    let sources = case.members().map(|(node, _)| node);
    let sources = sources.chain(grafts.iter().copied());
    let edges = sources.filter_map(|node| graph.nodes.get(node).map(|node| &node.edges));
    for edge in edges.flatten() {
        let Target::Node(node, _) = edge.target else {
            continue;
        };
        // What stays outside is the system's own business.
        if node >= case.input.elves.len() && !grafts.contains(&node) {
            continue;
        }
        let facts = graph.facts(node, case.input.elves);
        let Some(soname) = facts.and_then(|facts| facts.soname.as_deref()) else {
            continue;
        };
        let needed = edge.soname.rsplit('/').next().unwrap_or(&edge.soname);
        if soname != needed && told.insert((node, needed)) {
            let path = case.name_of(node).unwrap_or_default();
            let message = format!(
                "{needed} is {path}, whose soname is {soname}: a process can hold it twice"
            );
            let help = "link against the name that the library gives itself";
            findings.push(Finding::warning("soname-differs", message).help(help));
        }
    }
    findings
}
