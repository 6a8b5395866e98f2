//! Tests of stripping and of debug files.

use super::{edited, library, read, written};
use crate::abi::sht;
use crate::error::EditError;
use crate::plan::{plan, split_debug};
use crate::read::header::Header;
use crate::read::sections::Sections;
use crate::read::sections::names::section_name;
use crate::request::{Edit, RpathEdit, RpathKind, Strip};
use crate::verify::verify;
use elf_synth::{Synth, Synthetic};

fn with_symbols(synth: Synth) -> Synth {
    let mut synth = library(synth);
    synth.debug = true;
    synth
}

fn strip(strip: Strip) -> Edit {
    Edit {
        strip,
        ..Edit::default()
    }
}

fn section_names(bytes: &[u8]) -> Vec<String> {
    let image = bytes.to_vec();
    let header = Header::read(&image).unwrap();
    let sections = Sections::read(&image, &header).unwrap().unwrap();
    let table = sections.headers[sections.names];
    let start = usize::try_from(table.offset).unwrap();
    let names = &bytes[start..start + usize::try_from(table.size).unwrap()];
    let headers = sections.headers.iter();
    headers
        .map(|section| String::from_utf8_lossy(section_name(names, section)).into_owned())
        .collect()
}

#[test]
fn each_level_takes_what_it_says() {
    for synth in Synth::all() {
        let file = with_symbols(synth).build();
        for (level, symbols) in [
            (Strip::All, false),
            (Strip::Unneeded, false),
            (Strip::Debug, true),
        ] {
            let patch = plan(&file, &strip(level)).unwrap();
            let new = written(&patch, &file);
            assert!(new.len() < file.len());
            assert_eq!(patch.stripped(), (file.len() - new.len()) as u64);
            let names = section_names(&new);
            assert!(!names.iter().any(|name| name == ".debug_info"));
            assert_eq!(names.iter().any(|name| name == ".symtab"), symbols);
            assert_eq!(names.iter().any(|name| name == ".strtab"), symbols);
            assert!(names.iter().any(|name| name == ".comment"));
            assert_eq!(read(&new).needed, read(&file).needed);
            assert!(plan(&new, &strip(level)).unwrap().is_identity());
            verify(&file, &new, &strip(level)).unwrap();
        }
    }
}

#[test]
fn symbols_of_sections_that_go_go_and_others_are_renumbered() {
    let file = with_symbols(Synth::new(true, false)).build();
    let new = edited(&file, &strip(Strip::Debug));
    let header = Header::read(&new).unwrap();
    let sections = Sections::read(&new, &header).unwrap().unwrap().headers;
    let table = sections.iter().find(|s| s.kind == sht::SYMTAB).unwrap();
    assert_eq!((table.size, table.info), (5 * 24, 4));
}

/// The second symbol table is kept by the first only, which comes behind it.
#[test]
fn what_only_a_section_that_goes_refers_to_goes_with_it() {
    for synth in Synth::all() {
        let mut file = with_symbols(synth).build();
        let header = Header::read(&file).unwrap();
        let names = section_names(&file);
        let (size, link) = if header.encoding.is_64 {
            (64, 40)
        } else {
            (40, 24)
        };
        let index = |wanted: &str| names.iter().position(|name| name == wanted).unwrap();
        let place = |name: &str| usize::try_from(header.shoff).unwrap() + index(name) * size;
        let mut put = |at: usize, value: u32| {
            file[at..at + 4].copy_from_slice(&header.encoding.u32_bytes(value));
        };
        put(place(".comment") + 4, sht::SYMTAB);
        put(
            place(".symtab") + link,
            u32::try_from(index(".comment")).unwrap(),
        );
        for level in [Strip::Unneeded, Strip::All] {
            let new = edited(&file, &strip(level));
            let gone = section_names(&new);
            assert!(!gone.iter().any(|n| n == ".symtab" || n == ".comment"));
            assert!(plan(&new, &strip(level)).unwrap().is_identity());
        }
    }
}

#[test]
fn strip_then_edit_is_edit_then_strip() {
    for synth in Synth::all() {
        let file = with_symbols(synth).build();
        let mut edit = Edit {
            rpath: RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/../greet.libs".to_owned()),
            soname: Some("libgreet-1a2b3c4d.so.1".to_owned()),
            ..Edit::default()
        };
        let after = edited(&edited(&file, &edit), &strip(Strip::All));
        edit.strip = Strip::All;
        let at_once = edited(&file, &edit);
        let (one, other) = (read(&at_once), read(&after));
        assert_eq!((one.soname, one.rpath), (other.soname, other.rpath));
        assert_eq!(section_names(&at_once), section_names(&after));
        assert!(at_once.len() <= after.len() + 64);
    }
}

#[test]
fn bytes_of_headers_that_are_not_loaded_survive() {
    let mut synth = with_symbols(Synth::new(true, false));
    synth.attributes = true;
    let file = synth.build();
    let new = edited(&file, &strip(Strip::All));
    assert!(
        section_names(&new)
            .iter()
            .any(|name| name == ".riscv.attributes")
    );
}

#[test]
fn appended_data_and_section_groups_are_refused_no_sections_are_no_work() {
    let mut synth = with_symbols(Synth::new(true, false));
    synth.overlay = b"payload".to_vec();
    let error = plan(&synth.build(), &strip(Strip::All)).unwrap_err();
    assert!(matches!(error, EditError::Unsafe(_)), "{error}");
    synth.overlay.clear();
    synth.sections = false;
    let file = synth.build();
    assert!(plan(&file, &strip(Strip::All)).unwrap().is_identity());
    assert!(split_debug(&file).unwrap().is_none());
}

#[test]
fn debug_information_goes_to_a_file_that_the_stripped_one_names() {
    for synth in Synth::all() {
        let mut synth = with_symbols(synth);
        // Segments that would lie behind the end of the debug file.
        synth.load_align = 0x1_0000;
        synth.slack = 0x2_0000;
        let file = synth.build();
        let debug = split_debug(&file).unwrap().unwrap();
        let path = ".build-id/ab/ababababababababababababababababababab.debug";
        assert_eq!(debug.path(), path);
        let bytes = written(&debug.patch, &file);
        assert_eq!(crc32fast::hash(&bytes), debug.crc32);
        // Indices and names stay: symbols refer to them.
        assert_eq!(section_names(&bytes), section_names(&file));
        assert_eq!(read(&bytes).build_id, read(&file).build_id);
        let edit = Edit {
            debug_link: Some(debug.link()),
            ..strip(Strip::All)
        };
        let new = edited(&file, &edit);
        let header = Header::read(&new).unwrap();
        let sections = Sections::read(&new, &header).unwrap().unwrap().headers;
        assert_eq!(section_names(&new).last().unwrap(), ".gnu_debuglink");
        let link = sections.last().unwrap();
        let start = usize::try_from(link.offset).unwrap();
        let content = &new[start..start + usize::try_from(link.size).unwrap()];
        assert!(content.starts_with(b"ababababababababababababababababababab.debug\0"));
        assert!(content.ends_with(&header.encoding.u32_bytes(debug.crc32)));
        assert!(plan(&new, &edit).unwrap().is_identity());
        assert!(split_debug(&new).unwrap().is_none());
    }
}

/// A linker takes build-ids of any length (`--build-id=0x…`); file systems do not.
#[test]
fn a_debug_file_has_a_name_that_file_systems_allow() {
    for (len, by_id) in [
        (2, true),
        (20, true),
        (64, true),
        (65, false),
        (1000, false),
    ] {
        let mut synth = with_symbols(Synth::new(true, false));
        synth = synth.note("GNU", 3, &vec![0xcd; len]);
        let file = synth.build();
        let debug = split_debug(&file).unwrap().unwrap();
        let path = debug.path();
        let expected = if by_id {
            format!(".build-id/cd/{}.debug", "cd".repeat(len - 1))
        } else {
            format!("{:08x}.debug", debug.crc32)
        };
        assert_eq!(path, expected);
        let edit = Edit {
            debug_link: Some(debug.link()),
            ..strip(Strip::All)
        };
        let new = edited(&file, &edit);
        assert_eq!(section_names(&new).last().unwrap(), ".gnu_debuglink");
        assert_eq!(read(&new).build_id, Some(vec![0xcd; len]));
    }
}

/// `--emit-relocs` leaves relocations beside those of the loader, whose target is renumbered.
#[test]
fn the_target_of_relocations_that_are_loaded_is_renumbered() {
    for synth in Synth::all() {
        let mut file = with_symbols(synth).make();
        let header = Header::read(&file.bytes).unwrap();
        let names = section_names(&file.bytes);
        let index = |names: &[String], wanted: &str| names.iter().position(|n| n == wanted);
        let (size, info) = if header.encoding.is_64 {
            (64, 44)
        } else {
            (40, 28)
        };
        let target = index(&names, ".symtab").unwrap();
        let old = u32::try_from(target).unwrap();
        let place = header.shoff + index(&names, ".data").unwrap() as u64 * size;
        file.put_u32(place + 4, sht::RELA);
        file.put_u32(place + info, old);
        let edit = strip(Strip::Debug);
        let new = edited(&file.bytes, &edit);
        let after = Header::read(&new).unwrap();
        let sections = Sections::read(&new, &after).unwrap().unwrap().headers;
        let names = section_names(&new);
        let section = sections[index(&names, ".data").unwrap()];
        assert_eq!(section.info as usize, index(&names, ".symtab").unwrap());
        assert_eq!(section.info as usize, target - 1);
        // Any other number is noticed.
        let at = after.shoff + index(&names, ".data").unwrap() as u64 * size + info;
        for wrong in [0, old, old + 1] {
            let mut bad = Synthetic {
                bytes: new.clone(),
                ..file.clone()
            };
            bad.put_u32(at, wrong);
            assert!(verify(&file.bytes, &bad.bytes, &edit).is_err());
        }
    }
}
