//! `WHEEL`: the archive's own metadata.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-contents>

use std::collections::BTreeSet;

use super::headers::Headers;
use crate::finding::Finding;
use crate::finding::tally::some_of;
use crate::tag::WheelName;

const VERSION: &str = "Wheel-Version";
const PURELIB: &str = "Root-Is-Purelib";

/// Everything that is wrong with `WHEEL`; `path` is where it is. Errors make the wheel unreadable for
/// installers.
pub(crate) fn check(wheel: &Headers, path: &str, name: &WheelName) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(version(wheel));
    findings.extend(tags(wheel, name));
    findings.extend(build(wheel, name));
    findings.extend(purelib(wheel));
    for header in [VERSION, "Build"] {
        if wheel.all(header).count() > 1 {
            findings.push(Finding::warning(
                "wheel-duplicate",
                format!("WHEEL has more than one {header}"),
            ));
        }
    }
    findings
        .into_iter()
        .map(|finding| finding.at(path))
        .collect()
}

fn version(wheel: &Headers) -> Option<Finding> {
    let code = "wheel-version";
    let Some(text) = wheel.get(VERSION) else {
        return Some(Finding::error(code, "WHEEL has no Wheel-Version"));
    };
    let number = |part: &str| {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.trim_start_matches('0').to_owned())
    };
    let (major, minor) = text.split_once('.').unwrap_or((&text, "0"));
    let (Some(major), Some(minor)) = (number(major), number(minor)) else {
        return Some(Finding::error(
            code,
            format!("Wheel-Version is `{text}`, not two numbers"),
        ));
    };
    if major != "1" {
        let message = format!("Wheel-Version is {text}, and installers know 1 only");
        return Some(Finding::error(code, message));
    }
    let message = format!("Wheel-Version is {text}, newer than the 1.0 that is known here");
    (!minor.is_empty()).then(|| Finding::warning(code, message))
}

fn tags(wheel: &Headers, name: &WheelName) -> Vec<Finding> {
    let lines: Vec<String> = wheel.all("Tag").collect();
    if lines.is_empty() {
        return vec![Finding::warning("wheel-no-tag", "WHEEL has no Tag line")];
    }
    let mut findings = Vec::new();
    let compressed: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains('.'))
        .collect();
    if !compressed.is_empty() {
        let message = format!(
            "WHEEL has Tag lines that are not expanded: {}",
            some_of(compressed)
        );
        findings.push(Finding::warning("wheel-tag-compressed", message));
    }
    let in_wheel: BTreeSet<String> = lines.iter().flat_map(|line| expanded(line)).collect();
    let in_name: BTreeSet<String> = name.expanded_tags().into_iter().collect();
    if in_wheel != in_name {
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| match some_of(
            one.difference(other).map(String::as_str),
        ) {
            none if none.is_empty() => "nothing".to_owned(),
            listed => listed,
        };
        let message = format!(
            "the tags of WHEEL are not those of the file name: only in WHEEL {}, only in the name {}",
            only(&in_wheel, &in_name),
            only(&in_name, &in_wheel)
        );
        findings.push(Finding::warning("wheel-tags-differ", message).help(
            "installers go by the file name, and repair writes the tags of WHEEL from it: \
                 see that nobody renamed the file to what it is not",
        ));
    }
    findings
}

fn build(wheel: &Headers, name: &WheelName) -> Option<Finding> {
    let in_wheel = wheel.get("Build");
    if in_wheel == name.build {
        return None;
    }
    let said = |build: &Option<String>| match build {
        Some(build) => format!("`{build}`"),
        None => "none".to_owned(),
    };
    let message = format!(
        "the build tag of WHEEL is {}, that of the file name {}",
        said(&in_wheel),
        said(&name.build)
    );
    Some(Finding::warning("wheel-build", message))
}

fn purelib(wheel: &Headers) -> Option<Finding> {
    let values: Vec<String> = wheel.all(PURELIB).collect();
    let message = match &values[..] {
        [] => "WHEEL has no Root-Is-Purelib".to_owned(),
        [value] if matches!(value.as_str(), "true" | "false") => return None,
        [value] => format!(
            "Root-Is-Purelib is `{value}`: some installers take nothing but lower-case `true` for true"
        ),
        _ => "WHEEL has more than one Root-Is-Purelib".to_owned(),
    };
    Some(Finding::warning("root-is-purelib", message))
}

/// A line that stands for more tags is not taken apart: a few kilobytes of dots can stand for
/// billions. No file name is long enough for as many.
const MOST_TAGS: usize = 100_000;

/// All tags that a possibly compressed Tag line stands for.
fn expanded(line: &str) -> Vec<String> {
    let parts: Vec<&str> = line.split('-').collect();
    let [python, abi, platform] = parts[..] else {
        return vec![line.to_owned()];
    };
    let count = parts
        .iter()
        .map(|set| set.split('.').count())
        .fold(1_usize, usize::saturating_mul);
    if count > MOST_TAGS {
        return vec![line.to_owned()];
    }
    let mut tags = Vec::new();
    for python in python.split('.') {
        for abi in abi.split('.') {
            tags.extend(
                platform
                    .split('.')
                    .map(|platform| format!("{python}-{abi}-{platform}")),
            );
        }
    }
    tags
}

/// `WHEEL` for a wheel that is now called `name`: one Tag line for each of its tags, one
/// Root-Is-Purelib in lower case (`false` if `compiled_at_root`: the root of the archive holds compiled
/// code), all else as it was.
pub fn rewritten(wheel: &[u8], name: &WheelName, compiled_at_root: bool) -> Vec<u8> {
    let mut headers = Headers::parse(wheel);
    let was_pure = headers
        .get(PURELIB)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let pure = was_pure && !compiled_at_root;
    if says(&headers, name, pure) {
        return wheel.to_vec();
    }
    headers.set(PURELIB, [pure.to_string()]);
    headers.set("Tag", name.expanded_tags());
    headers.to_bytes()
}

/// Whether nothing is to be written anew.
fn says(headers: &Headers, name: &WheelName, pure: bool) -> bool {
    let purelib: Vec<String> = headers.all(PURELIB).collect();
    let lines: Vec<String> = headers.all("Tag").collect();
    let in_wheel: BTreeSet<&String> = lines.iter().collect();
    let in_name = name.expanded_tags();
    purelib == [pure.to_string()]
        && lines.len() == in_wheel.len()
        && in_wheel == in_name.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::tag::PlatformTag;

    const GOOD: &str =
        "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n";
    const PATH: &str = "evil-1.0.dist-info/WHEEL";

    fn name(text: &str) -> WheelName {
        text.parse().unwrap()
    }

    fn evil() -> WheelName {
        name("evil-1.0-cp311-cp311-linux_x86_64.whl")
    }

    fn judge(text: &str, name: &WheelName) -> Vec<(&'static str, Severity)> {
        let found = check(&Headers::parse(text.as_bytes()), PATH, name);
        assert!(
            found
                .iter()
                .all(|finding| finding.member.as_deref() == Some(PATH))
        );
        found
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect()
    }

    #[test]
    fn good_files_are_silent() {
        let folded = GOOD.replace("Tag: ", "Tag:\n  ");
        let custom = format!("{GOOD}X-Custom: keep me\n\nbody text\n");
        for text in [
            GOOD,
            &folded,
            &GOOD.replace('\n', "\r\n"),
            &custom,
            &GOOD.replace("x\n", "café ☃\n"),
        ] {
            assert_eq!(judge(text, &evil()), [], "{text}");
        }
        let two = name("evil-1.0-1abc-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl");
        let text = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nBuild: 1abc\nTag: cp39-abi3-manylinux_2_17_x86_64\nTag: cp39-abi3-manylinux2014_x86_64\n";
        assert_eq!(judge(text, &two), []);
    }

    #[test]
    fn versions_that_no_installer_takes_are_refused() {
        for version in ["2.0", "0.1", "one", "1.x", "", "1.", "+1.0"] {
            let text = GOOD.replace("Version: 1.0", &format!("Version: {version}"));
            assert_eq!(
                judge(&text, &evil()),
                [("wheel-version", Severity::Error)],
                "{version}"
            );
        }
        let without = GOOD.replace("Wheel-Version: 1.0\n", "");
        assert_eq!(
            judge(&without, &evil()),
            [("wheel-version", Severity::Error)]
        );
        assert_eq!(judge("", &evil())[0], ("wheel-version", Severity::Error));
    }

    #[test]
    fn faults_that_warn() {
        let newer = GOOD.replace("Version: 1.0", "Version: 1.9");
        let untagged = GOOD.replace("Tag: cp311-cp311-linux_x86_64\n", "");
        let other = GOOD.replace("cp311-cp", "cp310-cp");
        let compressed = GOOD.replace("cp311-cp", "cp311.cp312-cp");
        let silent = GOOD.replace("Root-Is-Purelib: false\n", "");
        let cases = [
            (newer, &["wheel-version"][..]),
            (untagged, &["wheel-no-tag"]),
            (other, &["wheel-tags-differ"]),
            (format!("{GOOD}Tag: garbage\n"), &["wheel-tags-differ"]),
            (
                compressed.clone(),
                &["wheel-tag-compressed", "wheel-tags-differ"],
            ),
            (format!("{GOOD}Build: 1\n"), &["wheel-build"]),
            (
                format!("{GOOD}Root-Is-Purelib: true\n"),
                &["root-is-purelib"],
            ),
            (GOOD.replace("false", "False"), &["root-is-purelib"]),
            (silent, &["root-is-purelib"]),
            (format!("{GOOD}Wheel-Version: 1.0\n"), &["wheel-duplicate"]),
        ];
        for (text, expected) in cases {
            let found = judge(&text, &evil());
            let codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
            assert_eq!(codes, expected, "{text}");
            assert!(
                found
                    .iter()
                    .all(|(_, severity)| *severity == Severity::Warning)
            );
        }
        let both = name("evil-1.0-cp311.cp312-cp311-linux_x86_64.whl");
        assert_eq!(
            judge(&compressed, &both),
            [("wheel-tag-compressed", Severity::Warning)]
        );
        let build = name("evil-1.0-1-cp311-cp311-linux_x86_64.whl");
        assert_eq!(judge(GOOD, &build), [("wheel-build", Severity::Warning)]);
    }

    #[test]
    fn a_rewritten_file_says_what_the_new_name_says() {
        let old = "Wheel-Version: 1.0\r\nGenerator: café ☃\r\nRoot-Is-Purelib: True\r\nRoot-Is-Purelib: false\r\n\
                   Tag: cp311.cp312-abi3-linux_x86_64\r\nBuild: 1abc\r\nX-Custom:\r\n  keep me\r\n\r\nbody";
        let new = name("evil-1.0-1abc-cp311.cp312-abi3-linux_x86_64.whl").with_platforms(
            ["manylinux_2_17_x86_64", "manylinux2014_x86_64"].map(PlatformTag::new),
        );
        let text = |elf| String::from_utf8(rewritten(old.as_bytes(), &new, elf)).unwrap();
        assert_eq!(
            text(true),
            "Wheel-Version: 1.0\nGenerator: café ☃\nRoot-Is-Purelib: false\n\
             Tag: cp311-abi3-manylinux2014_x86_64\nTag: cp311-abi3-manylinux_2_17_x86_64\n\
             Tag: cp312-abi3-manylinux2014_x86_64\nTag: cp312-abi3-manylinux_2_17_x86_64\n\
             Build: 1abc\nX-Custom:\n  keep me\n\nbody\n"
        );
        assert!(text(false).contains("Root-Is-Purelib: true\n"));
        assert_eq!(
            rewritten(text(true).as_bytes(), &new, true),
            text(true).as_bytes()
        );
        assert_eq!(judge(&text(true), &new), []);
    }

    #[test]
    fn missing_lines_are_added() {
        let text = rewritten(b"Wheel-Version: 1.0\n\nbody\n", &evil(), true);
        assert_eq!(
            text,
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n\nbody\n"
        );
    }
}
