//! What is wrong with the layout of an ELF file, in the eyes of some loader or tool.
//!
//! Files with such faults exist and load somewhere, so they are no reason to refuse a
//! file; but an edit must not add any.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeSet;

use crate::abi::{PF_W, PF_X, dt, pt, sht};
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::header::Segment;

use crate::read::source::{Source, file_end, memory_end, round_up};

const PHDR_ELSEWHERE: &str = "PT_PHDR is not where the program header table is";
const SEGMENT_PAST_END: &str = "a segment reaches past the end of the file";
const SECTION_PAST_END: &str = "a section reaches past the end of the file";
const DYNAMIC_DISAGREES: &str = "PT_DYNAMIC and its section header disagree";
const STRTAB_DISAGREES: &str = "DT_STRTAB and its section header disagree";
const SECTION_UNMARKED: &str = "a section has an address and is not marked as loaded";
const STRTAB_UNMARKED: &str = "the section of the dynamic strings is no string table";

/// The faults that say that a table lies: what an edit of such a file comes to cannot be foreseen.
pub(crate) const LIES: [&str; 7] = [
    PHDR_ELSEWHERE,
    SEGMENT_PAST_END,
    SECTION_PAST_END,
    DYNAMIC_DISAGREES,
    STRTAB_DISAGREES,
    SECTION_UNMARKED,
    STRTAB_UNMARKED,
];

/// All faults of `source`.
pub(crate) fn faults(source: &Source<'_>) -> Result<BTreeSet<&'static str>, ElfError> {
    let mut faults = BTreeSet::new();
    load_faults(source, &mut faults);
    table_faults(source, &mut faults);
    dynamic_faults(source, &mut faults)?;
    Ok(faults)
}

fn load_faults(source: &Source<'_>, faults: &mut BTreeSet<&'static str>) {
    let mut last: Option<&Segment> = None;
    for load in source.view.loads() {
        if file_end(load) > source.size() {
            faults.insert("a PT_LOAD reaches past the end of the file");
        }
        if load.filesz > load.memsz {
            faults.insert("a PT_LOAD has more file bytes than memory");
        }
        if load.align > 1 {
            let distance = load.vaddr.wrapping_sub(load.offset);
            if !load.align.is_power_of_two() {
                faults.insert("p_align of a PT_LOAD is no power of two");
            } else if distance.checked_rem(load.align) != Some(0) {
                faults.insert("address and offset of a PT_LOAD differ modulo p_align");
            }
        }
        if load.flags & PF_W != 0 && load.flags & PF_X != 0 {
            faults.insert("a PT_LOAD is writable and executable");
        }
        if let Some(last) = last {
            if load.vaddr < last.vaddr {
                faults.insert("PT_LOAD headers are not in ascending order");
            }
            if load.vaddr < memory_end(last) {
                faults.insert("PT_LOAD segments overlap");
            }
            if pages_overlap(last, load) {
                faults.insert("PT_LOAD segments share a page");
            }
        }
        last = Some(load);
    }
}

/// Pages are as large as the segment that is mapped later says, up to 64 KiB.
fn pages_overlap(first: &Segment, second: &Segment) -> bool {
    let page = second.align.clamp(1, 0x1_0000);
    let below = second.vaddr.checked_rem(page).unwrap_or_default();
    round_up(memory_end(first), 0x1000.min(page)) > second.vaddr.saturating_sub(below)
}

fn table_faults(source: &Source<'_>, faults: &mut BTreeSet<&'static str>) {
    let (start, end) = source.segment_table();
    let word = source.view.encoding().word_size();
    if source.load_of(start, end).is_none() {
        faults.insert("the program header table is not loaded");
    }
    if start.checked_rem(word) != Some(0) {
        faults.insert("the program header table is misaligned");
    }
    let table = source.sections.as_ref();
    match table {
        None if source.view.header.shoff != 0 => {
            faults.insert("the section header table makes no sense");
        }
        Some(table) if table.offset.checked_rem(word) != Some(0) => {
            faults.insert("the section header table is misaligned");
        }
        _ => {}
    }
    for header in source.view.segments.iter().filter(|s| s.kind == pt::PHDR) {
        let in_memory = source.view.offset_of(header.vaddr, header.filesz);
        if header.offset != start || file_end(header) != end || in_memory != Some(start) {
            faults.insert(PHDR_ELSEWHERE);
        }
    }
    for segment in &source.view.segments {
        if segment.kind != pt::LOAD && segment.filesz > 0 && file_end(segment) > source.size() {
            faults.insert(SEGMENT_PAST_END);
        }
    }
    for section in source.headers() {
        if section.file_size() > 0 && section.file_end() > source.size() {
            faults.insert(SECTION_PAST_END);
        }
        if section.addr != 0 && !section.is_alloc() {
            faults.insert(SECTION_UNMARKED);
        }
    }
}

fn dynamic_faults(
    source: &Source<'_>,
    faults: &mut BTreeSet<&'static str>,
) -> Result<(), ElfError> {
    let Some(dynamic) = &source.view.dynamic else {
        return Ok(());
    };
    let count = u64::try_from(dynamic.entries.len()).unwrap_or(u64::MAX);
    if dynamic.capacity <= count {
        faults.insert("PT_DYNAMIC ends without DT_NULL");
    }
    let Some(segment) = source.view.segments.get(dynamic.segment) else {
        return Ok(());
    };
    let load = source.load_of(segment.offset, file_end(segment));
    let load = load.and_then(|index| source.view.segments.get(index));
    match load {
        None => {
            faults.insert("PT_DYNAMIC is not loaded from the file");
        }
        Some(load) if segment.flags & PF_W != 0 && load.flags & PF_W == 0 => {
            faults.insert("PT_DYNAMIC is writable, its PT_LOAD is not");
        }
        Some(_) => {}
    }
    if let Ok(table) = source.view.string_table("the check") {
        let last = table.offset.saturating_add(table.size).saturating_sub(1);
        if table.size == 0 || *bytes_at(source.view.image, last, 1, "dynamic strings")? != [0] {
            faults.insert("the dynamic string table does not end with a NUL");
        }
    }
    section_faults(source, segment, faults);
    Ok(())
}

/// Android's loader wants `PT_DYNAMIC` and its section header to agree, and reads names
/// through `sh_link`.
fn section_faults(source: &Source<'_>, segment: &Segment, faults: &mut BTreeSet<&'static str>) {
    let mut sections = source.headers().iter();
    let Some(section) = sections.find(|section| section.kind == sht::DYNAMIC) else {
        return;
    };
    let place = (section.addr, section.offset, section.size);
    if place != (segment.vaddr, segment.offset, segment.filesz) {
        faults.insert(DYNAMIC_DISAGREES);
    }
    let index = usize::try_from(section.link).unwrap_or(usize::MAX);
    let names = source.headers().get(index);
    if names.is_some_and(|names| names.kind != sht::STRTAB) {
        faults.insert(STRTAB_UNMARKED);
    }
    let place = names.map(|names| (names.addr, names.size));
    let vaddr = source.view.dynamic_value(dt::STRTAB);
    let size = source.view.dynamic_value(dt::STRSZ);
    if place.is_none() || place != vaddr.zip(size) {
        faults.insert(STRTAB_DISAGREES);
    }
}
