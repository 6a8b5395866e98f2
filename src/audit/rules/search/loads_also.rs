//! Libraries loaded without `DT_NEEDED`: filters and auditors.

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::shell::shell_word;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in case.files() {
        for (tag, name) in &file.facts.loads_also {
            let message = format!("loads {name} through {tag}, which a repair does not follow");
            let finding = if case.excludes(name) {
                Finding::note("elf-loads-also", message)
            } else {
                let help = format!(
                    "if {name} is on every system, pass --exclude {}",
                    shell_word(name)
                );
                Finding::warning("elf-loads-also", message).help(help)
            };
            findings.push(file.told(finding));
        }
    }
    findings
}
