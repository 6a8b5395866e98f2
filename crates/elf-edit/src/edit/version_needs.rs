//! Version requirements follow the libraries that they name.
//!
//! glibc asserts that the library of each requirement is among those loaded, so a renamed
//! library takes its requirement along, and the requirement of a library that goes is
//! unlinked.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeSet;

use crate::abi::{VER_NDX_GLOBAL, dt, sht};
use crate::edit::entries::NewEntry;
use crate::edit::string_table::Strings;
use crate::error::EditError;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::hash::symbol_count;
use crate::read::sections::Section;
use crate::read::source::Source;
use crate::read::versions::{self, NeedRecord};
use crate::read::view::View;
use crate::request::Edit;

/// Offset of `vn_file` in a `Verneed` record.
const VN_FILE: u64 = 4;
/// Offset of `vn_next`.
const VN_NEXT: u64 = 12;

/// What changes outside the dynamic section.
#[derive(Debug, Default)]
pub(crate) struct VersionEdit {
    /// Words to overwrite, at offsets of the old file.
    pub(crate) words: Vec<(u64, Vec<u8>)>,
    /// Section headers to change, by index.
    pub(crate) headers: Vec<(usize, Section)>,
}

/// Renames and unlinks version requirements as `edit` says; new names go to `strings`.
///
/// # Errors
/// Those of reading the version tables.
pub(crate) fn edited(
    source: &Source<'_>,
    edit: &Edit,
    strings: &mut Strings,
    entries: &mut Vec<NewEntry>,
) -> Result<VersionEdit, EditError> {
    let mut changes = VersionEdit::default();
    if edit.replace_needed.is_empty() && edit.remove_needed.is_empty() {
        return Ok(changes);
    }
    let records = versions::needs(&source.view)?;
    let goes = |record: &&NeedRecord| edit.remove_needed.contains(&record.need.library);
    let (gone, kept): (Vec<_>, Vec<_>) = records.iter().partition(goes);
    for record in &kept {
        let old = &record.need.library;
        if let Some(new) = edit.replace_needed.get(old).filter(|new| *new != old) {
            let at = half(strings.intern(new)?)?;
            changes.put(source, record.offset.saturating_add(VN_FILE), at);
        }
    }
    if !gone.is_empty() {
        unlink(source, &records, &kept, entries, &mut changes)?;
        unbind(&source.view, &gone, &mut changes)?;
    }
    Ok(changes)
}

impl VersionEdit {
    fn put(&mut self, source: &Source<'_>, at: u64, word: u32) {
        let word = source.view.encoding().u32_bytes(word);
        self.words.push((at, word.to_vec()));
    }
}

fn half(value: u64) -> Result<u32, ElfError> {
    u32::try_from(value).map_err(|_| ElfError::malformed("the version tables pass 4 GiB"))
}

/// Makes the chain, the dynamic entries and the section header skip the records that are
/// not in `kept`.
fn unlink(
    source: &Source<'_>,
    records: &[NeedRecord],
    kept: &[&NeedRecord],
    entries: &mut Vec<NewEntry>,
    changes: &mut VersionEdit,
) -> Result<(), EditError> {
    let start = records.first().map_or(0, |record| record.offset);
    let vaddr = source.view.dynamic_value(dt::VERNEED).unwrap_or_default();
    let count = u64::try_from(kept.len()).unwrap_or(u64::MAX);
    let skipped = kept
        .first()
        .map_or(0, |record| record.offset.saturating_sub(start));
    if kept.is_empty() {
        entries.retain(|entry| !matches!(entry.tag, dt::VERNEED | dt::VERNEEDNUM));
    }
    for entry in entries {
        match entry.tag {
            dt::VERNEED => entry.value = vaddr.saturating_add(skipped),
            dt::VERNEEDNUM => entry.value = count,
            _ => {}
        }
    }
    let followers = kept.iter().skip(1).map(Some).chain([None]);
    for (record, next) in kept.iter().zip(followers) {
        let next = next.map_or(0, |next| next.offset.saturating_sub(record.offset));
        changes.put(source, record.offset.saturating_add(VN_NEXT), half(next)?);
    }
    let table = source.sections.as_ref();
    let index = table.and_then(|table| table.loaded_at(sht::GNU_VERNEED, vaddr));
    if let Some((index, section)) =
        index.and_then(|index| Some((index, *source.headers().get(index)?)))
    {
        let section = Section {
            addr: section.addr.saturating_add(skipped),
            offset: section.offset.saturating_add(skipped),
            size: section.size.saturating_sub(skipped),
            info: half(count)?,
            ..section
        };
        changes.headers.push((index, section));
    }
    Ok(())
}

/// Symbols bound to a version of a library that goes take any version.
fn unbind(
    view: &View<'_>,
    gone: &[&NeedRecord],
    changes: &mut VersionEdit,
) -> Result<(), EditError> {
    let indices: BTreeSet<u16> = gone
        .iter()
        .flat_map(|record| record.need.versions.iter().map(|version| version.index))
        .collect();
    let Some(vaddr) = view.dynamic_value(dt::VERSYM) else {
        return Ok(());
    };
    let outside = || ElfError::malformed("DT_VERSYM leads outside the file's segments");
    let (start, len) = view.span_from(vaddr).ok_or_else(outside)?;
    let size = symbol_count(view)?.saturating_mul(2);
    if size > len {
        return Err(outside().into());
    }
    let table = bytes_at(view.image, start, size, "symbol versions")?;
    let encoding = view.encoding();
    let mut at = start;
    for chunk in table.chunks_exact(2) {
        let index = encoding.u16(chunk, 0).unwrap_or_default() & 0x7fff;
        if indices.contains(&index) {
            let word = encoding.u16_bytes(VER_NDX_GLOBAL);
            changes.words.push((at, word.to_vec()));
        }
        at = at.saturating_add(2);
    }
    Ok(())
}
