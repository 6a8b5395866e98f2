//! What Android's loader asks of a library, as a check of edited files: `ElfReader` in
//! bionic's `linker_phdr.cpp`, for applications that target API level 26 and later.

use super::{edited, library};
use crate::abi::{dt, pt, sht};
use crate::read::sections::{Sections, section_size};
use crate::read::view::View;
use crate::request::{Edit, RpathEdit, RpathKind};
use elf_synth::Synth;

const ANDROID_PAGE: u64 = 4096;

/// The first rule that `file` breaks.
fn broken_rule(file: &[u8]) -> Option<&'static str> {
    let file = file.to_vec();
    let view = View::read(&file).ok()?;
    let encoding = view.encoding();
    let header = &view.header;
    let size = file.len() as u64;
    if header.kind != 3 {
        return Some("e_type is not ET_DYN");
    }
    if u64::from(header.shentsize) != section_size(encoding) {
        return Some("unsupported e_shentsize");
    }
    if header.shstrndx == 0 {
        return Some("invalid e_shstrndx");
    }
    if !(1..=65536 / encoding.segment_size()).contains(&u64::from(header.phnum)) {
        return Some("invalid e_phnum");
    }
    if header.phoff % encoding.word_size() != 0 {
        return Some("program headers are misaligned");
    }
    let table_size = u64::from(header.shnum) * section_size(encoding);
    if header.shoff % encoding.word_size() != 0 || header.shoff + table_size > size {
        return Some("invalid section header table");
    }
    broken_mapping(&view, size).or_else(|| broken_sections(&view))
}

/// `PT_LOAD` headers.
fn broken_mapping(view: &View<'_>, size: u64) -> Option<&'static str> {
    for segment in &view.segments {
        if segment.offset + segment.filesz > size && segment.kind == pt::LOAD {
            return Some("a segment reaches past the end of the file");
        }
    }
    let mut loads = view.loads().peekable();
    while let Some(load) = loads.next() {
        if load.vaddr % ANDROID_PAGE != load.offset % ANDROID_PAGE {
            return Some("a segment cannot be mapped");
        }
        if load.flags & 3 == 3 {
            return Some("a segment is writable and executable");
        }
        if let Some(next) = loads.peek()
            && next.vaddr < load.vaddr + load.memsz
        {
            return Some("segments overlap or are out of order");
        }
    }
    None
}

/// The section header of the dynamic section, and that of its strings.
fn broken_sections(view: &View<'_>) -> Option<&'static str> {
    let sections = Sections::read(view.image, &view.header).ok()??.headers;
    let place = view.segments.iter().find(|s| s.kind == pt::DYNAMIC)?;
    let Some(dynamic) = sections.iter().find(|s| s.kind == sht::DYNAMIC) else {
        return Some("no .dynamic section header");
    };
    if dynamic.offset != place.offset {
        return Some(".dynamic section has invalid offset");
    }
    if dynamic.size != place.filesz {
        return Some(".dynamic section has invalid size");
    }
    let strings = sections.get(usize::try_from(dynamic.link).ok()?)?;
    if strings.kind != sht::STRTAB {
        return Some(".dynamic section has invalid link");
    }
    // DT_NEEDED and DT_RUNPATH are read through that section.
    if view.offset_of(view.dynamic_value(dt::STRTAB)?, strings.size) != Some(strings.offset) {
        return Some("names come from another table than the loaded one");
    }
    None
}

#[test]
fn edited_libraries_follow_the_rules_of_androids_loader() {
    for nulls in [1, 5] {
        for bss in [0, 100, 9 << 20] {
            for is_64 in [true, false] {
                let mut synth = library(Synth::new(is_64, false));
                synth.nulls = nulls;
                synth.bss = bss;
                synth.load_align = 0x4000;
                let original = synth.build();
                assert_eq!(broken_rule(&original), None);
                let edit = Edit {
                    soname: Some("libgreet-1a2b3c4d.so".to_owned()),
                    rpath: RpathEdit::Set(RpathKind::Runpath, "$ORIGIN/../greet.libs".to_owned()),
                    ..Edit::default()
                };
                let new = edited(&original, &edit);
                assert_eq!(broken_rule(&new), None, "nulls {nulls}, bss {bss}");
            }
        }
    }
}

#[test]
fn a_broken_rule_is_noticed() {
    let mut file = library(Synth::new(true, false)).make();
    file.edit_segment(pt::DYNAMIC, |segment| segment.filesz -= 16);
    assert_eq!(
        broken_rule(&file.bytes),
        Some(".dynamic section has invalid size")
    );
}
