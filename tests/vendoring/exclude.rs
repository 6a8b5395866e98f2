//! `--exclude` that cannot surprise, and libraries that belong to drivers.

use elf_edit::Edit;
use serde_json::json;

use crate::bench::{Bench, edited, names, paths};

#[test]
fn a_pattern_without_effect_is_told_with_what_was_meant() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--exclude", "libmid.so"]);
    run.done().tells(&[
        "exclude-unused",
        "libmid.so matched no library",
        "did you mean --exclude 'libmid.so*'?",
    ]);
    let run = bench.repair(&wheel, &["--exclude", "libmid.so", "--strict"]);
    run.refused(1, &["error", "exclude-unused"]);
    let run = bench.repair(&wheel, &["--exclude", "libmid.so*", "--strict"]);
    run.done().says_nothing_of("exclude-unused");
}

#[test]
fn what_stays_outside_and_what_that_spares_is_listed() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench
        .repair(&wheel, &["--exclude", "libmid*", "--json"])
        .json();
    assert_eq!(run["grafted"], json!([]));
    assert_eq!(
        run["excluded"],
        json!([{ "soname": "libmid.so.1", "pattern": "libmid*", "needed_by": ["pkg/_x.so"] }])
    );
    assert_eq!(names(&run["spared"], "soname"), ["libbase.so.1"]);
    assert!(run["spared"][0]["size"].as_u64() > Some(1000));
    let text = bench.repair(&wheel, &["--exclude", "libmid*"]).stdout;
    assert!(
        text.contains("leave  libmid.so.1") && text.contains("spare  libbase.so.1"),
        "{text}"
    );
}

/// A library that another file needs as well is not spared.
#[test]
fn what_another_file_needs_comes_in_all_the_same() {
    let bench = Bench::new();
    let extension = bench.chain();
    let other = bench.compile(
        "gcc",
        "int base(void); int f(void) { return base(); }",
        "_y.so",
        &["libs/libbase.so.1"],
    );
    let wheel = bench.wheel(&[("pkg/_x.so", &extension), ("pkg/_y.so", &other)]);
    let run = bench
        .repair(&wheel, &["--exclude", "libmid*", "--json"])
        .json();
    assert_eq!(names(&run["grafted"], "soname"), ["libbase.so.1"]);
    assert_eq!(run["spared"], json!([]));
}

#[test]
fn presets_are_lists_that_need_not_match() {
    let bench = Bench::new();
    let extension = bench.chain();
    let soname = Edit {
        soname: Some("libcudart.so.12".to_owned()),
        ..Edit::default()
    };
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    bench.write("libs/libcudart.so.12", edited(&base, &soname));
    let needs = Edit {
        add_needed: vec!["libcudart.so.12".to_owned()],
        ..Edit::default()
    };
    let wheel = bench.wheel(&[("pkg/_x.so", &edited(&extension, &needs))]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libcudart.so.12", "libmid.so.1"]
    );
    let run = bench
        .repair(
            &wheel,
            &["--exclude-preset", "cuda,rocm", "--strict", "--json"],
        )
        .json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    assert_eq!(run["excluded"][0]["pattern"], "libcudart.so*");
}

/// A wheel that needs two libraries of drivers: one that is here, one that is not.
fn wheel_for_drivers(bench: &Bench) -> std::path::PathBuf {
    let extension = bench.chain();
    let base = std::fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let driver = Edit {
        soname: Some("libEGL.so.1".to_owned()),
        add_needed: vec!["libvendor_of_egl.so.1".to_owned()],
        ..Edit::default()
    };
    bench.write("libs/libEGL.so.1", edited(&base, &driver));
    let inner = Edit {
        soname: Some("libvendor_of_egl.so.1".to_owned()),
        ..Edit::default()
    };
    bench.write("libs/libvendor_of_egl.so.1", edited(&base, &inner));
    let needs = Edit {
        add_needed: vec!["libEGL.so.1".to_owned(), "libcuda.so.1".to_owned()],
        ..Edit::default()
    };
    bench.wheel(&[("pkg/_x.so", &edited(&extension, &needs))])
}

#[test]
fn drivers_stay_outside_found_or_not() {
    let bench = Bench::new();
    let wheel = wheel_for_drivers(&bench);
    let run = bench.repair(&wheel, &["--json", "-v"]);
    run.done().tells(&[
        "driver-outside",
        "libEGL.so.1 belongs to the machine",
        "libcuda.so.1 belongs to the machine",
    ]);
    assert_eq!(
        names(&run.json()["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    let result = bench.result();
    assert!(
        paths(&result).iter().all(|path| !path.contains("EGL")),
        "{:?}",
        paths(&result)
    );
    // Who leaves them outside on purpose need not be told.
    let run = bench.repair(&wheel, &["--exclude", "libEGL*", "--exclude", "libcuda*"]);
    run.done().says_nothing_of("driver-outside");
}

#[test]
fn a_driver_comes_in_where_vendor_names_it() {
    let bench = Bench::new();
    let wheel = wheel_for_drivers(&bench);
    let run = bench
        .repair(&wheel, &["--vendor", "libEGL.so.1", "--json"])
        .json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        [
            "libEGL.so.1",
            "libbase.so.1",
            "libmid.so.1",
            "libvendor_of_egl.so.1"
        ]
    );
    // One that is to come in and is not there is missing.
    bench
        .repair(&wheel, &["--vendor", "libcuda.so.1"])
        .refused(1, &["lib-not-found", "libcuda.so.1"]);
}

/// No tag lets a driver stay outside: the verdict is that of auditwheel.
#[test]
fn show_does_not_call_a_wheel_portable_that_needs_a_driver() {
    let bench = Bench::new();
    let wheel = wheel_for_drivers(&bench);
    let wheel = wheel.to_str().unwrap();
    let run = bench
        .audit(&[
            "show",
            "--json",
            "--no-host-libs",
            "--lib-path",
            "libs",
            wheel,
        ])
        .json();
    assert_eq!(run["overall_tag"], "linux_x86_64");
    assert_eq!(run["repairable_to"], "manylinux_2_5_x86_64");
    assert_eq!(run["external_libs"]["libcuda.so.1"], json!(null));
}
