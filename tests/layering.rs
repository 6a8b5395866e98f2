//! The floors of the house: each uses only floors below it, and the command uses only what
//! the library offers. Also the rules of the house that no lint knows.

#![expect(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up; modules on one line stand side by side and do not use each other,
/// except the ground floor's own.
const FLOORS: &[&[&str]] = &[
    &["finding", "fnmatch", "shell"],
    &["elf"],
    &["nearest"],
    &["tag"],
    &["wheel"],
    &["host"],
    &["platform"],
    &["audit"],
    &["repair"],
    &["report"],
];

/// The same of the ELF editor: what verifies an edit shares no code with what makes it.
const FLOORS_OF_ELF_EDIT: &[&[&str]] = &[
    &["abi", "error", "request"],
    &["image"],
    &["patch"],
    &["read"],
    &["facts"],
    &["edit", "strip", "verify"],
    &["plan"],
];

/// The same of what is Linux's own, within its folder.
const FLOORS_OF_LINUX: &[&[&str]] = &[&["policy"], &["search_path"], &["resolve"], &["layout"]];

/// The same of the crate that reads and writes wheels.
const FLOORS_OF_WHEEL_ARCHIVE: &[&[&str]] = &[
    &["finding"],
    &["tag"],
    &["member", "work"],
    &["read"],
    &["framing", "metadata"],
    &["wheel"],
    &["write"],
];

fn floor_of(floors: &[&[&str]], module: &str) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&module))
}

/// The sources of the package and of the crates beside it.
fn all_sources() -> Vec<PathBuf> {
    let crates = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates")).unwrap();
    let mut folders: Vec<String> = crates
        .map(|entry| {
            format!(
                "crates/{}/src",
                entry.unwrap().file_name().to_str().unwrap()
            )
        })
        .collect();
    folders.sort();
    folders.push("src".to_owned());
    folders.iter().flat_map(|folder| sources(folder)).collect()
}

fn sources(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut pending = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no sources under {folder}");
    found
}

fn relative(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    path.strip_prefix(root)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// The code before the unit tests, comments left out.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The names that follow `prefix` (`crate::`) in `text`, groups opened.
fn names_after(prefix: &str, text: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut found = Vec::new();
    for (start, _) in text.match_indices(prefix) {
        let rest = &text[start + prefix.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut fresh) = (0, true);
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => fresh = true,
                c if fresh && c.is_alphabetic() => {
                    found.push(word(&group[at..]));
                    fresh = false;
                }
                _ => {}
            }
        }
    }
    found
}

/// Every use of a module that stands on the same floor or above.
fn climbs(folder: &str, prefix: &str, floors: &[&[&str]]) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in sources(folder) {
        let name = relative(&path);
        let module = name[folder.len() + 1..].split(['/', '.']).next().unwrap();
        let tests = name.contains("/tests") || name.ends_with("_tests.rs");
        if matches!(module, "lib" | "bin" | "mod") || module.ends_with("tests") || tests {
            continue;
        }
        let Some(floor) = floor_of(floors, module) else {
            wrong.push(format!("{name} stands on no floor: add it to the floors"));
            continue;
        };
        for used in names_after(prefix, &code(&path)) {
            let other = floor_of(floors, &used);
            let ground = other == Some(0) && floor == 0;
            if used != module && !ground && other.is_none_or(|other| other >= floor) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    wrong
}

#[test]
fn each_floor_uses_only_those_below() {
    let mut wrong = Vec::new();
    for (folder, prefix, floors) in [
        ("src", "crate::", FLOORS),
        (
            "src/platform/linux",
            "crate::platform::linux::",
            FLOORS_OF_LINUX,
        ),
        ("crates/elf-edit/src", "crate::", FLOORS_OF_ELF_EDIT),
        (
            "crates/wheel-archive/src",
            "crate::",
            FLOORS_OF_WHEEL_ARCHIVE,
        ),
    ] {
        wrong.extend(climbs(folder, prefix, floors));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_command_reaches_the_library_by_its_front_door() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let hidden: Vec<&str> = lib
        .split("#[doc(hidden)]\npub mod ")
        .skip(1)
        .map(|rest| rest.split(';').next().unwrap())
        .collect();
    assert!(!hidden.is_empty());
    let functions: Vec<&str> = lib
        .lines()
        .filter(|line| line.starts_with("pub use"))
        .collect();
    let offered = functions.join("\n");
    let mut wrong = Vec::new();
    for path in sources("src/bin") {
        for used in names_after("wheel_audit::", &code(&path)) {
            let by_module = hidden.contains(&used.as_str())
                && !offered.contains(&format!("::{used};"))
                && !offered.contains(&format!(", {used}}}"));
            if by_module {
                wrong.push(format!("{} uses the hidden module {used}", relative(&path)));
            }
        }
        let text = code(&path);
        let reached = hidden
            .iter()
            .filter(|module| text.contains(&format!("wheel_audit::{module}::")));
        wrong.extend(reached.map(|module| format!("{} reaches into {module}", relative(&path))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_file_knows_each_format_crate() {
    let owners = [
        ("zip::", "crates/wheel-archive/src/write/"),
        ("object::", "crates/elf-"),
        ("goblin::", "crates/elf-edit/src/verify/"),
        ("csv::", "crates/wheel-archive/src/metadata/record/"),
    ];
    for path in all_sources() {
        let (name, text) = (relative(&path), code(&path));
        for (crate_name, owner) in owners {
            let used = text.match_indices(crate_name).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            });
            assert!(
                !used || name.starts_with(owner),
                "{name} uses {crate_name}, which is {owner}'s business"
            );
        }
    }
}

#[test]
fn files_hold_one_idea() {
    for path in all_sources() {
        if relative(&path).contains("/tests") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        assert!(
            lines <= 400,
            "{} has {lines} lines before its tests: split it",
            relative(&path)
        );
        assert!(
            !path.ends_with("utils.rs"),
            "{} names no idea",
            relative(&path)
        );
    }
}

/// What only some systems have, and who may use it: those that open and write files, ask
/// for memory in huge pages, and the command, which gets the signals.
/// Everything else must work wherever Rust does.
#[test]
fn calls_of_one_system_stay_at_its_edge() {
    const EDGE: [&str; 5] = [
        "src/bin/",
        "src/host/",
        "crates/wheel-archive/src/read/source.rs",
        "crates/wheel-archive/src/work/buffer.rs",
        "crates/wheel-archive/src/write/publish.rs",
    ];
    const CALLS: [&str; 5] = ["std::os::", "rustix", "libc::", "cfg(unix", "cfg(target_os"];
    let mut wrong = Vec::new();
    for path in all_sources() {
        let name = relative(&path);
        if EDGE.iter().any(|edge| name.starts_with(edge)) || name.contains("/tests") {
            continue;
        }
        let code = code(&path);
        for line in code.lines() {
            // `policy::musl` and the like end in the same letters as the crate libc.
            let words: Vec<&str> = line
                .split(|c: char| !(c.is_alphanumeric() || "_:(".contains(c)))
                .collect();
            let calls = CALLS
                .iter()
                .filter(|call| words.iter().any(|word| word.starts_with(*call)));
            wrong.extend(calls.map(|call| format!("{name}: {call} in {}", line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where such calls stand, other systems have another way.
#[test]
fn calls_of_one_system_have_a_guard() {
    for path in all_sources() {
        let (name, code) = (relative(&path), code(&path));
        let calls = code.contains("std::os::") || code.contains("rustix::");
        let others = code.contains("#[cfg(not(unix))]") || code.contains("#[cfg(windows)]");
        let guarded = code.contains("#[cfg(unix)]") && others;
        let for_tests = name.contains("/tests");
        assert!(
            !calls || guarded || for_tests,
            "{name} has calls of one system without a guard"
        );
    }
}
