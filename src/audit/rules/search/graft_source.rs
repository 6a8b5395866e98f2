//! Libraries that would be grafted from a folder that the wheel itself chose.

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::host::FoundBy;
use crate::platform::linux::resolve::{Origin, Target};

/// Folders that any file may name without saying anything new.
const SYSTEM: [&str; 3] = ["/lib", "/usr/lib", "/usr/local/lib"];

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let grafts: Vec<_> = case.grafts().map(|(node, _)| node).collect();
    let nodes = &case.audit.graph.nodes;
    for edge in nodes.iter().flat_map(|node| &node.edges) {
        let Target::Node(node, found_by) = &edge.target else {
            continue;
        };
        let (FoundBy::Rpath(file) | FoundBy::Runpath(file)) = found_by else {
            continue;
        };
        let Some(Origin::Host(library)) = nodes.get(*node).map(|node| &node.origin) else {
            continue;
        };
        let member = case.input.elves.iter().any(|elf| *elf.path == **file);
        let path = library.path.display().to_string();
        let system = SYSTEM.iter().any(|folder| path.starts_with(folder));
        if !member || system || !grafts.contains(node) {
            continue;
        }
        let message = format!(
            "would graft {} => {path} ({found_by}): the wheel chose that folder",
            edge.soname
        );
        let help = "name the folder with --lib-path if that is the library to ship";
        let finding = Finding::warning("rpath-graft", message)
            .at(&**file)
            .help(help);
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}
