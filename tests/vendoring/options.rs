//! Options that are taken over from auditwheel, typed and from the environment, and what findings do
//! to a repair. Each test shows what differs without the option.

use std::fs;
use std::path::{Path, PathBuf};

use elf_synth::Synth;
use serde_json::Value;

use crate::bench::{Bench, Run, facts, names, paths, read};

/// Words of a repair that sees nothing of this machine.
const HERMETIC: [&str; 6] = [
    "repair",
    "--no-host-libs",
    "--lib-path",
    "libs",
    "-w",
    "out",
];

fn chained() -> (Bench, PathBuf) {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    (bench, wheel)
}

fn repair_where(bench: &Bench, wheel: &Path, environment: &[(&str, &str)], args: &[&str]) -> Run {
    let words = [&HERMETIC, args, &[wheel.to_str().unwrap()]].concat();
    bench.audit_where(environment, &words)
}

/// The platform tags of a plan's result.
fn platform(document: &Value) -> String {
    let name = document["name"].as_str().unwrap();
    let (_, platform) = name.rsplit_once('-').unwrap();
    platform.trim_end_matches(".whl").to_owned()
}

fn synthetic(change: impl FnOnce(&mut Synth)) -> (Bench, PathBuf) {
    let bench = Bench::new();
    let mut file = Synth::new(true, false)
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.2.5"])
        .function("PyInit__x");
    change(&mut file);
    let wheel = bench.wheel(&[("pkg/_x.so", &file.build())]);
    (bench, wheel)
}

#[test]
fn the_tag_that_is_asked_for() {
    const ASKED: &str = "manylinux_2_28_x86_64";
    const BEST: &str = "manylinux1_x86_64.manylinux_2_5_x86_64";
    let (bench, wheel) = chained();
    let plan = |environment: &[(&str, &str)], args: &[&str]| {
        let args = [&["--dry-run", "--json"], args].concat();
        platform(&repair_where(&bench, &wheel, environment, &args).json())
    };
    let both = "manylinux1_x86_64.manylinux_2_28_x86_64.manylinux_2_5_x86_64";
    let here = [("AUDITWHEEL_PLAT", "manylinux_2_28_x86_64")];
    assert_eq!(plan(&[], &[]), BEST);
    // A better one that is deserved is claimed too.
    assert_eq!(plan(&[], &["--plat", "manylinux_2_28"]), both);
    assert_eq!(plan(&here, &[]), both);
    assert_eq!(plan(&here, &["--plat", "auto"]), BEST);
    let only = ["--plat", "manylinux_2_28", "--only-plat"];
    assert_eq!(plan(&[], &only), ASKED);
    assert_eq!(plan(&here, &["--only-plat"]), ASKED);
}

/// What no tag lets stay outside comes in, and no tag is promised.
#[test]
fn a_repair_for_linux_promises_nothing() {
    let (bench, wheel) = chained();
    let run = bench.repair(&wheel, &["--plat", "linux", "--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    assert_eq!(run["tag"], "linux_x86_64");
    assert_eq!(platform(&run), "linux_x86_64");
    assert_eq!(bench.answer(), 42);
}

#[test]
fn tags_can_be_kept() {
    let (bench, wheel) = chained();
    let tag = || {
        let text = read(&bench.result(), "pkg-1.0.dist-info/WHEEL");
        let text = String::from_utf8(text).unwrap();
        let tags = text.lines().filter(|line| line.starts_with("Tag:"));
        tags.collect::<Vec<_>>().join("\n")
    };
    let run = bench.repair(&wheel, &["--no-update-tags", "--json"]).json();
    assert_eq!(platform(&run), "linux_x86_64");
    assert_eq!(tag(), "Tag: py3-none-linux_x86_64");
    assert_eq!(bench.answer(), 42);
    fs::remove_dir_all(bench.path("out")).unwrap();
    bench.repair(&wheel, &[]).done();
    assert!(tag().contains("manylinux_2_5_x86_64"), "{}", tag());
}

#[test]
fn the_folder_of_libraries_can_end_otherwise() {
    let (bench, wheel) = chained();
    for option in ["-L", "--lib-sdir"] {
        bench.repair(&wheel, &[option, ".bundled"]).done();
        let result = bench.result();
        let path = facts(&result, "pkg/_x.so").rpath.as_deref();
        assert_eq!(path, Some("$ORIGIN/../pkg.bundled"));
        let brought = paths(&result).into_iter();
        let brought = brought.filter(|path| path.starts_with("pkg.bundled/"));
        assert_eq!(brought.count(), 2);
        assert!(paths(&result).iter().all(|path| !path.contains(".libs/")));
        assert_eq!(bench.answer(), 42);
    }
}

/// As auditwheel takes it: nothing, or a folder below that of the project's name.
#[test]
fn the_folder_of_libraries_can_be_in_the_package() {
    let (bench, wheel) = chained();
    for (suffix, folder, path) in [
        ("", "pkg/", "$ORIGIN"),
        ("/lib", "pkg/lib/", "$ORIGIN/lib"),
        ("/core/libs", "pkg/core/libs/", "$ORIGIN/core/libs"),
    ] {
        for option in [vec!["-L", suffix], vec![&*format!("--lib-sdir={suffix}")]] {
            bench.repair(&wheel, &option).done();
            let result = bench.result();
            let found = facts(&result, "pkg/_x.so").rpath.as_deref();
            assert_eq!(found, Some(path), "{option:?}");
            let members = paths(&result);
            for library in ["libbase-", "libmid-"] {
                let begin = format!("{folder}{library}");
                let there = members.iter().any(|member| member.starts_with(&begin));
                assert!(there, "{begin}: {members:?}");
            }
            assert_eq!(bench.answer(), 42);
        }
    }
    for suffix in [
        "/../x",
        "/../../x",
        "/lib/../../../x",
        "/..",
        ":/x",
        "-1.0.dist-info",
    ] {
        let refused = bench.repair(&wheel, &[&format!("--lib-sdir={suffix}")]);
        refused.refused(2, &["[lib-sdir]", suffix]);
    }
}

/// Scripts set variables to nothing where they mean to unset them.
#[test]
fn an_empty_variable_counts_as_unset() {
    const NAMES: [&str; 6] = [
        "AUDITWHEEL_PLAT",
        "AUDITWHEEL_ZIP_COMPRESSION_LEVEL",
        "AUDITWHEEL_PATCHER",
        "AUDITWHEEL_LD_LIBRARY_PATH",
        "LD_LIBRARY_PATH",
        "SOURCE_DATE_EPOCH",
    ];
    let (bench, wheel) = chained();
    let made = |environment: &[(&str, &str)]| {
        let run = repair_where(&bench, &wheel, environment, &[]);
        run.done().says_nothing_of("ignored");
        fs::read(&bench.result().path).unwrap()
    };
    let unset = made(&[]);
    for name in NAMES {
        assert!(made(&[(name, "")]) == unset, "{name}");
    }
}

/// The last one counts, as argparse has it; abbreviations of auditwheel's options stand for them.
#[test]
fn command_lines_of_auditwheel_are_understood() {
    let (bench, wheel) = chained();
    let wheel = wheel.to_str().unwrap();
    let plan = |args: &[&str]| {
        let words = [
            "repair",
            "--dry-run",
            "--json",
            "--no-host-libs",
            "--lib-path",
            "libs",
        ];
        bench.audit(&[&words[..], args, &[wheel]].concat()).json()
    };
    let twice = [
        "--plat",
        "manylinux2014",
        "--plat",
        "manylinux_2_28",
        "--strip",
        "--strip",
    ];
    assert_eq!(plan(&twice)["tag"], "manylinux_2_28_x86_64");
    let short = [
        "--pl=manylinux_2_28",
        "--only",
        "--ex",
        "libbase*",
        "-L=/l",
        "-z=1",
    ];
    let short = plan(&short);
    assert_eq!(platform(&short), "manylinux_2_28_x86_64");
    assert_eq!(names(&short["grafted"], "soname"), ["libmid.so.1"]);
    let member = short["grafted"][0]["member"].as_str().unwrap();
    assert!(member.starts_with("pkg/l/"), "{member}");
    assert_eq!(platform(&plan(&["--no"])), "linux_x86_64");
    let ambiguous = bench.audit(&["repair", "--l", "x", wheel]);
    ambiguous.refused(
        2,
        &["ambiguous option: --l could match --ldpaths, --lib-sdir"],
    );
    // Ours have only their full names.
    bench
        .audit(&["repair", "--dry", wheel])
        .refused(2, &["--dry"]);
}

#[test]
fn results_go_to_wheelhouse_unless_another_folder_is_named() {
    let (bench, wheel) = chained();
    let wheel = wheel.to_str().unwrap();
    for (words, folder) in [
        (vec![], "wheelhouse"),
        (vec!["-w", "short"], "short"),
        (vec!["--wheel-dir", "a/long/way"], "a/long/way"),
    ] {
        let all = [&["repair", "--lib-path", "libs"], &words[..], &[wheel]].concat();
        bench.audit(&all).done();
        let there = fs::read_dir(bench.path(folder)).unwrap();
        assert_eq!(there.count(), 1, "{folder}");
    }
    assert!(!bench.path("out").exists());
}

#[test]
fn members_that_do_not_change_are_compressed_again_where_asked() {
    let bench = Bench::new();
    let text = "the same words again and again\n".repeat(99);
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &bench.chain()),
        ("pkg/words.txt", text.as_bytes()),
    ]);
    let stored = |environment: &[(&str, &str)], args: &[&str]| {
        repair_where(&bench, &wheel, environment, args).done();
        let result = bench.result();
        let id = result.find("pkg/words.txt").unwrap();
        let bytes = fs::read(&result.path).unwrap();
        assert_eq!(read(&result, &result.members[id].path), text.as_bytes());
        // Stored words can be read in the archive.
        let mut windows = bytes.windows(60);
        (
            windows.any(|window| window == &text.as_bytes()[..60]),
            bytes.len(),
        )
    };
    let (plain, _) = stored(&[], &[]);
    assert!(plain, "what does not change keeps its bytes");
    for option in ["-z", "--zip-compression-level"] {
        let (plain, small) = stored(&[], &[option, "9"]);
        assert!(!plain, "{option}");
        let (plain, large) = stored(&[], &[option, "0"]);
        assert!(plain && large > small, "{option}");
    }
    let level = [("AUDITWHEEL_ZIP_COMPRESSION_LEVEL", "9")];
    assert!(!stored(&level, &[]).0);
    assert!(stored(&level, &["-z", "0"]).0, "what is typed counts");
    repair_where(&bench, &wheel, &[], &["-z", "10"]).refused(2, &["10 is not in 0..=9"]);
}

#[test]
fn a_patcher_is_accepted_and_not_used() {
    let (bench, wheel) = chained();
    let made = |environment: &[(&str, &str)], args: &[&str]| {
        let run = repair_where(&bench, &wheel, environment, args);
        run.done();
        (run, fs::read(&bench.result().path).unwrap())
    };
    let (plain, expected) = made(&[], &[]);
    plain.says_nothing_of("patcher");
    let typed = made(&[], &["--patcher", "patchelf"]);
    let set = made(&[("AUDITWHEEL_PATCHER", "patchelf")], &[]);
    for (run, bytes) in [typed, set] {
        run.tells(&["--patcher is ignored: the editor is built in"]);
        assert!(bytes == expected);
    }
}

/// x86-64-v3, by the file's own note.
#[test]
fn instruction_sets_need_not_be_looked_at() {
    let (bench, wheel) = synthetic(|file| *file = file.clone().isa_needed(1 << 2));
    let wheel = wheel.to_str().unwrap();
    let show = |args: &[&str]| {
        let words = [&["show", "--json", "--no-host-libs", wheel], args].concat();
        bench.audit(&words).json()
    };
    let document = show(&[]);
    assert_eq!(document["overall_tag"], "linux_x86_64");
    assert_ne!(document["unsupported_isa"], Value::Null);
    let document = show(&["--disable-isa-ext-check"]);
    assert_eq!(document["overall_tag"], "manylinux_2_5_x86_64");
    let plat = ["--plat", "manylinux_2_28"];
    let refused = bench.repair(Path::new(wheel), &plat);
    refused.refused(2, &["[isa]"]);
    let let_through = [&plat[..], &["--disable-isa-ext-check"]].concat();
    bench.repair(Path::new(wheel), &let_through).done();
    // No wheel remembers that: who checks the result says so again.
    let result = bench.result().path.clone();
    let check = [
        "show",
        "--no-host-libs",
        "--check",
        result.to_str().unwrap(),
    ];
    bench.audit(&check).refused(1, &["[tag-undeserved]"]);
    let unlooked = [&check[..], &["--disable-isa-ext-check"]].concat();
    bench.audit(&unlooked).done();
}

#[test]
fn the_loaders_own_list_can_be_replaced() {
    let (bench, wheel) = chained();
    let wheel = wheel.to_str().unwrap();
    let libs = bench.path("libs");
    let libs = libs.to_str().unwrap();
    let missing = |environment: &[(&str, &str)], args: &[&str]| {
        let words = [&["repair", "--dry-run", "-w", "out", wheel], args].concat();
        let run = bench.audit_where(environment, &words);
        if run.status != 0 {
            run.refused(1, &["[lib-not-found]", "libmid.so.1"]);
        }
        run.status != 0
    };
    assert!(missing(&[], &[]));
    assert!(!missing(&[], &["--ldpaths", libs]));
    assert!(!missing(&[], &["--ldpaths", &format!("/nowhere:{libs}")]));
    let loader = [("LD_LIBRARY_PATH", libs)];
    assert!(!missing(&loader, &[]));
    assert!(missing(&loader, &["--ldpaths", "/nowhere"]), "replaced");
    let ours = [("AUDITWHEEL_LD_LIBRARY_PATH", libs)];
    assert!(!missing(&ours, &[]));
    assert!(!missing(&ours, &["--ldpaths", "/nowhere"]), "added to it");
}

/// The folders that loaders search unasked are part of the list.
#[test]
fn without_the_loaders_own_list_default_folders_are_not_searched() {
    let bench = Bench::new();
    let source = "int answer(void) { return 42; }";
    let file = bench.compile("gcc", source, "_x.so", &["-l:libgomp.so.1"]);
    let wheel = bench.wheel(&[("pkg/_x.so", &file)]);
    let plan = |args: &[&str]| bench.repair_with(&wheel, &[&["--dry-run"], args].concat());
    plan(&[]).done();
    plan(&["--ldpaths", "/nowhere"]).refused(1, &["[lib-not-found]", "libgomp.so.1"]);
}

#[test]
fn findings_are_silenced_and_raised_in_a_repair() {
    let (bench, wheel) = synthetic(|file| file.stack = Some(7));
    let run = bench.repair(&wheel, &["--dry-run"]);
    run.done().tells(&["warning: ", "[execstack]"]);
    let run = bench.repair(&wheel, &["--dry-run", "--ignore", "execstack"]);
    run.done().says_nothing_of("execstack");
    let run = bench.repair(&wheel, &["--error", "execstack"]);
    run.refused(1, &["error: ", "[execstack]"]);
    assert!(!bench.path("out").exists(), "nothing is written");
    // Another code, and it is repaired.
    let other = ["--error", "textrel", "--ignore", "textrel"];
    bench.repair(&wheel, &other).done().tells(&["[execstack]"]);
    assert!(bench.path("out").exists());
}

/// Speed for whoever knows where the wheel comes from: what is wrong inside is then not seen.
#[test]
fn a_trusted_wheel_is_shown_unverified() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &bench.chain()),
        ("pkg/a.py", b"answer = 42\n"),
    ]);
    let mut bytes = fs::read(&wheel).unwrap();
    let at = bytes.windows(11).position(|words| words == b"answer = 42");
    bytes[at.unwrap()] = b'A';
    fs::write(&wheel, bytes).unwrap();
    let words = ["show", "--no-host-libs", wheel.to_str().unwrap()];
    bench.audit(&words).refused(1, &["pkg/a.py", "[zip-crc]"]);
    let run = bench.audit(&[&words[..], &["--no-verify"]].concat());
    run.done().says_nothing_of("zip-crc");
    assert!(run.stdout.contains("linux_x86_64"), "{}", run.stdout);
    // A repair verifies always.
    bench
        .repair(&wheel, &["--no-verify"])
        .refused(2, &["--no-verify"]);
    bench.repair(&wheel, &[]).refused(1, &["[zip-crc]"]);
}
