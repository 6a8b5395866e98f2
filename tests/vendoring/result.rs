//! A result keeps what its name promises, and repairing it again changes nothing.

use std::fs;
use std::path::Path;

use elf_edit::Edit;
use wheel_audit::tag::PlatformTag;

use crate::bench::{Bench, edited, facts, paths, read};

/// Needs `GLIBC_2.34` and nothing else.
const NEW: &str = "#include <pthread.h>\nstatic void *f(void *x) { return x; }\n\
    int base(void) { pthread_t t; pthread_create(&t, 0, f, 0); return 40; }";

/// A chain whose last library needs a newer glibc than the extension.
fn new_chain(bench: &Bench) -> Vec<u8> {
    let extension = bench.chain();
    bench.compile(
        "gcc",
        NEW,
        "libs/libbase.so.1",
        &["-Wl,-soname,libbase.so.1", "-Wl,--as-needed"],
    );
    extension
}

/// `show --check` passes on the only wheel in `out/`, and repairing it with the same options changes no
/// byte of it.
#[track_caller]
fn passes_its_own_check(bench: &Bench, options: &[&str]) {
    let path = bench.result().path.clone();
    let path = path.to_str().unwrap();
    let local = ["--no-host-libs", "--lib-path", "libs"];
    let mut show = vec!["show", "--check", path];
    show.extend(local);
    bench.audit(&show).done();
    let mut again = vec!["repair", path, "-w", "again"];
    again.extend(local);
    again.extend(options);
    bench.audit(&again).done();
    let name = Path::new(path).file_name().unwrap();
    let second = fs::read(bench.path("again").join(name)).unwrap();
    assert!(
        fs::read(path).unwrap() == second,
        "a second repair changes it"
    );
}

#[test]
fn claims_that_are_not_deserved_any_more_leave_the_name() {
    let bench = Bench::new();
    let members = [("pkg/_x.so", &new_chain(&bench)[..])];
    let tags = "manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_39_x86_64";
    let wheel = bench.wheel_for(tags, &members);
    let run = bench.repair(&wheel, &[]);
    run.done().tells(&[
        "[tag-dropped]",
        "claims manylinux2014_x86_64, which the result does not deserve",
        "claims manylinux_2_17_x86_64, which",
    ]);
    let result = bench.result();
    let tags: Vec<&str> = result
        .name
        .platform
        .iter()
        .map(PlatformTag::as_str)
        .collect();
    // One that is newer than need be is no lie.
    assert_eq!(tags, ["manylinux_2_34_x86_64", "manylinux_2_39_x86_64"]);
    passes_its_own_check(&bench, &[]);
}

#[test]
fn a_name_that_is_to_stay_must_be_deserved() {
    let bench = Bench::new();
    let members = [("pkg/_x.so", &new_chain(&bench)[..])];
    let wheel = bench.wheel_for("manylinux2014_x86_64", &members);
    let run = bench.repair(&wheel, &["--no-update-tags"]);
    run.refused(
        2,
        &[
            "[tag-undeserved]",
            "manylinux2014_x86_64",
            "without --no-update-tags",
        ],
    );
    assert!(!bench.path("out").exists());
    let wheel = bench.wheel_for("manylinux_2_39_x86_64", &members);
    bench.repair(&wheel, &["--no-update-tags"]).done();
    assert_eq!(
        bench.result().name.to_string(),
        "pkg-1.0-py3-none-manylinux_2_39_x86_64.whl"
    );
    passes_its_own_check(&bench, &["--no-update-tags"]);
}

/// `WHEEL` says what the name says, whoever wrote it.
#[test]
fn the_tags_of_the_name_are_written_even_if_it_stays() {
    let bench = Bench::new();
    let members = [("pkg/_x.so", &bench.chain()[..])];
    let wheel = bench.wheel_for("linux_x86_64.manylinux_2_17_x86_64", &members);
    bench.repair(&wheel, &["--no-update-tags"]).done();
    let headers = read(&bench.result(), "pkg-1.0.dist-info/WHEEL");
    let headers = String::from_utf8(headers).unwrap();
    let tags: Vec<&str> = headers
        .lines()
        .filter(|line| line.starts_with("Tag"))
        .collect();
    assert_eq!(
        tags,
        [
            "Tag: py3-none-linux_x86_64",
            "Tag: py3-none-manylinux_2_17_x86_64"
        ]
    );
    passes_its_own_check(&bench, &["--no-update-tags"]);
}

/// What comes in lies in the root of the archive, which is not pure from then on.
#[test]
fn what_the_root_holds_is_settled_at_once() {
    let bench = Bench::new();
    let extension = bench.chain();
    for path in [
        "pkg-1.0.data/platlib/pkg/_x.so",
        "pkg-1.0.data/data/lib/_x.so",
    ] {
        let members = [(path, &extension[..]), ("pkg/__init__.py", b"")];
        let wheel = bench.wheel_of("py3-none-linux_x86_64", true, &members);
        bench.repair(&wheel, &[]).done();
        passes_its_own_check(&bench, &[]);
        fs::remove_dir_all(bench.path("out")).unwrap();
    }
}

#[test]
fn what_no_tag_allows_is_refused_by_name() {
    let bench = Bench::new();
    let source = "extern int PyFPE_jbuf(void); int PyInit_m(void) { return PyFPE_jbuf(); }";
    let extension = bench.compile("gcc", source, "m.so", &[]);
    let wheel = bench.wheel(&[("pkg/m.so", &extension)]);
    let run = bench.repair(&wheel, &[]);
    run.refused(1, &["[pyfpe]", "pkg/m.so uses PyFPE_jbuf"]);
    run.says_nothing_of("report this");

    let source = "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 0; }";
    let program = bench.program(source, "tool", &["-pie", "-fPIE"]);
    let needs = Edit {
        add_needed: vec!["libpython3.11.so.1.0".to_owned()],
        ..Edit::default()
    };
    let wheel = bench.wheel(&[("pkg/bin/tool", &edited(&program, &needs))]);
    let run = bench.repair(&wheel, &[]);
    run.refused(
        1,
        &[
            "pkg/bin/tool",
            "[libpython-linked]",
            "--exclude libpython3.11.so.1.0",
        ],
    );
    bench.repair(&wheel, &["--exclude", "libpython3*"]).done();
    run.says_nothing_of("in reach");
}

#[test]
fn excluding_a_member_does_nothing_and_says_so() {
    let bench = Bench::new();
    let extension = bench.chain();
    let mid = fs::read(bench.path("libs/libmid.so.1")).unwrap();
    fs::remove_file(bench.path("libs/libmid.so.1")).unwrap();
    let wheel = bench.wheel(&[("pkg/_x.so", &extension), ("pkg/lib/libmid.so.1", &mid)]);
    let run = bench.repair(&wheel, &["--exclude", "libmid*"]);
    run.done().tells(&[
        "[exclude-unused]",
        "matches nothing outside the wheel, only what it holds: pkg/lib/libmid.so.1",
    ]);
    assert!(!run.stdout.contains("leave"), "{}", run.stdout);
    // Its path in the wheel means it too: no other pattern is suggested.
    let by_path = bench.repair(&wheel, &["--exclude", "pkg/lib/*", "--dry-run"]);
    by_path.tells(&["only what it holds: pkg/lib/libmid.so.1"]);
    by_path.says_nothing_of("did you mean");
    // It is found, and what it needs comes in.
    let result = bench.result();
    assert_eq!(
        facts(&result, "pkg/_x.so").rpath.as_deref(),
        Some("$ORIGIN/lib")
    );
    assert!(
        paths(&result)
            .iter()
            .any(|path| path.starts_with("pkg.libs/libbase-"))
    );
    assert_eq!(bench.answer(), 42);
    bench
        .repair(&wheel, &["--exclude", "libmid*", "--strict"])
        .refused(1, &["[exclude-unused]"]);
}

#[test]
fn a_library_of_the_wheel_to_which_nothing_leads_is_told() {
    let bench = Bench::new();
    let extension = bench.chain();
    let mid = fs::read(bench.path("libs/libmid.so.1")).unwrap();
    let base = fs::read(bench.path("libs/libbase.so.1")).unwrap();
    let libraries = [
        ("pkg/lib/libmid.so.1", &mid[..]),
        ("pkg/lib/libbase.so.1", &base),
    ];
    let show = |extension: &[u8]| {
        let mut members = vec![("pkg/_x.so", extension)];
        members.extend(libraries);
        let wheel = bench.wheel(&members);
        bench.audit(&["show", "--no-host-libs", "--check", wheel.to_str().unwrap()])
    };
    show(&extension).done().tells(&[
        "[lib-unreachable]",
        "libmid.so.1 is in the wheel (pkg/lib/libmid.so.1), but no search path leads there from pkg/_x.so",
    ]);
    // A repair leads there, and has nothing to warn of.
    let mut members = vec![("pkg/_x.so", &extension[..])];
    members.extend(libraries);
    let repaired = bench.repair(&bench.wheel(&members), &[]);
    repaired.done().says_nothing_of("lib-unreachable");
    let result = bench.result().path.clone();
    bench
        .audit(&[
            "show",
            "--no-host-libs",
            "--check",
            result.to_str().unwrap(),
        ])
        .done()
        .says_nothing_of("lib-unreachable");
    // RPATH serves what a library loads in turn.
    let led = bench.extension(&["-Wl,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags"]);
    show(&led).done().says_nothing_of("lib-unreachable");
    // RUNPATH does not.
    let led = bench.extension(&["-Wl,-rpath,$ORIGIN/lib", "-Wl,--enable-new-dtags"]);
    show(&led)
        .done()
        .tells(&["libbase.so.1 is in the wheel", "from pkg/lib/libmid.so.1"]);
}
