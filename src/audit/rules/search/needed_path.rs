//! `DT_NEEDED` names with a slash are paths: the loader opens them as they are.

use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in case.files() {
        let paths = file.facts.needed.iter().filter(|name| name.contains('/'));
        for name in paths.filter(|name| !case.excludes(name)) {
            let message = if name.starts_with('/') {
                format!("needs {name} by its absolute path, which other machines do not have")
            } else {
                format!("needs {name} by a path (with a slash) that depends on the current folder")
            };
            let help = "link the library by its soname: give it one with -Wl,-soname, or link with -L and -l";
            findings.push(file.told(Finding::warning("needed-path", message).help(help)));
        }
    }
    findings
}
