//! Every hazard of the framing, made on purpose.
#![expect(clippy::too_many_lines, reason = "a table of claims is one thing")]

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::finding::Severity;
use crate::wheel::sample::{Ends, Entry, Lies, archive, deflate, entry, on_disk, open, wheel};

/// Codes and severities of what is found, errors first if there are any.
fn judge(bytes: &[u8]) -> Vec<(Severity, &'static str)> {
    let disk = on_disk(bytes);
    let source = Source::open(&disk.path).unwrap();
    let findings = match read(&source).unwrap() {
        Ok(listing) => listing.findings,
        Err(findings) => {
            assert_eq!(findings[0].severity, Severity::Error);
            findings
        }
    };
    let mut codes: Vec<_> = findings
        .iter()
        .map(|found| (found.severity, found.code))
        .collect();
    codes.dedup();
    codes
}

fn with(files: &[Entry]) -> Vec<u8> {
    archive(&wheel(files), &Ends::default())
}

fn ending(ends: &Ends) -> Vec<u8> {
    archive(&wheel(&[entry("evil/a.py", "x = 1\n")]), ends)
}

fn assert_error(what: &str, bytes: &[u8], code: &str) {
    let found = judge(bytes);
    assert!(
        found.contains(&(Severity::Error, code)),
        "{what}: {found:?}"
    );
}

fn a() -> Entry {
    entry("evil/a.py", "abcdef".repeat(9))
}

#[test]
fn sound_archives_are_silent() {
    let good: [(&str, Vec<u8>); 7] = [
        ("plain", with(&[a()])),
        (
            "stored",
            with(&[Entry {
                deflated: false,
                ..a()
            }]),
        ),
        ("no type in the mode", with(&[Entry { mode: 0o644, ..a() }])),
        (
            "setuid",
            with(&[Entry {
                mode: 0o106_777,
                ..a()
            }]),
        ),
        (
            "FAT",
            with(&[Entry {
                mode: 0,
                made_by: 20,
                ..a()
            }]),
        ),
        ("directory", with(&[entry("evil/", ""), a()])),
        (
            "zip64 not needed",
            ending(&Ends {
                zip64: true,
                ..Ends::default()
            }),
        ),
    ];
    for (what, bytes) in good {
        assert_eq!(judge(&bytes), [], "{what}");
    }
    let comment = ending(&Ends {
        comment: b"hello".to_vec(),
        ..Ends::default()
    });
    assert_eq!(judge(&comment), [(Severity::Note, "zip-comment")]);
}

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
                flags: Some(2),
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
}

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

#[test]
fn features_that_wheels_do_not_have() {
    let both = |lies: Lies| Entry {
        local: lies.clone(),
        central: lies,
        ..a()
    };
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

#[test]
fn data_is_what_the_headers_say() {
    let both = |lies: Lies, file: Entry| Entry {
        local: lies.clone(),
        central: lies,
        ..file
    };
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
            both(
                Lies {
                    crc: Some(7),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-crc",
            both(
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
            both(
                Lies {
                    size: Some(2999),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            both(
                Lies {
                    size: Some(3001),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            both(
                Lies {
                    size: Some(0xf800_0000),
                    ..Lies::default()
                },
                file(),
            ),
        ),
        (
            "zip-size",
            both(
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

#[test]
fn dates_and_modes_are_made_valid() {
    let disk = on_disk(&with(&[
        Entry {
            date: 0,
            mode: 0o100_000,
            ..entry("evil/0", "")
        },
        Entry {
            date: 0xffff,
            mode: 0o100_111,
            ..entry("evil/1", "")
        },
        Entry {
            mode: 0o100_755,
            made_by: 20,
            ..entry("evil/2", "")
        },
    ]));
    let source = Source::open(&disk.path).unwrap();
    let listing = read(&source).unwrap().unwrap();
    let seen: Vec<_> = listing.members[..3]
        .iter()
        .map(|member| (member.modified.date, member.executable))
        .collect();
    assert_eq!(seen, [(0x21, false), (0xff9f, true), (0x5042, false)]);
}

/// An archive of every kind of entry, to be damaged.
fn varied() -> Vec<u8> {
    let files = [
        entry("evil/", ""),
        a(),
        Entry {
            deflated: false,
            ..entry("evil/café", "y".repeat(40))
        },
        entry("evil/d.py", "zz".repeat(50)).described(true, false),
    ];
    let ends = Ends {
        zip64: true,
        comment: b"c".to_vec(),
        ..Ends::default()
    };
    archive(&wheel(&files), &ends)
}

#[test]
fn every_single_bit_flip_is_survived() {
    let good = varied();
    let names: Vec<String> = {
        let disk = on_disk(&good);
        open(&disk.path)
            .unwrap()
            .members
            .iter()
            .map(|member| member.path.clone())
            .collect()
    };
    let disk = on_disk(&good);
    for at in 0..good.len() {
        for bit in [0, 3, 7] {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            std::fs::write(&disk.path, &bytes).unwrap();
            // What still opens has the members and the contents that it had.
            if let Ok(wheel) = open(&disk.path) {
                let found: Vec<_> = wheel.members.iter().map(|member| &member.path).collect();
                assert!(
                    found.iter().copied().eq(&names),
                    "byte {at} bit {bit}: {found:?}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damage_never_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        moved in any::<prop::sample::Index>(),
    ) {
        let mut bytes = varied();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut.index(4) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        } else if cut.index(4) == 1 {
            let from = moved.index(bytes.len());
            bytes.extend_from_within(from..);
        }
        let disk = on_disk(&bytes);
        let _ = open(&disk.path);
    }

    #[test]
    fn any_bytes_are_refused_quietly(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let disk = on_disk(&bytes);
        prop_assert!(open(&disk.path).is_err());
    }
}
