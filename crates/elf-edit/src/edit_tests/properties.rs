//! Any layout, any edits: the verifier holds, the edit shows, twice is once.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{library, read, written};
use crate::error::EditError;
use crate::facts::facts;
use crate::plan::{plan, split_debug};
use crate::request::{Edit, RpathEdit, RpathKind, Strip};
use crate::verify::verify;
use elf_synth::{Hash, Synth, Table};

const LIBRARIES: [&str; 4] = ["libwords.so.2", "libm.so.6", "libc.so.6", "libnone.so"];

fn any_layout() -> impl Strategy<Value = Synth> {
    let shape = (
        any::<(bool, bool)>(),
        prop::sample::select(vec![0x1000_u64, 0x4000, 0x1_0000, 0x20_0000]),
        prop::sample::select(vec![0_u64, 1, 0x123, 0x1_0000, 9 << 20]),
        1..6_usize,
        prop::sample::select(vec![0_usize, 1, 40, 700, 0x4000]),
    );
    let parts = (
        any::<(bool, bool, bool, bool)>(),
        prop::sample::select(vec![Hash::Sysv, Hash::Gnu, Hash::Both]),
        prop::sample::select(vec![b"".as_slice(), b"payload", b"\0\0\0"]),
        any::<(bool, bool, bool)>(),
        prop::sample::select(vec![Some(6), Some(7), None]),
        prop::sample::select(vec![
            Table::Behind,
            Table::Front,
            Table::Data,
            Table::DataEnd,
        ]),
    );
    (shape, parts).prop_map(|(shape, parts)| {
        let ((is_64, big_endian), align, bss, nulls, slack) = shape;
        let (flags, hash, overlay, texts, stack_flags, table) = parts;
        let (sections, merge, debug, attributes) = flags;
        let mut synth = library(Synth::new(is_64, big_endian));
        (synth.load_align, synth.bss, synth.nulls) = (align, bss, nulls);
        (synth.slack, synth.sections, synth.merge_strings) = (slack, sections, merge);
        (synth.debug, synth.attributes, synth.hash) = (debug, attributes, hash);
        (synth.overlay, synth.stack, synth.table) = (overlay.to_vec(), stack_flags, table);
        let (rpath, runpath, program) = texts;
        if rpath {
            synth = synth.rpath("$ORIGIN/a");
        }
        if runpath {
            synth = synth.runpath("/usr/lib:$ORIGIN/b");
        }
        if program {
            synth.interpreter = Some(b"/lib/ld.so.1".to_vec());
        }
        synth
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "lib[a-z]{1,12}-[0-9a-f]{8}\\.so(\\.[0-9])?",
        Just("words.so.2".to_owned()),
        "lib[a-z]{200,300}\\.so",
    ]
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let path = prop_oneof!["\\$ORIGIN/\\.\\./[a-z]{1,30}\\.libs", "/[a-z]{300}"];
    let rpath = prop_oneof![
        Just(RpathEdit::Keep),
        Just(RpathEdit::Remove),
        (any::<bool>(), path).prop_map(|(old, path)| {
            let kind = if old {
                RpathKind::Rpath
            } else {
                RpathKind::Runpath
            };
            RpathEdit::Set(kind, path)
        }),
    ];
    let level = prop::sample::select(vec![
        Strip::None,
        Strip::None,
        Strip::Debug,
        Strip::Unneeded,
        Strip::All,
    ]);
    (
        prop::option::of(any_name()),
        rpath,
        vec((prop::sample::select(LIBRARIES.to_vec()), any_name()), 0..3),
        vec(prop::sample::select(LIBRARIES.to_vec()), 0..2),
        vec(any_name(), 0..2),
        level,
        any::<bool>(),
    )
        .prop_map(
            |(soname, rpath, renames, removed, add_needed, strip, clear)| Edit {
                soname,
                rpath,
                replace_needed: renames
                    .into_iter()
                    .map(|(old, new)| (old.to_owned(), new))
                    .collect(),
                remove_needed: removed.into_iter().map(str::to_owned).collect(),
                add_needed,
                strip,
                clear_execstack: clear,
                ..Edit::default()
            },
        )
}

/// Only these are reasons to refuse a file that a linker could have made.
fn may_be_refused(synth: &Synth, edit: &Edit, reason: &str) -> bool {
    let no_room = synth.interpreter.is_some() && synth.bss > 8 << 20;
    let payload = synth.overlay == b"payload" && edit.strip != Strip::None;
    (no_room && reason.contains("no room for the program header"))
        || (payload && reason.contains("data is appended"))
}

fn check(synth: &Synth, file: &[u8], edit: &Edit) -> Result<Vec<u8>, TestCaseError> {
    let patch = match plan(&file.to_vec(), edit) {
        Ok(patch) => patch,
        Err(EditError::Unsafe(reason)) if may_be_refused(synth, edit, &reason) => {
            return Ok(file.to_vec());
        }
        Err(error) => return Err(TestCaseError::fail(error.to_string())),
    };
    let new = written(&patch, file);
    prop_assert_eq!(new.len() as u64, patch.size());
    // Compares all bytes, where the planner's own check goes by the pieces.
    if let Err(error) = verify(&file.to_vec(), &new, edit) {
        return Err(TestCaseError::fail(error.to_string()));
    }
    let (before, after) = (read(file), read(&new));
    if let Some(soname) = &edit.soname {
        prop_assert_eq!(after.soname.as_ref(), Some(soname));
    }
    match &edit.rpath {
        RpathEdit::Keep => prop_assert_eq!(&after.rpath, &before.rpath),
        RpathEdit::Remove => prop_assert_eq!((&after.rpath, &after.runpath), (&None, &None)),
        RpathEdit::Set(RpathKind::Rpath, wanted) => {
            prop_assert_eq!(after.rpath.as_ref(), Some(wanted));
        }
        RpathEdit::Set(RpathKind::Runpath, wanted) => {
            prop_assert_eq!(after.runpath.as_ref(), Some(wanted));
        }
    }
    let seen: BTreeSet<&String> = after.needed.iter().collect();
    for name in &edit.remove_needed {
        let comes_back = edit.add_needed.contains(name);
        prop_assert!(comes_back || !seen.contains(name));
    }
    prop_assert_eq!(&after.version_defs, &before.version_defs);
    prop_assert_eq!(
        after
            .imports()
            .map(|i| i.name.to_owned())
            .collect::<Vec<_>>(),
        before
            .imports()
            .map(|i| i.name.to_owned())
            .collect::<Vec<_>>()
    );
    let again = plan(&new, edit);
    prop_assert!(again.is_ok_and(|again| again.is_identity()));
    Ok(new)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn edits_show_and_nothing_else_changes(
        synth in any_layout(),
        edits in vec(any_edit(), 1..4),
    ) {
        let mut file = synth.build();
        for edit in &edits {
            file = check(&synth, &file, edit)?;
        }
    }

    #[test]
    fn an_empty_edit_changes_nothing(synth in any_layout()) {
        let file = synth.build();
        prop_assert!(plan(&file, &Edit::default()).unwrap().is_identity());
    }

    #[test]
    fn damaged_files_give_errors_and_nothing_worse(
        synth in any_layout(),
        edit in any_edit(),
        flips in vec((any::<prop::sample::Index>(), 0..8_u8), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut synth = synth;
        synth.slack = synth.slack.min(700);
        let mut file = synth.build();
        for (at, bit) in flips {
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(patch) = plan(&file, &edit) {
            prop_assert!(patch.heap_size() < 1 << 20);
            let new = written(&patch, &file);
            // An edit may mend a file, by taking the name that cannot be read.
            prop_assert!(facts(&file).is_err() || facts(&new).is_ok());
        }
        if let Ok(Some(debug)) = split_debug(&file) {
            prop_assert!(debug.patch.heap_size() < 1 << 20);
        }
    }

    #[test]
    fn damaged_headers_give_errors_and_nothing_worse(
        synth in any_layout(),
        edit in any_edit(),
        words in vec((0..1500_usize, any::<u64>(), 0..64_u32), 1..3),
    ) {
        let mut file = synth.build();
        for (at, value, shift) in words {
            let word = (value >> shift).to_le_bytes();
            let at = at * 4 % (file.len() - 8);
            file[at..at + 8].copy_from_slice(&word);
        }
        if let Ok(patch) = plan(&file, &edit) {
            prop_assert!(patch.heap_size() < 1 << 20);
        }
        let _ = split_debug(&file);
    }
}
