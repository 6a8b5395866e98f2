//! Markers of glibc's ABI that force a newer tag, though one option of the linker does without.

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::platform::linux::policy::Since;
use crate::platform::linux::policy::markers::marker;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let candidates = &case.audit.candidates;
    let best = Since::Rung(candidates.best());
    let mut findings = Vec::new();
    for file in case.files() {
        let needs = file.facts.version_needs.iter();
        for (need, version) in needs.flat_map(|need| need.versions.iter().map(move |v| (need, v))) {
            let Some(marker) = marker(&version.name) else {
                continue;
            };
            let since = candidates.version(&need.library, marker.version);
            let Some(since) = since.filter(|since| *since > best) else {
                continue;
            };
            let tag = match since {
                Since::Rung(_) => {
                    format!("which {} is the first to allow", candidates.tag_name(since))
                }
                Since::Never => "which no tag allows".to_owned(),
            };
            let message = format!(
                "requires {}, {tag}, because {}",
                marker.version, marker.because
            );
            let help = format!("to do without: {}", marker.remedy);
            findings.push(file.told(Finding::note("abi-marker", message).help(help)));
        }
    }
    findings
}
