//! Stacks that can be executed: glibc 2.41 and newer refuse to `dlopen` such a file.

use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let loaded = case.files().filter(|file| file.facts.dynamic);
    for file in loaded {
        match file.facts.stack_flags {
            Some(_) if file.facts.wants_executable_stack() => {
                let message = "asks for an executable stack (PT_GNU_STACK); glibc 2.41 and newer refuse to load it";
                let help = "link with -Wl,-z,noexecstack; the usual cause is an assembly file without a .note.GNU-stack section; or repair the wheel with --clear-execstack, if nothing runs code on the stack";
                findings.push(file.told(Finding::warning("execstack", message).help(help)));
            }
            None => {
                let message = "does not say whether it needs an executable stack (no PT_GNU_STACK); some systems then give it one";
                findings.push(file.told(Finding::note("execstack-unmarked", message)));
            }
            Some(_) => {}
        }
    }
    findings
}
