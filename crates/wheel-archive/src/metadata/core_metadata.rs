//! `METADATA` and `entry_points.txt`: what installers and PyPI compare with the rest.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/core-metadata/>,
//! <https://packaging.python.org/en/latest/specifications/entry-points/>

use std::collections::BTreeSet;

use super::headers::Headers;
use crate::finding::Finding;
use crate::finding::tally::Tally;
use crate::tag::WheelName;
use crate::tag::name::{normalized_name, same_version};

/// What is wrong with `METADATA`; `path` is where it is.
pub(crate) fn check(metadata: &Headers, path: &str, name: &WheelName) -> Vec<Finding> {
    let mut findings = Vec::new();
    if metadata.get("Metadata-Version").is_none() {
        findings.push(Finding::warning(
            "metadata-field",
            "METADATA has no Metadata-Version",
        ));
    }
    match metadata.get("Name") {
        None => findings.push(Finding::warning("metadata-field", "METADATA has no Name")),
        Some(said) if normalized_name(&said) == normalized_name(&name.distribution) => {}
        Some(said) => findings.push(differs("metadata-name", "Name", &said, &name.distribution)),
    }
    match metadata.get("Version") {
        None => findings.push(Finding::warning(
            "metadata-field",
            "METADATA has no Version",
        )),
        Some(said) if same_version(&said, &name.version) => {}
        Some(said) => findings.push(differs("metadata-version", "Version", &said, &name.version)),
    }
    findings
        .into_iter()
        .map(|finding| finding.at(path))
        .collect()
}

fn differs(code: &'static str, field: &str, said: &str, name: &str) -> Finding {
    let message = format!(
        "METADATA gives the {field} as `{said}`, the file name as `{name}`: pip, uv and PyPI refuse that"
    );
    Finding::warning(code, message)
}

/// Whether every License-File of `METADATA` is in `folder`, the `.dist-info` folder (PEP 639: from
/// Metadata-Version 2.4 on).
pub(crate) fn check_licenses<'a>(
    metadata: &Headers,
    folder: &str,
    paths: impl IntoIterator<Item = &'a str>,
) -> Vec<Finding> {
    let mut tally = Tally::default();
    if !names_licenses(metadata) {
        return Vec::new();
    }
    let licenses = format!("{folder}/licenses/");
    let there: BTreeSet<&str> = paths
        .into_iter()
        .filter_map(|path| path.strip_prefix(&licenses))
        .collect();
    let named = metadata.all("License-File");
    for file in named.filter(|file| !there.contains(file.as_str())) {
        let message = format!(
            "METADATA names a License-File that is not in {licenses}: `{file}` (PyPI refuses that)"
        );
        let at = format!("{folder}/METADATA");
        tally.push(Finding::warning("license-file", message).at(at));
    }
    tally.finish()
}

/// Whether the version of `METADATA` is one in which License-File has a meaning.
fn names_licenses(metadata: &Headers) -> bool {
    let version = metadata.get("Metadata-Version");
    let parts = version.as_deref().and_then(|text| text.split_once('.'));
    let number = |text: &str| text.parse::<u32>().ok();
    let version = parts.and_then(|(major, minor)| number(major).zip(number(minor)));
    version.is_some_and(|version| version >= (2, 4))
}

/// What is wrong with `entry_points.txt`; `path` is where it is.
pub(crate) fn check_entry_points(bytes: &[u8], path: &str) -> Vec<Finding> {
    let code = "entry-points";
    let Ok(text) = str::from_utf8(bytes) else {
        return vec![Finding::warning(code, "entry_points.txt is not UTF-8").at(path)];
    };
    let mut tally = Tally::default();
    let mut section = None;
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let continues = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) || continues && section.is_some() {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = Some(name);
            continue;
        }
        let (Some(section), Some((name, _))) = (section, line.split_once(['=', ':'])) else {
            let message = format!(
                "entry_points.txt has a line that is neither a section nor `name = object`: `{line}`"
            );
            tally.push(Finding::warning(code, message).at(path));
            continue;
        };
        let name = name.trim();
        let message = if !seen.insert((section, name)) {
            format!("entry point `{name}` is there twice in [{section}]")
        } else if matches!(section, "console_scripts" | "gui_scripts") && !is_script_name(name) {
            format!("`{name}` in [{section}] is not a script name: installers and PyPI refuse it")
        } else {
            continue;
        };
        tally.push(Finding::warning(code, message).at(path));
    }
    tally.finish()
}

/// Letters, digits, `_`, `.` and `-`, as PyPI asks.
fn is_script_name(name: &str) -> bool {
    let plain =
        |character: char| character.is_alphanumeric() || matches!(character, '_' | '.' | '-');
    !name.is_empty() && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use proptest::prelude::*;

    const PATH: &str = "evil-1.0.dist-info/METADATA";

    fn judge(text: &str) -> Vec<&'static str> {
        let name = "Evil.Pkg-1.0-cp311-cp311-linux_x86_64.whl".parse().unwrap();
        codes(&check(&Headers::parse(text.as_bytes()), PATH, &name))
    }

    fn codes(findings: &[Finding]) -> Vec<&'static str> {
        assert!(
            findings
                .iter()
                .all(|finding| finding.severity == Severity::Warning && finding.member.is_some())
        );
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn name_and_version_are_compared_in_normal_form() {
        let cases = [
            (
                "Metadata-Version: 2.1\nName: evil-pkg\nVersion: 1.0.0\n",
                vec![],
            ),
            (
                "Metadata-Version: 2.1\nName: Evil.Pkg\nVersion: 1.0\n\nName: body\n",
                vec![],
            ),
            (
                "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n",
                vec!["metadata-name"],
            ),
            (
                "Metadata-Version: 2.1\nName: evil_pkg\nVersion: 1.1\n",
                vec!["metadata-version"],
            ),
            (
                "Metadata-Version: 2.1\nName: evil_pkg\nVersion: x\n",
                vec!["metadata-version"],
            ),
            (
                "",
                vec!["metadata-field", "metadata-field", "metadata-field"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(judge(text), expected, "{text}");
        }
    }

    #[test]
    fn license_files_must_be_there_from_metadata_2_4_on() {
        let folder = "evil-1.0.dist-info";
        let paths = [
            "evil-1.0.dist-info/licenses/LICENSE",
            "evil-1.0.dist-info/licenses/a/NOTICE",
            "LICENSE.txt",
        ];
        let cases = [
            (
                "2.4",
                "License-File: LICENSE\nLicense-File: a/NOTICE\n",
                false,
            ),
            ("2.4", "License-File: LICENSE.txt\n", true),
            ("2.10", "License-File: LICENSE.txt\n", true),
            ("3.0", "License-File: LICENSE.txt\n", true),
            ("2.3", "License-File: LICENSE.txt\n", false),
            ("2.4", "", false),
            ("x", "License-File: LICENSE.txt\n", false),
        ];
        for (version, files, missing) in cases {
            let metadata =
                Headers::parse(format!("Metadata-Version: {version}\n{files}").as_bytes());
            let found = check_licenses(&metadata, folder, paths);
            assert_eq!(!found.is_empty(), missing, "{version} {files}: {found:?}");
        }
    }

    #[test]
    fn script_names_are_plain() {
        let cases: [(&str, usize); 11] = [
            (
                "[console_scripts]\nevil = evil:main\nevil-2.x=evil:main\n",
                0,
            ),
            (
                "# comment\n; other\n\n[gui_scripts]\nevil = evil:main\n   [x]\n",
                0,
            ),
            ("[evil.plugins]\n../../any thing = evil:main\n", 0),
            ("[console_scripts]\n../../evil = evil:main\n", 1),
            ("[gui_scripts]\na b = evil:main\n", 1),
            ("[console_scripts]\n= evil:main\n", 1),
            ("[console_scripts]\na = x:y\na = x:z\n", 1),
            ("[a]\nx = y:z\n[b]\nx = y:z\n", 0),
            ("evil = evil:main\n", 1),
            ("[console_scripts]\njust words\n", 1),
            ("", 0),
        ];
        for (text, count) in cases {
            let found = check_entry_points(text.as_bytes(), PATH);
            assert_eq!(codes(&found).len(), count, "{text}: {found:?}");
        }
        assert_eq!(codes(&check_entry_points(b"\xff", PATH)), ["entry-points"]);
    }

    proptest! {
        #[test]
        fn any_entry_points_are_read(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            check_entry_points(&bytes, PATH);
        }
    }
}
