//! Section headers that tell of other tables than the loader uses: tools that go by sections
//! see another file.

use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in case.files() {
        if let Some(conflict) = file.facts.section_conflict {
            let message = format!("has {conflict}; it is judged as the loader sees it");
            let help = "build it again: no linker writes that, and other tools are misled";
            findings.push(file.told(Finding::warning("elf-sections", message).help(help)));
        }
    }
    findings
}
