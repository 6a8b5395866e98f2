//! Members lie end to end, and nothing beside them.

use wheel_synth::{Ends, Entry, Lies, entry};

use super::{a, assert_error, ending, judge, with};
use crate::finding::Severity;

#[test]
fn every_byte_belongs_to_one_member() {
    let hidden = Entry {
        in_central: false,
        ..entry("evil/hidden.so", "x")
    };
    let shared = Entry {
        in_local: false,
        central: Lies {
            offset: Some(0),
            ..Lies::default()
        },
        ..a()
    };
    let b = || b"HIDDEN".to_vec();
    let cases = [
        ("zip-gap", with(&[a(), hidden.clone()])),
        ("zip-prefix", with(&[hidden, a()])),
        ("zip-overlap", with(&[a(), shared])),
        (
            "zip-gap",
            ending(&Ends {
                between: b(),
                ..Ends::default()
            }),
        ),
        (
            "zip-prefix",
            ending(&Ends {
                before: b(),
                ..Ends::default()
            }),
        ),
        ("zip-gap", [b(), with(&[a()])].concat()),
        ("zip-gap", [with(&[]), with(&[a()])].concat()),
        (
            "zip-trailing-data",
            ending(&Ends {
                after: b(),
                ..Ends::default()
            }),
        ),
        (
            "zip-bounds",
            with(&[Entry {
                local: Lies {
                    compressed: Some(0xffff_fffe),
                    ..Lies::default()
                },
                central: Lies {
                    compressed: Some(0xffff_fffe),
                    ..Lies::default()
                },
                ..a()
            }]),
        ),
    ];
    for (code, bytes) in cases {
        assert_error(code, &bytes, code);
    }
    let padded = ending(&Ends {
        after: vec![0; 64],
        ..Ends::default()
    });
    assert_eq!(judge(&padded), [(Severity::Warning, "zip-trailing-nul")]);
}
