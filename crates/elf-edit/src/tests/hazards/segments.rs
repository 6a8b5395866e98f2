//! Segments that would be one thing in memory and another in the file.

use super::{complaint, complaint_after};
use crate::abi::{dt, pt};
use crate::error::ElfError;
use crate::facts::facts;
use crate::tests::rich;
use elf_synth::{Hash, Segment, Synth, Synthetic, Table};

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
    let mut two = rich(Synth::new(true, false)).make();
    two.edit_segment(pt::GNU_STACK, |segment| segment.kind = pt::DYNAMIC);
    let refused = facts(&two.bytes);
    assert!(
        matches!(refused, Err(ElfError::Ambiguous(_))),
        "{refused:?}"
    );

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

/// What the facts say, whatever the interpreter.
fn told(bytes: &[u8]) -> String {
    let mut facts = facts(&bytes.to_vec()).unwrap();
    facts.interpreter = None;
    facts.differences = [None; 3];
    format!("{facts:?}")
}

/// Two segments that touch in the file and in memory are one run of bytes to every loader.
#[test]
fn a_table_may_lie_in_two_segments_that_touch() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        synth.interpreter = Some(b"/lib/ld.so.1".to_vec());
        synth.hash = Hash::Both;
        let whole = synth.make();
        for part in [
            "hash",
            "gnu_hash",
            "dynsym",
            "dynstr",
            "versym",
            "verneed",
            "verdef",
            "relocations",
            "dynamic",
        ] {
            for into in [4, 24] {
                let mut file = whole.clone();
                file.split_load(whole.place(part) + into);
                assert_eq!(told(&file.bytes), told(&whole.bytes), "{part}, {into}");
                // With a hole between them in memory, they are not.
                let mut torn = file.clone();
                let size = torn.encoding.segment_size();
                let second = torn.program_header(pt::LOAD) + size;
                if whole.place(part) < whole.place("second") {
                    let place = usize::try_from(second).unwrap();
                    let mut load = Segment::decode(torn.encoding, &torn.bytes[place..]);
                    load.vaddr += 0x10_0000;
                    torn.put(second, &load.encode(torn.encoding));
                    assert!(facts(&torn.bytes).is_err(), "{part}, {into}");
                }
            }
        }
    }
}

/// Pages are mapped whole: what follows a segment in its last page is there, unless the loader
/// fills it with zeros.
#[test]
fn a_table_may_lie_in_the_page_behind_a_segment() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        synth.hash = Hash::Both;
        synth.table = Table::Data;
        let end = synth.make().place("first_end");
        synth.slack = usize::try_from(end.next_multiple_of(0x1000) - end).unwrap();
        let whole = synth.make();
        let size = whole.encoding.segment_size();
        let (first, second) = (
            whole.program_header(pt::LOAD),
            whole.program_header(pt::LOAD) + size,
        );
        for (load, part) in [
            (first, "hash"),
            (first, "dynsym"),
            (first, "dynstr"),
            (first, "verneed"),
            (second, "dynamic"),
        ] {
            let place = usize::try_from(load).unwrap();
            let mut file = whole.clone();
            let mut segment = Segment::decode(file.encoding, &file.bytes[place..]);
            segment.filesz = whole.place(part) - segment.offset;
            segment.memsz = segment.filesz;
            file.put(load, &segment.encode(file.encoding));
            assert_eq!(told(&file.bytes), told(&whole.bytes), "{part}");
            // Zero-initialised memory behind the segment takes the place of the bytes.
            segment.memsz += 1;
            file.put(load, &segment.encode(file.encoding));
            let read = facts(&file.bytes);
            assert!(read.is_err() || read.unwrap().needed.is_empty(), "{part}");
        }
    }
}

#[test]
fn a_shared_object_has_strings_and_symbols() {
    let without = |tag: i64| {
        let file = rich(Synth::new(true, false)).make();
        let mut empty = file.clone();
        let mut at = usize::try_from(file.place("dynamic")).unwrap();
        while file.encoding.word(&file.bytes, at) != u64::try_from(tag).unwrap() {
            at += 16;
        }
        // `DT_DEBUG`, which says nothing of a library.
        empty.put_word(at as u64, 21);
        empty
    };
    for (tag, name) in [(dt::STRTAB, "DT_STRTAB"), (dt::SYMTAB, "DT_SYMTAB")] {
        let mut file = without(tag);
        let reason = complaint(&file.bytes);
        assert_eq!(
            reason,
            format!("a shared object without {name}: no loader can use it")
        );
        // An executable may relocate itself without.
        file.put_u16(16, 2);
        let is_refused =
            facts(&file.bytes).is_err_and(|error| error.to_string().contains("no loader"));
        assert!(!is_refused);
    }
}
