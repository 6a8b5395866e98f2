//! Every code of a finding or refusal is documented, and nothing else is.

#![expect(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Text in the form of a code that is something else.
const NO_CODES: [&str; 7] = [
    "bom-ref",
    "default-priorities",
    "dist-packages",
    "ld-linux",
    "no-mangle",
    "site-packages",
    "wheel-audit",
];

/// Where findings are made.
const MAKERS: [&str; 2] = ["src", "crates/wheel-archive/src"];

/// Where every literal of several words is a code.
const FLOORS: [&str; 7] = [
    "src/audit",
    "src/repair",
    "src/wheel",
    "crates/wheel-archive/src/framing",
    "crates/wheel-archive/src/metadata",
    "crates/wheel-archive/src/read",
    "crates/wheel-archive/src/write",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code before the unit tests, comments left out.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_code(text: &str) -> bool {
    let parts = || text.split('-');
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && parts().all(|part| !part.is_empty() && part.bytes().all(plain))
}

/// What the source says: every literal of several words, and what findings are made with.
fn in_source() -> BTreeSet<String> {
    let mut files = Vec::new();
    // Where nothing else has that form.
    for floor in FLOORS {
        sources(&root().join(floor), &mut files);
    }
    let mut elsewhere = Vec::new();
    for makers in MAKERS {
        sources(&root().join(makers), &mut elsewhere);
    }
    let mut found = BTreeSet::new();
    for path in elsewhere {
        let text = code(&path);
        for maker in ["Finding::error(", "Finding::warning(", "Finding::note("] {
            for rest in text.split(maker).skip(1) {
                let literal = rest.trim_start().strip_prefix('"');
                let literal = literal.and_then(|rest| rest.split('"').next());
                found.extend(literal.filter(|code| is_code(code)).map(str::to_owned));
            }
        }
        // Property names of the SBOM have the form of codes.
        if files.contains(&path) && !path.ends_with("sbom.rs") {
            let literals = text.split('"').skip(1).step_by(2);
            let codes = literals.filter(|text| text.contains('-') && is_code(text));
            found.extend(codes.map(str::to_owned));
        }
    }
    for word in NO_CODES {
        found.remove(word);
    }
    found
}

fn in_docs() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for page in ["findings.md", "errors.md"] {
        let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("| `") else {
                continue;
            };
            let code = rest.split('`').next().unwrap().to_owned();
            assert!(is_code(&code), "{page}: {code}");
            assert!(found.insert(code.clone()), "{code} is listed twice");
        }
    }
    found
}

/// Codes that no test comes to, and why.
const UNTESTED: [(&str, &str); 1] = [(
    "lib-unreadable",
    "storage that fails between two reads of a library",
)];

/// The text of all tests: those under `tests`, and those beside the code.
fn tests_text() -> String {
    let mut files = Vec::new();
    sources(&root().join("tests"), &mut files);
    files.retain(|path| !path.ends_with("codes.rs"));
    let whole = files.iter().map(|path| fs::read_to_string(path).unwrap());
    let mut all: Vec<String> = whole.collect();
    let mut beside = Vec::new();
    for makers in MAKERS {
        beside_code(&root().join(makers), false, &mut beside);
    }
    for (path, whole) in beside {
        let text = fs::read_to_string(path).unwrap();
        let tests = text.split("#[cfg(test)]").skip(usize::from(!whole));
        all.extend(tests.map(str::to_owned));
    }
    all.join("\n")
}

/// Sources, each with whether all of it is tests.
fn beside_code(folder: &Path, tests: bool, found: &mut Vec<(PathBuf, bool)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let tests = tests || name == "tests" || name.ends_with("_tests");
        if path.is_dir() {
            beside_code(&path, tests, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((path, tests));
        }
    }
}

#[test]
fn every_code_is_in_some_test() {
    let text = tests_text();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_tested = |code: &str| {
        text.match_indices(code).any(|(at, _)| {
            let after = &text[at + code.len()..];
            !text[..at].ends_with(part) && !after.starts_with(part)
        })
    };
    let excused = |code: &str| UNTESTED.iter().any(|(untested, _)| *untested == code);
    let documented = in_docs();
    for (code, _) in UNTESTED {
        assert!(documented.contains(code), "{code} is not documented");
        assert!(!is_tested(code), "{code} is tested: take it from the list");
    }
    let missing: Vec<_> = documented
        .iter()
        .filter(|code| !is_tested(code) && !excused(code))
        .collect();
    assert!(missing.is_empty(), "no test asserts {missing:?}");
}

/// What is not a literal is looked for in the floors only.
#[test]
fn codes_are_written_where_they_are_looked_for() {
    let mut files = Vec::new();
    for makers in MAKERS {
        sources(&root().join(makers), &mut files);
    }
    let floors = FLOORS.map(|floor| root().join(floor));
    let makers = ["Finding::error(", "Finding::warning(", "Finding::note("];
    let mut seen = 0;
    for path in files {
        let text = code(&path);
        let made = || makers.iter().flat_map(|maker| text.split(maker).skip(1));
        seen += made().count();
        if !floors.iter().any(|floor| path.starts_with(floor)) {
            let hidden = made().any(|rest| !rest.trim_start().starts_with('"'));
            assert!(!hidden, "{}: write the code as a literal", path.display());
        }
    }
    assert!(seen > 100, "only {seen} findings were found");
}

#[test]
fn every_code_is_documented_and_no_other() {
    let (source, docs) = (in_source(), in_docs());
    let undocumented: Vec<_> = source.difference(&docs).collect();
    let unknown: Vec<_> = docs.difference(&source).collect();
    assert!(
        undocumented.is_empty(),
        "add to docs/findings.md or docs/errors.md: {undocumented:?}"
    );
    assert!(
        unknown.is_empty(),
        "no finding has these codes: {unknown:?}"
    );
}
