//! The folder for grafts: the project's name and a suffix, as auditwheel's `--lib-sdir` has it.

use wheel_archive::unsafe_to_print;

use crate::finding::Finding;

/// `distribution` and `suffix` as a folder of the wheel: `pkg.libs`; of `/core/libs`,
/// `pkg/core/libs`; of nothing, `pkg`. What says nothing (`//`, `/.`) goes, as in any path.
///
/// # Errors
/// `lib-sdir` for a suffix that leads out of the wheel, into its metadata or its `.data` folder, or
/// that no search path could name.
pub(crate) fn libs_dir(distribution: &str, suffix: &str) -> Result<String, Finding> {
    let refuse = |reason: &str| {
        let message = format!("--lib-sdir \"{suffix}\" {reason}");
        Err(Finding::error("lib-sdir", message).help(
            "it ends the name of a folder in the wheel: `.libs`, or `/lib` for one in the package",
        ))
    };
    // A search path ends an entry at `:`, takes what follows `$` for a variable, and `\` is a
    // slash to some.
    if suffix.contains([':', '$', '\\']) || suffix.chars().any(unsafe_to_print) {
        return refuse("cannot be in a search path");
    }
    let whole = format!("{distribution}{suffix}");
    let parts = || whole.split('/').filter(|part| !matches!(*part, "" | "."));
    if parts().any(|part| part == "..") {
        return refuse("leads out of the wheel");
    }
    let first = parts().next().unwrap_or_default();
    let mut reserved = [".data", ".dist-info"].iter();
    if reserved.any(|end| first.ends_with(end)) {
        return refuse("leads into a folder that installers keep for themselves");
    }
    let folder: Vec<&str> = parts().collect();
    let folder = folder.join("/");
    match crate::wheel::check_path(&folder) {
        Ok(()) => Ok(folder),
        Err(reason) => refuse(&format!("cannot be a folder of a wheel: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::libs_dir;

    #[test]
    fn suffixes_end_the_name_or_lead_into_the_package() {
        for (suffix, folder) in [
            (".libs", "pkg.libs"),
            ("", "pkg"),
            ("/lib", "pkg/lib"),
            ("/core/libs", "pkg/core/libs"),
            ("//lib/./x/", "pkg/lib/x"),
            (".libs/x86_64", "pkg.libs/x86_64"),
            ("_Bibliotheken größer", "pkg_Bibliotheken größer"),
        ] {
            assert_eq!(libs_dir("pkg", suffix).unwrap(), folder, "{suffix}");
        }
    }

    #[test]
    fn what_leaves_the_wheel_or_has_no_search_path_is_refused() {
        for (suffix, reason) in [
            ("/../x", "leads out of the wheel"),
            ("/lib/../../x", "leads out of the wheel"),
            ("/..", "leads out of the wheel"),
            (":x", "cannot be in a search path"),
            ("/$ORIGIN", "cannot be in a search path"),
            ("\\x", "cannot be in a search path"),
            ("-1.0.dist-info", "installers keep for themselves"),
            ("-1.0.data/purelib", "installers keep for themselves"),
            ("/a\nb", "cannot be in a search path"),
            ("/\u{202e}", "cannot be in a search path"),
        ] {
            let finding = libs_dir("pkg", suffix).unwrap_err();
            assert_eq!(finding.code, "lib-sdir");
            assert!(
                finding.message.contains(reason),
                "{suffix}: {}",
                finding.message
            );
        }
    }
}
