//! Local header, central directory and descriptor say the same.

use wheel_synth::{Entry, Lies, entry};

use super::{a, assert_error, judge, with};
use crate::finding::Severity;

#[test]
fn what_is_said_twice_must_be_said_alike() {
    let lie = |local: Lies| with(&[Entry { local, ..a() }]);
    let cases = [
        (
            "name",
            lie(Lies {
                name: Some(b"evil/b.py".to_vec()),
                ..Lies::default()
            }),
        ),
        (
            "longer name",
            lie(Lies {
                name: Some(b"evil/abc.py".to_vec()),
                ..Lies::default()
            }),
        ),
        (
            "method",
            lie(Lies {
                method: Some(0),
                ..Lies::default()
            }),
        ),
        (
            "crc",
            lie(Lies {
                crc: Some(1),
                ..Lies::default()
            }),
        ),
        (
            "size",
            lie(Lies {
                size: Some(3),
                ..Lies::default()
            }),
        ),
        (
            "no size, no descriptor",
            lie(Lies {
                size: Some(0),
                ..Lies::default()
            }),
        ),
        (
            "compressed size",
            lie(Lies {
                compressed: Some(3),
                ..Lies::default()
            }),
        ),
        (
            "flags",
            lie(Lies {
                flags: Some(8),
                ..Lies::default()
            }),
        ),
        (
            "central points at another",
            with(&[
                a(),
                Entry {
                    in_local: false,
                    central: Lies {
                        offset: Some(0),
                        ..Lies::default()
                    },
                    ..entry("evil/ghost.py", "")
                },
            ]),
        ),
        (
            "central points nowhere",
            with(&[Entry {
                central: Lies {
                    offset: Some(7),
                    ..Lies::default()
                },
                ..a()
            }]),
        ),
    ];
    for (what, bytes) in cases {
        assert_error(what, &bytes, "zip-local-header");
    }
    let flag = lie(Lies {
        flags: Some(0x800),
        ..Lies::default()
    });
    assert_eq!(judge(&flag), [(Severity::Warning, "zip-local-flags")]);
    let level = lie(Lies {
        flags: Some(2),
        ..Lies::default()
    });
    assert_eq!(judge(&level), [(Severity::Note, "zip-local-flags")]);
}

#[test]
fn descriptors_repeat_what_the_directory_says() {
    for signature in [true, false] {
        for wide in [true, false] {
            let good = a().described(signature, wide);
            let found = judge(&with(std::slice::from_ref(&good)));
            assert_eq!(
                found,
                [(Severity::Warning, "zip-descriptor")],
                "{signature} {wide}"
            );
            for at in 0..good.descriptor.as_ref().unwrap().len() {
                let mut bad = good.clone();
                bad.descriptor.as_mut().unwrap()[at] ^= 1;
                assert_error(
                    "a changed descriptor",
                    &with(&[bad]),
                    "zip-descriptor-mismatch",
                );
            }
        }
    }
    let absent = Entry {
        descriptor: Some(Vec::new()),
        ..a()
    };
    assert_error("no descriptor", &with(&[absent]), "zip-descriptor-mismatch");
    let long = Entry {
        descriptor: Some(vec![0; 25]),
        ..a()
    };
    assert_error("a long descriptor", &with(&[long]), "zip-gap");
}
