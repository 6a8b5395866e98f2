//! Segments that would be one thing in memory and another in the file.

use super::{complaint, complaint_after};
use crate::elf::dynamic::dt;
use crate::elf::facts::facts;
use crate::elf::header::{Segment, pt};
use crate::elf::synth::{Synth, Synthetic};
use crate::elf::tests::rich;

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
