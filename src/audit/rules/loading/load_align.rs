//! Segments aligned for smaller pages than the architecture's kernels may have.

use crate::audit::rules::Case;
use crate::elf::arch::Arch;
use crate::elf::{Facts, largest_page};
use crate::finding::Finding;
use crate::tag::Libc;

/// <https://developer.android.com/guide/practices/page-sizes>
const ANDROID_PAGE: u64 = 0x4000;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let page_of = |facts: &Facts| match case.audit.libc {
        Libc::Android => ANDROID_PAGE,
        // Linkers align for 64 KiB there, but kernels for 32-bit Arm have 4 KiB.
        Libc::Glibc | Libc::Musl if case.audit.arch == Arch::Armv7l => 0x1000,
        Libc::Glibc | Libc::Musl => largest_page(facts.platform.machine),
    };
    let small = case
        .files()
        .filter(|file| file.facts.load_align != 0 && file.facts.load_align < page_of(file.facts));
    let told = small.map(|file| {
        let page = page_of(file.facts);
        let message = format!(
            "is aligned for pages of {} KiB; kernels for {} may have {} KiB, and then it does not load",
            file.facts.load_align / 1024,
            case.audit.arch,
            page / 1024
        );
        let help = format!("link with -Wl,-z,max-page-size={page}");
        file.told(Finding::warning("load-align", message).help(help))
    });
    told.collect()
}
