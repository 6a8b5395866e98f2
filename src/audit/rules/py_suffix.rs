//! File names that no Python of the wheel's tag imports.
//!
//! `CPython`'s importer looks for its own suffix (such as `.cpython-312-x86_64-linux-gnu.so`), for
//! `.abi3.so` and for `.so`. Where a suffix names another C library than the tag and nothing else in
//! the file says otherwise, the file is for that other library and not judged at all; here are those
//! whose content fits the tag and whose name does not.

use super::Case;
use crate::audit::extension::python_extension;
use crate::finding::Finding;
use crate::tag::ExtensionSuffix;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let (libc, arch) = (case.audit.libc, case.audit.arch);
    // Loose files and `linux_*` say nothing of the C library by their name.
    let mut claimed = case.input.claimed().iter();
    let promised = claimed.any(|tag| tag.libc().is_some());
    let extensions = case
        .members()
        .filter(|(_, elf)| python_extension(elf).is_some());
    let told = extensions.filter_map(|(_, elf)| {
        let suffix = ExtensionSuffix::of(&elf.path)?;
        let other_libc = promised && suffix.libc.is_some_and(|own| own != libc);
        let other_arch = suffix.arch.is_some_and(|own| own != arch);
        (other_libc || other_arch).then(|| {
            let message = format!(
                "is named for {} in a wheel for {} on {arch}: no Python that installs the wheel imports it",
                suffix.triplet,
                libc.as_str()
            );
            let help = "build it with the Python it is for, or name it with the suffix of that Python \
                        (sysconfig.get_config_var('EXT_SUFFIX'))";
            Finding::warning("py-suffix", message)
                .at(&elf.path)
                .help(help)
        })
    });
    told.collect()
}
