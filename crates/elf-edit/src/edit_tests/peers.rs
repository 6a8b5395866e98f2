//! What the suites of other editors name as behaviour, on files of our own making.

use super::{edited, library, path, read, segments, soname};
use crate::abi::{dt, pt, sht};
use crate::plan::plan;
use crate::read::header::Header;
use crate::read::sections::Sections;
use crate::read::view::View;
use crate::request::{Edit, RpathKind};
use crate::verify::verify;
use elf_synth::Synth;

/// The address of an entry of the dynamic section, and its value.
fn entry(file: &[u8], tag: i64) -> (u64, u64) {
    let image = file.to_vec();
    let view = View::read(&image).unwrap();
    let dynamic = view.dynamic.as_ref().unwrap();
    let index = dynamic.entries.iter().position(|e| e.tag == tag).unwrap();
    let step = view.encoding().dynamic_entry_size();
    let start = view.segments[dynamic.segment].vaddr;
    (start + index as u64 * step, dynamic.entries[index].value)
}

/// The string that the last entry with `tag` leads to.
fn string(file: &[u8], tag: i64) -> Vec<u8> {
    let image = file.to_vec();
    let view = View::read(&image).unwrap();
    let at = view.dynamic_value(tag).unwrap();
    view.string(at, 4096, "the test").unwrap().into_owned()
}

#[test]
fn an_address_that_counts_from_its_own_entry_stays_the_same() {
    for synth in Synth::all() {
        let file = library(synth).value(dt::MIPS_RLD_MAP_REL, 0x500).build();
        let add = Edit {
            add_needed: vec!["libfirst.so".to_owned()],
            ..Edit::default()
        };
        for edit in [path(RpathKind::Rpath, "$ORIGIN/../greet.libs"), add] {
            let new = edited(&file, &edit);
            let (old_place, old) = entry(&file, dt::MIPS_RLD_MAP_REL);
            let (place, value) = entry(&new, dt::MIPS_RLD_MAP_REL);
            assert_ne!(place, old_place);
            let mask = if file[4] == 2 {
                u64::MAX
            } else {
                u64::from(u32::MAX)
            };
            assert_eq!(place.wrapping_add(value) & mask, old_place + old);
        }
    }
}

#[test]
fn a_thousand_libraries_come_and_go() {
    for synth in Synth::all() {
        let file = library(synth).build();
        let names: Vec<String> = (0..1000).map(|n| format!("libnumber-{n}.so.{n}")).collect();
        let add = Edit {
            add_needed: names.clone(),
            ..Edit::default()
        };
        let many = edited(&file, &add);
        let needed = read(&many).needed;
        assert_eq!(needed[..1000], names[..]);
        assert_eq!(needed[1000..], read(&file).needed[..]);
        assert!(plan(&many, &add).unwrap().is_identity());
        let remove = Edit {
            remove_needed: names.into_iter().collect(),
            ..Edit::default()
        };
        let few = edited(&many, &remove);
        assert_eq!(read(&few).needed, read(&file).needed);
        assert_eq!(few.len(), many.len());
    }
}

#[test]
fn an_edit_after_the_other_grows_by_its_strings_only() {
    for synth in Synth::all() {
        let mut file = library(synth).build();
        let name = |turn: usize| format!("$ORIGIN/../turn-{turn:04}.libs");
        file = edited(&file, &path(RpathKind::Rpath, &name(0)));
        let (first, count) = (file.len(), segments(&file).len());
        for turn in 1..60 {
            file = edited(&file, &path(RpathKind::Rpath, &name(turn)));
        }
        assert_eq!(segments(&file).len(), count);
        // The section headers and what else follows move by a multiple of 16.
        let most = 59 * (name(0).len() + 1).next_multiple_of(16);
        assert!(file.len() <= first + most, "{} {first}", file.len());
    }
}

#[test]
fn other_string_tables_keep_their_place_and_names() {
    for synth in Synth::all() {
        let mut file = library(synth).make();
        let header = Header::read(&file.bytes).unwrap();
        let table = |bytes: &Vec<u8>| Sections::read(bytes, &header).unwrap().unwrap().headers;
        let headers = table(&file.bytes);
        let is_64 = header.encoding.is_64;
        let (size, kind) = (if is_64 { 64 } else { 40 }, 4);
        // `.comment` poses as a string table, as in files with two `.shstrtab`.
        let comment = file.place("comment");
        let index = headers.iter().position(|s| s.offset == comment).unwrap();
        file.put_u32(header.shoff + index as u64 * size + kind, sht::STRTAB);
        let new = edited(&file.bytes, &soname("libgreet-1a2b3c4d.so.1"));
        let header = Header::read(&new).unwrap();
        let after = Sections::read(&new, &header).unwrap().unwrap().headers;
        assert_eq!(after.len(), headers.len());
        assert_eq!((after[index].kind, after[index].size), (sht::STRTAB, 8));
        let start = usize::try_from(after[index].offset).unwrap();
        assert_eq!(&new[start..start + 8], b"made up\0");
        let strings = after
            .iter()
            .filter(|s| s.kind == sht::STRTAB && s.is_alloc());
        let places: Vec<u64> = strings.map(|section| section.addr).collect();
        let image = new.clone();
        let view = View::read(&image).unwrap();
        assert_eq!(places, [view.dynamic_value(dt::STRTAB).unwrap()]);
    }
}

#[test]
fn notes_that_make_room_keep_their_content() {
    for synth in Synth::all() {
        let mut synth = library(synth)
            .note("Empty", 7, &[])
            .note("stapsdt", 3, &[0x5a; 40]);
        synth.bss = 64 << 20;
        let file = synth.build();
        let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
        let new = edited(&file, &edit);
        let notes = |file: &[u8]| {
            let all = segments(file).into_iter().filter(|s| s.kind == pt::NOTE);
            all.map(|s| {
                let start = usize::try_from(s.offset).unwrap();
                let end = start + usize::try_from(s.filesz).unwrap();
                (file[start..end].to_vec(), s.offset)
            })
            .collect::<Vec<_>>()
        };
        let (before, after) = (notes(&file), notes(&new));
        assert_ne!(before, after, "they made room");
        let content =
            |notes: &[(Vec<u8>, u64)]| notes.iter().map(|note| note.0.clone()).collect::<Vec<_>>();
        assert_eq!(content(&before), content(&after));
        assert_eq!(read(&new).build_id, read(&file).build_id);
        verify(&file, &new, &edit).unwrap();
    }
}

#[test]
fn other_entries_that_name_libraries_are_left_alone() {
    for synth in Synth::all() {
        let file = library(synth)
            .string(dt::FILTER, "libfilter.so")
            .string(dt::AUXILIARY, "libauxiliary.so")
            .string(dt::AUDIT, "libaudit.so")
            .build();
        let edit = Edit {
            replace_needed: [
                ("libfilter.so".to_owned(), "libother.so".to_owned()),
                ("libm.so.6".to_owned(), "libm-1a2b3c4d.so.6".to_owned()),
            ]
            .into(),
            ..Edit::default()
        };
        let new = edited(&file, &edit);
        assert_eq!(string(&new, dt::FILTER), b"libfilter.so");
        assert_eq!(string(&new, dt::AUXILIARY), b"libauxiliary.so");
        assert_eq!(string(&new, dt::AUDIT), b"libaudit.so");
        assert!(read(&new).needed.contains(&"libm-1a2b3c4d.so.6".to_owned()));
    }
}

/// `PT_GNU_STACK` and notes look dispensable to whoever needs a header. They are not.
#[test]
fn no_header_is_taken_that_means_something() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.bss = 64 << 20;
        let file = synth.build();
        let new = edited(&file, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"));
        let kinds = |file: &[u8]| segments(file).iter().map(|s| s.kind).collect::<Vec<_>>();
        let (before, mut after) = (kinds(&file), kinds(&new));
        let last = after.iter().rposition(|kind| *kind == pt::LOAD).unwrap();
        after.remove(last);
        assert_eq!(before, after);
        assert_eq!(read(&new).stack_flags, read(&file).stack_flags);
    }
}
