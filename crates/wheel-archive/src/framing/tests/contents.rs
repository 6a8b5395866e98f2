//! What comes out when a member is inflated.

use std::io::Write as _;

use wheel_synth::{Entry, Lies, deflate, entry, on_disk};

use super::{a, lying_alike, with};
use crate::open_for_test as open;

#[test]
fn data_is_what_the_headers_say() {
    let text = "abc".repeat(1000);
    let cut = |count: usize| {
        let raw = deflate(text.as_bytes());
        raw[..raw.len() - count].to_vec()
    };
    let trailing = |tail: &[u8]| [&deflate(text.as_bytes())[..], tail].concat();
    let file = || entry("evil/a.py", &text);
    let crc = crc32fast::hash(text.as_bytes());
    // What libdeflate takes for the trailer of a gzip stream if it stands here.
    let disguise = [crc.to_le_bytes(), 3000_u32.to_le_bytes()].concat();
    let zeros = vec![0_u8; 4 << 20];
    let cases = [
        (
            "zip-crc",
            lying_alike(
                Lies {
                    crc: Some(7),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-crc",
            lying_alike(
                Lies {
                    crc: Some(7),
                    ..Lies::default()
                },
                Entry {
                    deflated: false,
                    ..file()
                },
            ),
        ),
        (
            "zip-size",
            lying_alike(
                Lies {
                    size: Some(2999),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            lying_alike(
                Lies {
                    size: Some(3001),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            lying_alike(
                Lies {
                    size: Some(0xf800_0000),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            lying_alike(
                Lies {
                    size: Some(100),
                    ..Lies::default()
                },
                entry("evil/bomb", &zeros),
            ),
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(cut(1)),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(cut(4)),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(Vec::new()),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(trailing(b"x")),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(trailing(&disguise)),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(trailing(&disguise[..4])),
                ..file()
            },
        ),
        (
            "zip-deflate",
            Entry {
                raw: Some(vec![0xff; 50]),
                ..file()
            },
        ),
    ];
    for (index, (code, file)) in cases.into_iter().enumerate() {
        let disk = on_disk(&with(&[file]));
        let error = open(&disk.path).unwrap_err();
        let found: Vec<_> = error.findings.iter().map(|found| found.code).collect();
        assert!(
            found.contains(&code),
            "case {index}: {found:?} lacks {code}"
        );
    }
}

#[test]
fn a_file_that_changes_is_noticed() {
    let disk = on_disk(&with(&[a()]));
    let wheel = open(&disk.path).unwrap();
    assert!(wheel.check_unchanged().is_ok());
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&disk.path)
        .unwrap();
    file.write_all(b"x").unwrap();
    assert_eq!(wheel.check_unchanged().unwrap_err().code, "input-changed");
}
