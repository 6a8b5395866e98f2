//! One test for each promise and each mistake that was made.

use super::{edited, library, path, read, rename, segments, soname, unsafe_reason, written};
use crate::abi::{dt, pt};
use crate::plan::plan;
use crate::read::versions;
use crate::read::view::View;
use crate::request::{Edit, RpathEdit, RpathKind, Strip};
use elf_synth::Synth;

#[test]
fn an_edit_of_nothing_changes_nothing() {
    for synth in Synth::all() {
        let file = library(synth).build();
        let already_so = Edit {
            add_needed: vec!["libc.so.6".to_owned()],
            remove_needed: ["libgone.so".to_owned()].into(),
            rpath: RpathEdit::Remove,
            clear_execstack: true,
            replace_needed: [("libother.so".to_owned(), "x".to_owned())].into(),
            ..soname("libgreet.so.1")
        };
        for edit in [Edit::default(), already_so] {
            assert!(plan(&file, &edit).unwrap().is_identity());
        }
    }
}

/// As long as one that is read.
#[test]
fn a_long_search_path_is_edited_as_any() {
    let long = format!("/{}", "long/".repeat(4000));
    for synth in Synth::all() {
        let file = library(synth).runpath(&long).build();
        assert_eq!(read(&file).runpath.as_deref(), Some(&*long));
        let new = edited(&file, &soname("libnew.so.1"));
        assert_eq!(read(&new).runpath.as_deref(), Some(&*long));
        let kind = RpathKind::Rpath;
        for set in ["$ORIGIN", &format!("{long}/more")] {
            let edit = Edit {
                rpath: RpathEdit::Set(kind, set.to_owned()),
                ..Edit::default()
            };
            let new = edited(&file, &edit);
            assert_eq!(read(&new).rpath.as_deref(), Some(set));
            assert_eq!(edited(&new, &edit), new);
        }
    }
}

#[test]
fn a_renamed_library_is_renamed_in_its_version_requirement_too() {
    for synth in Synth::all() {
        let file = library(synth).build();
        let new = edited(&file, &rename("libwords.so.2", "libwords-1a2b3c4d.so.2"));
        let facts = read(&new);
        assert_eq!(
            facts.needed,
            ["libwords-1a2b3c4d.so.2", "libm.so.6", "libc.so.6"]
        );
        let libraries: Vec<_> = facts.version_needs.iter().map(|n| &n.library).collect();
        assert_eq!(libraries, ["libc.so.6", "libwords-1a2b3c4d.so.2"]);
    }
}

#[test]
fn the_base_version_keeps_the_old_soname() {
    let file = library(Synth::new(true, false)).build();
    let new = edited(&file, &soname("libgreet-1a2b3c4d.so.1"));
    assert_eq!(read(&new).soname.as_deref(), Some("libgreet-1a2b3c4d.so.1"));
    assert_eq!(read(&new).version_defs, ["libgreet.so.1", "GREET_1"]);
}

#[test]
fn a_library_that_goes_takes_its_version_requirement_along() {
    for synth in Synth::all() {
        let file = library(synth).build();
        for gone in ["libwords.so.2", "libc.so.6"] {
            let edit = Edit {
                remove_needed: [gone.to_owned()].into(),
                ..Edit::default()
            };
            let new = edited(&file, &edit);
            let facts = read(&new);
            assert!(!facts.needed.iter().any(|name| name == gone));
            assert_eq!(facts.version_needs.len(), 1);
            let bound: Vec<_> = facts
                .imports()
                .filter_map(|import| import.version)
                .collect();
            assert!(bound.len() == 1 && bound.iter().all(|(_, from)| *from != gone));
            assert!(plan(&new, &edit).unwrap().is_identity());
        }
    }
}

#[test]
fn when_all_versioned_libraries_go_so_does_the_table() {
    for synth in Synth::all() {
        let file = library(synth).build();
        let edit = Edit {
            remove_needed: ["libwords.so.2".to_owned(), "libc.so.6".to_owned()].into(),
            ..Edit::default()
        };
        let new = edited(&file, &edit);
        let view = View::read(&new).unwrap();
        assert_eq!(view.dynamic_value(dt::VERNEED), None);
        assert_eq!(view.dynamic_value(dt::VERNEEDNUM), None);
        assert!(versions::needs(&view).unwrap().is_empty());
        assert_eq!(read(&new).needed, ["libm.so.6"]);
    }
}

#[test]
fn one_search_path_stays_at_most() {
    let synth = library(Synth::new(true, false)).rpath("/a").runpath("/b");
    let file = synth.build();
    let new = edited(&file, &path(RpathKind::Rpath, "$ORIGIN"));
    let facts = read(&new);
    assert_eq!(facts.rpath.as_deref(), Some("$ORIGIN"));
    assert_eq!(facts.runpath, None);
    let new = edited(&new, &path(RpathKind::Runpath, "/b"));
    let facts = read(&new);
    assert_eq!(facts.rpath, None);
    assert_eq!(facts.runpath.as_deref(), Some("/b"));
    let remove = Edit {
        rpath: RpathEdit::Remove,
        ..Edit::default()
    };
    let facts = read(&edited(&new, &remove));
    assert_eq!((facts.rpath, facts.runpath), (None, None));
}

#[test]
fn strings_are_found_as_tails_and_never_overwritten() {
    let file = library(Synth::new(true, false)).build();
    // A tail of "libwords.so.2".
    let patch = plan(&file, &soname("words.so.2")).unwrap();
    assert_eq!(patch.size(), file.len() as u64);
    let facts = read(&written(&patch, &file));
    assert_eq!(facts.soname.as_deref(), Some("words.so.2"));
    assert_eq!(facts.needed, read(&file).needed);
}

#[test]
fn strings_that_fit_into_the_slack_take_no_room() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.slack = 0x900;
        synth.nulls = 3;
        let file = synth.build();
        let edit = soname("libgreet-1a2b3c4d.so.1");
        let new = edited(&file, &edit);
        assert_eq!(new.len(), file.len());
        let again = edited(&new, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"));
        assert_eq!(again.len(), file.len());
    }
}

#[test]
fn zeros_of_the_last_segment_become_file_bytes() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.bss = 0x1234;
        let file = synth.build();
        let new = edited(&file, &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"));
        let loads: Vec<_> = segments(&new);
        let last = loads.iter().rfind(|s| s.kind == pt::LOAD).unwrap();
        assert_eq!(last.filesz, last.memsz);
        assert_eq!(loads.len(), segments(&file).len());
    }
}

#[test]
fn many_zeros_get_a_segment_behind_them_instead() {
    for synth in Synth::all() {
        let mut synth = library(synth);
        synth.bss = 64 << 20;
        let file = synth.build();
        let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
        let new = edited(&file, &edit);
        assert_eq!(segments(&new).len(), segments(&file).len() + 1);
        assert!(new.len() < file.len() + 0x1000);
        // The next one has that segment to grow.
        let next = edited(&new, &path(RpathKind::Rpath, "$ORIGIN/elsewhere"));
        assert_eq!(segments(&next).len(), segments(&new).len());
        assert!(next.len() < new.len() + 64);
    }
}

/// As lld 19 lays out files whose last data is all zeros.
#[test]
fn a_last_segment_without_file_bytes_grows_if_its_offset_suits_its_address() {
    for synth in Synth::all() {
        let file = library(synth).make();
        let mut loads = segments(&file.bytes).into_iter();
        let last = loads.rfind(|s| s.kind == pt::LOAD).unwrap();
        let end = last.offset + last.filesz;
        let zeros = |shift: u64| {
            let mut file = file.clone();
            file.edit_segment(pt::GNU_STACK, |segment| {
                *segment = elf_synth::Segment {
                    kind: pt::LOAD,
                    offset: end,
                    vaddr: last.vaddr + last.filesz + 0x1000 + shift,
                    paddr: 0,
                    filesz: 0,
                    memsz: 0x800,
                    flags: last.flags,
                    align: last.align,
                }
            });
            file.bytes
        };
        let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
        let before = zeros(0);
        let after = segments(&edited(&before, &edit));
        assert_eq!(after.len(), segments(&before).len());
        let grown = after.iter().rfind(|s| s.kind == pt::LOAD).unwrap();
        assert!(grown.filesz == grown.memsz && grown.filesz > 0x800);
        let before = zeros(0x10);
        let after = segments(&edited(&before, &edit));
        assert_eq!(after.len(), segments(&before).len() + 1);
    }
}

#[test]
fn a_header_that_is_not_in_use_takes_the_new_segment() {
    let mut synth = library(Synth::new(true, false));
    synth.bss = 64 << 20;
    let mut file = synth.make();
    file.edit_segment(pt::GNU_STACK, |segment| segment.kind = 0);
    let new = edited(&file.bytes, &soname("libgreet-1a2b3c4d.so.1"));
    assert_eq!(segments(&new).len(), segments(&file.bytes).len());
}

#[test]
fn without_notes_the_headers_of_a_library_move_and_those_of_a_program_cannot() {
    let mut synth = Synth::new(true, false).needed("libc.so.6");
    synth.bss = 64 << 20;
    synth.sections = false;
    let library = synth.build();
    let edit = path(RpathKind::Rpath, "$ORIGIN/../greet.libs");
    let patch = plan(&library, &edit).unwrap();
    assert_eq!(patch.remarks(), [crate::patch::Remark::HeadersMoved]);
    synth.kind = 2;
    let reason = unsafe_reason(&synth.build(), &edit);
    assert!(reason.contains("program header"), "{reason}");
}

#[test]
fn a_library_gives_the_slot_of_dt_debug_and_a_program_keeps_it() {
    let synth = library(Synth::new(true, false)).value(dt::DEBUG, 0);
    let file = synth.build();
    let edit = path(RpathKind::Rpath, "$ORIGIN");
    let debug = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        View::read(&bytes).unwrap().dynamic_value(dt::DEBUG)
    };
    assert_eq!(debug(&edited(&file, &edit)), None);
    let mut program = synth;
    program.interpreter = Some(b"/lib/ld.so".to_vec());
    assert_eq!(debug(&edited(&program.build(), &edit)), Some(0));
}

#[test]
fn a_dynamic_section_that_moves_leaves_a_true_copy_and_spare_entries() {
    for synth in Synth::all() {
        let file = library(synth).make();
        let new = edited(
            &file.bytes,
            &path(RpathKind::Rpath, "$ORIGIN/../greet.libs"),
        );
        let view = View::read(&new).unwrap();
        let dynamic = view.dynamic.as_ref().unwrap();
        assert_ne!(dynamic.offset, Some(file.place("dynamic")));
        assert_eq!(dynamic.capacity, dynamic.entries.len() as u64 + 5);
        let mut at = usize::try_from(file.place("dynamic")).unwrap();
        let word = usize::try_from(view.encoding().word_size()).unwrap();
        for entry in dynamic.entries.iter().filter(|e| e.tag != dt::RPATH) {
            let value = view.encoding().word(&new, at + word);
            assert_eq!(value, Some(entry.value));
            at += 2 * word;
        }
    }
}

/// `e_shnum` and `e_shstrndx` may say that the first section header has the numbers.
#[test]
fn an_executable_stack_is_cleared_on_request() {
    for mut synth in Synth::all() {
        synth.stack = Some(7);
        let file = library(synth).build();
        let edit = Edit {
            clear_execstack: true,
            ..Edit::default()
        };
        assert_eq!(read(&edited(&file, &edit)).stack_flags, Some(6));
    }
}

/// `-z mark-plt` says in `DT_X86_64_PLT`, `PLTSZ` and `PLTENT` where code is, `.sframe` has a
/// program header of its own: neither code nor unwind tables ever move.
#[test]
fn marks_of_the_plt_and_unwind_tables_stay() {
    const SFRAME: u32 = 0x6474_e554;
    let tags = [0x7000_0000, 0x7000_0001, 0x7000_0003];
    for bss in [0, 9 << 20] {
        let mut synth = library(Synth::new(true, false));
        for tag in tags {
            synth = synth.value(tag, 0x1230 + tag.unsigned_abs());
        }
        synth.bss = bss;
        let mut file = synth.make();
        let text = file.place("text");
        file.edit_segment(pt::GNU_STACK, |segment| {
            (segment.kind, segment.offset, segment.vaddr) = (SFRAME, text, text);
            (segment.filesz, segment.memsz) = (16, 16);
        });
        let before = segments(&file.bytes);
        let kept = before.iter().find(|s| s.kind == SFRAME).unwrap();
        for edit in [
            path(RpathKind::Rpath, "$ORIGIN/../greet.libs"),
            Edit {
                strip: Strip::All,
                ..soname("libgreet-1a2b3c4d.so.1")
            },
        ] {
            let new = edited(&file.bytes, &edit);
            assert!(segments(&new).contains(kept));
            let image = new.clone();
            let view = View::read(&image).unwrap();
            for tag in tags {
                let value = view.dynamic_value(tag);
                assert_eq!(value, Some(0x1230 + tag.unsigned_abs()));
            }
            let text = usize::try_from(text).unwrap();
            assert_eq!(new[text..text + 16], file.bytes[text..text + 16]);
        }
    }
}
