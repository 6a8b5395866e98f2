//! Search paths that mean nothing, or something else, on another machine.

use std::collections::BTreeSet;

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::platform::linux::search_path::{Loader, Problem, WheelDir};

/// So many entries of one list are told; no linker writes so many.
const MOST_TOLD: usize = 100;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let loader = Loader {
        libc: case.audit.libc,
        arch: case.audit.arch,
    };
    for (_, elf) in case.members() {
        let paths = [("RPATH", &elf.facts.rpath), ("RUNPATH", &elf.facts.runpath)];
        let (home, _) = WheelDir::of(&elf.installed);
        for (kind, path) in paths {
            let mut told = BTreeSet::new();
            for entry in path.iter().flat_map(|path| loader.split(path)) {
                let problem = loader.problem(entry, &home);
                // What is above the folder of loose files is there.
                let problem =
                    problem.filter(|it| case.input.wheel.is_some() || *it != Problem::LeavesWheel);
                if let Some(problem) = problem
                    && told.insert(entry)
                    && told.len() <= MOST_TOLD
                {
                    findings.push(tell(problem, kind, entry).at(&elf.path));
                }
            }
            let untold = told.len().saturating_sub(MOST_TOLD);
            if let (1.., Some(last)) = (untold, findings.last()) {
                let message = format!("has {untold} more entries in its {kind} that are no better");
                let more = Finding::warning(last.code, message).at(&elf.path);
                findings.push(more);
            }
        }
    }
    findings
}

fn tell(problem: Problem, kind: &str, entry: &str) -> Finding {
    match problem {
        Problem::Empty => {
            let message =
                format!("has an empty entry in its {kind}: the loader searches the current folder");
            let help = "remove it: whoever can write there chooses the library";
            Finding::warning("rpath-empty", message).help(help)
        }
        Problem::Absolute => {
            let message =
                format!("has the {kind} {entry}, a folder of the machine it was built on");
            let help = "link with an RPATH that starts with $ORIGIN; a repair removes this one";
            Finding::warning("rpath-absolute", message).help(help)
        }
        Problem::Relative => {
            let message =
                format!("has the {kind} {entry}: the loader searches it from the current folder");
            let help = if entry.starts_with("$ORIGIN") {
                "write ${ORIGIN}, or a slash after it: with more behind it glibc takes it for a name"
            } else {
                "start it with $ORIGIN, the folder of the file"
            };
            Finding::warning("rpath-relative", message).help(help)
        }
        Problem::LeavesWheel => {
            let message = format!(
                "has the {kind} {entry}, which leads out of site-packages: what it finds depends on the installation"
            );
            Finding::warning("rpath-escapes", message)
        }
        Problem::ForeignToken => {
            let message = format!(
                "has the {kind} {entry}: musl knows no variable but $ORIGIN, and reads no entry of a path that has another"
            );
            let help = "write the folder out; a repair removes this entry";
            Finding::warning("rpath-variable", message).help(help)
        }
    }
}
