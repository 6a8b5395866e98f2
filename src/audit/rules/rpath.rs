//! Search paths that mean nothing, or something else, on another machine.

use std::collections::BTreeSet;

use super::{Case, site_path};
use crate::finding::Finding;
use crate::wheel::ElfMember;

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Empty,
    Absolute,
    Relative,
    Escapes,
}

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, elf) in case.members() {
        let paths = [("RPATH", &elf.facts.rpath), ("RUNPATH", &elf.facts.runpath)];
        for (kind, path) in paths {
            let mut told = BTreeSet::new();
            for entry in path.iter().flat_map(|path| path.split(':')) {
                if let Some(fault) = fault(entry, elf, case.input.wheel.is_some())
                    && told.insert(entry)
                {
                    findings.push(tell(fault, kind, entry).at(&elf.path));
                }
            }
        }
    }
    findings
}

fn fault(entry: &str, elf: &ElfMember, in_wheel: bool) -> Option<Fault> {
    if entry.is_empty() {
        return Some(Fault::Empty);
    }
    if entry.starts_with('/') {
        return Some(Fault::Absolute);
    }
    let rest = entry
        .strip_prefix("$ORIGIN")
        .or_else(|| entry.strip_prefix("${ORIGIN}"));
    let Some(rest) = rest else {
        return Some(Fault::Relative);
    };
    let escapes = in_wheel && site_path(elf).is_some_and(|path| leaves(path, rest));
    escapes.then_some(Fault::Escapes)
}

/// Whether `rest`, walked from the folder of `file`, climbs out of site-packages.
fn leaves(file: &str, rest: &str) -> bool {
    let mut depth = file.split('/').count().saturating_sub(1);
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
    }
    false
}

fn tell(fault: Fault, kind: &str, entry: &str) -> Finding {
    match fault {
        Fault::Empty => {
            let message =
                format!("has an empty entry in its {kind}: the loader searches the current folder");
            let help = "remove it: whoever can write there chooses the library";
            Finding::warning("rpath-empty", message).help(help)
        }
        Fault::Absolute => {
            let message =
                format!("has the {kind} {entry}, a folder of the machine it was built on");
            let help = "link with an RPATH that starts with $ORIGIN; a repair removes this one";
            Finding::warning("rpath-absolute", message).help(help)
        }
        Fault::Relative => {
            let message =
                format!("has the {kind} {entry}: the loader searches it from the current folder");
            let help = "start it with $ORIGIN, the folder of the file";
            Finding::warning("rpath-relative", message).help(help)
        }
        Fault::Escapes => {
            let message = format!(
                "has the {kind} {entry}, which leads out of site-packages: what it finds depends on the installation"
            );
            Finding::warning("rpath-escapes", message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::leaves;

    #[test]
    fn climbing_is_counted_from_the_folder_of_the_file() {
        let cases = [
            ("pkg/_x.so", "", false),
            ("pkg/_x.so", "/../pkg.libs", false),
            ("pkg/_x.so", "/..", false),
            ("pkg/_x.so", "/../..", true),
            ("_x.so", "/..", true),
            ("a/b/_x.so", "/.././/../../c", true),
            ("a/_x.so", "/b/../../..", true),
        ];
        for (file, rest, out) in cases {
            assert_eq!(leaves(file, rest), out, "{file} {rest}");
        }
    }
}
