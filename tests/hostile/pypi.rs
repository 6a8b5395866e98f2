//! What PyPI refuses, rule by rule: each is told of a wheel that breaks it and no other, and what
//! a repair writes breaks none.
//!
//! Source: <https://github.com/pypi/warehouse/tree/main/warehouse/forklift>

use std::collections::BTreeSet;
use std::fs;

use crate::craft::judge::{audit, written};
use crate::craft::wheel::{Maker, wheel_file};
use crate::craft::zip::{Archive, Descriptor, End64, Entry, deflate, extra, zip64_extra};

/// Every code that `show --json` finds or refuses for.
fn told(name: &str, bytes: &[u8]) -> BTreeSet<String> {
    let place = tempfile::tempdir().unwrap();
    let wheel = place.path().join(name);
    fs::write(&wheel, bytes).unwrap();
    let output = audit("show").arg("--json").arg(&wheel).output().unwrap();
    let mut codes = crate::craft::judge::codes(&output);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for finding in document["findings"].as_array().into_iter().flatten() {
        codes.insert(finding["code"].as_str().unwrap().to_owned());
    }
    codes
}

fn manylinux() -> Maker {
    Maker::default()
        .named("evil-1.0-cp311-cp311-manylinux_2_17_x86_64.whl")
        .with(|maker| {
            let tag = "cp311-cp311-manylinux_2_17_x86_64";
            maker.wheel = Some(wheel_file("false", &[tag]));
        })
}

fn archive(fault: impl FnOnce(&mut Archive)) -> Vec<u8> {
    manylinux().archive().with(fault).build()
}

fn member(fault: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let entry = Entry::new("evil/a.py", "abcdef").with(fault);
    manylinux().entry(entry).build()
}

fn long_sizes(values: &[u64], method: u16) -> Vec<u8> {
    let extra = zip64_extra(values);
    member(|entry| {
        entry.method = method;
        for says in [&mut entry.local, &mut entry.central] {
            says.size = Some(u32::MAX);
            says.extra.clone_from(&extra);
            if values.len() > 1 {
                says.compressed = Some(u32::MAX);
            }
        }
    })
}

/// A wheel whose first local header is a tar header too.
fn tar() -> Vec<u8> {
    let with = |field: [u8; 8]| {
        let mut filler = vec![b'0'; 600];
        // Behind the fixed part of the header, the name and the extra field's own head.
        let start = 30 + "evil/__init__.py".len() + 4;
        filler[148 - start..156 - start].copy_from_slice(&field);
        let maker = manylinux().with(|maker| maker.files[0].local.extra = extra(0x4141, &filler));
        maker.build()
    };
    let blank = with([b' '; 8]);
    let sum: u64 = blank[..512].iter().map(|byte| u64::from(*byte)).sum();
    let field = format!("{sum:06o}\0 ");
    with(field.as_bytes().try_into().unwrap())
}

#[test]
fn a_good_wheel_is_silent() {
    let codes = told(&manylinux().name, &manylinux().build());
    let pypi: Vec<_> = codes
        .iter()
        .filter(|code| code.starts_with("pypi-") || code.starts_with("zip-"))
        .collect();
    assert!(pypi.is_empty(), "{pypi:?}");
    let wide = long_sizes(&[6, deflate(b"abcdef").len() as u64], 8);
    assert!(!told(&manylinux().name, &wide).contains("pypi-zip64"));
    let stored = long_sizes(&[6], 0);
    assert!(!told(&manylinux().name, &stored).contains("pypi-zip64"));
}

#[test]
fn names_and_tags() {
    let cases = [
        ("evil\u{1}-1.0-cp311-cp311-any.whl", "wheel-name"),
        ("evil-1.0-cp311-cp311-any.zip", "wheel-name"),
        (
            "Evil-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            "pypi-name",
        ),
        (
            "Evil-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            "dist-info-spelling",
        ),
        (
            "evil-1.0.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            "dist-info-spelling",
        ),
        ("evil-1.0-cp311-cp311-linux_x86_64.whl", "pypi-platform-tag"),
    ];
    for (name, code) in cases {
        let codes = told(name, &manylinux().build());
        assert!(codes.contains(code), "{name}: {codes:?} without {code}");
    }
}

#[test]
fn framing() {
    let entry = || Entry::new("evil/a.py", "abcdef");
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("not a zip", b"PK".to_vec(), "zip-not-a-zip"),
        ("zip and tar", tar(), "pypi-tar"),
        ("method", member(|entry| entry.method = 12), "zip-method"),
        (
            "prefix",
            archive(|archive| archive.prefix = b"x".to_vec()),
            "zip-prefix",
        ),
        (
            "gap",
            archive(|archive| archive.padding = vec![0]),
            "zip-gap",
        ),
        (
            "unlisted",
            member(|entry| entry.has_central = false),
            "zip-gap",
        ),
        (
            "no local header",
            member(|entry| {
                entry.has_local = false;
                entry.offset = Some(0);
            }),
            "zip-local-header",
        ),
        (
            "name",
            manylinux().entry(Entry::new("evil/\u{7f}.py", "")).build(),
            "zip-name",
        ),
        (
            "bytes",
            manylinux().entry(Entry::new(b"evil/\xff.py", "")).build(),
            "zip-name",
        ),
        (
            "other name",
            member(|entry| entry.local.extra = extra(0x7075, b"\x01\0\0\0\0evil/b.py")),
            "zip-extra",
        ),
        (
            "extra",
            member(|entry| entry.local.extra = b"UT\x09\0".to_vec()),
            "zip-extra",
        ),
        (
            "extra twice",
            member(|entry| {
                entry.central.extra = [extra(1, b""), extra(1, b"")].concat();
            }),
            "zip-extra",
        ),
        (
            "zip64 of 8 bytes, deflated",
            long_sizes(&[6], 8),
            "pypi-zip64",
        ),
        (
            "descriptor",
            member(|entry| entry.descriptor = Descriptor::Signed),
            "zip-descriptor",
        ),
        (
            "size",
            member(|entry| entry.local.size = Some(7)),
            "zip-local-header",
        ),
        (
            "duplicate",
            manylinux().entry(entry()).entry(entry()).build(),
            "zip-duplicate-name",
        ),
        (
            "comment",
            member(|entry| entry.comment = b"x".to_vec()),
            "zip-comment",
        ),
        (
            "count",
            archive(|archive| archive.end.count = Some(9)),
            "zip-count",
        ),
        (
            "size of directory",
            archive(|archive| archive.end.size = Some(9)),
            "zip-gap",
        ),
        (
            "offset",
            archive(|archive| archive.end.offset = Some(9)),
            "zip-gap",
        ),
        (
            "extensible",
            archive(|archive| {
                archive.zip64 = Some(End64 {
                    extensible: vec![0; 4],
                    ..End64::default()
                });
            }),
            "zip-zip64",
        ),
        (
            "after the end",
            archive(|archive| archive.suffix = b"x".to_vec()),
            "zip-trailing-data",
        ),
        (
            "after the end, nul",
            archive(|archive| archive.suffix = vec![0]),
            "zip-trailing-nul",
        ),
    ];
    for (id, bytes, code) in cases {
        let codes = told(&manylinux().name, &bytes);
        assert!(codes.contains(code), "{id}: {codes:?} without {code}");
    }
}

#[test]
fn metadata() {
    let with = |text: &str| {
        let text = format!("Metadata-Version: 2.4\n{text}");
        manylinux().with(|maker| maker.metadata = Some(text.into_bytes()))
    };
    let points = |text: &[u8]| manylinux().file("evil-1.0.dist-info/entry_points.txt", text);
    let cases = [
        (with("Name: other\nVersion: 1.0\n"), "metadata-name"),
        (with("Name: evil\nVersion: 1.1\n"), "metadata-version"),
        (
            with("Name: evil\nVersion: 1.0\nLicense-File: COPYING\n"),
            "license-file",
        ),
        (
            manylinux().with(|maker| maker.metadata = None),
            "metadata-missing",
        ),
        (
            manylinux().with(|maker| maker.wheel = None),
            "wheel-missing",
        ),
        (
            manylinux().with(|maker| maker.has_record = false),
            "record-missing",
        ),
        (points(b"\xff"), "entry-points"),
        (points(b"evil = evil:main\n"), "entry-points"),
        (
            points(b"[console_scripts]\na/b = evil:main\n"),
            "entry-points",
        ),
        (
            manylinux().with(|maker| maker.more_rows.push("x,,".to_owned())),
            "record-ghost",
        ),
    ];
    for (maker, code) in cases {
        let codes = told(&maker.name, &maker.build());
        assert!(codes.contains(code), "{codes:?} without {code}");
    }
}

/// What can be repaired and that PyPI would have refused, it takes afterwards.
#[test]
fn a_repair_mends_the_framing() {
    let wheels = [
        tar(),
        long_sizes(&[6], 8),
        member(|entry| entry.descriptor = Descriptor::Long),
        member(|entry| entry.comment = b"x".to_vec()),
        archive(|archive| archive.suffix = vec![0; 9]),
        manylinux().build(),
    ];
    for bytes in wheels {
        let place = tempfile::tempdir().unwrap();
        let wheel = place.path().join(manylinux().name);
        fs::write(&wheel, &bytes).unwrap();
        let out = place.path().join("out");
        let run = audit("repair")
            .arg("-w")
            .arg(&out)
            .arg(&wheel)
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let result = written(&out).unwrap();
        let name = result.file_name().unwrap().to_str().unwrap().to_owned();
        let codes = told(&name, &fs::read(&result).unwrap());
        let bad = |code: &&String| code.starts_with("pypi-") || code.starts_with("zip-");
        assert!(!codes.iter().any(|code| bad(&code)), "{codes:?}");
    }
}
