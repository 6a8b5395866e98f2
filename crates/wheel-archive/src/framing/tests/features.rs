//! What the format knows and a wheel does without.

use wheel_synth::{Entry, Lies, entry};

use super::{a, assert_error, judge, lying_alike, with};
use crate::finding::Severity;

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
                version: Some(64),
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
        (
            "zip-flags",
            both(Lies {
                flags: Some(0x8020),
                ..Lies::default()
            }),
        ),
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

/// Said by some writers, and the same to every reader that takes it.
#[test]
fn features_without_a_consequence() {
    let both = |lies| with(&[lying_alike(lies, a())]);
    let extra = |extra: &[u8]| {
        both(Lies {
            extra: extra.to_vec(),
            ..Lies::default()
        })
    };
    let flags = Some(0xc786);
    let version = Some(63);
    let cases = [
        (
            "zip-flags",
            both(Lies {
                flags,
                ..Lies::default()
            }),
        ),
        (
            "zip-version",
            both(Lies {
                version,
                ..Lies::default()
            }),
        ),
        ("zip-extra-tail", extra(b"UT\x01\x00x\0\0\0")),
        ("zip-extra-twice", extra(&b"UT\x01\x00x".repeat(2))),
    ];
    for (code, bytes) in cases {
        assert_eq!(judge(&bytes), [(Severity::Note, code)], "{code}");
    }
    assert_eq!(
        judge(&both(Lies {
            flags: Some(6),
            ..Lies::default()
        })),
        []
    );
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
