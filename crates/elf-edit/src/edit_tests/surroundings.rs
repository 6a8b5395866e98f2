//! What is around the edit: section headers, appended data, refusals, the verifier.

use super::{edited, library, path, read, rename, segments, soname, unsafe_reason, written};
use crate::abi::{dt, pt, sht};
use crate::error::EditError;
use crate::plan::plan;
use crate::read::header::Header;
use crate::read::sections::Sections;
use crate::read::view::View;
use crate::request::RpathKind;
use crate::verify::verify;
use elf_synth::Synth;

#[test]
fn section_headers_and_section_symbols_follow() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.debug = true;
        let file = synth.build();
        let new = edited(&file, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"));
        let header = Header::read(&new).unwrap();
        let sections = Sections::read(&new, &header).unwrap().unwrap().headers;
        let view = View::read(&new).unwrap();
        let place = segments(&new);
        let place = place.iter().find(|s| s.kind == pt::DYNAMIC).unwrap();
        let dynamic = sections
            .iter()
            .position(|s| s.kind == sht::DYNAMIC)
            .unwrap();
        assert_eq!(
            (sections[dynamic].addr, sections[dynamic].size),
            (place.vaddr, place.filesz)
        );
        let table = sections.iter().find(|s| s.kind == sht::SYMTAB).unwrap();
        let start = usize::try_from(table.offset).unwrap();
        let size = usize::try_from(view.encoding().symbol_size()).unwrap();
        let value = |index: usize| {
            let symbol = &new[start + index * size..][..size];
            crate::read::sections::symbol::Symbol::decode(view.encoding(), symbol)
                .unwrap()
                .value
        };
        let strings = view.dynamic_value(dt::STRTAB).unwrap();
        assert_eq!(
            (1..6).map(value).collect::<Vec<_>>(),
            [strings, place.vaddr, 0, place.vaddr, 0x1234]
        );
    }
}

/// A file that ends too early is refused wherever it ends, also where what is missing lay behind a
/// segment that grew: the bytes that the segment gained are not those.
#[test]
fn a_lost_end_is_noticed() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.sections = false;
        synth.overlay = b"payload of a self-extractor".repeat(9);
        let file = synth.build();
        let edit = path(
            RpathKind::Rpath,
            "$ORIGIN/../greet.libs:$ORIGIN/a/longer/way",
        );
        let new = edited(&file, &edit);
        assert!(new.len() > file.len());
        verify(&file, &new, &edit).unwrap();
        for len in 0..new.len() {
            let cut = new[..len].to_vec();
            let passes = verify(&file, &cut, &edit).is_ok();
            assert!(!passes, "{len} of {} bytes", new.len());
        }
    }
}

#[test]
fn extended_section_numbers_are_read() {
    let mut file = library(Synth::new(true, false)).make();
    let header = Header::read(&file.bytes).unwrap();
    let count = u64::from(header.shnum);
    file.put_word(header.shoff + 32, count);
    file.put_u32(header.shoff + 40, u32::from(header.shstrndx));
    file.put_u16(60, 0);
    file.put_u16(62, 0xffff);
    let new = edited(
        &file.bytes,
        &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"),
    );
    let header = Header::read(&new).unwrap();
    assert_eq!((header.shnum, header.shstrndx), (0, 0xffff));
    let sections = Sections::read(&new, &header).unwrap().unwrap();
    assert_eq!(sections.headers.len() as u64, count);
    let dynamic = sections.headers.iter().find(|s| s.kind == sht::DYNAMIC);
    let place = segments(&new);
    let place = place.iter().find(|s| s.kind == pt::DYNAMIC).unwrap();
    assert_eq!(dynamic.unwrap().addr, place.vaddr);
}

#[test]
fn section_headers_that_make_no_sense_are_left_alone() {
    for (offset, size) in [(u64::MAX, 64), (3, 64), (1 << 40, 64), (0x1000, 17)] {
        let mut file = library(Synth::new(true, false)).make();
        file.put_word(40, offset);
        file.put_u16(58, size);
        let patch = plan(&file.bytes, &soname("libgreet-1a2b3c4d.so.1")).unwrap();
        let new = written(&patch, &file.bytes);
        assert_eq!(read(&new).soname.as_deref(), Some("libgreet-1a2b3c4d.so.1"));
    }
}

#[test]
fn appended_data_stays_last_and_its_move_is_told() {
    let mut synth = library(Synth::new(true, false));
    synth.overlay = b"payload of a self-extractor".to_vec();
    let file = synth.build();
    let patch = plan(&file, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs")).unwrap();
    assert!(written(&patch, &file).ends_with(&synth.overlay));
    assert_eq!(patch.remarks(), [crate::patch::Remark::PayloadMoved]);
    // In place, nothing moves and nothing is told.
    let patch = plan(&file, &soname("words.so.2")).unwrap();
    assert!(patch.remarks().is_empty());
}

#[test]
fn bytes_of_headers_that_are_not_loaded_move_with_them() {
    let mut synth = library(Synth::new(true, false));
    synth.attributes = true;
    let file = synth.build();
    let new = edited(&file, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"));
    let bytes = |file: &[u8]| {
        let segment = segments(file);
        let segment = segment.iter().find(|s| s.kind == 0x7000_0003).unwrap();
        let start = usize::try_from(segment.offset).unwrap();
        let len = usize::try_from(segment.filesz).unwrap();
        (start, file[start..start + len].to_vec())
    };
    assert_ne!(bytes(&file).0, bytes(&new).0);
    assert_eq!(bytes(&file).1, bytes(&new).1);
}

#[test]
fn what_cannot_be_edited_safely_is_refused_in_one_line() {
    let edit = path(RpathKind::Rpath, "$ORIGIN");
    let mut object = library(Synth::new(true, false));
    object.kind = 1;
    let reason = unsafe_reason(&object.build(), &edit);
    assert!(reason.contains("neither a shared object"), "{reason}");
    let prelinked = library(Synth::new(true, false)).value(0x6fff_fdf5, 1);
    let reason = unsafe_reason(&prelinked.build(), &edit);
    assert!(reason.contains("prelink"), "{reason}");
    let mut fixed = library(Synth::new(true, false));
    fixed.dynamic = false;
    let reason = unsafe_reason(&fixed.build(), &edit);
    assert!(reason.contains("no dynamic section"), "{reason}");
    let nothing = rename("liba.so", "libb.so");
    assert!(plan(&fixed.build(), &nothing).unwrap().is_identity());
    let reason = unsafe_reason(&library(Synth::new(true, false)).build(), &soname("a\0b"));
    assert!(reason.contains("NUL"), "{reason}");
}

#[test]
fn the_verifier_notices_any_other_change() {
    let file = library(Synth::new(true, false)).make();
    let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
    let good = edited(&file.bytes, &edit);
    verify(&file.bytes, &good, &edit).unwrap();
    for part in [
        "dynsym", "dynstr", "gnu_hash", "versym", "verneed", "data", "notes",
    ] {
        let mut bad = good.clone();
        bad[usize::try_from(file.place(part)).unwrap() + 1] ^= 1;
        let error = verify(&file.bytes, &bad, &edit).unwrap_err();
        assert!(
            matches!(error, EditError::Verify(_) | EditError::Elf(_)),
            "{part}"
        );
    }
    let error = verify(&file.bytes, &file.bytes, &edit).unwrap_err();
    assert!(error.to_string().contains("DT_RPATH"), "{error}");
    let mut bad = good;
    bad.pop();
    assert!(verify(&file.bytes, &bad, &edit).is_err());
}
