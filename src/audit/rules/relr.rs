//! Packed relocations that glibc refuses to apply.

use super::Case;
use crate::finding::Finding;
use crate::tag::Libc;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc != Libc::Glibc {
        return Vec::new();
    }
    let refused = case.files().filter(|file| file.facts.has_unmarked_relr());
    let told = refused.map(|file| {
        let message = "has packed relocations (DT_RELR) without the version GLIBC_ABI_DT_RELR: glibc \
                       2.36 and newer refuse to load it, older ones load it broken";
        let help = "link with -Wl,-z,nopack-relative-relocs (lld: --pack-dyn-relocs=none), or with a \
                    linker that adds the version";
        file.told(Finding::warning("relr-unmarked", message).help(help))
    });
    told.collect()
}
