//! What the format knows and a wheel does without.

use super::{a, assert_error, judge, lying_alike, with};
use crate::wheel::sample::{Entry, Lies, entry};

#[test]
fn features_that_wheels_do_not_have() {
    let both = |lies| lying_alike(lies, a());
    let extra = |extra: &[u8]| {
        both(Lies {
            extra: extra.to_vec(),
            ..Lies::default()
        })
    };
    let twice = [1, 0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0].repeat(2);
    let cases = [
        (
            "zip-encrypted",
            both(Lies {
                flags: Some(1),
                ..Lies::default()
            }),
        ),
        (
            "zip-encrypted",
            both(Lies {
                flags: Some(0x2041),
                ..Lies::default()
            }),
        ),
        (
            "zip-flags",
            both(Lies {
                flags: Some(0x20),
                ..Lies::default()
            }),
        ),
        (
            "zip-method",
            both(Lies {
                method: Some(12),
                ..Lies::default()
            }),
        ),
        (
            "zip-method",
            both(Lies {
                method: Some(93),
                version: Some(63),
                ..Lies::default()
            }),
        ),
        (
            "zip-version",
            both(Lies {
                version: Some(46),
                ..Lies::default()
            }),
        ),
        (
            "zip-multi-disk",
            both(Lies {
                disk: Some(1),
                ..Lies::default()
            }),
        ),
        ("zip-extra", extra(&twice)),
        ("zip-zip64", extra(&twice[..12])),
        ("zip-extra", extra(b"UT\xff\x03xx")),
        ("zip-extra-name", extra(b"\x75\x70\x0a\x00\x01crc_other")),
        (
            "zip-symlink",
            Entry {
                mode: 0o120_777,
                ..a()
            },
        ),
        (
            "zip-symlink",
            Entry {
                mode: 0o120_777,
                made_by: 20,
                ..a()
            },
        ),
        (
            "zip-type",
            Entry {
                mode: 0o010_644,
                ..a()
            },
        ),
        (
            "zip-type",
            Entry {
                mode: 0o040_755,
                ..a()
            },
        ),
        (
            "zip-type",
            Entry {
                ..entry("evil/dir/", "data")
            },
        ),
        (
            "zip-size",
            Entry {
                deflated: false,
                raw: Some(b"abc".to_vec()),
                ..a()
            },
        ),
        ("zip-name", entry("../x", "x")),
        (
            "zip-duplicate-name",
            entry("evil-1.0.dist-info/METADATA", "x"),
        ),
        ("zip-name-clash", entry("evil-1.0.dist-info", "x")),
    ];
    for (code, file) in cases {
        assert_error(code, &with(&[file]), code);
    }
}

#[test]
fn all_problems_of_a_pass_are_reported() {
    let bytes = with(&[
        Entry {
            mode: 0o120_777,
            ..entry("evil/link", "x")
        },
        entry("/abs", "x"),
        Entry {
            local: Lies {
                crc: Some(1),
                ..Lies::default()
            },
            ..a()
        },
        a(),
    ]);
    let found: Vec<_> = judge(&bytes).into_iter().map(|(_, code)| code).collect();
    for code in [
        "zip-symlink",
        "zip-name",
        "zip-local-header",
        "zip-duplicate-name",
    ] {
        assert!(found.contains(&code), "{code} is not in {found:?}");
    }
}
