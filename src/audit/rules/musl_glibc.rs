//! glibc's versions in a wheel for musl: musl ignores them, and lacks what they promise.

use super::Case;
use crate::finding::Finding;
use crate::tag::Libc;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc != Libc::Musl {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for file in case.files() {
        let needs = file.facts.version_needs.iter();
        let versions = needs.flat_map(|need| need.versions.iter().map(move |v| (need, v)));
        let mut glibc = versions.filter(|(_, version)| version.name.starts_with("GLIBC_"));
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
