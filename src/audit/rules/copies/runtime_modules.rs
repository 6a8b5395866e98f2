//! Libraries whose copies lack what they open at run time.

use crate::audit::rules::Case;
use crate::elf::soname::without_hash;
use crate::finding::Finding;
use crate::platform::linux::policy::modules::opener;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let told = case.files().filter_map(|file| {
        let name = file.name.rsplit('/').next().unwrap_or(file.name);
        let (plain, hashed) = without_hash(name);
        // Whoever ships a library under its own name has built it for that.
        if file.member.is_some() && !hashed {
            return None;
        }
        let opener = opener(&plain)?;
        let message = format!(
            "is a copy of {}, which opens {} where it was built to; that does not come in",
            opener.of, opener.opens
        );
        let help = format!(
            "if it is wanted, ship it (--include LIB=FOLDER) and say where it is before the library is used; \
             told by: {}",
            opener.told_by
        );
        Some(file.told(Finding::note("runtime-modules", message).help(help)))
    });
    told.collect()
}
