//! The built-in policies answer as upstream's facts do (`testdata/policy-facts/README.md`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says so by failing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use wheel_audit::Arch;
use wheel_audit::platform::linux::policy::{Ladder, Since};
use wheel_audit::tag::Libc;

const FAMILIES: [(Libc, &[&str]); 3] = [
    (
        Libc::Glibc,
        &["manylinux-policy.json", "manylinux-newer.json"],
    ),
    (Libc::Musl, &["musllinux-policy.json"]),
    (Libc::Android, &["android-policy.json"]),
];

/// One tag as upstream writes it.
#[derive(Deserialize)]
struct Facts {
    name: String,
    aliases: Vec<String>,
    priority: u32,
    symbol_versions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    lib_whitelist: BTreeSet<String>,
    blacklist: BTreeMap<String, BTreeSet<String>>,
}

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The tags of a family, oldest first.
fn facts(files: &[&str]) -> Vec<Facts> {
    let read = |file: &&str| -> Vec<Facts> {
        let text = std::fs::read_to_string(project("testdata/policy-facts").join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let mut tags: Vec<Facts> = files.iter().flat_map(read).collect();
    tags.retain(|tag| tag.name != "linux");
    tags.sort_by_key(|tag| std::cmp::Reverse(tag.priority));
    tags
}

/// The name by which a musl system's loader knows its C library.
fn musl_libc(arch: Arch) -> String {
    let name = match arch {
        Arch::I686 => "x86",
        Arch::Armv7l => "armv7",
        other => other.as_str(),
    };
    format!("libc.musl-{name}.so.1")
}

/// Everything that the facts name, and some names that they don't.
struct Universe {
    libraries: BTreeSet<String>,
    versions: BTreeSet<String>,
    symbols: BTreeSet<(String, String)>,
}

fn universe(families: &[Vec<Facts>]) -> Universe {
    let mut all = Universe {
        libraries: ["libfoo.so.1", "libc.so.7", ""].map(str::to_owned).into(),
        versions: [
            "GLIBC_PRIVATE",
            "GLIBC_9.9",
            "ZLIB_0",
            "OPENSSL_1_1_0",
            "FOO",
            "GLIBC",
            "_",
        ]
        .map(str::to_owned)
        .into(),
        symbols: [("libc.so.6", "malloc"), ("libfoo.so.1", "zcalloc")]
            .map(|(library, symbol)| (library.to_owned(), symbol.to_owned()))
            .into(),
    };
    for arch in Arch::ALL {
        all.libraries.insert(musl_libc(arch));
    }
    for tag in families.iter().flatten() {
        all.libraries.extend(tag.lib_whitelist.iter().cloned());
        all.libraries.extend(tag.blacklist.keys().cloned());
        for (prefix, versions) in tag.symbol_versions.values().flatten() {
            all.versions
                .extend(versions.iter().map(|version| format!("{prefix}_{version}")));
        }
        for (library, symbols) in &tag.blacklist {
            let pairs = symbols
                .iter()
                .map(|symbol| (library.clone(), symbol.clone()));
            all.symbols.extend(pairs);
        }
    }
    all
}

/// Compares one tag's answers on one architecture, and counts them.
fn compare(tag: &Facts, libc: Libc, arch: Arch, all: &Universe) -> usize {
    let ladder = Ladder::builtin(libc, arch).unwrap();
    let name = format!("{}_{}", tag.name, libc.arch_suffix(arch));
    let rung = ladder
        .rung(&name)
        .unwrap_or_else(|| panic!("{name} is missing"));
    assert_eq!(ladder.tags[rung].name, name);
    let aliases: Vec<String> = tag
        .aliases
        .iter()
        .map(|alias| format!("{alias}_{arch}"))
        .collect();
    assert_eq!(ladder.tags[rung].aliases, aliases);

    for library in &all.libraries {
        let stated = tag.lib_whitelist.contains(library);
        let musl = libc == Libc::Musl && *library == musl_libc(arch);
        let allowed = stated || (musl && tag.lib_whitelist.contains("libc.so"));
        assert_eq!(
            ladder.library(library).allows(rung),
            allowed,
            "{name}: {library}"
        );
    }
    let none = BTreeMap::new();
    let known = tag.symbol_versions.get(arch.as_str()).unwrap_or(&none);
    for version in &all.versions {
        let (prefix, rest) = version.split_once('_').unwrap_or((version, ""));
        let allowed = known.get(prefix).map(|versions| versions.contains(rest));
        let answer = ladder.version(version).map(|since| since.allows(rung));
        assert_eq!(answer, allowed, "{name}: {version}");
    }
    for (library, symbol) in &all.symbols {
        let forbidden = tag
            .blacklist
            .get(library)
            .is_some_and(|symbols| symbols.contains(symbol));
        assert_eq!(
            ladder.symbol(library, symbol).allows(rung),
            !forbidden,
            "{name}: {library} {symbol}"
        );
    }
    all.libraries.len() + all.versions.len() + all.symbols.len()
}

#[test]
fn the_tables_answer_as_the_facts_do() {
    let families: Vec<Vec<Facts>> = FAMILIES.iter().map(|(_, files)| facts(files)).collect();
    let all = universe(&families);
    let mut compared = 0;
    for ((libc, _), tags) in FAMILIES.iter().zip(&families) {
        for arch in Arch::ALL {
            let stated: Vec<&Facts> = tags
                .iter()
                .filter(|tag| {
                    // The facts leave out two that Android has, whose libraries are the same.
                    let more = matches!(arch, Arch::I686 | Arch::Armv7l) && *libc == Libc::Android;
                    more || tag.symbol_versions.contains_key(arch.as_str())
                })
                .collect();
            let Some(ladder) = Ladder::builtin(*libc, arch) else {
                assert!(stated.is_empty(), "no ladder for {libc:?} {arch}");
                continue;
            };
            assert_eq!(ladder.tags.len(), stated.len(), "{libc:?} {arch}");
            for tag in stated {
                compared += compare(tag, *libc, arch, &all);
            }
        }
    }
    assert!(compared > 30_000, "only {compared} answers were compared");
}

#[test]
fn every_architecture_of_the_facts_is_known() {
    for (_, files) in FAMILIES {
        for arch in facts(files)
            .iter()
            .flat_map(|tag| tag.symbol_versions.keys())
        {
            assert!(Arch::from_name(arch).is_some(), "{arch}");
        }
    }
}

#[test]
fn tables_list_only_what_some_tag_allows() {
    for (libc, _) in FAMILIES {
        for ladder in Arch::ALL
            .into_iter()
            .filter_map(|arch| Ladder::builtin(libc, arch))
        {
            assert!(ladder.libraries().all(|(name, _)| !name.is_empty()));
            assert!(ladder.versions().all(|(_, _, since)| since != Since::Never));
            for library in ladder.watched_libraries() {
                assert!(
                    ladder
                        .forbidden(library)
                        .all(|(_, since)| since > Since::Rung(0))
                );
            }
        }
    }
}

fn derive(arguments: &[&str]) -> (bool, String) {
    let run = Command::new("python3")
        .arg(project("policy/derive.py"))
        .args(arguments)
        .output()
        .expect("python3 runs the deriving script: apt-get install python3");
    (run.status.success(), String::from_utf8(run.stderr).unwrap())
}

#[test]
fn the_tables_are_what_the_script_derives() {
    let facts = project("testdata/policy-facts");
    let (fine, message) = derive(&[facts.to_str().unwrap(), "--check"]);
    assert!(fine, "{message}");
}

#[test]
fn facts_that_break_pep_600_are_refused() {
    let musl =
        std::fs::read_to_string(project("testdata/policy-facts/musllinux-policy.json")).unwrap();
    let tag = |number: u32, priority: u32, libraries: &str, versions: &str, symbols: &str| {
        format!(
            r#"{{"name": "manylinux_2_{number}", "aliases": [], "priority": {priority},
            "symbol_versions": {{"x86_64": {{"GLIBC": [{versions}]}}}},
            "lib_whitelist": [{libraries}], "blacklist": {{"libz.so.1": [{symbols}]}}}}"#
        )
    };
    let old = tag(5, 9, r#""liba.so""#, r#""2.5""#, r#""x""#);
    let cases = [
        (
            tag(6, 8, "", r#""2.5""#, ""),
            "does not allow library liba.so",
        ),
        (
            tag(6, 8, r#""liba.so""#, "", ""),
            "does not allow for x86_64 the GLIBC versions 2.5",
        ),
        (
            tag(6, 8, r#""liba.so""#, r#""2.5""#, r#""x", "y""#),
            "forbids libz.so.1's y",
        ),
        (
            tag(4, 8, r#""liba.so""#, r#""2.5""#, ""),
            "by its number it is not",
        ),
        (
            tag(6, 9, r#""liba.so""#, r#""2.5""#, ""),
            "the same priority",
        ),
        (old.clone(), "manylinux_2_5 is there twice"),
        (
            old.replace("GLIBC", "GCC")
                .replace("_5", "_6")
                .replace('9', "8"),
            "judges the versions",
        ),
        ("7".to_owned(), "not in the form of policy facts"),
    ];
    for (newer, words) in cases {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            std::fs::write(folder.path().join(file), text).unwrap();
        };
        // The rules hold across the two files of a family.
        write("manylinux-policy.json", &format!("[{old}]"));
        write("manylinux-newer.json", &format!("[{newer}]"));
        write("musllinux-policy.json", &musl);
        let (fine, message) = derive(&[folder.path().to_str().unwrap(), "--check"]);
        assert!(!fine && message.contains(words), "{words}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_file_of_facts_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = |missing: &str| {
        let (fine, message) = derive(&[folder.path().to_str().unwrap(), "--check"]);
        assert!(!fine && message.contains(missing), "{message}");
    };
    let glibc = project("testdata/policy-facts/manylinux-policy.json");
    std::fs::copy(glibc, folder.path().join("manylinux-policy.json")).unwrap();
    told("manylinux-newer.json");
    std::fs::write(folder.path().join("manylinux-newer.json"), "[]").unwrap();
    told("musllinux-policy.json");
}
