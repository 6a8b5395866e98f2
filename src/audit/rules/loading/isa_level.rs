//! Files that say that they need more than the baseline of their architecture.

use crate::audit::allowed_isa;
use crate::audit::rules::Case;
use crate::audit::verdict::needs_more;
use crate::elf::Tagged as _;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.options.ignore_isa {
        return Vec::new();
    }
    let allowed = allowed_isa(case.input, case.options);
    let beyond = case.files().filter(|file| needs_more(file.facts, allowed));
    let told = beyond.filter_map(|file| {
        let needs = match file.facts.isa_needed()? {
            Ok(level) => level.to_string(),
            Err(bits) => format!("an unknown level of x86-64 (bits {bits:#x})"),
        };
        let message =
            format!("says that it needs {needs}; a tag without that level promises {allowed}");
        let help = "compile without -march, choose code at run time, or pass --disable-isa-ext-check if it does";
        Some(file.told(Finding::warning("isa-level", message).help(help)))
    });
    told.collect()
}
