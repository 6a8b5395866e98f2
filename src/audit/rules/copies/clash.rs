//! Libraries that the interpreter, or other wheels, load as well: two copies in one process.

use crate::audit::rules::Case;
use crate::elf::soname::stem;
use crate::finding::Finding;

/// What goes wrong with two copies.
const KNOWN: [(&str, &str); 9] = [
    (
        "libssl",
        "the interpreter's own ssl module uses another copy of OpenSSL",
    ),
    (
        "libcrypto",
        "the interpreter's own hashlib uses another copy of OpenSSL",
    ),
    (
        "libsqlite3",
        "the interpreter's own sqlite3 uses another copy; their file locks do not see each other",
    ),
    (
        "libstdc++",
        "every system has it, and exceptions do not pass between two copies",
    ),
    (
        "libgcc_s",
        "every system has it, and stack unwinding needs one copy",
    ),
    (
        "libgomp",
        "other wheels bring OpenMP too, and two run times fight for the threads",
    ),
    (
        "libiomp5",
        "other wheels bring OpenMP too, and two run times fight for the threads",
    ),
    (
        "libtbb",
        "other wheels bring it too, and two schedulers fight for the threads",
    ),
    (
        "libprotobuf",
        "two copies in one process abort when both register a type",
    ),
];

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut tell = |name: &str, finding: &dyn Fn(Finding) -> Finding| {
        let base = stem(name);
        if let Some((base, why)) = KNOWN.iter().find(|(known, _)| *known == base) {
            let message = format!("is a copy of {base}: {why}");
            findings.push(finding(Finding::note("lib-clash", message)));
        }
    };
    for (_, elf) in case.members() {
        tell(&elf.path, &|finding| finding.at(&elf.path));
    }
    for (_, graft) in case.grafts() {
        tell(graft.name, &|finding| graft.told(finding));
    }
    findings
}
