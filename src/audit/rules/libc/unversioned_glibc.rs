//! Files that use glibc without saying which version: the tag cannot be judged from them.

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::tag::Libc;

/// What nearly every file uses, and no other library provides without replacing it on purpose.
const EVERYDAY: [&str; 12] = [
    "abort", "calloc", "free", "malloc", "memcpy", "memmove", "memset", "realloc", "snprintf",
    "strcmp", "strlen", "strtol",
];

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc != Libc::Glibc {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for file in case.files() {
        let versioned = |library: &str| {
            let mut needs = file.facts.version_needs.iter();
            needs.any(|need| need.library == library)
        };
        let linked = file.facts.needed.iter().any(|name| name == "libc.so.6");
        if !linked || versioned("libc.so.6") {
            continue;
        }
        let mut imports = file.facts.imports();
        let everyday = imports.find(|import| {
            import.version.is_none() && !import.weak && EVERYDAY.binary_search(&import.name).is_ok()
        });
        if let Some(import) = everyday {
            let message = format!(
                "uses {} of libc.so.6 without a version: its tag may promise more than it keeps",
                import.name
            );
            let help = "link it with a linker that knows symbol versions, against a real glibc";
            findings.push(file.told(Finding::warning("glibc-unversioned", message).help(help)));
        }
    }
    findings
}
