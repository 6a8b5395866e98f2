//! Libraries that are searched for and grafted: odd files on search paths, clashing names, search
//! paths that a wheel chooses.

use std::fs;
use std::path::Path;

use elf_synth::Synth;

use crate::craft::judge::{Case, End, hold};
use crate::craft::wheel::{Maker, extension, synth};
use crate::craft::zip::Entry;

const GRAFT: &str = "libgraft.so.1";

fn library(soname: &str, needed: &[&str]) -> Vec<u8> {
    let mut file = Synth::new(true, false)
        .soname(soname)
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.2.5"])
        .function("graft");
    for name in needed {
        file = file.needed(name);
    }
    file.build()
}

fn needs_graft() -> Maker {
    Maker::with_extension(extension(&[GRAFT]))
}

/// A folder with a good library.
fn good() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(GRAFT), library(GRAFT, &[])).unwrap();
    folder
}

#[cfg(unix)]
#[test]
fn special_files_on_the_search_path() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let (itself, pair, pipe, dir, text, short, foreign, dangling) = (
        folder("self"),
        folder("pair"),
        folder("pipe"),
        folder("dir"),
        folder("text"),
        folder("short"),
        folder("foreign"),
        folder("dangling"),
    );
    symlink(GRAFT, itself.join(GRAFT)).unwrap();
    symlink("b", pair.join(GRAFT)).unwrap();
    symlink(GRAFT, pair.join("b")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(pipe.join(GRAFT))
        .status();
    assert!(
        made.unwrap().success(),
        "mkfifo is needed: apt-get install coreutils"
    );
    fs::create_dir(dir.join(GRAFT)).unwrap();
    fs::write(text.join(GRAFT), "INPUT(libreal.so)\n").unwrap();
    fs::write(short.join(GRAFT), b"\x7fELF\x02\x01\x01").unwrap();
    let mut other = library(GRAFT, &[]);
    other[18] = 183;
    fs::write(foreign.join(GRAFT), other).unwrap();
    symlink("/nonexistent/x", dangling.join(GRAFT)).unwrap();
    symlink("/dev/zero", folder("device").join(GRAFT)).unwrap();
    let good = good();
    let bad = [
        "self", "pair", "pipe", "dir", "text", "short", "foreign", "dangling", "device",
    ];
    let mut cases = Vec::new();
    for name in bad {
        let folder = place.path().join(name);
        let alone = Case::told(&format!("{name}-alone"), &needs_graft(), &[]).repair(End::Refused);
        cases.push(alone.libraries(&folder));
        let before = Case::told(&format!("{name}-before"), &needs_graft(), &[]);
        cases.push(before.libraries(&folder).libraries(good.path()));
    }
    let loop_of_folders = place.path().join("loop");
    fs::create_dir(&loop_of_folders).unwrap();
    symlink(".", loop_of_folders.join("a")).unwrap();
    let endless = Case::told("folder-loop", &needs_graft(), &[]).repair(End::Refused);
    cases.push(endless.libraries(&loop_of_folders.join("a/a/a")));
    hold(&cases);
}

/// Ten terabytes of holes take no place on the disk, and days to read.
#[cfg(target_os = "linux")]
#[test]
fn a_library_without_end() {
    let place = tempfile::tempdir().unwrap();
    let folder = |name: &str, start: &[u8]| {
        let folder = place.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(GRAFT), start).unwrap();
        let file = fs::OpenOptions::new().write(true).open(folder.join(GRAFT));
        file.unwrap().set_len(10 << 40).unwrap();
        folder
    };
    let (zeros, library) = (
        folder("zeros", &[]),
        folder("library", &library(GRAFT, &[])),
    );
    let good = good();
    hold(&[
        Case::told("zeros", &needs_graft(), &[])
            .repair(End::Refused)
            .libraries(&zeros),
        Case::told("zeros-before", &needs_graft(), &[])
            .libraries(&zeros)
            .libraries(good.path()),
        Case::told("library", &needs_graft(), &[])
            .repair(End::Refused)
            .libraries(&library),
    ]);
    let wheel = place.path().join(needs_graft().name);
    fs::write(&wheel, needs_graft().build()).unwrap();
    let output = crate::craft::judge::audit("repair")
        .arg("--lib-path")
        .arg(&library)
        .arg("-w")
        .arg(place.path().join("out"))
        .arg(&wheel)
        .output()
        .unwrap();
    assert!(crate::craft::judge::codes(&output).contains("lib-too-large"));
}

#[test]
fn chains_and_rings() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, needed: &[&str]| {
        fs::write(folder.path().join(name), library(name, needed)).unwrap();
    };
    put("libring_a.so.1", &["libring_b.so.1"]);
    put("libring_b.so.1", &["libring_a.so.1"]);
    put("libself.so.1", &["libself.so.1"]);
    put("libnodot", &[]);
    put("@passwd.so", &[]);
    put("-rf.so", &[]);
    for number in 0..1_500 {
        let next = format!("libchain{}.so", number + 1);
        let needed: &[&str] = if number < 1_499 { &[&next] } else { &[] };
        put(&format!("libchain{number}.so"), needed);
    }
    let with = |id: &str, needed: &[&str]| {
        Case::told(id, &Maker::with_extension(extension(needed)), &[]).libraries(folder.path())
    };
    hold(&[
        with("ring", &["libring_a.so.1"]),
        with("itself", &["libself.so.1"]),
        with("no-dot", &["libnodot"]),
        with("at", &["@passwd.so"]),
        with("dash", &["-rf.so"]),
        with("twice", &["libnodot", "libnodot"]),
        with("chain", &["libchain0.so"]),
    ]);
}

/// Names that a folder takes and an archive must not have, or that are too long with eight digits more.
#[test]
fn names_that_no_member_can_have() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("lib{}.so.1", "x".repeat(240));
    let names = [
        long.as_str(),
        "lib\u{202e}x.so",
        "lib\x1b[2J.so",
        "lib\\x.so",
    ];
    let cases = names.map(|name| {
        fs::write(folder.path().join(name), library(name, &[])).unwrap();
        Case::told(
            &format!("{name:?}"),
            &Maker::with_extension(extension(&[name])),
            &[],
        )
        .repair(End::Refused)
        .libraries(folder.path())
    });
    hold(&cases);
}

#[test]
fn a_member_where_the_graft_would_go() {
    let good = good();
    let out = tempfile::tempdir().unwrap();
    let input = out.path().join("in");
    fs::create_dir(&input).unwrap();
    let name = needs_graft().name;
    fs::write(input.join(&name), needs_graft().build()).unwrap();
    let made = crate::craft::judge::audit("repair")
        .arg("--lib-path")
        .arg(good.path())
        .arg("-w")
        .arg(out.path().join("out"))
        .arg(input.join(&name))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let graft = grafted(&out.path().join("out")).expect("a graft");
    let decoy = |content: &str| needs_graft().file(&graft, content);
    let upper = graft.replace("libgraft", "LIBGRAFT");
    let folder = needs_graft().file(format!("{graft}/x.py"), "1");
    hold(&[
        Case::told("decoy", &decoy("decoy"), &[])
            .repair(End::Refused)
            .libraries(good.path()),
        Case::told("folder", &folder, &[])
            .repair(End::Refused)
            .libraries(good.path()),
        Case::told("other-case", &needs_graft().file(&upper, "1"), &[])
            .repair(End::Any)
            .libraries(good.path()),
        Case::told("libs-is-a-file", &needs_graft().file("evil.libs", "1"), &[])
            .repair(End::Refused)
            .libraries(good.path()),
    ]);
}

/// The member in `evil.libs` of the one wheel in `folder`.
fn grafted(folder: &Path) -> Option<String> {
    let path = crate::craft::judge::written(folder).unwrap();
    let wheel = wheel_audit::Wheel::open(&path, &wheel_audit::OpenOptions::default()).unwrap();
    let mut paths = wheel.members.iter().map(|member| member.path.clone());
    paths.find(|path| path.starts_with("evil.libs/"))
}

#[test]
fn search_paths_that_a_wheel_chooses() {
    let good = good();
    let chosen = good.path().to_str().unwrap().to_owned();
    let with = |id: &str, rpath: &str, end: End, codes: &[&'static str]| {
        let file = synth(&[GRAFT]).rpath(rpath);
        Case::told(id, &Maker::with_extension(file.build()), codes).repair(end)
    };
    let deep = format!(
        "$ORIGIN/{}{}",
        "../".repeat(40),
        chosen.trim_start_matches('/')
    );
    let cases = [
        with(
            "absolute",
            &chosen,
            End::Done,
            &["rpath-absolute", "rpath-graft"],
        ),
        with("empty", "", End::Refused, &[]),
        with("colon", ":", End::Refused, &["rpath-empty"]),
        with("relative", "lib", End::Refused, &["rpath-relative"]),
        with("escapes", &deep, End::Refused, &["rpath-escapes"]),
        with(
            "tokens",
            "$LIB:${PLATFORM}:$ORIGIN/$LIB:${NOPE}",
            End::Refused,
            &[],
        ),
        with("control", "/\x1b[2J:/\n", End::Refused, &[]),
        with("long", &"/x:".repeat(1000), End::Refused, &[]),
    ];
    hold(&cases);
    // The current folder is never searched, whatever it holds.
    let file = synth(&[GRAFT]).rpath(":");
    let maker = Maker::with_extension(file.build());
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(&maker.name), maker.build()).unwrap();
    let output = crate::craft::judge::audit("repair")
        .current_dir(good.path())
        .args(["-w", place.path().join("out").to_str().unwrap()])
        .arg(place.path().join(&maker.name))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn scripts_and_their_shims() {
    let good = good();
    let mut program = synth(&[GRAFT]).needed("libc.so.6");
    program.interpreter = Some(b"/lib64/ld-linux-x86-64.so.2".to_vec());
    let script = Entry::new("evil-1.0.data/scripts/tool", program.build())
        .with(|entry| entry.mode = 0o100_755);
    let maker = Maker::default().entry(script);
    let odd = ["to ol", "to'ol", "-tool", "t\"ool", "caf\u{e9}"].map(|name| {
        let entry = Entry::new(format!("evil-1.0.data/scripts/{name}"), program.build())
            .with(|entry| entry.mode = 0o100_755);
        Case::told(name, &Maker::default().entry(entry), &[]).libraries(good.path())
    });
    hold(&odd);
    let both = maker
        .clone()
        .entry(Entry::new("evil-1.0.data/platlib/evil/x.py", "1"));
    hold(&[
        Case::told("script", &maker, &[]).libraries(good.path()),
        Case::told("script-and-more", &both, &[]).libraries(good.path()),
    ]);
}

#[test]
fn bad_options() {
    let good = good();
    for suffix in [
        "/..",
        "/../x",
        "/a/../../x",
        ":x",
        "/$ORIGIN",
        "a\\b",
        "a\n",
        "\u{202e}",
    ] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(needs_graft().name);
        fs::write(&path, needs_graft().build()).unwrap();
        let out = place.path().join("out");
        let output = crate::craft::judge::audit("repair")
            .args([
                "-L",
                suffix,
                "--lib-path",
                good.path().to_str().unwrap(),
                "-w",
            ])
            .arg(&out)
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{suffix:?}: {output:?}");
        assert!(!out.exists(), "{suffix:?}");
    }
    let epochs = [
        ("0", 0),
        ("315532799", 0),
        ("1700000001", 0),
        ("99999999999", 0),
        ("9223372036854775807", 0),
        ("9223372036854775808", 2),
        ("99999999999999999999", 2),
        ("-1", 2),
        ("abc", 2),
        ("", 0),
        ("1.5", 2),
        (" 1", 2),
    ];
    for (epoch, status) in epochs {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(Maker::default().name);
        fs::write(&path, Maker::default().build()).unwrap();
        let output = crate::craft::judge::audit("repair")
            .env("SOURCE_DATE_EPOCH", epoch)
            .args(["-w", place.path().join("out").to_str().unwrap()])
            .arg(&path)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{epoch:?}: {output:?}");
    }
}
