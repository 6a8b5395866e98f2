//! Tables that lie behind a segment, in the page that is mapped with its end.

use super::{library, path, read, rename, soname, written};
use crate::abi::pt;
use crate::facts::Facts;
use crate::plan::plan_with_debug_file;
use crate::request::{Edit, RpathEdit, RpathKind, Strip};
use elf_synth::{Hash, Segment, Synth, Synthetic, Table};

/// A library whose segments end before `part`, which is in their last page.
fn cut_before(synth: &Synth, part: &str) -> Synthetic {
    let mut file = synth.make();
    let size = file.encoding.segment_size();
    let mut at = file.program_header(pt::LOAD);
    if file.place(part) >= file.place("second") {
        at += size;
    }
    let place = usize::try_from(at).unwrap();
    let mut segment = Segment::decode(file.encoding, &file.bytes[place..]);
    segment.filesz = file.place(part) - segment.offset;
    segment.memsz = segment.filesz;
    file.put(at, &segment.encode(file.encoding));
    file
}

/// Libraries whose second segment starts with another page than the first one ends in.
fn kinds() -> impl Iterator<Item = Synth> {
    let tables = [
        Some(Table::Behind),
        Some(Table::Front),
        Some(Table::Data),
        None,
    ];
    tables.into_iter().flat_map(|table| {
        Synth::all().into_iter().map(move |synth| {
            let mut synth = library(synth);
            synth.hash = Hash::Both;
            synth.sections = table.is_some();
            synth.debug = table.is_some();
            synth.table = table.unwrap_or(Table::Behind);
            let end = synth.make().place("first_end");
            synth.slack = usize::try_from(end.next_multiple_of(0x1000) - end).unwrap();
            synth
        })
    })
}

/// What an audit reads besides the names that the edits are about.
fn kept(facts: &Facts) -> String {
    let imports = facts.imports();
    let imports: Vec<_> = imports.map(|import| import.name.to_owned()).collect();
    let versions = facts.version_needs.iter();
    let versions: Vec<_> = versions.map(|need| &need.versions).collect();
    format!(
        "{imports:?} {versions:?} {:?} {:?} {}",
        facts.version_defs,
        facts.build_id,
        facts.defines_function("greet")
    )
}

fn edits() -> Vec<Edit> {
    let long = "$ORIGIN/../greet.libs:$ORIGIN/a/longer/way".repeat(4);
    let edits = [
        soname("libgreet-0123abcd.so.1"),
        path(RpathKind::Rpath, "$ORIGIN"),
        path(RpathKind::Runpath, &long),
        rename("libwords.so.2", "libwords-0123abcd.so.2"),
        Edit::default(),
    ];
    let strips = [Strip::None, Strip::Debug, Strip::Unneeded, Strip::All];
    let with = |edit: &Edit| {
        let edit = edit.clone();
        strips.map(move |strip| Edit {
            strip,
            ..edit.clone()
        })
    };
    edits.iter().flat_map(with).collect()
}

/// Both parsers find such a table where loaders do.
#[test]
fn files_with_a_table_behind_a_segment_are_edited() {
    let edits = edits();
    for synth in kinds() {
        let mut parts = vec![
            "hash",
            "gnu_hash",
            "dynsym",
            "dynstr",
            "versym",
            "verneed",
            "verdef",
            "relocations",
        ];
        // A segment without a byte brings no page.
        if synth.sections && synth.table == Table::Data {
            parts.push("dynamic");
        }
        for part in parts {
            let file = cut_before(&synth, part).bytes;
            let before = read(&file);
            for edit in &edits {
                let what = format!("{part}: {edit:?}");
                let planned = plan_with_debug_file(&file, edit);
                let (patch, debug) = planned.unwrap_or_else(|error| panic!("{what}: {error}"));
                let wants_debug = synth.debug && edit.strip != Strip::None;
                assert_eq!(debug.is_some(), wants_debug, "{what}");
                let after = read(&written(&patch, &file));
                assert_eq!(kept(&after), kept(&before), "{what}");
                let soname = edit.soname.as_ref().or(before.soname.as_ref());
                assert_eq!(after.soname.as_ref(), soname, "{what}");
                let renamed = edit.replace_needed.values().next();
                let words = renamed.map_or("libwords.so.2", String::as_str);
                assert_eq!(
                    after.needed.first().map(|name| &**name),
                    Some(words),
                    "{what}"
                );
                assert_eq!(after.version_needs[1].library, words, "{what}");
                let way = match &edit.rpath {
                    RpathEdit::Set(_, way) => Some(way),
                    _ => None,
                };
                assert_eq!(
                    after.rpath.as_ref().or(after.runpath.as_ref()),
                    way,
                    "{what}"
                );
            }
        }
    }
}
