//! `--vendor`, `--include`, `--only`, and versions counted by who provides them.

use crate::bench::{Bench, facts, names, paths};
use serde_json::json;

const CPP: &str = "#include <charconv>\n\
    extern \"C\" int answer() { double value = 0; const char text[] = \"42\"; \
    std::from_chars(text, text + 2, value); return int(value); }";

/// The system's libstdc++ is newer than old tags allow; brought in, its versions are nobody's
/// business.
#[test]
fn a_vendored_library_counts_no_longer_as_the_systems() {
    let bench = Bench::new();
    let extension = bench.compile("g++", CPP, "_x.so", &["-O2"]);
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    let plain = bench.repair_with(&wheel, &["--dry-run", "--json"]).json();
    assert_eq!(plain["grafted"], json!([]));
    let show = |options: &[&str]| {
        let mut args = vec!["repair", wheel.to_str().unwrap(), "-w", "out", "--json"];
        args.extend(options);
        bench.audit(&args).json()
    };
    let vendored = show(&["--vendor", "libstdc++.so.*"]);
    assert_eq!(names(&vendored["grafted"], "soname"), ["libstdc++.so.6"]);
    // `from_chars` for floating point is GLIBCXX_3.4.29; a copy of any libstdc++ asks less of the system
    // than GCC 11 or newer does, but for its own glibc versions.
    assert_ne!(plain["tag"], json!("linux_x86_64"));
    let result = bench.result();
    let grafted: Vec<&str> = paths(&result)
        .into_iter()
        .filter(|path| path.starts_with("pkg.libs/"))
        .collect();
    let [copy] = grafted[..] else {
        panic!("{grafted:?}")
    };
    assert!(copy.starts_with("pkg.libs/libstdc++-"), "{copy}");
    let needs = facts(&result, "pkg/_x.so").version_needs.iter();
    let renamed = needs
        .map(|need| need.library.as_str())
        .find(|library| library.starts_with("libstdc++"));
    assert_eq!(
        renamed,
        copy.strip_prefix("pkg.libs/"),
        "versions are asked of the copy"
    );
    assert_eq!(bench.answer(), 42);
}

/// Versions of a library in the wheel are not the system's, whatever their names.
#[test]
fn versions_of_a_library_in_the_wheel_do_not_count() {
    let bench = Bench::new();
    let map = bench.write("new.map", "GLIBCXX_9.9.9 { global: *; };");
    let script = format!("-Wl,--version-script={}", map.display());
    std::fs::create_dir_all(bench.path("libs")).unwrap();
    let library = bench.compile(
        "gcc",
        "int f(void) { return 1; }",
        "libs/libnew.so.1",
        &["-Wl,-soname,libnew.so.1", &script],
    );
    let extension = bench.compile(
        "gcc",
        "int f(void); int answer(void) { return f() + 41; }",
        "_x.so",
        &["libs/libnew.so.1", "-Wl,-rpath,$ORIGIN"],
    );
    let members: [(&str, &[u8]); 2] = [("pkg/_x.so", &extension), ("pkg/libnew.so.1", &library)];
    let wheel = bench.wheel(&members);
    let show = bench
        .audit(&["show", "--json", wheel.to_str().unwrap()])
        .json();
    assert_eq!(show["overall_tag"], "manylinux_2_5_x86_64");
    // From outside, brought in: the same.
    let wheel = bench.wheel(&members[..1]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(run["tag"], "manylinux_2_5_x86_64");
    assert_eq!(bench.answer(), 42);
}

#[test]
fn the_c_library_is_never_brought_in() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--vendor", "libc.so.6"]);
    run.done()
        .tells(&["vendor-unused", "of one piece with the loader"]);
    // Nor is it what was meant.
    let run = bench.repair(&wheel, &["--vendor", "libcc.so.6"]);
    run.done().tells(&["vendor-unused"]);
    run.says_nothing_of("did you mean --vendor 'libc.so");
    let run = bench.repair(&wheel, &["--vendor", "*", "--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
}

#[test]
fn only_what_is_listed_may_come_in() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--only", "libmid.so.1"]);
    run.refused(
        1,
        &[
            "lib-not-listed",
            "libbase.so.1 would be vendored",
            "needed by libmid.so.1",
        ],
    );
    run.says_nothing_of("libmid.so.1 would be vendored");
    assert!(!bench.path("out").exists());
    bench
        .repair(&wheel, &["--only", "libmid.so.1", "--only", "libbase*"])
        .done();
    let run = bench.repair(&wheel, &["--only", "lib*", "--only", "libother*"]);
    run.done().tells(&["only-unused", "libother*"]);
}
