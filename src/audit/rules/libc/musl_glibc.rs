//! glibc's versions in a wheel for musl: musl ignores them, and lacks what they promise.
//!
//! The name of a version alone says little: `libgcc_s` has `GLIBC_2.0` wherever it is built. What
//! counts is that the library it is required of is glibc's, or is there and does not define it.

use crate::audit::rules::Case;
use crate::elf::VersionNeed;
use crate::elf::soname::stem;
use crate::finding::Finding;
use crate::platform::linux::resolve::NodeId;
use crate::tag::{CLibrary as _, Libc};

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc != Libc::Musl {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (node, file) in case.nodes() {
        let needs = file.facts.version_needs.iter();
        let versions = needs.flat_map(|need| need.versions.iter().map(move |v| (need, v)));
        let mut glibc = versions.filter(|(need, version)| {
            version.name.starts_with("GLIBC_") && is_glibcs(case, node, need, &version.name)
        });
        if let Some((need, version)) = glibc.next() {
            let message = format!(
                "wants {} of {} in a wheel for musl: it was built for glibc",
                version.name, need.library
            );
            findings.push(file.told(Finding::warning("musl-glibc", message)));
        }
    }
    findings
}

/// Whether only glibc can have promised the version that the file `node` needs.
fn is_glibcs(case: &Case<'_>, node: NodeId, need: &VersionNeed, version: &str) -> bool {
    if Libc::Glibc.owns(&need.library, case.audit.arch) {
        return true;
    }
    let graph = &case.audit.graph;
    let provider = graph.provider(node, &need.library);
    match provider.and_then(|provider| graph.facts(provider, case.input.elves)) {
        Some(facts) => !facts.version_defs.iter().any(|own| own == version),
        None => stem(&need.library) != "libgcc_s",
    }
}
