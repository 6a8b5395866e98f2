//! What glibc offers and musl does not: the wheel's tag says that it loads on musl.
//!
//! Only names that the C library keeps for itself: others may come from any library.
//!
//! Also IFUNC: musl's loader knows neither the symbols nor the relocations, in no release.
//!
//! Source of all: musl's dynamic symbols (1.1 to 1.2.5), its release notes for `DT_RELR` (1.2.4).

use crate::audit::rules::Case;
use crate::elf::Facts;
use crate::finding::Finding;
use crate::tag::Libc;

/// In no release of musl. Sorted.
const GLIBC_ONLY: [&str; 10] = [
    "__cxa_thread_atexit_impl",
    "__libc_single_threaded",
    "__malloc_hook",
    "__rawmemchr",
    "__register_atfork",
    "__strtod_internal",
    "dlmopen",
    "dlvsym",
    "gnu_get_libc_release",
    "gnu_get_libc_version",
];

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc != Libc::Musl {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for file in case.files() {
        // It stands in for glibc on musl.
        let needed = &file.facts.needed;
        let stand_in = needed.iter().any(|name| name.starts_with("libgcompat"));
        let mut imports = file.facts.imports();
        let lacking = imports.find(|import| {
            !stand_in && !import.weak && import.version.is_none() && is_glibc_only(import.name)
        });
        if let Some(import) = lacking {
            let message = format!(
                "uses {}, which glibc has and musl has not: it fails to load",
                import.name
            );
            let finding = Finding::warning("musl-lacks", message).help("build it on musl");
            findings.push(file.told(finding));
        }
        if file.facts.has_resolvers() {
            let message = "has functions that are chosen at load time (IFUNC), which glibc does and musl does not: it fails to load";
            let finding = Finding::warning("musl-lacks", message)
                .help("build it without __attribute__((ifunc)) and target_clones");
            findings.push(file.told(finding));
        }
    }
    findings.extend(packed_relocations(case));
    findings
}

fn is_relr(facts: &Facts) -> bool {
    facts.packed.is_some_and(|(entry, _)| entry == "DT_RELR")
}

/// One finding for all files: they mostly come from one toolchain.
fn packed_relocations(case: &Case<'_>) -> Option<Finding> {
    let files = case.files().filter(|file| is_relr(file.facts));
    let names: Vec<&str> = files.map(|file| file.name).collect();
    let who = match names.as_slice() {
        [] => return None,
        [one] => format!("{one} has"),
        [one, more @ ..] => format!("{one} and {} more have", more.len()),
    };
    let message = format!(
        "{who} packed relocations (DT_RELR), which musl knows from 1.2.4 on: older ones, which \
         its tag allows, load that broken"
    );
    let help = "link with -Wl,-z,nopack-relative-relocs (lld: --pack-dyn-relocs=none), or bring in libraries that were";
    Some(Finding::warning("musl-relr", message).help(help))
}

/// Also the checking variants of `_FORTIFY_SOURCE`, and what C23 changed.
fn is_glibc_only(name: &str) -> bool {
    let fortified = name.starts_with("__") && name.ends_with("_chk");
    fortified || name.starts_with("__isoc23_") || GLIBC_ONLY.binary_search(&name).is_ok()
}
