//! Libraries of `--lib-path` that are not taken because the wheel has one of that name.

use std::collections::BTreeSet;

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::host::{FoundBy, HostLibrary, Probe, Wanted};
use crate::platform::linux::resolve::{Origin, Target};
use crate::wheel::{ElfMember, Wheel};

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(wheel) = case.input.wheel else {
        return Vec::new();
    };
    let nodes = &case.audit.graph.nodes;
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut findings = Vec::new();
    for edge in nodes.iter().flat_map(|node| &node.edges) {
        let Target::Node(node, found_by) = &edge.target else {
            continue;
        };
        let Some(Origin::Member(member)) = nodes.get(*node).map(|node| &node.origin) else {
            continue;
        };
        let Some(elf) = case.input.elves.get(*member) else {
            continue;
        };
        if !told.insert((&elf.path, &edge.soname)) {
            continue;
        }
        if let Some(path) = passed_over(case, wheel, elf, &edge.soname) {
            findings.push(finding(elf, &edge.soname, &path, found_by));
        }
    }
    findings
}

/// The path of the first library of that name in the folders of `--lib-path`, if it is another one.
fn passed_over(case: &Case<'_>, wheel: &Wheel, elf: &ElfMember, soname: &str) -> Option<String> {
    let wanted = Wanted {
        platform: elf.facts.platform,
        libc: case.audit.libc,
    };
    let found = case.host.lib_dirs().find_map(|dir| {
        let probe = case.host.probe(&dir.dir, soname, &wanted);
        match probe {
            Probe::Found(library) => Some(library),
            Probe::Absent | Probe::Skipped(_) => None,
        }
    })?;
    (!same(case, wheel, elf, &found)).then(|| found.path.display().to_string())
}

/// Whether a member and a library are byte for byte the same; without the member's hash, their sizes
/// must do.
fn same(case: &Case<'_>, wheel: &Wheel, elf: &ElfMember, library: &HostLibrary) -> bool {
    let Some(member) = wheel.members.get(elf.member) else {
        return true;
    };
    member.size == library.size
        && member
            .sha256
            .is_none_or(|digest| case.host.sha256(library).ok() == Some(digest))
}

fn finding(elf: &ElfMember, soname: &str, path: &str, found_by: &FoundBy) -> Finding {
    let message = format!("is taken for {soname}, and not {path}, which differs");
    // A search path of the wheel that leads to its own copy leaves no doubt.
    let finding = match found_by {
        FoundBy::WheelSoname => Finding::warning("lib-path-passed-over", message),
        _ => Finding::note("lib-path-passed-over", message),
    };
    let help = "a library that the wheel has never comes in a second time; to ship the other one, put it there before the repair";
    finding.at(&elf.path).help(help)
}
