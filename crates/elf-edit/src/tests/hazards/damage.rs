//! Files damaged at any place.

use proptest::prelude::*;

use crate::facts::facts;
use crate::tests::rich;
use elf_synth::{Hash, Synth};

/// Files of every class and byte order.
fn any_synth() -> impl Strategy<Value = Synth> {
    (0..4_usize, 0..4_usize, any::<bool>(), any::<bool>()).prop_map(
        |(form, hash, sections, merge)| {
            let mut synth = rich(Synth::all()[form].clone());
            synth.hash = [Hash::Sysv, Hash::Gnu, Hash::Both, Hash::None][hash];
            synth.sections = sections;
            synth.merge_strings = merge;
            synth.note("GNU", 3, b"0123456789").isa_needed(2)
        },
    )
}

proptest! {
    #[test]
    fn a_cut_file_is_read_or_refused(synth in any_synth(), cut in any::<prop::sample::Index>()) {
        let bytes = synth.build();
        let _ = facts(&bytes[..cut.index(bytes.len())].to_vec());
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(
        synth in any_synth(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = synth.build();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(facts) = facts(&bytes) {
            // What is held cannot be many times what is there.
            prop_assert!(facts.heap_size() < 64 * bytes.len());
        }
    }

    #[test]
    fn a_word_of_the_tables_set_at_will_is_read_or_refused(
        synth in any_synth(),
        at in 0..200_u64,
        value in prop::sample::select(vec![0, 1, 2, 7, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX]),
        part in prop::sample::select(vec!["dynamic", "verneed", "verdef", "hash", "gnu_hash", "dynsym", "notes"]),
    ) {
        let mut file = synth.make();
        if let Some(place) = file.places.get(part).copied() {
            // A small file may end before.
            let last = file.bytes.len() as u64 - 4;
            file.put_u32((place + at).min(last), value);
            let _ = facts(&file.bytes);
        }
    }

    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let mut bytes = bytes;
        prop_assert!(facts(&bytes).is_err());
        bytes.splice(0..0, *b"\x7fELF\x02\x01\x01\0");
        let _ = facts(&bytes);
    }
}
