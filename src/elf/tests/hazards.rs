//! What the loader would refuse, or show us otherwise than it sees it, is refused.

use proptest::prelude::*;

use super::{read, rich};
use crate::elf::dynamic::dt;
use crate::elf::facts::facts;
use crate::elf::header::{Segment, pt};
use crate::elf::image::ElfError;
use crate::elf::synth::{Hash, Synth, Synthetic};

/// What is wrong with a file.
fn complaint(image: &[u8]) -> String {
    match facts(&image.to_vec()) {
        Err(ElfError::Malformed(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// What is wrong with the rich library for x86-64 after `change`.
fn complaint_after(change: impl FnOnce(&mut Synthetic)) -> String {
    let mut file = rich(Synth::new(true, false)).make();
    change(&mut file);
    complaint(&file.bytes)
}

#[test]
fn headers_that_the_loader_refuses_are_malformed() {
    let good = rich(Synth::new(true, false)).build();
    assert_eq!(complaint(b"\x7fELF"), "the file ends within its ELF header");
    assert_eq!(
        complaint(&good[..40]),
        "the file ends within its ELF header"
    );
    assert_eq!(
        complaint(&good[..100]),
        "the program headers reach past the end of the file"
    );
    assert_eq!(complaint(b"#!/bin/sh\nexit 0; # not ELF"), "no ELF magic");
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..][..bytes.len()].copy_from_slice(bytes);
        complaint(&file)
    };
    assert_eq!(changed(4, &[0]), "EI_CLASS is 0, neither 32- nor 64-bit");
    assert_eq!(changed(5, &[3]), "EI_DATA is 3, no known byte order");
    assert_eq!(changed(5, &[2]), "e_phentsize is 14336, not 56");
    assert_eq!(changed(6, &[0]), "EI_VERSION is 0, not 1");
    assert_eq!(changed(54, &[0, 0]), "e_phentsize is 0, not 56");
    let many = "it has more program headers than the loader reads (e_phnum is 0xffff)";
    assert_eq!(changed(56, &[0xff, 0xff]), many);
    let past = "the program headers reach past the end of the file";
    assert_eq!(changed(32, &[0xff; 8]), past);
}

#[test]
fn segments_that_show_two_faces_are_malformed() {
    let dynamic =
        |edit: fn(&mut Segment)| complaint_after(|file| file.edit_segment(pt::DYNAMIC, edit));
    let two_places = "the address and the file offset of PT_DYNAMIC lead to different bytes";
    assert_eq!(dynamic(|segment| segment.offset = 1 << 50), two_places);
    assert_eq!(dynamic(|segment| segment.offset += 16), two_places);
    assert_eq!(dynamic(|segment| segment.vaddr += 16), two_places);
    let outside = "PT_DYNAMIC lies outside the bytes that PT_LOAD maps from the file";
    assert_eq!(dynamic(|segment| segment.vaddr = 1 << 50), outside);
    let two = complaint_after(|file| {
        file.edit_segment(pt::GNU_STACK, |segment| segment.kind = pt::DYNAMIC);
    });
    assert_eq!(two, "it has two PT_DYNAMIC program headers");

    let load = |edit: fn(&mut Segment)| complaint_after(|file| file.edit_segment(pt::LOAD, edit));
    let overlap = "the PT_LOAD segments overlap or are out of order";
    assert_eq!(load(|segment| segment.memsz = 0x2000), overlap);
    assert_eq!(load(|segment| segment.vaddr = 0x10000), overlap);
    let past = "a PT_LOAD segment reaches past the end of the file";
    assert_eq!(load(|segment| segment.filesz = 1 << 40), past);
    let memory = "a PT_LOAD segment reaches past the end of memory";
    assert_eq!(load(|segment| segment.memsz = u64::MAX), overlap);
    assert_eq!(
        load(|segment| (segment.vaddr, segment.memsz) = (1 << 12, u64::MAX)),
        memory
    );
    let within = "address and offset of a PT_LOAD segment differ within a page";
    assert_eq!(load(|segment| segment.vaddr += 8), within);
}

#[test]
fn two_contents_of_one_page_are_malformed() {
    // The second segment begins in the page where the first ends, but brings other bytes.
    let mut file = rich(Synth::new(true, false)).make();
    let second = file.place("second");
    let at = file.program_header(pt::LOAD) + 56;
    file.put_word(at + 16, second);
    // Same page, same bytes: what `ld -z noseparate-code` does.
    file.edit_segment(pt::DYNAMIC, |segment| segment.vaddr -= 0x1000);
    assert!(facts(&file.bytes).is_ok());
    let mut synth = rich(Synth::new(true, false));
    synth.slack = 0x1000;
    let mut file = synth.make();
    let second = file.place("second");
    let at = file.program_header(pt::LOAD) + 56;
    file.put_word(at + 16, second - 0x1000);
    assert_eq!(
        complaint(&file.bytes),
        "two PT_LOAD segments put different bytes into one page"
    );
}

#[test]
fn sizes_that_the_loader_ignores_are_ignored() {
    for change in [
        (|file| file.edit_segment(pt::DYNAMIC, |segment| segment.filesz = 1 << 62))
            as fn(&mut Synthetic),
        |file| file.edit_segment(pt::DYNAMIC, |segment| segment.filesz = 0),
        |file| file.set_dynamic(dt::VERNEEDNUM, 1 << 60),
        |file| file.set_dynamic(dt::VERNEEDNUM, 0),
        |file| file.set_dynamic(dt::VERDEFNUM, u64::MAX),
        |file| file.put_u16(file.place("verneed") + 2, 0),
        |file| file.put_u16(file.place("verneed") + 2, 0xffff),
        // e_shoff, e_shentsize, e_shnum, e_shstrndx.
        |file| file.put_word(40, u64::MAX - 63),
        |file| file.put(58, &[0; 6]),
        |file| file.put(58, &[0xff; 6]),
    ] {
        let mut file = rich(Synth::new(true, false)).make();
        let before = format!("{:?}", facts(&file.bytes).unwrap());
        change(&mut file);
        let mut after = facts(&file.bytes).unwrap();
        after.section_conflict = None;
        assert_eq!(format!("{after:?}"), before);
    }
}

#[test]
fn dynamic_entries_must_end() {
    let mut synth = rich(Synth::new(true, false));
    synth.nulls = 0;
    let mut file = synth.make();
    let end = file.place("end");
    // Cut the data that follows the entries.
    let second = file.place("second");
    let data = file.place("data");
    let at = file.program_header(pt::LOAD) + 56;
    file.put_word(at + 32, data - second);
    file.put_word(at + 40, data - second);
    let unended = "the dynamic entries do not end within their segment (no DT_NULL)";
    assert_eq!(complaint(&file.bytes), unended);
    // With .bss the loader finds zeros there.
    file.put_word(at + 40, end - second);
    assert!(facts(&file.bytes).is_ok());
}

#[test]
fn debug_files_have_no_dynamic_entries() {
    // `objcopy --only-keep-debug` keeps the headers of segments without their bytes.
    let mut file = rich(Synth::new(true, false)).make();
    let at = file.program_header(pt::LOAD);
    file.put_word(at + 32, 0);
    file.put_word(at + 56 + 32, 0);
    file.edit_segment(pt::DYNAMIC, |segment| segment.filesz = 0);
    let facts = facts(&file.bytes).unwrap();
    assert!(facts.dynamic && facts.needed.is_empty());
}

#[test]
fn names_must_be_there_and_mean_something() {
    let needed = |name: &[u8]| complaint(&Synth::new(true, false).needed(name).build());
    assert_eq!(
        needed(b""),
        "the name of a needed library (DT_NEEDED) is empty"
    );
    let not_utf8 = "the name of a needed library (DT_NEEDED) is not UTF-8: lib\\xff\\x1b.so";
    assert_eq!(needed(b"lib\xff\x1b.so"), not_utf8);
    let long = "the name of a needed library (DT_NEEDED) does not end within 4096 bytes";
    assert_eq!(needed(&[b'a'; 4096]), long);
    let soname = complaint(&Synth::new(true, false).soname(b"\xfe").build());
    assert_eq!(soname, "the soname (DT_SONAME) is not UTF-8: \\xfe");
    let version = Synth::new(true, false)
        .needed("a")
        .needs(b"\xfe", &["A"])
        .build();
    assert_eq!(
        complaint(&version),
        "the library of a needed version is not UTF-8: \\xfe"
    );
    assert_eq!(read(&Synth::new(true, false).soname("")).soname, None);
    let offset = complaint_after(|file| file.set_dynamic(dt::NEEDED, 1 << 31));
    let outside = "the name of a needed library (DT_NEEDED) lies outside the dynamic string table";
    assert_eq!(offset, outside);
    let table = "the dynamic string table (DT_STRTAB, DT_STRSZ) lies outside the file's segments";
    assert_eq!(
        complaint_after(|file| file.set_dynamic(dt::STRTAB, 1 << 45)),
        table
    );
    assert_eq!(
        complaint_after(|file| file.set_dynamic(dt::STRSZ, u64::MAX)),
        table
    );
    let twice = rich(Synth::new(true, false)).value(dt::STRTAB, 0x100);
    assert_eq!(
        complaint(&twice.build()),
        "it has two different DT_STRTAB entries"
    );
}

#[test]
fn version_chains_must_lead_forward_through_the_file() {
    let need = |at: u64, value: u32| {
        complaint_after(|file| file.put_u32(file.place("verneed") + at, value))
    };
    // vn_next, vn_aux, vna_next.
    assert_eq!(need(12, 8), "DT_VERNEED: the records overlap");
    assert_eq!(
        need(12, 0xffff_fff0),
        "DT_VERNEED: a record lies outside the file's segments"
    );
    assert_eq!(
        need(8, 0x0100_0000),
        "DT_VERNEED: a record lies outside the file's segments"
    );
    assert_eq!(need(16 + 12, 1), "DT_VERNEED: the records overlap");
    let version = complaint_after(|file| file.put_u16(file.place("verneed"), 2));
    assert_eq!(version, "DT_VERNEED: a record has an unknown version");
    let place = complaint_after(|file| file.set_dynamic(dt::VERNEED, 1 << 40));
    assert_eq!(place, "DT_VERNEED lies outside the file's segments");
    let def = |at: u64, value: u32| {
        complaint_after(|file| file.put_u32(file.place("verdef") + at, value))
    };
    assert_eq!(def(16, 4), "DT_VERDEF: the records overlap");
    assert_eq!(
        def(16, u32::MAX),
        "DT_VERDEF: a record lies outside the file's segments"
    );
}

#[test]
fn shared_version_chains_cost_no_more_than_the_file_has_records() {
    // 2000 records that all lead into one chain: two million versions, were they followed.
    let mut synth = Synth::new(true, false).needed("l");
    for _ in 0..2000 {
        synth = synth.needs("l", &["A"]);
    }
    let mut file = synth.make();
    let start = file.place("verneed");
    // Each record's chain goes on with the versions of all that follow.
    for index in 0..1999 {
        file.put_u32(start + index * 32 + 16 + 12, 32);
    }
    assert_eq!(complaint(&file.bytes), "DT_VERNEED: the records overlap");
}

#[test]
fn a_long_name_cannot_be_asked_for_a_million_times() {
    let long = vec![b'a'; 4000];
    let mut synth = Synth::new(true, false);
    for _ in 0..3000 {
        synth = synth.needed(&long);
    }
    let reason = "its names are longer, together, than any linker writes";
    assert_eq!(complaint(&synth.build()), reason);
    let mut synth = Synth::new(true, false);
    for index in 0..10_000 {
        synth = synth.value(dt::NEEDED, 1 + index % 4);
    }
    assert_eq!(read(&synth.soname("libx.so")).needed.len(), 10_000);
}

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
fn a_loader_tells_the_float_abi_that_flags_leave_open() {
    let arch = |flags, loader: &str| {
        let mut synth = rich(Synth::new(false, false)).needed("libfoo.so.1");
        (synth.machine, synth.flags) = (40, flags);
        synth.interpreter = Some(loader.as_bytes().to_vec());
        facts(&synth.build()).unwrap().arch.ok()
    };
    let hard = Some(crate::arch::Arch::Armv7l);
    assert_eq!(arch(0x0500_0000, "/lib/ld-linux-armhf.so.3"), hard);
    assert_eq!(arch(0x0500_0000, "/lib/ld-musl-armhf.so.1"), hard);
    assert_eq!(arch(0x0500_0000, "/lib/ld-linux.so.3"), None);
    assert_eq!(arch(0x0500_0200, "/lib/ld-linux-armhf.so.3"), None);
    let mut library = rich(Synth::new(false, false)).needed("ld-linux-armhf.so.3");
    (library.machine, library.flags) = (40, 0x0500_0000);
    assert_eq!(facts(&library.build()).unwrap().arch.ok(), hard);
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
            file.put_u32(place + at, value);
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
