//! Packed relocations that a loader refuses to apply, or does not know.

use crate::audit::rules::Case;
use crate::audit::verdict::candidate_tags::android_level;
use crate::finding::Finding;
use crate::tag::Libc;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    match case.audit.libc {
        Libc::Glibc => unmarked(case),
        Libc::Android => unknown_to_android(case),
        // `musl_lacks` tells.
        Libc::Musl => Vec::new(),
    }
}

/// An older loader passes the entry over, and the file's pointers stay unrelocated.
fn unknown_to_android(case: &Case<'_>) -> Vec<Finding> {
    let [tag] = case.input.claimed() else {
        return Vec::new();
    };
    let promised = android_level(tag.as_str());
    let told = case.files().filter_map(|file| {
        let (entry, level) = file.facts.packed?;
        (promised < level).then(|| {
            let message = format!(
                "has packed relocations ({entry}), which Android applies from API level {level} on: \
                 older ones, which {tag} allows, load it broken"
            );
            let help = format!(
                "link with -Wl,--pack-dyn-relocs=none, or build for API level {level} or newer"
            );
            file.told(Finding::warning("android-relr", message).help(help))
        })
    });
    told.collect()
}

fn unmarked(case: &Case<'_>) -> Vec<Finding> {
    let unmarked = case.files().filter(|file| file.facts.has_unmarked_relr());
    let told = unmarked.map(|file| {
        let message = if file.facts.is_refused_for_relr() {
            "has packed relocations (DT_RELR) without the version GLIBC_ABI_DT_RELR: glibc 2.36 and \
             newer refuse to load it, older ones load it broken"
        } else {
            "has packed relocations (DT_RELR) and no version that says so: glibc applies them from \
             2.36 on, older ones load it broken"
        };
        let help = "link with -Wl,-z,nopack-relative-relocs (lld: --pack-dyn-relocs=none), or with a \
                    linker that adds the version";
        file.told(Finding::warning("relr-unmarked", message).help(help))
    });
    told.collect()
}
