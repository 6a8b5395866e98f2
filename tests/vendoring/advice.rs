//! What is told of a wheel: commands that can be pasted, and which wheel is meant.

use std::fs;
use std::path::Path;
use std::process::Command;

use elf_synth::Synth;
use serde_json::Value;

use crate::bench::{Bench, Run};

/// An extension that needs libraries by these names.
fn needing(names: &[&str]) -> Vec<u8> {
    let file = Synth::new(true, false)
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.2.5"])
        .function("PyInit__x");
    let file = names.iter().copied().fold(file, Synth::needed);
    file.build()
}

fn findings<'a>(document: &'a Value, code: &str) -> Vec<&'a Value> {
    let all = document["findings"].as_array().unwrap().iter();
    all.filter(|one| one["code"] == code).collect()
}

/// The commands that a run tells, in text and in help.
fn commands(run: &Run) -> Vec<String> {
    let lines = run.stdout.lines().chain(run.stderr.lines());
    let found = lines.filter_map(|line| Some(&line[line.find("audit repair ")?..]));
    found.map(str::to_owned).collect()
}

/// Runs a command as a shell in the bench's folder does.
fn pasted(bench: &Bench, command: &str) -> i32 {
    let program = Path::new(env!("CARGO_BIN_EXE_audit"));
    let done = Command::new("/bin/sh")
        .args(["-c", command])
        .current_dir(bench.path("."))
        .env_clear()
        .env("PATH", program.parent().unwrap())
        .output()
        .unwrap();
    done.status.code().unwrap()
}

#[test]
fn advised_commands_run_and_reach_what_they_promise() {
    let bench = Bench::new();
    let file = bench.chain();
    for claim in ["linux_x86_64", "manylinux_2_17_x86_64"] {
        let wheel = bench.wheel_for(claim, &[("pkg/_x.so", &file)]);
        fs::create_dir_all(bench.path("my wheels")).unwrap();
        let place = bench.path("my wheels").join(wheel.file_name().unwrap());
        fs::rename(&wheel, &place).unwrap();
        let named = format!("my wheels/{}", wheel.file_name().unwrap().to_str().unwrap());
        let plat = ["--check", "--plat", "manylinux_2_28"];
        for more in [&[][..], &plat] {
            let words = ["show", "--no-host-libs", "--lib-path=libs", &named];
            let run = bench.audit(&[&words[..], more].concat());
            let commands = commands(&run);
            assert!(!commands.is_empty(), "{}", run.stdout);
            for command in commands {
                assert!(command.contains("'my wheels/pkg-1.0"), "{command}");
                assert_eq!(pasted(&bench, &command), 0, "{command}");
                assert!(bench.path("wheelhouse").exists(), "{command}");
                fs::remove_dir_all(bench.path("wheelhouse")).unwrap();
            }
        }
    }
}

/// A repair that must fail is not advised.
#[test]
fn what_is_missing_must_be_found_first() {
    let bench = Bench::new();
    let claim = "manylinux_2_17_x86_64";
    let wheel = bench.wheel_for(
        claim,
        &[("pkg/_x.so", &needing(&["libno.so.7", "libnot.so.1"]))],
    );
    let words = ["show", "--no-host-libs", "--json", wheel.to_str().unwrap()];
    let document = bench.audit(&words).json();
    let [told] = findings(&document, "tag-undeserved")[..] else {
        panic!("{document}");
    };
    assert_eq!(
        told["help"],
        "libno.so.7 and 1 other library must be found first, with --lib-path DIR, or be left to the system with \
         --exclude; a repair would then reach manylinux_2_5_x86_64"
    );
    assert_eq!(document["repairable_to"], Value::Null);
    let blocked = bench.wheel_for(claim, &[("pkg/_x.so", &needing(&["sub/libno.so.7"]))]);
    let run = bench.audit(&["show", "--no-host-libs", blocked.to_str().unwrap()]);
    run.done().tells(&["[needed-path]"]);
    assert_eq!(commands(&run), [""; 0]);
}

#[test]
fn the_path_as_given_tells_wheels_of_one_name_apart() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &needing(&["libno.so.7"]))]);
    let name = wheel.file_name().unwrap().to_str().unwrap();
    let mut paths = Vec::new();
    for folder in ["one", "two"] {
        fs::create_dir_all(bench.path(folder)).unwrap();
        fs::copy(&wheel, bench.path(folder).join(name)).unwrap();
        paths.push(format!("{folder}/{name}"));
    }
    for command in ["show", "repair", "tree"] {
        let words = [command, "--no-host-libs", &paths[0], &paths[1]];
        let more = if command == "show" {
            "--error=lib-not-found"
        } else {
            "--sysroot=/nowhere"
        };
        let keep = if command == "repair" {
            "--keep-going"
        } else {
            "--color=never"
        };
        let run = bench.audit(&[&words[..], &[more, keep]].concat());
        for path in &paths {
            let said = format!("{}{}", run.stdout, run.stderr);
            let lines = said.lines().filter(|line| line.contains(path.as_str()));
            assert!(lines.count() > 0, "{command}: {said}");
        }
        let run = bench.audit(&[&words[..], &[more, keep, "--json"]].concat());
        for (line, path) in run.stdout.lines().zip(&paths) {
            let document: Value = serde_json::from_str(line).unwrap();
            assert_eq!(document["path"], path.as_str(), "{command}");
            let file = if command == "tree" { "input" } else { "wheel" };
            assert_eq!(document[file], name, "{command}");
            assert_eq!(document["project"], "pkg");
            assert_eq!(document["version_of_project"], "1.0");
            assert_eq!(document["platform"], "linux");
            if command != "repair" {
                let bytes = fs::read(&wheel).unwrap();
                assert_eq!(document["size"], bytes.len());
                assert_eq!(document["sha256"], sha256(&bytes), "{command}");
            }
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    use sha2::{Digest as _, Sha256};

    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

/// Only text is cut.
#[test]
fn json_holds_every_finding_and_nothing_is_said_twice() {
    let bench = Bench::new();
    let file = needing(&[]);
    let data: Vec<String> = (0..45)
        .map(|number| format!("pkg-1.0.data/data/lib/lib{number:02}.so"))
        .collect();
    let names: Vec<String> = (0..45)
        .map(|number| format!("libno{number:02}.so.1"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let needs = needing(&names);
    let mut members: Vec<(&str, &[u8])> = vec![("pkg/_x.so", &needs)];
    members.extend(data.iter().map(|path| (path.as_str(), file.as_slice())));
    let wheel = bench.wheel(&members);
    let show = |more: &[&str]| {
        let words = ["show", "--no-host-libs", wheel.to_str().unwrap()];
        bench.audit(&[&words[..], more].concat())
    };
    let run = show(&["--json"]);
    let document = run.json();
    let told = findings(&document, "elf-in-data");
    let files: Vec<&str> = told
        .iter()
        .map(|one| one["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, data);
    assert_eq!(findings(&document, "lib-not-found").len(), names.len());
    assert_eq!(run.stderr, "");
    let loud = show(&["--json", "-v"]);
    assert_eq!(loud.stderr.matches("[elf-in-data]").count(), data.len());
    let text = show(&[]);
    text.tells(&["42 more findings of this kind [elf-in-data]"]);
    // What fails is said all the same: a log shall tell why a run ended.
    let failed = show(&["--json", "--error", "elf-in-data"]);
    failed.refused(1, &["error: ", "[elf-in-data]"]);
    failed.says_nothing_of("warning: ");
}

/// DEL, a control of ISO 6429, and what reorders text.
#[test]
fn no_control_character_leaves_raw() {
    let bench = Bench::new();
    let names = [
        "lib\u{7f}a.so",
        "lib\u{9b}b.so",
        "lib\u{202e}c.so",
        "lib\u{2028}d.so",
    ];
    let wheel = bench.wheel(&[("pkg/_x.so", &needing(&names))]);
    for words in [
        &["show", "--json"][..],
        &["tree", "--json"],
        &["repair", "--json", "--dry-run"],
    ] {
        let wheel = wheel.to_str().unwrap();
        let run = bench.audit(&[words, &["--no-host-libs", wheel]].concat());
        let control = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{2028}".contains(c);
        assert!(!run.stdout.contains(control), "{words:?}: {:?}", run.stdout);
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        if words[0] == "show" {
            let known = document["external_libs"].as_object().unwrap();
            assert!(
                names.iter().all(|name| known.contains_key(*name)),
                "{document}"
            );
        }
    }
}
