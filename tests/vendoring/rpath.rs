//! Search paths: what stays, what goes, what is added.

use elf_edit::{Edit, RpathEdit, RpathKind};

use crate::bench::{Bench, edited, facts, names, testdata};

fn with_path(file: &[u8], kind: RpathKind, path: &str) -> Vec<u8> {
    let edit = Edit {
        rpath: RpathEdit::Set(kind, path.to_owned()),
        ..Edit::default()
    };
    edited(file, &edit)
}

#[test]
fn folders_of_the_build_machine_go_from_every_file() {
    let bench = Bench::new();
    let extension = bench.chain();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let foreign = std::fs::read(testdata("libs/s390x-glibc/libwords.so.2")).unwrap();
    let wheel = bench.wheel(&[
        (
            "pkg/_x.so",
            &with_path(
                &extension,
                RpathKind::Runpath,
                "/home/builder/lib:$ORIGIN/lib:lib:$ORIGIN/lib",
            ),
        ),
        (
            "pkg/plain.so",
            &with_path(&base, RpathKind::Rpath, "/opt/secret"),
        ),
        (
            "pkg/foreign.so",
            &with_path(&foreign, RpathKind::Rpath, "/opt/secret"),
        ),
        (
            "pkg-1.0.data/scripts/tool",
            &with_path(&base, RpathKind::Rpath, "/opt/secret:$ORIGIN/../lib"),
        ),
    ]);
    let run = bench.repair(&wheel, &["-v"]);
    run.done().tells(&[
        "dropped the search-path entry \"/home/builder/lib\": it is a folder of the build machine",
        "dropped the search-path entry \"lib\": it depends on the current directory",
    ]);
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/lib:$ORIGIN/../pkg.libs")
    );
    assert_eq!(facts(&result, "pkg/plain.so").rpath, None);
    assert_eq!(facts(&result, "pkg/foreign.so").rpath, None);
    assert_eq!(
        facts(&result, "pkg-1.0.data/scripts/tool").rpath.as_deref(),
        Some("$ORIGIN/../lib")
    );
    assert_eq!(bench.answer(), 42);
}

#[test]
fn entries_that_are_asked_for_stay() {
    let bench = Bench::new();
    let extension = with_path(
        &bench.chain(),
        RpathKind::Rpath,
        "/opt/vendor/lib:/opt/secret",
    );
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    bench
        .repair(&wheel, &["--keep-rpath", "/opt/vendor/*"])
        .done()
        .says_nothing_of("keep-rpath-unused");
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("/opt/vendor/lib:$ORIGIN/../pkg.libs")
    );
    let run = bench.repair(&wheel, &["--keep-rpath", "/usr/*"]);
    run.done().tells(&["keep-rpath-unused", "/opt/vendor/lib"]);
}

/// Ways to other packages serve what stays outside, and only that.
#[test]
fn ways_to_other_packages_stay() {
    let bench = Bench::new();
    let path = "$ORIGIN/../nvidia/cublas/lib:$ORIGIN/../../../../lib";
    let extension = with_path(&bench.chain(), RpathKind::Rpath, path);
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    bench.repair(&wheel, &["--exclude", "libmid*"]).done();
    assert_eq!(
        facts(&bench.result(), "pkg/_x.so").rpath.as_deref(),
        Some(path)
    );
    let run = bench.repair(&wheel, &["-v"]);
    run.done()
        .tells(&["leaves site-packages, and nothing that stays outside needs it"]);
    assert_eq!(
        facts(&bench.result(), "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/../nvidia/cublas/lib:$ORIGIN/../pkg.libs")
    );
}

#[test]
fn folders_are_added_for_what_stays_outside() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let options = ["--exclude", "libbase*", "--add-rpath", "nvidia/cublas/lib"];
    let run = bench.repair(&wheel, &options);
    run.done().says_nothing_of("add-rpath-unused");
    let result = bench.result();
    // libmid needs the excluded library, the extension does not.
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/../pkg.libs")
    );
    let copy = result
        .elves
        .iter()
        .find(|elf| elf.path.contains("libmid"))
        .unwrap();
    assert_eq!(
        copy.facts.rpath.as_deref(),
        Some("$ORIGIN/../nvidia/cublas/lib")
    );
    // As written.
    let options = [
        "--exclude",
        "libmid*",
        "--add-rpath",
        "$ORIGIN/../x",
        "--add-rpath",
        "/opt/y",
    ];
    bench.repair(&wheel, &options).done();
    assert_eq!(
        facts(&bench.result(), "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/../x:/opt/y")
    );
    // For nobody.
    bench
        .repair(&wheel, &["--add-rpath", "a/b"])
        .done()
        .tells(&["add-rpath-unused"]);
    bench
        .repair(&wheel, &["--add-rpath", "../b"])
        .refused(2, &["cannot climb"]);
}

#[test]
fn the_tag_can_be_chosen() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.repair(&wheel, &["--rpath-kind", "runpath"]).done();
    let result = bench.result();
    for elf in result
        .elves
        .iter()
        .filter(|elf| !elf.path.contains("libbase"))
    {
        assert_eq!(elf.facts.rpath, None, "{}", elf.path);
        assert!(elf.facts.runpath.is_some(), "{}", elf.path);
    }
    assert_eq!(bench.answer(), 42);
}

/// `.data/platlib` is spread over site-packages: the way to the libraries starts there.
#[test]
fn the_installed_tree_counts() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg-1.0.data/platlib/pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg-1.0.data/platlib/pkg/_x.so")
            .rpath
            .as_deref(),
        Some("$ORIGIN/../pkg.libs")
    );
    assert_eq!(bench.answer(), 42);
}

#[test]
fn a_repaired_wheel_stays_as_it_is() {
    let bench = Bench::new();
    let extension = with_path(&bench.chain(), RpathKind::Runpath, "/x:$ORIGIN/lib");
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    bench.repair(&wheel, &[]).done();
    let result = bench.result();
    let first = std::fs::read(&result.path).unwrap();
    let again = bench.repair(&result.path, &["--json"]).json();
    assert_eq!(again["patched"], serde_json::json!([]));
    assert_eq!(std::fs::read(&result.path).unwrap(), first);
}
