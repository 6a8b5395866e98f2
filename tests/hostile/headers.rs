//! `WHEEL`.

use crate::craft::judge::{Case, End, hold};
use crate::craft::wheel::Maker;

const TAG: &str = "Tag: cp311-cp311-linux_x86_64\n";

fn with(text: &str) -> Maker {
    Maker::default().with(|maker| maker.wheel = Some(text.as_bytes().to_vec()))
}

fn usual(version: &str, purelib: &str, rest: &str) -> Maker {
    with(&format!("{version}Generator: craft (1)\n{purelib}{rest}"))
}

#[test]
fn versions() {
    let pure = "Root-Is-Purelib: false\n";
    let refused = [
        ("two", "Wheel-Version: 2.0\n"),
        ("none", ""),
        ("words", "Wheel-Version: one\n"),
        ("empty", "Wheel-Version:\n"),
        ("zero", "Wheel-Version: 0.1\n"),
    ]
    .map(|(id, line)| Case::refused(id, &usual(line, pure, TAG), &["wheel-version"]));
    hold(&refused);
    let told = Case::told(
        "minor",
        &usual("Wheel-Version: 1.9\n", pure, TAG),
        &["wheel-version"],
    );
    hold(&[
        told,
        Case::sound("one", &usual("Wheel-Version: 1.0\n", pure, TAG)),
    ]);
}

#[test]
fn tags() {
    let start = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n";
    let case = |id: &str, rest: &str, codes: &[&'static str]| {
        Case::told(id, &with(&format!("{start}{rest}")), codes)
    };
    // Repaired too: the tags of a result are those of its name, which `written` checks.
    let differ = |id: &str, lines: &str| {
        let mut case = case(id, lines, &["wheel-tags-differ"]);
        case.repair_codes = case.codes.clone();
        case
    };
    let cases = [
        case("none", "", &["wheel-no-tag"]),
        differ("other", "Tag: cp310-cp310-linux_x86_64\n"),
        differ("more", &format!("{TAG}Tag: cp310-cp310-linux_x86_64\n")),
        case(
            "compressed",
            "Tag: cp311.cp312-abi3-linux_x86_64\n",
            &["wheel-tag-compressed"],
        )
        .repair(End::Any),
        differ(
            "compressed-without-end",
            &format!("Tag: {0}-{0}-{0}\n", vec!["a"; 4000].join(".")),
        ),
        case("folded", "Tag:\n  cp311-cp311-linux_x86_64\n", &[]),
        case("twice", &format!("{TAG}{TAG}"), &[]),
        differ("no-tag-at-all", "Tag: nonsense\n"),
        differ("control", "Tag: \x1b[2J\n"),
    ];
    hold(&cases);
}

#[test]
fn purelib() {
    let told = "root-is-purelib";
    let case = |id: &str, lines: &str, codes: &[&'static str]| {
        Case::told(id, &usual("Wheel-Version: 1.0\n", lines, TAG), codes)
    };
    let cases = [
        case("true", "Root-Is-Purelib: true\n", &[told]),
        case("capital", "Root-Is-Purelib: False\n", &[told]),
        case(
            "both",
            "Root-Is-Purelib: false\nRoot-Is-Purelib: true\n",
            &[told],
        ),
        case("none", "", &[told]),
        case("other", "Root-Is-Purelib: maybe\n", &[told]),
        case("lower-case-key", "root-is-purelib: false\n", &[]),
    ];
    hold(&cases);
}

#[test]
fn forms() {
    let start = "Wheel-Version: 1.0\nGenerator: caf\u{e9} \u{2603}\nRoot-Is-Purelib: false\n";
    let crlf = format!("{start}{TAG}").replace('\n', "\r\n");
    let open = format!("{start}{TAG}");
    let cases = [
        Case::sound("crlf", &with(&crlf)),
        Case::sound("no-newline-at-end", &with(open.trim_end())),
        Case::sound(
            "unknown-and-body",
            &with(&format!("{start}{TAG}X-Custom: keep\n\nbody\n")),
        ),
        Case::refused("empty", &with(""), &["wheel-version"]),
        Case::refused("nul", &with("\0\0\0"), &["wheel-version"]),
        Case::refused(
            "only-body",
            &with("\nWheel-Version: 1.0\n"),
            &["wheel-version"],
        ),
        Case::told(
            "two-versions",
            &with(&format!("Wheel-Version: 1.0\n{start}{TAG}")),
            &["wheel-duplicate"],
        )
        .repair(End::Any),
        Case::told(
            "build-unsaid",
            &with(&format!("{start}{TAG}Build: 1\n")),
            &["wheel-build"],
        )
        .repair(End::Any),
    ];
    hold(&cases);
}
