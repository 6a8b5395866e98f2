//! Archives damaged at any place.

use proptest::prelude::*;
use wheel_synth::{Ends, Entry, archive, entry, on_disk, wheel};

use super::a;
use crate::open_for_test as open;

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
