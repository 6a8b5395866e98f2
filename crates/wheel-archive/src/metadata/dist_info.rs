//! The `.dist-info` folder: which one it is, and what may be in it.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-dist-info-directory>

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::finding::tally::some_of;
use crate::metadata::record::is_signature;
use crate::tag::WheelName;
use crate::tag::name::normalized_name;

/// What an installer writes, and a wheel must not bring.
const WRITTEN_BY_INSTALLERS: [&str; 3] = ["INSTALLER", "REQUESTED", "direct_url.json"];

/// What every wheel has, and the code of its absence.
const REQUIRED: [(&str, &str); 3] = [
    ("METADATA", "metadata-missing"),
    ("WHEEL", "wheel-missing"),
    ("RECORD", "record-missing"),
];

/// The wheel's metadata folder, without a slash, from the paths of its members.
///
/// # Errors
/// If there is none, more than one, one of another project or version, or one that lacks a file
/// that every wheel has.
pub(crate) fn find<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    name: &WheelName,
) -> Result<&'a str, Vec<Finding>> {
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (top, file) in paths.into_iter().filter_map(|path| path.split_once('/')) {
        if top.ends_with(".dist-info") {
            folders.entry(top).or_default().insert(file);
        }
    }
    if folders.len() > 1 {
        let listed = some_of(folders.into_keys());
        let message = format!("there is more than one .dist-info folder: {listed}");
        return Err(vec![Finding::error("dist-info-many", message)]);
    }
    let Some((folder, files)) = folders.pop_first() else {
        let message = "there is no .dist-info folder at the top of the archive";
        return Err(vec![Finding::error("dist-info-missing", message).help(
            "this is not a wheel, or it was packed from the wrong folder",
        )]);
    };
    let mut findings = Vec::new();
    if !folder
        .strip_suffix(".dist-info")
        .is_some_and(|stem| name.is_stem(stem))
    {
        let message = format!(
            "the .dist-info folder does not match the file name, which says `{}`",
            name.stem()
        );
        findings.push(
            Finding::error("dist-info-name", message)
                .at(folder)
                .help("the file was renamed, or holds another project: get it under its own name"),
        );
    }
    for (file, code) in REQUIRED {
        if !files.contains(file) {
            let finding = Finding::error(code, format!("{file} is missing"));
            findings.push(finding.at(format!("{folder}/{file}")));
        }
    }
    if findings.is_empty() {
        Ok(folder)
    } else {
        Err(findings)
    }
}

/// What is odd about the folder and the files in it.
pub(crate) fn check<'a>(
    folder: &str,
    paths: impl IntoIterator<Item = &'a str>,
    name: &WheelName,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if folder.strip_suffix(".dist-info") != Some(&name.stem()) {
        let message = format!(
            "the .dist-info folder is not spelled like the file name (case or normal form), which says `{}`: PyPI refuses that",
            name.stem()
        );
        findings.push(Finding::warning("dist-info-spelling", message).at(folder));
    }
    let record = format!("{folder}/RECORD");
    for path in paths {
        let Some(file) = path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        if is_signature(path, &record) {
            let message = format!(
                "{file} is a signature of RECORD, which no tool verifies (PEP 815): a repaired wheel does not have it"
            );
            findings.push(Finding::warning("record-signature", message).at(path));
        } else if WRITTEN_BY_INSTALLERS.contains(&file) {
            let message = format!("{file} is written by installers and does not belong in a wheel");
            findings.push(Finding::warning("dist-info-installed", message).at(path));
        } else if file.starts_with("sboms/") {
            findings.push(Finding::note("sbom-present", "the wheel brings an SBOM").at(path));
        }
    }
    findings
}

/// Whether the project part of the file name is spelled as PyPI wants it: in normal form, with `_` for `-`.
pub(crate) fn is_canonical(name: &WheelName) -> bool {
    name.distribution == canonical(&name.distribution)
}

/// The normal form of a project name as file names spell it.
pub fn canonical(distribution: &str) -> String {
    normalized_name(distribution).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "evil-1.0-cp311-cp311-linux_x86_64.whl";

    fn name(text: &str) -> WheelName {
        text.parse().unwrap()
    }

    fn with_files(folder: &str, files: &[&str]) -> Vec<String> {
        let mut paths = vec!["evil/__init__.py".to_owned()];
        paths.extend(files.iter().map(|file| format!("{folder}/{file}")));
        paths
    }

    fn find_in(paths: &[String]) -> Result<&str, Vec<&'static str>> {
        find(paths.iter().map(String::as_str), &name(NAME))
            .map_err(|findings| findings.iter().map(|finding| finding.code).collect())
    }

    const ALL: [&str; 3] = ["METADATA", "WHEEL", "RECORD"];

    #[test]
    fn the_one_folder_is_found_in_any_spelling() {
        for folder in [
            "evil-1.0.dist-info",
            "Evil-1.0.dist-info",
            "EVIL-1.dist-info",
        ] {
            let paths = with_files(folder, &ALL);
            assert_eq!(find_in(&paths), Ok(folder));
            let found = check(folder, paths.iter().map(String::as_str), &name(NAME));
            assert_eq!(
                found.is_empty(),
                folder == "evil-1.0.dist-info",
                "{folder}: {found:?}"
            );
        }
    }

    #[test]
    fn folders_that_are_refused() {
        let mut two = with_files("evil-1.0.dist-info", &ALL);
        two.push("other-2.0.dist-info/METADATA".to_owned());
        let cases = [
            (with_files("evil", &ALL), vec!["dist-info-missing"]),
            (
                vec!["evil-1.0.dist-info".to_owned()],
                vec!["dist-info-missing"],
            ),
            (
                with_files("sub/evil-1.0.dist-info", &ALL),
                vec!["dist-info-missing"],
            ),
            (two, vec!["dist-info-many"]),
            (
                with_files("other-1.0.dist-info", &ALL),
                vec!["dist-info-name"],
            ),
            (
                with_files("evil-1.1.dist-info", &ALL),
                vec!["dist-info-name"],
            ),
            (with_files("evil.dist-info", &ALL), vec!["dist-info-name"]),
            (
                with_files("evil-1.0.dist-info", &["METADATA"]),
                vec!["wheel-missing", "record-missing"],
            ),
            (
                with_files("other-1.0.dist-info", &["WHEEL", "RECORD"]),
                vec!["dist-info-name", "metadata-missing"],
            ),
            (Vec::new(), vec!["dist-info-missing"]),
        ];
        for (paths, codes) in cases {
            assert_eq!(find_in(&paths), Err(codes), "{paths:?}");
        }
    }

    #[test]
    fn files_that_do_not_belong_are_told() {
        let folder = "evil-1.0.dist-info";
        let files = [
            "INSTALLER",
            "REQUESTED",
            "direct_url.json",
            "RECORD.jws",
            "RECORD.p7s",
            "sboms/a.cdx.json",
            "licenses/INSTALLER",
        ];
        let paths = with_files(folder, &files);
        let found = check(folder, paths.iter().map(String::as_str), &name(NAME));
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        assert_eq!(
            codes,
            [
                "dist-info-installed",
                "dist-info-installed",
                "dist-info-installed",
                "record-signature",
                "record-signature",
                "sbom-present"
            ]
        );
    }

    #[test]
    fn canonical_project_names() {
        assert!(is_canonical(&name(NAME)));
        assert!(is_canonical(&name("a_b-1-py3-none-any.whl")));
        for other in ["Evil-1-py3-none-any.whl", "a.b-1-py3-none-any.whl"] {
            assert!(!is_canonical(&name(other)), "{other}");
        }
        assert_eq!(canonical("Evil.Pkg--x"), "evil_pkg_x");
    }
}
