//! Libraries of the machine's drivers, which no repair brings in.

use std::collections::BTreeSet;

use crate::audit::rules::Case;
use crate::finding::Finding;
use crate::platform::linux::policy::drivers::driver_of;
use crate::shell::shell_word;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let externals = case.audit.externals.iter();
    let drivers: BTreeSet<&str> = externals
        .filter(|external| external.driver)
        .map(|external| external.soname.as_str())
        .collect();
    let told = drivers.into_iter().filter_map(|soname| {
        let message = format!(
            "{soname} belongs to the machine ({}): a repair leaves it outside, and the wheel works only where it is installed",
            driver_of(soname)?.of
        );
        let word = shell_word(soname);
        let help = format!(
            "to say that this is meant, pass --exclude {word}; to bring a copy in all the same, --vendor {word}"
        );
        Some(Finding::warning("driver-outside", message).help(help))
    });
    told.collect()
}
