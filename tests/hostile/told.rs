//! Findings that leave the verdict alone: the wheel that gets each, what is said, and its like that
//! does not get it.

use std::fs;
use std::path::Path;

use elf_synth::{Synth, Synthetic};
use serde_json::Value;
use wheel_audit::{OpenOptions, Wheel};

use crate::craft::judge::{audit, finish, written};
use crate::craft::wheel::{EXTENSION, Maker, NAME, extension, synth, wheel_file};

const GRAFT: &str = "libgraft.so.1";

/// A finding as told: severity, member, message.
pub(super) type Told = (String, Option<String>, String);

/// A folder with a wheel, and with what is asked for in `lib`.
pub(super) struct Place(tempfile::TempDir);

impl Place {
    pub(super) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let library = Synth::new(true, false)
            .soname(GRAFT)
            .needed("libc.so.6")
            .needs("libc.so.6", &["GLIBC_2.2.5"])
            .function("graft");
        place.library(&library.build());
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn library(&self, bytes: &[u8]) {
        let folder = self.path().join("lib");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(GRAFT), bytes).unwrap();
    }

    fn out(&self) -> Wheel {
        let path = written(&self.path().join("out")).unwrap();
        Wheel::open(&path, &OpenOptions::default()).unwrap()
    }

    /// The document that a command prints for the wheel.
    pub(super) fn run(&self, verb: &str, maker: &Maker, options: &[&str]) -> Value {
        let wheel = self.path().join(&maker.name);
        fs::write(&wheel, maker.build()).unwrap();
        let mut command = audit(verb);
        command
            .current_dir(self.path())
            .args(["--json", "--no-host-libs", "--lib-path", "lib"])
            .args(options)
            .arg(&wheel);
        let (output, _) = finish(&mut command);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command that refuses the wheel says.
    pub(super) fn refused(&self, verb: &str, maker: &Maker) -> String {
        let wheel = self.path().join(&maker.name);
        fs::write(&wheel, maker.build()).unwrap();
        let (output, _) = finish(audit(verb).current_dir(self.path()).arg(&wheel));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The findings of that code, in order.
pub(super) fn told(document: &Value, code: &str) -> Vec<Told> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let findings = document["findings"].as_array().unwrap().iter();
    let of_code = findings.filter(|finding| finding["code"] == code);
    of_code
        .map(|one| {
            (
                text(&one["severity"]).unwrap(),
                text(&one["file"]),
                text(&one["message"]).unwrap(),
            )
        })
        .collect()
}

#[track_caller]
pub(super) fn is_told(found: &[Told], severity: &str, file: Option<&str>, message: &str) {
    let expected = (
        severity.to_owned(),
        file.map(str::to_owned),
        message.to_owned(),
    );
    assert_eq!(found, [expected]);
}

pub(super) fn show(maker: &Maker) -> Value {
    Place::new().run("show", maker, &[])
}

/// `maker`'s wheel with these platform tags.
pub(super) fn tagged(maker: Maker, platform: &str) -> Maker {
    let tags: Vec<String> = platform
        .split('.')
        .map(|tag| format!("cp311-cp311-{tag}"))
        .collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    maker
        .named(&format!("evil-1.0-cp311-cp311-{platform}.whl"))
        .with(|maker| maker.wheel = Some(wheel_file("false", &tags)))
}

#[test]
fn a_tag_that_promises_less_than_is_deserved() {
    for weak in [
        "linux_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64.manylinux_2_17_x86_64",
    ] {
        let document = show(&tagged(Maker::default(), weak));
        let message = "deserves manylinux_2_5_x86_64, a better tag than it claims";
        is_told(&told(&document, "tag-weak"), "note", None, message);
    }
    for fair in [
        "manylinux_2_5_x86_64",
        "manylinux1_x86_64",
        // One that is deserved is enough: it is what machines look at.
        "manylinux_2_17_x86_64.manylinux_2_5_x86_64",
    ] {
        let document = show(&tagged(Maker::default(), fair));
        assert_eq!(told(&document, "tag-weak"), [], "{fair}");
    }
    // Whoever deserves no more than `linux` claims no less.
    let bare = Maker::with_extension(extension(&[GRAFT]));
    assert_eq!(told(&show(&bare), "tag-weak"), []);
}

/// The newest tag of a policy, and its version of glibc.
fn newest_known() -> (String, u32) {
    let (output, _) = finish(audit("policies").arg("--json"));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let policies = document["policies"].as_array().unwrap();
    let x86_64 = policies
        .iter()
        .find(|one| one["libc"] == "glibc" && one["arch"] == "x86_64")
        .unwrap();
    let versions = x86_64["symbol_versions"]["GLIBC"].as_object().unwrap();
    let minors = versions.keys().filter_map(|version| {
        let (_, minor) = version.split_once('.')?;
        minor.parse::<u32>().ok()
    });
    let minor = minors.max().unwrap();
    (format!("manylinux_2_{minor}_x86_64"), minor)
}

#[test]
fn a_glibc_that_no_policy_knows() {
    let (known, minor) = newest_known();
    let asking = |minor: u32| {
        let version = format!("GLIBC_2.{minor}");
        let file = synth(&[])
            .needed("libm.so.6")
            .needs("libm.so.6", &[version.as_str()]);
        show(&Maker::with_extension(
            file.import("new", Some(version.as_str())).build(),
        ))
    };
    let next = asking(minor + 1);
    let tag = format!("manylinux_2_{}_x86_64", minor + 1);
    assert_eq!(next["overall_tag"], tag);
    let message =
        format!("{tag} is newer than the policies known here ({known}); PEP 600 gives it its name");
    is_told(&told(&next, "newer-glibc"), "note", None, &message);
    let document = asking(minor);
    assert_eq!(document["overall_tag"], known);
    assert_eq!(told(&document, "newer-glibc"), []);
}

#[test]
fn markers_of_the_linker_are_told_with_what_does_without() {
    let maker = |marker: &str| {
        let file = synth(&[]).needed("libc.so.6");
        Maker::with_extension(file.needs("libc.so.6", &["GLIBC_2.2.5", marker]).build())
    };
    let cases = [
        (
            "GLIBC_ABI_DT_RELR",
            "manylinux_2_36_x86_64",
            "-Wl,-z,nopack-relative-relocs",
        ),
        (
            "GLIBC_ABI_GNU2_TLS",
            "manylinux_2_43_x86_64",
            "-mtls-dialect=gnu",
        ),
        (
            "GLIBC_ABI_DT_X86_64_PLT",
            "manylinux_2_43_x86_64",
            "-Wl,-z,nomark-plt",
        ),
        ("GLIBC_ABI_GNU_TLS", "linux_x86_64", "-Wl,--no-gnu-tls-tag"),
    ];
    for (marker, tag, option) in cases {
        let document = show(&maker(marker));
        assert_eq!(document["overall_tag"], tag, "{marker}");
        assert_eq!(document["blame"][0]["version"], marker);
        let found = told(&document, "abi-marker");
        let [(severity, file, message)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            (severity.as_str(), file.as_deref()),
            ("note", Some(EXTENSION))
        );
        assert!(message.contains(marker), "{message}");
        let finding = document["findings"].as_array().unwrap().iter();
        let mut help = finding.filter(|one| one["code"] == "abi-marker");
        let help = help.next().unwrap()["help"].as_str().unwrap();
        assert!(help.contains(option), "{help}");
        // Where an older tag is asked for, the remedy is the advice, not an older machine.
        let place = Place::new();
        let wheel = place.path().join(NAME);
        fs::write(&wheel, maker(marker).build()).unwrap();
        let mut repair = audit("repair");
        repair.args(["--no-host-libs", "--dry-run", "--plat", "manylinux_2_28"]);
        let (output, _) = finish(repair.arg(&wheel));
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains(option), "{words}");
        assert!(!words.contains("older system"), "{words}");
    }
    assert_eq!(told(&show(&maker("GLIBC_2.34")), "abi-marker"), []);
}

#[test]
fn every_way_in_makes_an_extension() {
    let names = [
        ("ext", "PyInit_ext"),
        ("ext", "PyModExport_ext"),
        ("lančmít", "PyInitU_lanmt_2sa6t"),
        ("lančmít", "PyModExportU_lanmt_2sa6t"),
    ];
    for (module, function) in names {
        let file = Synth::new(true, false)
            .needed("libc.so.6")
            .function(function);
        let maker = Maker::with_extension(file.build()).with(|maker| {
            maker.files[1].name = format!("evil/{module}.abi3.so").into_bytes();
        });
        let document = show(&maker);
        assert_eq!(document["files"][0]["python_extension"], true, "{function}");
    }
}

#[test]
fn files_that_tell_of_no_c_library() {
    let file = |needed: Option<&str>| {
        let file = Synth::new(true, false).function("PyInit_ext");
        let file = needed.into_iter().fold(file, Synth::needed);
        // A name that says nothing.
        Maker::with_extension(file.build())
            .with(|maker| maker.files[1].name = b"evil/ext.abi3.so".to_vec())
    };
    let document = show(&file(None));
    let alone = "no file needs a C library: judged by the manylinux policies, \
                 though it would also run on musl";
    is_told(&told(&document, "libc-unknown"), "note", None, alone);
    assert_eq!(document["libc"], "glibc");
    // It needs something, and may get its C library from there.
    let document = show(&file(Some("libz.so.1")));
    let unnamed = "no file names the C library that it was linked against: \
                   judged by the manylinux policies";
    is_told(&told(&document, "libc-unknown"), "note", None, unnamed);
    // A need, the file name or the extension's name tells.
    let named = |name: String| file(None).with(|maker| maker.files[1].name = name.into_bytes());
    for (libc, maker) in [
        ("glibc", file(Some("libc.so.6"))),
        ("musl", file(Some("libc.so"))),
        ("musl", named(EXTENSION.replace("-gnu", "-musl"))),
        ("glibc", named(EXTENSION.to_owned())),
        ("musl", tagged(file(None), "musllinux_1_2_x86_64")),
        ("glibc", tagged(file(None), "manylinux_2_17_x86_64")),
    ] {
        let document = show(&maker);
        assert_eq!(document["libc"], libc, "{}", maker.name);
        assert_eq!(told(&document, "libc-unknown"), [], "{}", maker.name);
    }
}

#[test]
fn a_file_for_another_c_library() {
    let musl = Synth::new(true, false).needed("libc.musl-x86_64.so.1");
    let glibc = extension(&["libc.so.6"]);
    let wheel = |other: &[u8]| Maker::with_extension(glibc.clone()).file("evil/other.so", other);
    let document = show(&wheel(&musl.build()));
    let message = "is linked against musl in a wheel for glibc; it is not judged";
    let found = told(&document, "foreign-libc");
    is_told(&found, "warning", Some("evil/other.so"), message);
    // Indeed it is not: musl's C library is one that no glibc tag lets stay outside.
    assert_eq!(document["overall_tag"], "manylinux_2_5_x86_64");
    assert_eq!(document["external_libs"], serde_json::json!({}));
    assert_eq!(told(&show(&wheel(&glibc)), "foreign-libc"), []);
    // In a wheel for musl, it is the other file.
    let document = show(&tagged(wheel(&musl.build()), "musllinux_1_2_x86_64"));
    let message = "is linked against glibc in a wheel for musl; it is not judged";
    let found = told(&document, "foreign-libc");
    is_told(&found, "warning", Some(EXTENSION), message);
}

/// The file with its section headers said to be far away.
fn without_sections(mut file: Synthetic) -> Vec<u8> {
    file.put_word(40, 1 << 30);
    file.bytes
}

#[test]
fn section_headers_that_lie() {
    let lies = "has section headers outside the file or of an unknown size; \
                it is judged as the loader sees it";
    let sound = synth(&[GRAFT]);
    let document = show(&Maker::with_extension(without_sections(sound.make())));
    let found = told(&document, "elf-sections");
    is_told(&found, "warning", Some(EXTENSION), lies);
    let honest = Maker::with_extension(sound.build());
    assert_eq!(told(&show(&honest), "elf-sections"), []);
    // Of a library that comes in, it is told too.
    let place = Place::new();
    let library = Synth::new(true, false)
        .soname(GRAFT)
        .needed("libc.so.6")
        .function("graft");
    place.library(&without_sections(library.make()));
    let document = place.run("show", &honest, &[]);
    let message = format!("{GRAFT}, which would be grafted, {lies}");
    is_told(&told(&document, "elf-sections"), "warning", None, &message);
}

#[test]
fn entries_of_search_paths_that_go() {
    let place = Place::new();
    let file = synth(&[GRAFT])
        .needed("libc.so.6")
        .rpath("/opt/build/lib:$ORIGIN/lib");
    let maker = Maker::with_extension(file.build());
    let repair = |options: &[&str]| {
        let document = place.run("repair", &maker, &[&["-w", "out"], options].concat());
        told(&document, "rpath-dropped")
    };
    let message = "dropped the search-path entry \"/opt/build/lib\": \
                   it is a folder of the build machine";
    is_told(&repair(&[]), "note", Some(EXTENSION), message);
    assert_eq!(repair(&["--keep-rpath", "/opt/*"]), []);
}

/// So much zero-initialised memory that it stays memory, and neither notes nor section headers,
/// whose places would do.
#[test]
fn program_headers_without_room_for_one_more() {
    let place = Place::new();
    let repair = |bss: u64| {
        let mut file = synth(&[GRAFT]).needed("libc.so.6");
        (file.bss, file.sections) = (bss, false);
        let maker = Maker::with_extension(file.build());
        let _ = fs::remove_dir_all(place.path().join("out"));
        place.run("repair", &maker, &["-w", "out"])
    };
    let document = repair(64 << 20);
    let message = "its program headers had to move to the end of the file";
    let found = told(&document, "elf-headers-moved");
    is_told(&found, "warning", Some(EXTENSION), message);
    let result = place.out();
    let extension = result.elves.iter().find(|elf| elf.path == EXTENSION);
    let needed = extension.unwrap().facts.needed.iter();
    assert!(needed.clone().any(|name| name.starts_with("libgraft-")));
    assert_eq!(told(&repair(0), "elf-headers-moved"), []);
}
