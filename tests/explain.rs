//! What `show`, `tree` and the commands beside them say, on the wheels of `testdata`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests end at the first surprise"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

const X86: &str = "testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl";
const ARM: &str = "testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl";
/// The libraries of [`X86`], and nothing of this machine.
const X86_LIBS: [&str; 3] = ["--no-host-libs", "--lib-path", "testdata/libs/x86_64-glibc"];

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn audit_in(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_audit"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let root = root().to_str().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(root, "@ROOT");
    Run {
        status: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn audit(arguments: &[&str]) -> Run {
    audit_in(root(), arguments)
}

fn x86(arguments: &[&str]) -> Run {
    audit(&[arguments, &X86_LIBS].concat())
}

fn json(run: &Run) -> Value {
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    serde_json::from_str(&run.stdout).unwrap()
}

/// A copy of the wheel under another name.
fn renamed(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::copy(root().join(X86), &path).unwrap();
    path
}

#[test]
fn show_says_what_is_deserved_and_what_stands_in_the_way() {
    let run = x86(&["show", X86]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_snapshot!(run.stdout, @r"
    testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl
      deserves       linux_x86_64
      claims         linux_x86_64
      repairable to  manylinux_2_5_x86_64
      holds          1 ELF file for glibc on x86_64

    Libraries outside the wheel
      libgreet.so.1  @ROOT/testdata/libs/x86_64-glibc/libgreet.so.1
                     needed by greet/_greet.abi3.so (--lib-path)
      libwords.so.2  @ROOT/testdata/libs/x86_64-glibc/libwords.so.2
                     needed by libgreet.so.1 (--lib-path)

    To reach manylinux_2_5_x86_64:
      audit repair --lib-path testdata/libs/x86_64-glibc --no-host-libs testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl
    ");
}

#[cfg(unix)]
#[test]
fn the_advised_command_can_be_pasted() {
    let folder = tempfile::tempdir().unwrap();
    let libs = folder.path().join("it's $HOME; libs");
    fs::create_dir(&libs).unwrap();
    for name in ["libgreet.so.1", "libwords.so.2"] {
        let library = root().join("testdata/libs/x86_64-glibc").join(name);
        fs::copy(library, libs.join(name)).unwrap();
    }
    fs::create_dir(folder.path().join("my wheels")).unwrap();
    renamed(
        &folder.path().join("my wheels"),
        "greet-1.0-cp38-abi3-linux_x86_64.whl",
    );
    let looked = [
        "--no-host-libs",
        "--lib-path=it's $HOME; libs",
        "--ldpaths=/nowhere",
        "--exclude=lib(none)*",
        "--exclude-preset=cuda",
        "--sysroot=/no where",
        "--disable-isa-ext-check",
        "my wheels",
    ];
    let run = audit_in(folder.path(), &[&["show"], looked.as_slice()].concat());
    let command = run.stdout.lines().last().unwrap().trim();
    assert_snapshot!(command, @r"audit repair --lib-path 'it'\''s $HOME; libs' --sysroot '/no where' --ldpaths /nowhere --exclude 'lib(none)*' --exclude-preset cuda --no-host-libs --disable-isa-ext-check 'my wheels/greet-1.0-cp38-abi3-linux_x86_64.whl'");
    let binary = Path::new(env!("CARGO_BIN_EXE_audit"));
    let pasted = Command::new("/bin/sh")
        .args(["-c", command])
        .current_dir(folder.path())
        .env("PATH", binary.parent().unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8(pasted.stdout).unwrap();
    assert!(text.contains("manylinux_2_5_x86_64: written to"), "{text}");
}

#[test]
fn show_tells_what_is_missing_and_what_to_pass() {
    let run = audit(&["show", ARM, "--no-host-libs"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_snapshot!(run.stdout, @r"
    testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl
      deserves       linux_aarch64
      claims         linux_aarch64
      repairable to  manylinux_2_17_aarch64 at best, once 1 missing library is found
      holds          1 ELF file for glibc on aarch64

    Libraries outside the wheel
      libgreet.so.1  not found
                     needed by greet/_greet.abi3.so
                     no folder was searched: --no-host-libs, and no --lib-path or --sysroot

    To repair it, DIR being the folder that holds what was not found:
      audit repair --no-host-libs --lib-path DIR testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl
    or, if every machine that it is for has it already:
      audit repair --no-host-libs --exclude libgreet.so.1 testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl
    ");
    let document = json(&audit(&["show", ARM, "--no-host-libs", "--json"]));
    assert_eq!(document["repairable_to"], Value::Null);
    assert_eq!(document["external_libs"]["libgreet.so.1"], Value::Null);
    let missing = document["findings"].as_array().unwrap();
    assert!(missing.iter().any(|one| one["code"] == "lib-not-found"));
}

#[test]
fn json_tells_of_each_file_what_was_found_and_how() {
    let wheel = "testdata/wheels/greet-1.0-cp38-abi3-linux_riscv64.whl";
    let libs = "testdata/libs/riscv64-glibc";
    let run = audit(&[
        "show",
        wheel,
        "--no-host-libs",
        "--lib-path",
        libs,
        "--json",
    ]);
    let document = json(&run);
    assert_eq!(document["arch"], "riscv64");
    assert_eq!(document["libc"], "glibc");
    assert_eq!(document["overall_tag"], "linux_riscv64");
    assert_eq!(document["repairable_to"], "manylinux_2_31_riscv64");
    let file = &document["files"][0];
    assert_eq!(file["path"], "greet/_greet.abi3.so");
    assert_eq!(file["libraries"][0]["found_by"], "--lib-path");
    assert_eq!(file["python_extension"], true);
}

#[test]
fn a_check_fails_where_a_tag_is_not_deserved() {
    let passes = x86(&["show", X86, "--check"]);
    assert_eq!((passes.status, passes.stderr.as_str()), (0, ""));
    let fails = x86(&["show", X86, "--check", "--plat", "manylinux2014"]);
    assert_eq!(fails.status, 1);
    assert_snapshot!(fails.stderr, @r"
    error: testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl: does not deserve manylinux2014_x86_64, only linux_x86_64 [tag-undeserved]
      help: a repair would reach manylinux_2_5_x86_64: audit repair --lib-path testdata/libs/x86_64-glibc --no-host-libs testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl
    ");
    for other in ["musllinux_1_2", "manylinux_2_17_aarch64"] {
        assert_eq!(
            x86(&["show", X86, "--check", "--plat", other]).status,
            1,
            "{other}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let lies = renamed(
        folder.path(),
        "greet-1.0-cp38-abi3-manylinux_2_17_x86_64.whl",
    );
    let lies = lies.to_str().unwrap();
    let warns = x86(&["show", lies]);
    assert_eq!(warns.status, 0);
    assert!(warns.stderr.contains("warning:") && warns.stderr.contains("[tag-undeserved]"));
    assert_eq!(x86(&["show", lies, "--check"]).status, 1);
    assert_eq!(x86(&["show", lies, "--error", "tag-undeserved"]).status, 1);
    let silent = x86(&[
        "show",
        lies,
        "--ignore",
        "tag-undeserved",
        "--ignore",
        "wheel-tags-differ",
    ]);
    assert_eq!((silent.status, silent.stderr.as_str()), (0, ""));
}

/// As auditwheel does, whose place the program takes, also under its name.
#[cfg(unix)]
#[test]
fn without_a_command_the_help_is_printed() {
    let help = audit(&["--help"]).stdout;
    for words in [&[][..], &["-v"], &["--color", "never"]] {
        let run = audit(words);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{words:?}");
        assert_eq!(run.stdout, help, "{words:?}");
        assert!(run.stdout.contains("Usage: audit"), "{}", run.stdout);
    }
    let folder = tempfile::tempdir().unwrap();
    let called = folder.path().join("auditwheel");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_audit"), &called).unwrap();
    let output = |words: &[&str]| {
        let mut run = Command::new(&called);
        let done = run.args(words).current_dir(root()).env_clear().output();
        let done = done.unwrap();
        assert!(done.status.success(), "{words:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    assert!(output(&[]).contains("Usage: "));
    let text = output(&[&["-v", "show", X86], &X86_LIBS[..]].concat());
    assert!(text.contains("\n  auditwheel repair --lib-path"), "{text}");
    assert!(output(&["lddtree", X86]).contains("libgreet.so.1"));
    assert!(output(&["-V"]).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn codes_are_checked_when_they_are_typed() {
    let run = audit(&["show", X86, "--ignore", "exec-stack"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("execstack is one"), "{}", run.stderr);
}

#[test]
fn codes_are_explained() {
    let run = audit(&["explain", "wheel-no-tag"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_snapshot!(run.stdout, @r"
    wheel-no-tag: warning

      WHEEL has no Tag line.

    What to do
      A repair writes them.

    docs/findings.md, The tag
    ");
    // What refuses a wheel too.
    let run = audit(&["explain", "zip-crc"]);
    assert!(run.stdout.starts_with("zip-crc: error\n"), "{}", run.stdout);
    let run = audit(&["explain", "zip-crcs"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("zip-crc is one"), "{}", run.stderr);
    let list = audit(&["explain"]).stdout;
    for code in ["execstack", "zip-crc", "lib-sdir"] {
        let line = format!("\n  {code} ");
        assert!(list.contains(&line), "{code}: {list}");
    }
    let completions = audit(&["completions", "bash"]).stdout;
    assert!(completions.contains("zip-crc"), "completions know codes");
}

#[test]
fn a_slip_in_a_tag_gets_the_nearest_and_a_tag_out_of_reach_the_one_in_reach() {
    let run = x86(&["repair", "--dry-run", "--plat", "manylinux2_17", X86]);
    assert_eq!(run.status, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("did you mean --plat manylinux_2_17?"),
        "{}",
        run.stderr
    );
    let run = x86(&["show", "--check", "--plat", "manylinux2_17", X86]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("did you mean manylinux_2_17?"),
        "{}",
        run.stderr
    );
    // Before any file is opened: there is none.
    let run = audit(&["tree", "--plat", "manylinux2_17", "none.whl"]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("did you mean manylinux_2_17?"),
        "{}",
        run.stderr
    );
    let run = audit(&["tree", "--plat", "manylinux_9_9", X86]);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr.contains("known tags: manylinux_2_5_x86_64"),
        "{}",
        run.stderr
    );
    let libs = [
        "--no-host-libs",
        "--lib-path",
        "testdata/libs/aarch64-glibc",
    ];
    let words = [&["repair", "--dry-run", ARM], &libs[..]].concat();
    let riscv = "testdata/wheels/greet-1.0-cp38-abi3-linux_riscv64.whl";
    assert_eq!(audit(&words).status, 0);
    let libs = [
        "--no-host-libs",
        "--lib-path",
        "testdata/libs/riscv64-glibc",
    ];
    let words = [
        &["repair", "--dry-run", "--plat", "manylinux_2_17", riscv],
        &libs[..],
    ]
    .concat();
    let run = audit(&words);
    assert_eq!(run.status, 2);
    // A tag, though none of that architecture: it is not what was meant.
    assert!(!run.stderr.contains("did you mean"), "{}", run.stderr);
    // Told before the file is read: this is none.
    let folder = tempfile::tempdir().unwrap();
    let name = "greet-1.0-cp38-abi3-musllinux_1_2_x86_64.whl";
    fs::write(folder.path().join(name), "no zip").unwrap();
    let run = audit_in(folder.path(), &["repair", "--plat", "manylinux2014", name]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("[plat-mismatch]"), "{}", run.stderr);
}

/// `all` will come to say more than `tags`.
#[test]
fn a_check_can_be_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let name = "greet-1.0-cp38-abi3-manylinux_2_17_x86_64.whl";
    let lies = renamed(folder.path(), name);
    let lies = lies.to_str().unwrap();
    for check in ["--check", "--check=tags", "--check=all"] {
        assert_eq!(x86(&["show", X86, check]).status, 0, "{check}");
        let run = x86(&["show", lies, check]);
        assert_eq!(run.status, 1, "{check}");
        assert!(run.stderr.contains("[tag-undeserved]"), "{}", run.stderr);
    }
    assert_eq!(x86(&["show", X86, "--check=nothing"]).status, 2);
    let raised = x86(&["show", X86, "--error", "pypi-platform-tag"]);
    assert_eq!(raised.status, 1, "a note fails too: {}", raised.stderr);
}

#[test]
fn findings_become_annotations() {
    let run = audit(&["show", ARM, "--no-host-libs", "--format", "github"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let annotations: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect();
    assert_eq!(annotations.len(), 1);
    assert!(annotations[0].starts_with(&format!(
        "::warning file={ARM},title=lib-not-found::libgreet.so.1"
    )));
    let run = audit(&["show", "Cargo.toml", "--format", "github"]);
    assert_eq!((run.status, run.stderr.as_str()), (1, ""));
    assert!(
        run.stdout.starts_with("::error file=Cargo.toml,title="),
        "{}",
        run.stdout
    );
}

#[test]
fn elf_files_and_folders_are_judged_too() {
    let library = "testdata/libs/x86_64-glibc/libgreet.so.1";
    let run = x86(&["show", library]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert_snapshot!(run.stdout, @r"
    testdata/libs/x86_64-glibc/libgreet.so.1
      deserves       linux_x86_64
      repairable to  manylinux_2_5_x86_64
      holds          1 ELF file for glibc on x86_64

    Libraries outside the wheel
      libwords.so.2  @ROOT/testdata/libs/x86_64-glibc/libwords.so.2
                     needed by libgreet.so.1 (--lib-path)
    ");
    // Together they lack nothing.
    let run = audit(&[
        "show",
        "testdata/libs/x86_64-glibc",
        "--no-host-libs",
        "--json",
    ]);
    let document = json(&run);
    assert_eq!(document["wheel"], "x86_64-glibc");
    assert_eq!(document["claimed_tags"], Value::Array(Vec::new()));
    assert_eq!(document["files"].as_array().unwrap().len(), 2);
    let nothing = audit(&["show", "docs/schema"]);
    assert_eq!(nothing.status, 1);
    assert!(
        nothing
            .stderr
            .contains("holds neither wheels nor ELF files [not-platform]")
    );
}

#[test]
fn several_inputs_end_in_a_table() {
    let folder = tempfile::tempdir().unwrap();
    renamed(folder.path(), "greet-1.0-cp38-abi3-linux_x86_64.whl");
    fs::write(folder.path().join("bad-1-py3-none-any.whl"), "no zip").unwrap();
    let libs = root().join(X86_LIBS[2]);
    let libs = libs.to_str().unwrap();
    let run = audit_in(
        folder.path(),
        &["show", ".", "--no-host-libs", "--lib-path", libs],
    );
    assert_eq!(run.status, 1);
    let last: Vec<&str> = run.stdout.lines().rev().take(2).collect();
    assert!(
        last[1].starts_with("./bad-1-py3-none-any.whl                refused       "),
        "{last:?}"
    );
    assert!(last[1].ends_with("[zip-not-a-zip]"), "{last:?}");
    assert_eq!(
        last[0],
        "./greet-1.0-cp38-abi3-linux_x86_64.whl  linux_x86_64  repairable to manylinux_2_5_x86_64"
    );
    let run = audit_in(folder.path(), &["show", ".", "--no-host-libs", "--json"]);
    assert_eq!(run.stdout.lines().count(), 2);
}

/// What is printed on standard error for one bad input: the reason, then help.
#[track_caller]
fn told(run: &Run) -> Vec<&str> {
    let (status, lines) = (run.status, run.stderr.lines().collect::<Vec<_>>());
    assert!(status > 0 && run.stdout.is_empty(), "{}", run.stdout);
    lines
}

/// The pattern that the help names, as a shell reads it, is the wheels in the folder.
#[cfg(unix)]
#[test]
fn a_folder_to_repair_is_answered_with_the_wheels_in_it() {
    let place = tempfile::tempdir().unwrap();
    let name = "greet-1.0-cp38-abi3-linux_x86_64.whl";
    let folders = [
        ("dist", "dist"),
        ("dist/", "dist"),
        (".", "."),
        ("it's $HOME; wheels", r"'it'\''s $HOME; wheels'"),
    ];
    for (folder, quoted) in folders {
        fs::create_dir_all(place.path().join(folder)).unwrap();
        renamed(&place.path().join(folder), name);
        let run = audit_in(place.path(), &["repair", folder]);
        assert_eq!(run.status, 2);
        let said = folder.trim_end_matches('/');
        let reason = format!("error: {folder}: is a folder, not a wheel [no-such-file]");
        let help = format!("  help: name the wheels in it: {quoted}/*.whl");
        assert_eq!(told(&run), [reason, help]);
        let (_, pattern) = run.stderr.trim().rsplit_once("in it: ").unwrap();
        let listed = Command::new("/bin/sh")
            .args(["-c", &format!("ls -- {pattern}")])
            .current_dir(place.path())
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let expected = format!("{said}/{name}");
        assert_eq!(listed.trim(), expected, "{pattern}");
    }
    let run = audit_in(place.path(), &["repair", "/"]);
    assert_eq!(told(&run)[1], "  help: name the wheels in it: /*.whl");
    // Without a folder there is nothing to name.
    let run = audit_in(place.path(), &["repair", "nothing.whl"]);
    assert_eq!(
        told(&run),
        ["error: nothing.whl: no such file [no-such-file]"]
    );
}

#[test]
fn what_is_no_archive_shall_be_built_or_downloaded_again() {
    let place = tempfile::tempdir().unwrap();
    let name = "greet-1.0-cp38-abi3-linux_x86_64.whl";
    let whole = fs::read(root().join(X86)).unwrap();
    let page = b"<!DOCTYPE html><title>404</title>".to_vec();
    let no_end =
        "not a zip archive, or a truncated one: there is no end-of-central-directory record";
    let cases = [
        (Vec::new(), "the file is empty, not a zip archive"),
        (page, no_end),
        (whole[..whole.len() / 2].to_vec(), no_end),
    ];
    for (bytes, reason) in cases {
        fs::write(place.path().join(name), bytes).unwrap();
        let run = audit_in(place.path(), &["repair", name]);
        assert_eq!(run.status, 1);
        let reason = format!("error: {name}: {reason} [zip-not-a-zip]");
        let help = "  help: build or download it again: this is another file, or not all of it";
        assert_eq!(told(&run), [reason.as_str(), help]);
    }
    // All of the file, and more: another reason, without that help.
    fs::write(
        place.path().join(name),
        [whole.as_slice(), b"more"].concat(),
    )
    .unwrap();
    let run = audit_in(place.path(), &["repair", name]);
    assert!(run.stderr.contains("[zip-trailing-data]"), "{}", run.stderr);
    assert!(!run.stderr.contains("download"), "{}", run.stderr);
}

#[test]
fn the_tree_tells_who_needs_whom() {
    let run = x86(&["tree", X86]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_snapshot!(run.stdout, @r"
    testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl, for manylinux_2_5_x86_64
    = greet/_greet.abi3.so
      ├─ + libgreet.so.1 => @ROOT/testdata/libs/x86_64-glibc/libgreet.so.1 (--lib-path)
      │  ├─ + libwords.so.2 => @ROOT/testdata/libs/x86_64-glibc/libwords.so.2 (--lib-path)
      │  │  └─ · libc.so.6
      │  └─ · libc.so.6
      └─ · libc.so.6

    = in the wheel   + a repair brings it in   · may stay outside
    ");
    assert_eq!(x86(&["lddtree", X86]).stdout, run.stdout);
    let missing = audit(&["tree", X86, "--no-host-libs", "--exclude", "libc.so.6"]);
    assert_snapshot!(missing.stdout, @r"
    testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl, for manylinux_2_5_x86_64
    = greet/_greet.abi3.so
      ├─ ! libgreet.so.1 => not found
      └─ x libc.so.6 (--exclude libc.so.6)

    = in the wheel   ! not found   x excluded: stays outside
    ");
}

#[test]
fn the_tree_tells_why() {
    let run = x86(&["tree", X86, "--why", "libwords.so.2"]);
    let chain = "greet/_greet.abi3.so → libgreet.so.1 → libwords.so.2 => ";
    assert!(run.stdout.contains(chain), "{}", run.stdout);
    let run = x86(&["tree", X86, "--why", "libnothing*"]);
    assert!(
        run.stdout.contains("nothing needs libnothing*"),
        "{}",
        run.stdout
    );
    let document = json(&x86(&["tree", X86, "--why", "libwords*", "--json"]));
    assert_eq!(document["why"]["chains"], serde_json::json!([[0, 1, 2]]));
    assert_eq!(document["nodes"][2]["state"], "graft");
}

#[test]
fn trees_can_be_drawn() {
    let dot = x86(&["tree", X86, "--format", "dot"]).stdout;
    assert!(
        dot.starts_with("digraph needs {") && dot.contains("n0 -> n1"),
        "{dot}"
    );
    let mermaid = x86(&["tree", X86, "--format", "mermaid"]).stdout;
    assert!(
        mermaid.starts_with("flowchart LR\n") && mermaid.contains("n0 --> n1"),
        "{mermaid}"
    );
}

#[test]
fn policies_are_listed() {
    let run = audit(&["policies", "manylinux1_i686"]);
    assert!(
        run.stdout
            .starts_with("manylinux_2_5_i686, manylinux1_i686\n"),
        "{}",
        run.stdout
    );
    let run = audit(&["policies", "win_amd64"]);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("no policy knows win_amd64"));
    let document = json(&audit(&["policies", "--json"]));
    let policies = document["policies"].as_array().unwrap();
    let x86_64 = policies
        .iter()
        .find(|one| one["libc"] == "glibc" && one["arch"] == "x86_64");
    assert_eq!(
        x86_64.unwrap()["symbol_versions"]["GLIBC"]["2.34"],
        "manylinux_2_34_x86_64"
    );
    let nvidia = document["drivers"].as_array().unwrap().iter();
    let mut nvidia = nvidia.filter(|driver| driver["of"] == "NVIDIA driver");
    assert_eq!(nvidia.next().unwrap()["patterns"][0], "libcuda.so*");
    assert!(document["exclude_presets"]["torch"].is_array());
    let text = audit(&["policies"]).stdout;
    for expected in ["manylinux_2_17 (manylinux2014)", "libcuda.so*", "libc10.so"] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn schemas_manuals_and_completions_are_printed() {
    for name in ["show", "repair", "tree", "policies"] {
        let run = audit(&["schema", name]);
        let text = fs::read_to_string(root().join(format!("docs/schema/{name}.json"))).unwrap();
        assert_eq!((run.status, run.stdout), (0, text));
    }
    assert_eq!(audit(&["schema", "nothing"]).status, 2);
    let page = audit(&["man"]).stdout;
    for command in [
        "show",
        "repair",
        "tree",
        "policies",
        "explain",
        "schema",
        "completions",
        "man",
    ] {
        assert!(page.contains(&format!("audit\\-{command}(1)")), "{command}");
        let own = audit(&["man", command]);
        assert!(
            own.stdout.contains(&format!("audit\\-{command} \\- ")),
            "{}",
            own.stdout
        );
    }
    assert_eq!(audit(&["man", "nothing"]).status, 2);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = audit(&["completions", shell]).stdout;
        assert!(script.contains("no-host-libs"), "{shell}");
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let plain = x86(&["show", X86]).stdout;
    assert!(!plain.contains('\x1b'));
    let colored = x86(&["show", X86, "--color", "always"]).stdout;
    assert!(
        colored.contains("\x1b[1mtestdata/wheels/greet-1.0"),
        "{colored:?}"
    );
    let quiet = x86(&["show", X86, "--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

/// What is printed on a terminal of so many columns.
#[cfg(target_os = "linux")]
fn on_terminal(columns: usize, arguments: &[&str]) -> Vec<String> {
    let audit = env!("CARGO_BIN_EXE_audit");
    let command = format!("stty cols {columns}; {audit} {}", arguments.join(" "));
    let output = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(root())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("NO_COLOR", "1")
        .output()
        .expect("script is needed: apt-get install bsdutils");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\x1b'), "NO_COLOR: {text}");
    text.lines().map(str::to_owned).collect()
}

/// No line is left to the terminal to cut, but commands to paste.
#[cfg(target_os = "linux")]
#[test]
fn lines_fit_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder
        .path()
        .join("a/folder/with/a/very/long/name/that/nobody/would/want");
    fs::create_dir_all(&deep).unwrap();
    let wheel = renamed(&deep, "greet-1.0-cp38-abi3-linux_x86_64.whl");
    let wheel = wheel.to_str().unwrap();
    let lines = |columns, arguments: &[&str]| on_terminal(columns, arguments);
    let commands: [&[&str]; 5] = [
        &["show", wheel, "--no-host-libs"],
        &["show", wheel, "--lib-path", "testdata/libs/x86_64-glibc"],
        &["tree", wheel, "--lib-path", "testdata/libs/x86_64-glibc"],
        &[
            "tree",
            "--why",
            "libwords.so.2",
            wheel,
            "--lib-path",
            "testdata/libs/x86_64-glibc",
        ],
        &["repair", "--no-host-libs", "--dry-run", wheel],
    ];
    for arguments in commands {
        for columns in [80, 200] {
            let lines = lines(columns, arguments);
            assert!(lines.len() > 2, "{lines:?}");
            let long = |line: &&String| {
                let pasted = line.starts_with("  audit repair");
                line.chars().count() > columns && !pasted
            };
            let long: Vec<_> = lines.iter().filter(long).collect();
            assert!(long.is_empty(), "{arguments:?} at {columns}: {long:#?}");
        }
    }
}

#[test]
fn mistyped_paths_and_tags_of_another_c_library_are_mistakes_of_the_caller() {
    for command in ["show", "repair", "tree"] {
        let run = audit(&[command, "nothing-1.0-py3-none-any.whl"]);
        assert_eq!(run.status, 2, "{command}: {}", run.stderr);
        let expected = "error: nothing-1.0-py3-none-any.whl: no such file [no-such-file]";
        assert_eq!(run.stderr.lines().next(), Some(expected), "{command}");
    }
    // Linked against glibc; the file name does not say so.
    let run = x86(&["repair", "--plat", "musllinux_1_2_x86_64", X86]);
    assert_eq!(run.status, 2, "{}", run.stderr);
    assert!(run.stderr.contains("[plat-mismatch]"), "{}", run.stderr);
}
