//! `--licenses`: the licence files of the packages that grafts came from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::finding::Finding;
use crate::repair::{Graft, Package};

/// Where the files go, inside `.dist-info` (PEP 639), in a folder for each package.
const FOLDER: &str = "licenses";

/// Words in the names of licences that ask something of whoever passes a copy on: source code,
/// a notice, the same licence.
const COPYLEFT: [&str; 10] = [
    "AGPL", "CDDL", "CECILL", "CPL", "EPL", "EUPL", "GPL", "LGPL", "MPL", "OSL",
];

/// A file to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFile {
    /// Its path inside `.dist-info`.
    pub place: String,
    /// The package.
    pub package: String,
    /// Its path on the system that the package is of, under the sysroot.
    pub source: PathBuf,
}

/// The files for `grafts`, by place, and what their licences ask.
pub(super) fn plan(grafts: &[Graft], findings: &mut Vec<Finding>) -> Vec<LicenseFile> {
    let mut by_package: BTreeMap<&str, (&Package, Vec<&str>)> = BTreeMap::new();
    for graft in grafts {
        let Some(package) = &graft.package else {
            let message = format!(
                "no package is known for {}: its licence is not copied",
                graft.plain_name()
            );
            findings.push(Finding::warning("license-unknown", message).at(&graft.member));
            continue;
        };
        let entry = by_package.entry(&package.purl);
        let (_, members) = entry.or_insert_with(|| (package, Vec::new()));
        members.push(&graft.member);
    }
    let mut files = Vec::new();
    for (package, members) in by_package.into_values() {
        findings.extend(copyleft(package, &members));
        if package.license_files.is_empty() {
            let message = format!(
                "the package {} has no licence file to copy (for {})",
                package.name,
                members.join(", ")
            );
            findings.push(Finding::warning("license-unknown", message));
        }
        files.extend(package.license_files.iter().filter_map(|source| {
            let name = source.file_name()?.to_str()?;
            let plain = [package.name.as_str(), name].into_iter().all(is_plain);
            plain.then(|| LicenseFile {
                place: format!("{FOLDER}/{}/{name}", package.name),
                package: package.name.clone(),
                source: source.clone(),
            })
        }));
    }
    files.sort_by(|left, right| left.place.cmp(&right.place));
    files.dedup_by(|later, earlier| later.place == earlier.place);
    files
}

/// Names come from a database: they become parts of a path.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-._~".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

fn copyleft(package: &Package, members: &[&str]) -> Option<Finding> {
    let asking: Vec<&str> = package
        .licenses
        .iter()
        .map(String::as_str)
        .filter(|license| is_copyleft(license))
        .collect();
    if asking.is_empty() {
        return None;
    }
    let message = format!(
        "{} came from {}, parts of which are under {}",
        members.join(", "),
        package.name,
        asking.join(", ")
    );
    let help =
        "copyleft licences ask for more than a copy of their text: see what they say of binaries";
    Some(Finding::warning("license-copyleft", message).help(help))
}

/// Whether a word of the licence's name, its version cut off, is one of `COPYLEFT`.
pub(crate) fn is_copyleft(license: &str) -> bool {
    let words = license.split(|c: char| !c.is_ascii_alphanumeric());
    let names = words.map(|word| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let versioned = word.strip_suffix(['v', 'V']).filter(|name| name.len() > 2);
        versioned.unwrap_or(word).to_ascii_uppercase()
    });
    names
        .into_iter()
        .any(|name| COPYLEFT.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copyleft_is_known_by_its_name() {
        let cases = [
            ("GPL-2.0-or-later", true),
            ("LGPL-2.1+", true),
            ("LGPLv2+", true),
            ("GPL3", true),
            ("AGPL-3", true),
            ("MPL-2.0", true),
            ("GPLv3+ with exceptions", true),
            ("MIT", false),
            ("BSD-3-clause", false),
            ("Zlib", false),
            ("Apache-2.0", false),
            ("SIMPL-1", false),
        ];
        for (license, expected) in cases {
            assert_eq!(is_copyleft(license), expected, "{license}");
        }
    }

    #[test]
    fn names_from_databases_cannot_leave_their_folder() {
        for name in ["..", "a/b", "", ".hidden", "a\\b", "a\nb"] {
            assert!(!is_plain(name), "{name:?}");
        }
        for name in ["libstdc++6", "copyright", "COPYING.LIB", "gcc-12-base"] {
            assert!(is_plain(name), "{name}");
        }
    }
}
