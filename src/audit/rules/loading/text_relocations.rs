//! Relocations in code: refused by musl, by Android and on hardened systems.

use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let found = case.files().filter(|file| file.facts.textrel);
    let told = found.map(|file| {
        let message = "has relocations in its code (DT_TEXTREL); musl, Android and hardened systems refuse to load it";
        let finding = Finding::warning("textrel", message).help("compile every object with -fPIC");
        file.told(finding)
    });
    told.collect()
}
