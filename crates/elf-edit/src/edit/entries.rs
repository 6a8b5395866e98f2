//! The new dynamic entries of an edited file.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::dt;
use crate::edit::string_table::Strings;
use crate::error::EditError;
use crate::read::dynamic::Entry;
use crate::read::dynamic::strings::{LONGEST_SEARCH_PATH, LONGEST_STRING};
use crate::read::view::View;
use crate::request::{Edit, RpathEdit, RpathKind};

/// Tags that prelink leaves: its conflict lists hold addresses and checksums that an edit
/// makes stale.
const PRELINKED: [i64; 3] = [0x6fff_fdf5, 0x6fff_fef8, 0x6fff_fef9];

/// A dynamic entry of the new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewEntry {
    pub(crate) tag: i64,
    pub(crate) value: u64,
    /// Its index among the old entries, if it was there.
    pub(crate) was: Option<usize>,
}

impl NewEntry {
    fn new(tag: i64, value: u64) -> Self {
        Self {
            tag,
            value,
            was: None,
        }
    }
}

/// Whether the last use of prelink is still visible.
pub(crate) fn is_prelinked(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| PRELINKED.contains(&entry.tag))
}

/// The entries of `view` after `edit`; new names go to `strings`.
///
/// Entries keep their order and, unless one before them goes or comes, their address.
///
/// # Errors
/// Those of reading the names.
pub(crate) fn edited(
    view: &View<'_>,
    edit: &Edit,
    strings: &mut Strings,
) -> Result<Vec<NewEntry>, EditError> {
    let old = view.dynamic.iter().flat_map(|dynamic| &dynamic.entries);
    let mut entries: Vec<NewEntry> = old
        .enumerate()
        .map(|(index, entry)| NewEntry {
            tag: entry.tag,
            value: entry.value,
            was: Some(index),
        })
        .collect();
    edit_needed(view, edit, strings, &mut entries)?;
    if let Some(soname) = &edit.soname {
        set_soname(view, soname, strings, &mut entries)?;
    }
    edit_rpath(view, &edit.rpath, strings, &mut entries)?;
    Ok(entries)
}

fn edit_needed(
    view: &View<'_>,
    edit: &Edit,
    strings: &mut Strings,
    entries: &mut Vec<NewEntry>,
) -> Result<(), EditError> {
    let mut names = Vec::new();
    let mut kept = Vec::with_capacity(entries.len());
    for mut entry in entries.drain(..) {
        if entry.tag == dt::NEEDED {
            let name = view.string(entry.value, LONGEST_STRING, "a DT_NEEDED name")?;
            let name = String::from_utf8_lossy(&name).into_owned();
            if edit.remove_needed.contains(&name) {
                continue;
            }
            match edit.replace_needed.get(&name) {
                Some(new) if *new != name => {
                    entry.value = strings.intern(new)?;
                    names.push(new.clone());
                }
                _ => names.push(name),
            }
        }
        kept.push(entry);
    }
    *entries = kept;
    let mut added = Vec::new();
    for name in &edit.add_needed {
        if !names.contains(name) {
            added.push(NewEntry::new(dt::NEEDED, strings.intern(name)?));
            names.push(name.clone());
        }
    }
    let first = entries.iter().position(|entry| entry.tag == dt::NEEDED);
    let at = first.unwrap_or(entries.len());
    entries.splice(at..at, added);
    Ok(())
}

fn set_soname(
    view: &View<'_>,
    soname: &str,
    strings: &mut Strings,
    entries: &mut Vec<NewEntry>,
) -> Result<(), EditError> {
    let mut there = false;
    for entry in entries.iter_mut().filter(|entry| entry.tag == dt::SONAME) {
        there = true;
        if view.string(entry.value, LONGEST_STRING, "DT_SONAME")? != soname.as_bytes() {
            entry.value = strings.intern(soname)?;
        }
    }
    if !there {
        entries.push(NewEntry::new(dt::SONAME, strings.intern(soname)?));
    }
    Ok(())
}

/// One of the two tags stays at most. The first entry of either is reused, so that no
/// entry behind it moves.
fn edit_rpath(
    view: &View<'_>,
    edit: &RpathEdit,
    strings: &mut Strings,
    entries: &mut Vec<NewEntry>,
) -> Result<(), EditError> {
    let is_path = |entry: &NewEntry| entry.tag == dt::RPATH || entry.tag == dt::RUNPATH;
    let (kind, path) = match edit {
        RpathEdit::Keep => return Ok(()),
        RpathEdit::Remove => {
            entries.retain(|entry| !is_path(entry));
            return Ok(());
        }
        RpathEdit::Set(kind, path) => (kind, path),
    };
    let tag = match kind {
        RpathKind::Rpath => dt::RPATH,
        RpathKind::Runpath => dt::RUNPATH,
    };
    let mut value = None;
    for entry in entries.iter().filter(|entry| is_path(entry)) {
        if view.string(entry.value, LONGEST_SEARCH_PATH, "the search path")? == path.as_bytes() {
            value = Some(entry.value);
        }
    }
    let value = match value {
        Some(value) => value,
        None => strings.intern(path)?,
    };
    let Some(first) = entries.iter().position(is_path) else {
        entries.push(NewEntry::new(tag, value));
        return Ok(());
    };
    let mut index = 0_usize;
    entries.retain(|entry| {
        let keep = index == first || !is_path(entry);
        index = index.saturating_add(1);
        keep
    });
    if let Some(entry) = entries.get_mut(first) {
        entry.tag = tag;
        entry.value = value;
    }
    Ok(())
}

/// A `DT_DEBUG` entry serves debuggers of executables only: a library may give its slot.
pub(crate) fn drop_debug(entries: &mut Vec<NewEntry>) {
    entries.retain(|entry| entry.tag != dt::DEBUG);
}
