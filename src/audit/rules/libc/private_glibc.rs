//! `GLIBC_PRIVATE`: symbols that glibc keeps for itself and changes in any release.

use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in case.files() {
        let needs = file.facts.version_needs.iter();
        let mut private = needs.filter(|need| {
            let mut versions = need.versions.iter();
            versions.any(|version| version.name == "GLIBC_PRIVATE")
        });
        if let Some(need) = private.next() {
            let message = format!(
                "uses private symbols (GLIBC_PRIVATE) of {}: it runs only with the glibc it was built with",
                need.library
            );
            let help = if file.member.is_some() {
                "it was linked to a part of glibc that is not for others: use the public functions"
            } else {
                "it is a part of glibc, or was linked to one; leave it to the system with --exclude"
            };
            findings.push(file.told(Finding::warning("glibc-private", message).help(help)));
        }
    }
    findings
}
