//! Refusals that no other test comes to: each with its reason and its advice, and what is let through.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use elf_synth::Synth;

use crate::craft::judge::{audit, finish, names};
use crate::craft::wheel::{EXTENSION, Maker, NAME, synth, wheel_file};

/// A folder with a wheel; libraries are in `lib`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.path("lib")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A library under its soname.
    fn library(&self, soname: &str) {
        let library = Synth::new(true, false)
            .soname(soname)
            .needed("libc.so.6")
            .function("graft");
        fs::write(self.path("lib").join(soname), library.build()).unwrap();
    }

    /// How `audit` ends on `wheel`, and what it says on standard error.
    fn run(&self, verb: &str, wheel: &Path, options: &[&str]) -> (i32, String) {
        let mut command = audit(verb);
        command
            .current_dir(self.0.path())
            .args(["--no-host-libs", "--lib-path", "lib"])
            .args(options)
            .arg(wheel);
        let (output, _) = finish(&mut command);
        let words = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), words)
    }

    /// As `run`, of `repair` and a wheel that is made first.
    fn repair(&self, maker: &Maker, options: &[&str]) -> (i32, String) {
        let wheel = self.path(&maker.name);
        fs::write(&wheel, maker.build()).unwrap();
        let options = [&["-w", "out"], options].concat();
        let (status, words) = self.run("repair", &wheel, &options);
        assert_eq!(names(&self.path("out")).is_empty(), status != 0, "{words}");
        (status, words)
    }
}

/// The first line is this error, and each of `advice` stands in a line of help.
#[track_caller]
fn refused((status, words): &(i32, String), expected: i32, error: &str, advice: &[&str]) {
    assert_eq!(*status, expected, "{words}");
    let (_, said) = words.lines().next().unwrap().split_once(".whl: ").unwrap();
    assert_eq!(said, error);
    let help: Vec<&str> = words
        .lines()
        .filter(|line| line.starts_with("  help: "))
        .collect();
    for advice in advice {
        let given = help.iter().any(|line| line.contains(advice));
        assert!(given, "{advice} is not in {help:?}");
    }
}

fn needing(library: &str) -> Synth {
    synth(&[library]).needed("libc.so.6")
}

/// Its addresses are written down elsewhere, so that no edit can keep it whole.
#[test]
fn a_file_that_prelink_touched() {
    const LIBRARY: &str = "libgraft.so.1";
    const PRELINKED: i64 = 0x6fff_fdf5;
    let place = Place::new();
    place.library(LIBRARY);
    let touched = Maker::with_extension(needing(LIBRARY).value(PRELINKED, 1).build());
    let (status, words) = place.repair(&touched, &[]);
    assert_eq!(status, 1, "{words}");
    let line = words.lines().next().unwrap();
    assert!(
        line.contains(EXTENSION) && line.ends_with("[elf-edit]"),
        "{line}"
    );
    assert!(line.contains("prelink changed it"), "{line}");
    assert!(words.contains("  help: build the file again"), "{words}");
    // Where nothing in it must change, it may stay as it is.
    assert_eq!(place.repair(&touched, &["--exclude", LIBRARY]).0, 0);
    let plain = Maker::with_extension(needing(LIBRARY).build());
    assert_eq!(place.repair(&plain, &[]).0, 0);
}

/// A hash makes the name longer.
#[test]
fn a_library_whose_copy_would_have_too_long_a_name() {
    let place = Place::new();
    let long = |length: usize| format!("lib{}.so.1", "x".repeat(length - 8));
    for length in [246, 247] {
        let library = long(length);
        place.library(&library);
        let maker = Maker::with_extension(needing(&library).build());
        let (status, words) = place.repair(&maker, &[]);
        if length == 246 {
            assert_eq!(status, 0, "{words}");
            fs::remove_dir_all(place.path("out")).unwrap();
            continue;
        }
        assert_eq!(status, 1, "{words}");
        let line = words.lines().next().unwrap();
        assert!(
            line.contains("cannot have this name") && line.ends_with("[graft-name]"),
            "{line}"
        );
        assert!(
            words.contains("  help: rename the library, or --exclude it"),
            "{words}"
        );
        let excluded = place.repair(&maker, &["--exclude", &library]);
        assert_eq!(excluded.0, 0, "{}", excluded.1);
    }
}

/// musl is on that architecture, but no tag is.
#[test]
fn a_c_library_without_a_policy() {
    let wheel = |soname: &str| {
        let mut file = Synth::new(true, true).needed(soname).function("PyInit_ext");
        (file.machine, file.flags) = (21, 1);
        Maker::with_extension(file.build())
            .named("evil-1.0-cp311-cp311-linux_ppc64.whl")
            .with(|maker| maker.wheel = Some(wheel_file("false", &["cp311-cp311-linux_ppc64"])))
    };
    let place = Place::new();
    let end = place.repair(&wheel("libc.musl-ppc64.so.1"), &[]);
    refused(
        &end,
        1,
        "no policy is known for musl on ppc64 [no-policy]",
        &[],
    );
    assert_eq!(place.repair(&wheel("libc.so.6"), &[]).0, 0);
}

/// `uncompress2` came with a zlib that older systems lack.
#[test]
fn symbols_that_a_tag_forbids() {
    let place = Place::new();
    let wheel =
        |symbol: &str| Maker::with_extension(needing("libz.so.1").import(symbol, None).build());
    let plat = ["--plat", "manylinux_2_28"];
    let end = place.repair(&wheel("uncompress2"), &plat);
    let error = "cannot become manylinux_2_28_x86_64: it uses symbols that the policy forbids \
                 [symbols-forbidden]";
    refused(&end, 2, error, &["uncompress2"]);
    assert_eq!(place.repair(&wheel("uncompress"), &plat).0, 0);
    fs::remove_dir_all(place.path("out")).unwrap();
    let newer = ["--plat", "manylinux_2_34"];
    assert_eq!(place.repair(&wheel("uncompress2"), &newer).0, 0);
}

/// PEP 513: a Python with wide unicode, which the tag promises, lacks those functions.
#[test]
fn an_extension_for_a_python_with_narrow_unicode() {
    let place = Place::new();
    let wheel = |symbol: &str, abi: &str| {
        let tags = format!("cp27-{abi}-linux_x86_64");
        let file = Synth::new(true, false).needed("libc.so.6");
        let file = file.function("initext").import(symbol, None);
        Maker::with_extension(file.build())
            .named(&format!("evil-1.0-{tags}.whl"))
            .with(|maker| maker.wheel = Some(wheel_file("false", &[&tags])))
    };
    let plat = ["--plat", "manylinux_2_17"];
    let end = place.repair(&wheel("PyUnicodeUCS2_AsUTF8String", "cp27mu"), &plat);
    let error = "cannot become manylinux_2_17_x86_64: it was built for a narrow-unicode (UCS2) \
                 Python [ucs2]";
    refused(&end, 2, error, &["build it with a wide-unicode Python"]);
    for (symbol, abi) in [
        ("PyUnicodeUCS4_AsUTF8String", "cp27mu"),
        // Only a narrow one installs it.
        ("PyUnicodeUCS2_AsUTF8String", "cp27m"),
    ] {
        let (status, words) = place.repair(&wheel(symbol, abi), &plat);
        assert_eq!(status, 0, "{words}");
        fs::remove_dir_all(place.path("out")).unwrap();
    }
}

/// The second of its entries is none.
#[test]
fn a_damaged_central_directory() {
    let place = Place::new();
    let mut bytes = Maker::default().build();
    let entries: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect();
    bytes[entries[1] + 3] = 9;
    fs::write(place.path(NAME), bytes).unwrap();
    let end = place.run("show", Path::new(NAME), &[]);
    let error = "the central directory is damaged after 1 entries [zip-central]";
    refused(&end, 1, error, &[]);
}

/// A central directory that would not fit into memory is not read; here it is a hole in the file.
#[test]
fn a_central_directory_of_more_than_can_be() {
    let place = Place::new();
    let with_directory_of = |size: u32| {
        let mut file = fs::File::create(place.path(NAME)).unwrap();
        file.seek(SeekFrom::Start(size.into())).unwrap();
        file.write_all(b"PK\x05\x06\0\0\0\0\x01\0\x01\0").unwrap();
        file.write_all(&size.to_le_bytes()).unwrap();
        file.write_all(&[0; 6]).unwrap();
        drop(file);
        place.run("show", Path::new(NAME), &[])
    };
    let limit = 128 << 20;
    let error = "the central directory is larger than 128 MiB [zip-limit]";
    refused(&with_directory_of(limit + 1), 1, error, &[]);
    let (_, words) = with_directory_of(4096);
    assert!(words.contains("[zip-central]"), "{words}");
}

#[cfg(unix)]
#[test]
fn a_wheel_that_cannot_be_opened() {
    let place = Place::new();
    std::os::unix::fs::symlink(NAME, place.path(NAME)).unwrap();
    let end = place.run("show", Path::new(NAME), &[]);
    let (status, words) = &end;
    assert_eq!(*status, 1, "{words}");
    assert!(
        words.contains("cannot be read: ") && words.contains("[read-failed]"),
        "{words}"
    );
    fs::remove_file(place.path(NAME)).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path(NAME))
        .status();
    assert!(made.unwrap().success());
    let end = place.run("show", Path::new(NAME), &[]);
    refused(
        &end,
        1,
        "cannot be read: not a regular file [read-failed]",
        &[],
    );
}
