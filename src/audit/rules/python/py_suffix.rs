//! File names that no Python of the wheel's tags imports.
//!
//! `CPython`'s importer looks for its own suffix (such as `.cpython-312-x86_64-linux-gnu.so`), for
//! `.abi3.so` and for `.so`. Where a suffix names another C library than the tag and nothing else in
//! the file says otherwise, the file is for that other library and not judged at all; here are those
//! whose content fits the tag and whose name does not, and those of another Python, which a build
//! leaves in its folder for the next one to pack.

use crate::audit::extension::python_extension;
use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::tag::ExtensionSuffix;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let extensions = case
        .members()
        .filter(|(_, elf)| python_extension(elf).is_some());
    let told = extensions.filter_map(|(_, elf)| {
        let suffix = ExtensionSuffix::of(&elf.path)?;
        let (named, wheel) = other_platform(case, &suffix).or_else(|| other_python(case, &suffix))?;
        let message = format!(
            "is named for {named} in a wheel for {wheel}: no Python that installs the wheel imports it"
        );
        let help = "build it with the Python it is for, or name it with the suffix of that Python \
                    (sysconfig.get_config_var('EXT_SUFFIX')); what an earlier build left in its folder, take out";
        Some(
            Finding::warning("py-suffix", message)
                .at(&elf.path)
                .help(help),
        )
    });
    told.collect()
}

/// What a suffix is for and what the wheel is for, if these are other C libraries or machines.
fn other_platform<'a>(case: &Case<'_>, suffix: &ExtensionSuffix<'a>) -> Option<(&'a str, String)> {
    let (libc, arch) = (case.audit.libc, case.audit.arch);
    // Loose files and `linux_*` say nothing of the C library by their name.
    let mut claimed = case.input.claimed().iter();
    let promised = claimed.any(|tag| tag.libc().is_some());
    let other_libc = promised && suffix.libc.is_some_and(|own| own != libc);
    let other_arch = suffix.arch.is_some_and(|own| own != arch);
    (other_libc || other_arch).then(|| (suffix.triplet, format!("{} on {arch}", libc.as_str())))
}

/// The same of Pythons.
fn other_python<'a>(case: &Case<'_>, suffix: &ExtensionSuffix<'a>) -> Option<(&'a str, String)> {
    let name = &case.input.wheel?.name;
    let tags = || format!("{}-{}", name.python.join("."), name.abi.join("."));
    (!name.is_for(suffix.python)).then(|| (suffix.python, tags()))
}
