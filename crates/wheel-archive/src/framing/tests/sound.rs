//! What a sound archive may look like.

use wheel_synth::{Ends, Entry, entry, on_disk};

use super::{a, ending, judge, with};
use crate::finding::Severity;
use crate::framing::read;
use crate::read::source::Source;

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
