//! `--include`: libraries that are opened by name at run time.

use crate::bench::{Bench, facts, names, paths};

const OPENS: &str = "#include <dlfcn.h>\n\
    int mid(void);\n\
    int answer(void) {\n\
        void *plugin = dlopen(\"libplug.so.1\", RTLD_NOW);\n\
        if (!plugin) return -1;\n\
        int (*extra)(void) = (int (*)(void)) dlsym(plugin, \"extra\");\n\
        return extra ? mid() + extra() : -2;\n\
    }";

/// An extension that opens libplug.so.1, which needs libdeep.so.1.
fn extension(bench: &Bench) -> Vec<u8> {
    bench.chain();
    bench.compile(
        "gcc",
        "int deep(void) { return 1; }",
        "libs/libdeep.so.1",
        &["-Wl,-soname,libdeep.so.1"],
    );
    bench.compile(
        "gcc",
        "int deep(void); int extra(void) { return deep(); }",
        "libs/libplug.so.1",
        &["-Wl,-soname,libplug.so.1", "libs/libdeep.so.1"],
    );
    bench.compile(
        "gcc",
        OPENS,
        "_x.so",
        &["libs/libmid.so.1", "-Wl,--allow-shlib-undefined"],
    )
}

#[test]
fn what_is_opened_by_name_is_found_by_that_name() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension(&bench))]);
    bench.repair(&wheel, &[]).done();
    assert_eq!(bench.answer(), -1, "nothing names the plugin");
    let run = bench
        .repair(&wheel, &["--include", "libplug.so.1", "--json"])
        .json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        [
            "libbase.so.1",
            "libdeep.so.1",
            "libmid.so.1",
            "libplug.so.1"
        ]
    );
    let result = bench.result();
    assert!(
        paths(&result).contains(&"pkg.libs/libplug.so.1"),
        "{:?}",
        paths(&result)
    );
    assert_eq!(
        facts(&result, "pkg.libs/libplug.so.1").rpath.as_deref(),
        Some("$ORIGIN")
    );
    assert_eq!(
        facts(&result, "pkg.libs/libplug.so.1").soname.as_deref(),
        Some("libplug.so.1")
    );
    assert_eq!(bench.answer(), 42);
}

#[test]
fn by_its_path_too() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension(&bench))]);
    bench
        .repair(&wheel, &["--include", "libs/libplug.so.1"])
        .done();
    assert_eq!(bench.answer(), 42);
}

#[test]
fn into_a_folder_of_its_own() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension(&bench))]);
    bench
        .repair(&wheel, &["--include", "libplug.so.1=pkg/plugins"])
        .done();
    let result = bench.result();
    let plugin = facts(&result, "pkg/plugins/libplug.so.1");
    assert_eq!(plugin.rpath.as_deref(), Some("$ORIGIN/../../pkg.libs"));
    assert!(
        plugin
            .needed
            .iter()
            .any(|name| name.starts_with("libdeep-"))
    );
    // Whoever loads it says from where.
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/../pkg.libs")
    );
    bench
        .repair(&wheel, &["--include", "libplug.so.1=../plugins"])
        .refused(2, &["MEMBER-DIR"]);
}

#[test]
fn what_cannot_come_in_is_told() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension(&bench))]);
    let run = bench.repair(&wheel, &["--include", "libnowhere.so.1"]);
    run.refused(1, &["include-not-found", "libnowhere.so.1", "looked in"]);
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.stderr);
    let run = bench.repair(
        &wheel,
        &["--include", "libplug.so.1", "--exclude", "libplug*"],
    );
    run.refused(1, &["include-excluded"]);
    // What it needs is looked for like anything else.
    std::fs::remove_file(bench.path("libs/libdeep.so.1")).unwrap();
    let run = bench.repair(&wheel, &["--include", "libplug.so.1"]);
    run.refused(1, &["lib-not-found", "libdeep.so.1", "libplug.so.1"]);
}

/// A library that the policy lets stay outside comes in if it is asked for.
#[test]
fn asked_for_is_asked_for() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension(&bench))]);
    let run = bench
        .repair_with(
            &wheel,
            &["--lib-path", "libs", "--include", "libz.so.1", "--json"],
        )
        .json();
    assert!(names(&run["grafted"], "soname").contains(&"libz.so.1"));
    assert!(paths(&bench.result()).contains(&"pkg.libs/libz.so.1"));
}
