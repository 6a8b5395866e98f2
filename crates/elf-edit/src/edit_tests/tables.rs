//! Section headers in memory, where patchelf and Go's linker put them: they follow an edit, and
//! nothing that the loaded program uses is taken for one.

use super::{edited, library, path, read, rename, soname, written};
use crate::abi::{dt, pt, sht};
use crate::error::EditError;
use crate::facts::facts;
use crate::plan::plan;
use crate::read::header::Header;
use crate::read::sections::{Sections, section_size};
use crate::read::view::View;
use crate::request::{Edit, RpathKind, Strip};
use crate::verify::verify;
use elf_synth::{Segment, Synth, Synthetic, Table};

const IN_MEMORY: [Table; 3] = [Table::Front, Table::Data, Table::DataEnd];

fn edits() -> Vec<Edit> {
    let remove = Edit {
        remove_needed: ["libwords.so.2".to_owned()].into(),
        ..Edit::default()
    };
    let add = Edit {
        add_needed: vec!["libmore.so.3".to_owned()],
        ..path(RpathKind::Runpath, "$ORIGIN/../greet.libs")
    };
    let strip = |strip| Edit {
        strip,
        ..path(RpathKind::Rpath, "$ORIGIN/../greet.libs")
    };
    vec![
        soname("words.so.2"),
        soname("libgreet-1a2b3c4d.so.1"),
        path(RpathKind::Rpath, "$ORIGIN/../greet.libs"),
        rename("libwords.so.2", "libwords-5e6f7a8b.so.2"),
        remove,
        add,
        strip(Strip::Debug),
        strip(Strip::Unneeded),
        strip(Strip::All),
    ]
}

/// Every file with its section headers in memory, with and without zero-initialised memory and
/// too much of that to become bytes of the file.
fn layouts() -> Vec<Synth> {
    let mut layouts = Vec::new();
    for synth in Synth::all() {
        for table in IN_MEMORY {
            for (bss, slack) in [(0, 0), (0x123, 0), (9 << 20, 0), (0, 0x4000)] {
                let mut synth = library(synth.clone());
                (synth.table, synth.bss, synth.slack) = (table, bss, slack);
                synth.debug = true;
                layouts.push(synth);
            }
        }
    }
    layouts
}

/// The section headers say what the loader's tables do.
fn check_sections(file: &[u8]) {
    let image = file.to_vec();
    let view = View::read(&image).unwrap();
    let sections = Sections::read(&image, &view.header).unwrap().unwrap();
    let of = |kind| sections.headers.iter().find(|s| s.kind == kind).unwrap();
    let strings = sections
        .headers
        .iter()
        .find(|s| s.kind == sht::STRTAB && s.is_alloc())
        .unwrap();
    let table = view.string_table("test").unwrap();
    assert_eq!((strings.offset, strings.size), (table.offset, table.size));
    assert_eq!(Some(strings.addr), view.dynamic_value(dt::STRTAB));
    let dynamic = view
        .segments
        .iter()
        .find(|s| s.kind == pt::DYNAMIC)
        .unwrap();
    let section = of(sht::DYNAMIC);
    assert_eq!(
        (section.addr, section.offset, section.size),
        (dynamic.vaddr, dynamic.offset, dynamic.filesz)
    );
    assert_eq!(Some(of(sht::DYNSYM).addr), view.dynamic_value(dt::SYMTAB));
    assert!(read(file).section_conflict.is_none());
}

#[test]
fn every_edit_works_and_the_headers_follow() {
    for synth in layouts() {
        let file = synth.build();
        check_sections(&file);
        for edit in edits() {
            let new = edited(&file, &edit);
            verify(&file, &new, &edit).unwrap();
            check_sections(&new);
            assert!(plan(&new, &edit).unwrap().is_identity(), "{edit:?}");
            // What an edit leaves is edited again.
            let again = path(RpathKind::Rpath, "$ORIGIN/once/more/and/then/some");
            check_sections(&edited(&new, &again));
        }
    }
}

#[test]
fn the_verifier_reads_each_header() {
    let mut synth = library(Synth::new(true, false));
    synth.debug = true;
    for table in [Table::Behind, Table::Front, Table::Data, Table::DataEnd] {
        synth.table = table;
        let file = synth.build();
        for edit in [edits().swap_remove(2), edits().swap_remove(8)] {
            let good = edited(&file, &edit);
            let header = Header::read(&good).unwrap();
            let start = usize::try_from(header.shoff).unwrap();
            let size = usize::try_from(section_size(header.encoding)).unwrap();
            for at in start..start + usize::from(header.shnum) * size {
                let (index, field) = ((at - start) / size, (at - start) % size);
                let is_names = index == usize::from(header.shstrndx);
                if is_names && edit.strip != Strip::None && (24..40).contains(&field) {
                    // A strip writes the names anew: what counts is that they are found.
                    continue;
                }
                let mut bad = good.clone();
                bad[at] ^= 1;
                let passes = verify(&file, &bad, &edit).is_ok();
                assert!(!passes, "{table:?}: byte {field} of header {index}");
            }
        }
    }
}

/// An address in the section headers, which are at the start of the second segment.
fn inside(file: &Synthetic) -> u64 {
    file.place("table") + 0x1000 + 100
}

/// Files whose loader uses bytes of what calls itself section headers.
fn dual_use() -> Vec<Synthetic> {
    let tags = [
        dt::INIT,
        dt::FINI,
        dt::PLTGOT,
        dt::INIT_ARRAY,
        dt::FINI_ARRAY,
        dt::PREINIT_ARRAY,
        dt::RELR,
    ];
    let sizes = [
        (dt::INIT_ARRAYSZ, 8),
        (dt::FINI_ARRAYSZ, 8),
        (dt::PREINIT_ARRAYSZ, 8),
        (dt::RELRSZ, 8),
    ];
    let make = |tag: Option<i64>| {
        let mut synth = library(Synth::new(true, false)).object("environ");
        synth.table = Table::Data;
        for (size, bytes) in sizes {
            synth = synth.value(size, bytes);
        }
        let mut file = synth.clone().make();
        if let Some(tag) = tag {
            synth = synth.value(tag, inside(&file));
            file = synth.make();
            file.set_dynamic(tag, inside(&file));
        }
        file
    };
    let mut files: Vec<Synthetic> = tags.into_iter().map(Some).map(make).collect();
    let plain = make(None);
    // The entry point, what a relocation changes, a variable.
    let mut file = plain.clone();
    file.put_word(24, inside(&plain));
    files.push(file);
    let mut file = plain.clone();
    file.put_word(plain.place("relocations"), inside(&plain));
    files.push(file);
    let mut file = plain.clone();
    let view = View::read(&plain.bytes).unwrap();
    let count = crate::read::hash::symbol_count(&view).unwrap();
    let last = plain.place("dynsym") + (count - 1) * 24;
    file.put_u16(last + 6, 1);
    file.put_word(last + 8, inside(&plain));
    files.push(file);
    // The dynamic entries themselves are among the headers.
    let mut file = plain.clone();
    let start = plain.place("dynamic") - 64;
    file.put_word(40, start);
    file.put(start, &[0; 64]);
    file.put_u16(60, 4);
    files.push(file);
    files
}

#[test]
fn what_is_used_is_not_taken_for_section_headers() {
    for file in dual_use() {
        assert_eq!(
            read(&file.bytes).section_conflict,
            Some("section headers in the place of something that the loaded program uses")
        );
        let start = usize::try_from(file.place("table")).unwrap();
        let table = start..usize::try_from(file.place("dynamic")).unwrap() - 64;
        for edit in edits() {
            let Ok(patch) = plan(&file.bytes, &edit) else {
                continue;
            };
            let new = written(&patch, &file.bytes);
            assert_eq!(new[table.clone()], file.bytes[table.clone()], "{edit:?}");
        }
    }
}

/// The same number in a part of memory that comes from elsewhere in the file is another place.
#[test]
fn addresses_are_those_of_the_segment_that_maps_the_headers() {
    let mut synth = library(Synth::new(true, false));
    synth.table = Table::Data;
    let mut file = synth.make();
    let elsewhere = inside(&file) - 0x1000;
    file.put_word(file.place("relocations"), elsewhere);
    check_sections(&file.bytes);
    check_sections(&edited(
        &file.bytes,
        &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"),
    ));
}

/// The null section comes first: its zeros are no room for a program header.
#[test]
fn a_new_program_header_does_not_take_the_place_of_section_headers() {
    let mut synth = library(Synth::new(true, false));
    (synth.table, synth.bss) = (Table::Front, 9 << 20);
    let file = synth.build();
    let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
    let patch = plan(&file, &edit).unwrap();
    assert_eq!(patch.remarks(), [crate::patch::Remark::HeadersMoved]);
    check_sections(&written(&patch, &file));
}

/// Tables that lie in two segments, or behind one in its last page (patchelf leaves both), are
/// edited as others.
#[test]
fn tables_across_segments_are_edited() {
    for synth in Synth::all() {
        for sections in [true, false] {
            let mut synth = library(synth.clone());
            (synth.sections, synth.debug) = (sections, sections);
            synth.interpreter = Some(b"/lib/ld.so.1".to_vec());
            let whole = synth.make();
            for part in ["dynsym", "dynstr", "verneed", "dynamic"] {
                let mut file = whole.clone();
                file.split_load(whole.place(part) + 16);
                check_edits(&file.bytes);
            }
        }
    }
}

#[test]
fn tables_behind_a_segment_are_edited() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.table = Table::Data;
        let end = synth.make().place("first_end");
        synth.slack = usize::try_from(end.next_multiple_of(0x1000) - end).unwrap();
        let mut file = synth.make();
        let load = file.program_header(pt::LOAD) + file.encoding.segment_size();
        let place = usize::try_from(load).unwrap();
        let mut segment = Segment::decode(file.encoding, &file.bytes[place..]);
        segment.filesz = file.place("dynamic") - segment.offset;
        segment.memsz = segment.filesz;
        file.put(load, &segment.encode(file.encoding));
        check_edits(&file.bytes);
    }
}

fn check_edits(file: &[u8]) {
    for edit in edits() {
        let new = edited(file, &edit);
        verify(&file.to_vec(), &new, &edit).unwrap();
        let (before, after) = (read(file), read(&new));
        let names = |facts: &super::Facts| -> Vec<_> {
            facts
                .imports()
                .map(|import| import.name.to_owned())
                .collect()
        };
        assert_eq!(names(&before), names(&after));
        assert!(plan(&new, &edit).unwrap().is_identity(), "{edit:?}");
    }
}

/// The program headers or section headers of these files lie, so that an edit cannot be told from
/// damage: no error may call that a fault of the editor.
#[test]
fn a_table_that_lies_is_the_reason() {
    let file = library(Synth::new(true, false)).make().bytes;
    let read = Sections::read(&file, &Header::read(&file).unwrap());
    let sections = read.unwrap().unwrap();
    let header = |kind| {
        let index = sections.headers.iter().position(|one| one.kind == kind);
        usize::try_from(sections.offset).unwrap() + 64 * index.unwrap()
    };
    // Program headers too many; version requirements that are not marked as loaded; dynamic
    // strings of an unknown type.
    let lies = [
        (56, file[56] + 1),
        (56, file[56] + 2),
        (header(sht::GNU_VERNEED) + 8, 0),
        (header(sht::STRTAB) + 6, 0x20),
    ];
    for (at, lie) in lies {
        let mut file = file.clone();
        file[at] = lie;
        let edit = Edit {
            rpath: path(RpathKind::Rpath, &"$ORIGIN/".repeat(40)).rpath,
            ..rename("libwords.so.2", "libwords-12345678.so.2")
        };
        match plan(&file, &edit) {
            Err(error) => assert!(!matches!(error, EditError::Verify(_)), "{at}: {error}"),
            Ok(patch) => assert!(facts(&written(&patch, &file)).is_ok(), "{at}"),
        }
    }
}
