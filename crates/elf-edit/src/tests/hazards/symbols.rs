//! Symbols, the hash tables that lead to them, and relocations.

use super::{complaint, complaint_after};
use crate::abi::dt;
use crate::facts::facts;
use crate::tests::{read, rich};
use elf_synth::{Hash, Synth};

#[test]
fn hash_tables_must_be_in_the_file() {
    for (hash, part, at) in [
        (Hash::Sysv, "hash", 0),
        (Hash::Sysv, "hash", 4),
        (Hash::Gnu, "gnu_hash", 0),
        (Hash::Gnu, "gnu_hash", 8),
    ] {
        let mut synth = rich(Synth::new(true, false));
        synth.hash = hash;
        let mut file = synth.make();
        file.put_u32(file.place(part) + at, u32::MAX);
        let reason = complaint(&file.bytes);
        assert!(reason.starts_with("the hash table (DT_"), "{reason}");
    }
    // A bucket that begins a chain which never ends.
    let mut file = rich(Synth::new(true, false)).make();
    file.put_u32(file.place("gnu_hash") + 24, 0x0fff_ffff);
    assert_eq!(
        complaint(&file.bytes),
        "the hash table (DT_GNU_HASH) reaches past its segment"
    );
}

#[test]
fn a_hash_table_cannot_hide_an_import() {
    // nchain says one symbol; the relocations use more.
    let mut synth = rich(Synth::new(true, false));
    synth.hash = Hash::Sysv;
    let mut file = synth.make();
    file.put_u32(file.place("hash") + 4, 1);
    let names: Vec<_> = facts(&file.bytes)
        .unwrap()
        .imports()
        .map(|import| import.name.to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "printf",
            "words",
            "unversioned",
            "__gmon_start__",
            "environ"
        ]
    );
}

#[test]
fn functions_chosen_at_load_time_are_seen() {
    let mut synth = rich(Synth::new(true, false));
    synth.machine = 62;
    assert!(!facts(&synth.build()).unwrap().has_resolvers());
    let mut file = synth.make();
    // R_X86_64_IRELATIVE instead of the first relocation's type.
    file.put_u32(file.place("relocations") + 8, 37);
    assert!(facts(&file.bytes).unwrap().has_resolvers());
    let mut arm = rich(Synth::new(false, false));
    arm.machine = 40;
    let mut file = arm.make();
    file.put_u32(file.place("relocations") + 4, 1 << 8 | 0xa0);
    assert!(facts(&file.bytes).unwrap().has_resolvers());
    assert!(facts(&arm.resolver("dot").build()).unwrap().has_resolvers());
}

#[test]
fn symbols_must_be_in_the_file() {
    let reason = complaint_after(|file| file.set_dynamic(dt::SYMTAB, 1 << 40));
    assert_eq!(
        reason,
        "the dynamic symbols (DT_SYMTAB) reach past their segment"
    );
    let reason = complaint_after(|file| file.set_dynamic(dt::VERSYM, 1 << 40));
    assert_eq!(
        reason,
        "the symbols' versions (DT_VERSYM) reach past their segment"
    );
    let reason = complaint_after(|file| file.put_u32(file.place("dynsym") + 24, u32::MAX));
    assert_eq!(
        reason,
        "the name of a dynamic symbol lies outside the dynamic string table"
    );
    let reason = complaint_after(|file| file.set_dynamic(dt::RELASZ, 1 << 40));
    assert_eq!(reason, "the relocation table reaches past its segment");
}

#[test]
fn long_and_odd_symbol_names_are_kept() {
    let long = "_Z".repeat(5000);
    let facts = read(
        &Synth::new(true, false)
            .import(&long, None)
            .import(b"a\xffb", None),
    );
    let names: Vec<_> = facts.imports().map(|import| import.name).collect();
    assert_eq!(names, [&*long, "a\\xffb"]);
}

/// `r_info` of 64-bit MIPS is the symbol in 32 bits and four bytes, whatever the byte order; how
/// many symbols there are is said by `DT_MIPS_SYMTABNO`.
#[test]
fn relocations_of_64_bit_mips_are_read() {
    for big_endian in [false, true] {
        let mut synth = rich(Synth::new(true, big_endian));
        synth.machine = 8;
        synth.hash = Hash::None;
        let mut file = synth.value(0x7000_0011, 9).make();
        let (mut at, mut index) = (file.place("relocations"), 1);
        while index <= 5 {
            file.put_u32(at + 8, index);
            file.put(at + 12, &[0, 0, 18, 3]);
            (at, index) = (at + 24, index + 1);
        }
        assert_eq!(facts(&file.bytes).unwrap().imports().count(), 5);
        assert!(facts(&file.bytes).unwrap().defines_function("PyInit_greet"));
        file.set_dynamic(0x7000_0011, 1 << 40);
        let reason = complaint(&file.bytes);
        assert!(reason.contains("no linker writes that many"), "{reason}");
    }
}
