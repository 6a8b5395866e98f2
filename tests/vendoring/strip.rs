//! Stripping, the debug files that keep what it takes, and executable stacks.

use std::fs;
use std::path::{Path, PathBuf};

use elf_edit::facts as facts_of;
use elf_synth::Synth;
use serde_json::Value;

use crate::bench::{Bench, facts, read};

/// The chain with debug information and build-ids.
fn chain(bench: &Bench) -> PathBuf {
    bench.chain();
    let extension = bench.extension(&["-g", "-Wl,--build-id"]);
    bench.wheel(&[("pkg/_x.so", &extension)])
}

/// Every file below `folder`, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut pending = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn stripped<'a>(run: &'a Value, member: &str) -> &'a Value {
    let all = run["stripped"].as_array().unwrap().iter();
    let mut fitting = all.filter(|one| one["member"].as_str().unwrap().starts_with(member));
    fitting.next().unwrap_or_else(|| panic!("{member}: {run}"))
}

#[test]
fn what_is_stripped_goes_to_files_that_the_wheel_names() {
    let bench = Bench::new();
    let wheel = chain(&bench);
    let original = fs::read(bench.path("_x.so")).unwrap();
    let run = bench.repair(&wheel, &["--strip", "--debug-dir", "debug", "--json"]);
    let run = run.json();
    let result = bench.result();
    for member in ["pkg/_x.so", "pkg.libs/libbase-", "pkg.libs/libmid-"] {
        let told = stripped(&run, member);
        assert!(told["saved"].as_u64().unwrap() > 0, "{told}");
        let path = told["member"].as_str().unwrap();
        let build_id = facts(&result, path).build_id.clone().unwrap();
        let debug = bench.path(told["debug_file"].as_str().unwrap());
        let bytes = fs::read(&debug).unwrap();
        assert_eq!(facts_of(&bytes).unwrap().build_id, Some(build_id));
        // The name and the checksum of `.gnu_debuglink`.
        let content = read(&result, path);
        let name = debug.file_name().unwrap().to_str().unwrap();
        let link = [name.as_bytes(), b"\0"].concat();
        let at = content.windows(link.len()).position(|part| part == link);
        let end = (at.expect("a link") + link.len()).next_multiple_of(4);
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        assert_eq!(content[end..end + 4], checksum);
    }
    assert_eq!(files(&bench.path("debug")).len(), 3);
    let saved = stripped(&run, "pkg/_x.so")["saved"].as_u64().unwrap();
    let size = read(&result, "pkg/_x.so").len() as u64;
    assert!(size + saved >= original.len() as u64);
    assert_eq!(bench.answer(), 42);
}

#[test]
fn a_second_strip_leaves_wheel_and_debug_files_alone() {
    for level in ["--strip", "--strip=debug", "--strip=unneeded"] {
        let bench = Bench::new();
        let wheel = chain(&bench);
        let args = [level, "--debug-dir", "debug"];
        let text = bench.repair(&wheel, &args).done().stdout.clone();
        assert!(text.contains(" less; "), "{text}");
        assert!(text.contains("with what was stripped in debug"), "{text}");
        let kept = |bench: &Bench| -> Vec<_> {
            let files = files(&bench.path("debug")).into_iter();
            files.map(|file| (fs::read(&file).unwrap(), file)).collect()
        };
        let before = kept(&bench);
        let first = bench.result();
        let bytes = fs::read(&first.path).unwrap();
        let repaired = bench.path("in/again").join(first.path.file_name().unwrap());
        fs::create_dir_all(repaired.parent().unwrap()).unwrap();
        fs::rename(&first.path, &repaired).unwrap();
        let run = bench.repair(&repaired, &[&args[..], &["--json"]].concat());
        assert_eq!(run.json()["stripped"].as_array().unwrap().len(), 0);
        assert_eq!(fs::read(&bench.result().path).unwrap(), bytes, "{level}");
        assert_eq!(kept(&bench), before, "{level}");
    }
}

#[test]
fn plans_and_refused_wheels_leave_no_debug_files() {
    let bench = Bench::new();
    let wheel = chain(&bench);
    let args = ["--strip", "--debug-dir", "debug", "--dry-run"];
    let text = bench.repair(&wheel, &args).done().stdout.clone();
    assert!(
        text.contains("what is stripped would be kept in debug"),
        "{text}"
    );
    let args = ["--strip", "--debug-dir", "debug", "--max-size", "1k"];
    bench.repair(&wheel, &args).refused(1, &["wheel-too-large"]);
    assert!(!bench.path("debug").exists());
    assert!(!bench.path("out").exists());
    bench
        .repair(&wheel, &["--debug-dir", "debug"])
        .refused(2, &["--strip"]);
    bench.write("file", "not a folder");
    bench
        .repair(&wheel, &["--strip", "--debug-dir", "file"])
        .refused(2, &["--debug-dir file", "is not a folder"]);
}

/// Linkers can be told which build-id to write: two libraries may have the same.
#[test]
fn debug_files_of_one_name_are_all_kept() {
    let bench = Bench::new();
    let args = ["-g", "-Wl,--build-id=0x0123456789abcdef"];
    let one = bench.compile("gcc", "int one(void) { return 1; }", "_one.so", &args);
    let two = bench.compile("gcc", "long two(void) { return 2; }", "_two.so", &args);
    let wheel = bench.wheel(&[
        ("pkg/_one.so", &one),
        ("pkg/_two.so", &two),
        ("pkg/sub/_two.so", &two),
    ]);
    let args = ["--strip", "--debug-dir", "debug", "--json"];
    let mut kept = Vec::new();
    for _ in 0..2 {
        let run = bench.repair(&wheel, &args).json();
        let place = |member| {
            let place = stripped(&run, member)["debug_file"].as_str();
            place.unwrap().to_owned()
        };
        let usual = "debug/.build-id/01/23456789abcdef.debug";
        assert_eq!(place("pkg/_one.so"), usual);
        let other = place("pkg/_two.so");
        assert!(other != usual && other.ends_with("/23456789abcdef.debug"));
        assert_eq!(place("pkg/sub/_two.so"), other);
        let told = run["findings"].as_array().unwrap().iter();
        let told: Vec<_> = told
            .filter(|finding| finding["code"] == "debug-file-taken")
            .collect();
        assert_eq!(told.len(), 2, "{run}");
        assert!(told[0].to_string().contains(&other), "{}", told[0]);
        let all = files(&bench.path("debug"));
        assert_eq!(all.len(), 2);
        let has = |place: &str, name: &[u8]| {
            let bytes = fs::read(bench.path(place)).unwrap();
            bytes.windows(name.len()).any(|part| part == name)
        };
        assert!(has(usual, b"_one.so.c") && has(&other, b"_two.so.c"));
        kept.push(all);
    }
    assert_eq!(kept[0], kept[1]);
}

/// A name by checksum says less than the bytes do.
#[test]
fn a_debug_file_of_the_same_checksum_stays() {
    let bench = Bench::new();
    let args = ["-g", "-Wl,--build-id=none"];
    let one = bench.compile("gcc", "int one(void) { return 1; }", "_one.so", &args);
    let wheel = bench.wheel(&[("pkg/_one.so", &one), ("pkg/_same.so", &one)]);
    let args = ["--strip", "--debug-dir", "debug"];
    bench.repair(&wheel, &args).done();
    let first = files(&bench.path("debug"));
    assert_eq!(first.len(), 1);
    let bytes = fs::read(&first[0]).unwrap();
    let mut other = bytes.clone();
    *other.last_mut().unwrap() ^= 1;
    fs::write(&first[0], &other).unwrap();
    let run = bench.repair(&wheel, &args);
    run.done().tells(&["debug-file-taken", "pkg/_one.so"]);
    let all = files(&bench.path("debug"));
    assert_eq!(all.len(), 2);
    let contents: Vec<_> = all.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(contents.contains(&bytes) && contents.contains(&other));
}

#[test]
fn the_project_can_say_where_debug_files_go() {
    let bench = Bench::new();
    let wheel = chain(&bench);
    bench.write(
        "project/pyproject.toml",
        "[tool.wheel-audit]\nstrip = \"debug\"\ndebug-dir = \"symbols\"\nclear-execstack = true\n",
    );
    bench
        .repair(&wheel, &["--config", "project/pyproject.toml"])
        .done();
    // Only the extension was built with -g.
    assert_eq!(files(&bench.path("project/symbols")).len(), 1);
}

#[test]
fn the_wish_for_an_executable_stack_is_taken_on_request() {
    let bench = Bench::new();
    bench.chain();
    let args = [
        "-Wl,-soname,libmid.so.1",
        "-Wl,-z,execstack",
        "libs/libbase.so.1",
    ];
    bench.compile(
        "gcc",
        "int base(void); int mid(void) { return base() + 1; }",
        "libs/libmid.so.1",
        &args,
    );
    let extension = bench.extension(&["-Wl,-z,execstack"]);
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    let run = bench.repair(&wheel, &[]);
    run.done().tells(&["execstack", "--clear-execstack"]);
    let result = bench.result();
    assert_eq!(facts(&result, "pkg/_x.so").stack_flags, Some(7));
    fs::remove_file(&result.path).unwrap();

    let plan = bench.repair(&wheel, &["--clear-execstack", "--dry-run"]);
    let text = &plan.done().stdout;
    let told = text.lines().filter(|line| line.contains("stack no longer"));
    assert_eq!(told.count(), 2, "{text}");

    let run = bench
        .repair(&wheel, &["--clear-execstack", "--json"])
        .json();
    assert_eq!(run["edits"][0]["clear_execstack"], true);
    let grafts = run["grafted"].as_array().unwrap().iter();
    let cleared: Vec<_> = grafts
        .map(|graft| (&graft["soname"], &graft["edit"]["clear_execstack"]))
        .collect();
    assert_eq!(
        format!("{cleared:?}"),
        r#"[(String("libbase.so.1"), Bool(false)), (String("libmid.so.1"), Bool(true))]"#
    );
    let result = bench.result();
    for elf in &result.elves {
        assert_eq!(elf.facts.stack_flags, Some(6), "{}", elf.path);
    }
    assert_eq!(bench.answer(), 42);
}

/// What comes up while a file is edited is told, like what was found before.
#[test]
fn data_behind_a_file_that_moves_is_told() {
    let bench = Bench::new();
    bench.chain();
    let mut synth = Synth::new(true, false)
        .needed("libmid.so.1")
        .needed("libc.so.6");
    synth.overlay = b"payload".to_vec();
    let wheel = bench.wheel(&[("pkg/_x.so", &synth.build())]);
    let run = bench.repair(&wheel, &[]);
    run.done().tells(&["pkg/_x.so", "elf-payload-moved"]);
    assert!(read(&bench.result(), "pkg/_x.so").ends_with(b"payload"));
    let run = bench.repair(&wheel, &["--strip"]);
    run.done().says_nothing_of("data is appended");
}
