//! The end of central directory, and what must not be taken for it.

use wheel_synth::{Ends, archive};

use super::{a, assert_error, ending, with};

#[test]
fn the_end_is_one_and_exact() {
    let inner = with(&[a()]);
    let whole = with(&[a()]);
    let cases = [
        (
            "zip-second-end",
            ending(&Ends {
                comment: inner,
                ..Ends::default()
            }),
        ),
        (
            "zip-second-end",
            ending(&Ends {
                comment: b"a PK\x05\x06 b".repeat(9),
                ..Ends::default()
            }),
        ),
        (
            "zip-count",
            ending(&Ends {
                count: Some(2),
                ..Ends::default()
            }),
        ),
        (
            "zip-count",
            ending(&Ends {
                count: Some(9),
                ..Ends::default()
            }),
        ),
        (
            "zip-count",
            ending(&Ends {
                count: Some(0xffff),
                ..Ends::default()
            }),
        ),
        (
            "zip-multi-disk",
            ending(&Ends {
                disks: 1,
                ..Ends::default()
            }),
        ),
        (
            "zip-bounds",
            ending(&Ends {
                offset: Some(0x7fff_fff0),
                ..Ends::default()
            }),
        ),
        (
            "zip-gap",
            ending(&Ends {
                offset: Some(3),
                ..Ends::default()
            }),
        ),
        (
            "zip-zip64",
            ending(&Ends {
                zip64: true,
                extensible: b"data".to_vec(),
                ..Ends::default()
            }),
        ),
        (
            "zip-zip64",
            ending(&Ends {
                zip64: true,
                locator: Some(4),
                ..Ends::default()
            }),
        ),
        (
            "zip-zip64",
            ending(&Ends {
                zip64: true,
                locator: Some(u64::MAX),
                ..Ends::default()
            }),
        ),
        (
            "zip-zip64",
            ending(&Ends {
                zip64: true,
                offset: Some(1),
                ..Ends::default()
            }),
        ),
        ("zip-empty", archive(&[], &Ends::default())),
        ("zip-not-a-zip", Vec::new()),
        ("zip-not-a-zip", b"\x1f\x8b\x08".repeat(99)),
        ("zip-not-a-zip", whole[..whole.len() / 2].to_vec()),
        ("zip-not-a-zip", whole[..whole.len() - 1].to_vec()),
        ("zip-not-a-zip", b"PK\x05\x06".to_vec()),
    ];
    for (code, bytes) in cases {
        assert_error(code, &bytes, code);
    }
}
