//! Names of grafts: kept, hashed, taken, shared; files with the same content.

use std::os::unix::fs::symlink;

use elf_edit::{Edit, RpathEdit, RpathKind};

use crate::bench::{Bench, edited, facts, names, paths, read};

fn grafts(bench: &Bench) -> Vec<String> {
    let result = bench.result();
    let grafts = paths(&result)
        .into_iter()
        .filter(|path| path.starts_with("pkg.libs/"));
    grafts.map(str::to_owned).collect()
}

#[test]
fn a_name_that_is_kept_is_kept_everywhere() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.repair(&wheel, &["--no-mangle", "libmid*"]).done();
    let grafts = grafts(&bench);
    assert_eq!(grafts.len(), 2);
    assert!(grafts[0].starts_with("pkg.libs/libbase-"), "{grafts:?}");
    assert_eq!(grafts[1], "pkg.libs/libmid.so.1");
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg.libs/libmid.so.1").soname.as_deref(),
        Some("libmid.so.1")
    );
    let extension = facts(&result, "pkg/_x.so");
    assert_eq!(
        extension.needed.first().map(String::as_str),
        Some("libmid.so.1")
    );
    assert_eq!(extension.rpath.as_deref(), Some("$ORIGIN/../pkg.libs"));
    assert_eq!(bench.answer(), 42);
}

#[test]
fn keeping_a_name_that_is_not_there_is_told() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench
        .repair(&wheel, &["--no-mangle", "libmidi*"])
        .done()
        .tells(&["no-mangle-unused", "libmid.so.1"]);
}

/// What is built on another content has another name, though the content has none of its own.
#[test]
fn names_above_a_kept_name_depend_on_its_content() {
    let name_of_mid = |value: &str| {
        let bench = Bench::new();
        let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
        bench.compile(
            "gcc",
            &format!("int base(void) {{ return {value}; }}"),
            "libs/libbase.so.1",
            &["-Wl,-soname,libbase.so.1"],
        );
        bench.repair(&wheel, &["--no-mangle", "libbase*"]).done();
        let grafts = grafts(&bench);
        assert!(grafts.contains(&"pkg.libs/libbase.so.1".to_owned()));
        grafts
            .into_iter()
            .find(|path| path.contains("libmid"))
            .unwrap()
    };
    assert_ne!(name_of_mid("40"), name_of_mid("50"));
}

/// `libbase.so.1` and `libbase.so` lead to one file: one copy serves both.
#[test]
fn linked_names_are_one_graft() {
    let bench = Bench::new();
    let extension = bench.chain();
    std::fs::rename(
        bench.path("libs/libbase.so.1"),
        bench.path("libs/libbase.so.1.2.3"),
    )
    .unwrap();
    symlink("libbase.so.1.2.3", bench.path("libs/libbase.so.1")).unwrap();
    symlink("libbase.so.1", bench.path("libs/libbase.so")).unwrap();
    let needs = Edit {
        add_needed: vec!["libbase.so".to_owned()],
        ..Edit::default()
    };
    let wheel = bench.wheel(&[("pkg/_x.so", &edited(&extension, &needs))]);
    bench.repair(&wheel, &[]).done();
    let grafts = grafts(&bench);
    assert_eq!(grafts.len(), 2, "{grafts:?}");
    assert!(grafts[0].starts_with("pkg.libs/libbase-") && grafts[0].ends_with(".so.1.2.3"));
    assert_eq!(bench.answer(), 42);
}

/// A wheel whose repair would add what it has already is not refused; other content is.
#[test]
fn a_copy_that_is_there_already_is_used() {
    let bench = Bench::new();
    let extension = bench.chain();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    bench.repair(&wheel, &["--no-sbom"]).done();
    let repaired = bench.result();
    let copies: Vec<(String, Vec<u8>)> = grafts(&bench)
        .into_iter()
        .map(|path| (path.clone(), read(&repaired, &path)))
        .collect();
    std::fs::remove_dir_all(bench.path("out")).unwrap();
    let mut members: Vec<(&str, &[u8])> = vec![("pkg/_x.so", &extension)];
    members.extend(
        copies
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice())),
    );
    let wheel = bench.wheel(&members);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(run["grafted"].as_array().unwrap().len(), 0);
    assert_eq!(
        names(&run["findings"], "code")
            .iter()
            .filter(|code| **code == "graft-present")
            .count(),
        2
    );
    assert_eq!(bench.answer(), 42);

    let stripped = edited(
        &copies[0].1,
        &Edit {
            rpath: RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/x".to_owned()),
            ..Edit::default()
        },
    );
    let wheel = bench.wheel(&[("pkg/_x.so", &extension), (&copies[0].0, &stripped)]);
    bench
        .repair(&wheel, &[])
        .refused(1, &["graft-clash", "already exists with other content"]);
}

/// The wheel has the library, but nothing points to its folder: the least search path is added, and
/// no second copy.
#[test]
fn a_library_of_the_wheel_is_never_brought_in_again() {
    let bench = Bench::new();
    let extension = bench.chain();
    let middle = std::fs::read(bench.path("libs/libmid.so.1")).unwrap();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &extension),
        ("pkg/lib/libbase.so.1", &base),
        ("pkg/deep/down/libmid.so.1", &middle),
    ]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(run["grafted"].as_array().unwrap().len(), 0);
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/deep/down")
    );
    assert_eq!(
        facts(&result, "pkg/deep/down/libmid.so.1").rpath.as_deref(),
        Some("$ORIGIN/../../lib")
    );
    assert_eq!(facts(&result, "pkg/lib/libbase.so.1").rpath, None);
    assert_eq!(bench.answer(), 42);
}

/// `--lib-path` is for what is outside: it comes before every other folder there, and after the wheel.
#[test]
fn a_library_of_the_wheel_beats_another_in_a_lib_path_and_that_is_told() {
    let bench = Bench::new();
    let extension = bench.chain();
    bench.compile(
        "gcc",
        "int mid(void) { return -1; }",
        "own/libmid.so.1",
        &["-Wl,-soname,libmid.so.1"],
    );
    let own = std::fs::read(bench.path("own/libmid.so.1")).unwrap();
    let pointing = bench.extension(&["-Wl,-rpath,$ORIGIN/lib"]);
    for (extension, severity) in [(extension, "warning"), (pointing, "note")] {
        let wheel = bench.wheel(&[("pkg/_x.so", &extension), ("pkg/lib/libmid.so.1", &own)]);
        let run = bench.repair(&wheel, &["--json"]).json();
        assert_eq!(run["grafted"].as_array().unwrap().len(), 0);
        let told = run["findings"].as_array().unwrap().iter();
        let told: Vec<_> = told
            .filter(|one| one["code"] == "lib-path-passed-over")
            .collect();
        assert_eq!(told.len(), 1, "{run}");
        assert_eq!(told[0]["severity"], severity);
        assert_eq!(told[0]["file"], "pkg/lib/libmid.so.1");
        assert!(
            told[0]["message"]
                .as_str()
                .unwrap()
                .contains("libs/libmid.so.1, which differs"),
            "{run}"
        );
        assert_eq!(bench.answer(), 0);
        std::fs::remove_dir_all(bench.path("out")).unwrap();
    }
    // The same file in both places is no news.
    let same = std::fs::read(bench.path("libs/libmid.so.1")).unwrap();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &bench.extension(&[])),
        ("pkg/lib/libmid.so.1", &same),
        ("pkg/lib/libbase.so.1", &base),
    ]);
    bench
        .repair(&wheel, &["-v"])
        .done()
        .says_nothing_of("lib-path-passed-over");
}

#[test]
fn a_graft_finds_a_library_of_the_wheel() {
    let bench = Bench::new();
    let extension = bench.chain();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension), ("pkg/lib/libbase.so.1", &base)]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(names(&run["grafted"], "soname"), ["libmid.so.1"]);
    let result = bench.result();
    let copy = run["grafted"][0]["member"].as_str().unwrap();
    assert_eq!(
        facts(&result, copy).rpath.as_deref(),
        Some("$ORIGIN/../pkg/lib")
    );
    assert_eq!(bench.answer(), 42);
}

#[test]
fn of_equal_files_the_one_with_the_soname_stays() {
    let bench = Bench::new();
    let extension = bench.chain();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let middle = std::fs::read(bench.path("libs/libmid.so.1")).unwrap();
    let search = Edit {
        rpath: RpathEdit::Set(RpathKind::Runpath, "$ORIGIN/lib".to_owned()),
        ..Edit::default()
    };
    let by_other_name = Edit {
        replace_needed: [("libbase.so.1".to_owned(), "libbase.so".to_owned())].into(),
        rpath: RpathEdit::Set(RpathKind::Runpath, "$ORIGIN".to_owned()),
        ..Edit::default()
    };
    let (extension, middle) = (edited(&extension, &search), edited(&middle, &by_other_name));
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &extension),
        ("pkg/lib/libbase.so", &base),
        ("pkg/lib/libbase.so.1", &base),
        ("pkg/lib/libbase.so.1.2.3", &base),
        ("pkg/lib/libmid.so.1", &middle),
    ]);
    let show = bench.audit(&["show", "-v", wheel.to_str().unwrap()]);
    assert!(
        show.stderr.contains("same-file-twice") || show.stdout.contains("same-file-twice"),
        "{}{}",
        show.stdout,
        show.stderr
    );
    let run = bench.repair(&wheel, &["--dedupe", "--json"]).json();
    assert_eq!(
        names(&run["removed"], "path"),
        ["pkg/lib/libbase.so", "pkg/lib/libbase.so.1.2.3"]
    );
    let result = bench.result();
    assert!(
        facts(&result, "pkg/lib/libmid.so.1")
            .needed
            .contains(&"libbase.so.1".to_owned())
    );
    assert_eq!(bench.answer(), 42);
}

/// Android finds libraries through RUNPATH, and that from level 24 on.
#[test]
fn libraries_cannot_come_into_wheels_for_old_android() {
    let bench = Bench::new();
    let words = std::fs::read(crate::bench::testdata("libs/aarch64-musl/libwords.so.2")).unwrap();
    let android = |file: &[u8], more: &[&str]| {
        let edit = Edit {
            replace_needed: [("libc.musl-aarch64.so.1".to_owned(), "libc.so".to_owned())].into(),
            add_needed: more.iter().map(|name| (*name).to_owned()).collect(),
            ..Edit::default()
        };
        edited(file, &edit)
    };
    bench.write("libs/libwords.so.2", android(&words, &[]));
    let extension = android(&words, &["libwords.so.2"]);
    let soname = Edit {
        soname: Some("_x.so".to_owned()),
        ..Edit::default()
    };
    let extension = edited(&extension, &soname);
    let old = bench.wheel_for("android_21_arm64_v8a", &[("pkg/_x.so", &extension)]);
    bench
        .repair(&old, &[])
        .refused(1, &["android-rpath", "RUNPATH from level 24"]);
    let new = bench.wheel_for("android_24_arm64_v8a", &[("pkg/_x.so", &extension)]);
    bench
        .repair(&new, &["--rpath-kind", "rpath"])
        .refused(1, &["android-rpath"]);
    bench.repair(&new, &[]).done();
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg/_x.so").runpath.as_deref(),
        Some("$ORIGIN/../pkg.libs")
    );
}
