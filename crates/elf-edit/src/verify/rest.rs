//! Whether an edited file has anything that neither the old one nor the edit has: in spare
//! dynamic entries, between segments, behind the end.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeSet;
use std::ops::Range;

use crate::abi::pt;
use crate::error::EditError;
use crate::image::bytes_at;
use crate::read::dynamic::Dynamic;
use crate::read::header::{Segment, decode_dynamic_entry};
use crate::read::source::file_end;
use crate::verify::allowed::Allowed;
use crate::verify::{Case, wrong};

/// Checks what the other checks leave out; `pairs` are program headers that belong together.
pub(crate) fn check(case: &Case<'_>, pairs: &[(Segment, Segment)]) -> Result<(), EditError> {
    check_dynamic(case)?;
    let sections = (case.before.headers().len(), case.after.headers().len());
    let none_went = sections.0 == sections.1 && case.edit.debug_link.is_none();
    // Stripping refuses files with a payload.
    if case.is_stripped() && !none_went {
        let end = case.after.used_end()..case.after.size();
        if case.bytes.is_zero(end)? {
            return Ok(());
        }
        return Err(wrong("data came behind the ELF file"));
    }
    let inserted = Inserted::find(case, pairs)?;
    inserted.check_given_up(case)?;
    inserted.check_old_bytes(case)?;
    inserted.check_padding(case)
}

/// Spare entries are zeros or what they were; where the dynamic section was, there is a copy.
fn check_dynamic(case: &Case<'_>) -> Result<(), EditError> {
    let (Some(old), Some(new)) = (&case.before.view.dynamic, &case.after.view.dynamic) else {
        return Ok(());
    };
    let (Some(old_place), Some(new_place)) = (old.offset, new.offset) else {
        return Ok(());
    };
    let step = case.before.view.encoding().dynamic_entry_size();
    let size = |entries: usize| {
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        entries.saturating_mul(step)
    };
    let used = size(new.entries.len());
    let end = new_place.saturating_add(new.capacity.saturating_mul(step));
    let spare = new_place.saturating_add(used)..end;
    if old_place == new_place {
        let range = spare.start..spare.end.min(case.before.size());
        let changed = |run: Range<u64>| {
            if case.bytes.is_zero(run)? {
                return Ok(());
            }
            Err(wrong(
                "a spare dynamic entry is neither empty nor as it was",
            ))
        };
        return case.bytes.each(range, spare.start, changed);
    }
    if !case.bytes.is_zero(spare)? {
        return Err(wrong("a spare dynamic entry is not empty"));
    }
    check_copy(case, new, old_place, size(old.entries.len()))
}

/// Where the dynamic section was, only entries of the new one are left.
fn check_copy(case: &Case<'_>, new: &Dynamic, at: u64, len: u64) -> Result<(), EditError> {
    let encoding = case.after.view.encoding();
    let step = usize::try_from(encoding.dynamic_entry_size()).unwrap_or(usize::MAX);
    let bytes = bytes_at(case.bytes.new, at, len, "old dynamic section")?;
    let entries = new.entries.iter().map(|entry| (entry.tag, entry.value));
    let entries: BTreeSet<(i64, u64)> = entries.chain([(0, 0)]).collect();
    let known = |entry: &[u8]| {
        let entry = decode_dynamic_entry(encoding, entry);
        entry.is_some_and(|entry| entries.contains(&entry))
    };
    if bytes.chunks_exact(step).all(known) {
        return Ok(());
    }
    Err(wrong(
        "where the dynamic section was, there are other entries",
    ))
}

/// Where bytes were inserted, and what of the new file holds the edit.
struct Inserted {
    /// Offset in the old file.
    at: u64,
    len: u64,
    /// What segments gained, as offsets of the new file.
    gained: Vec<Range<u64>>,
}

impl Inserted {
    fn find(case: &Case<'_>, pairs: &[(Segment, Segment)]) -> Result<Self, EditError> {
        let len = case.after.size().checked_sub(case.before.size());
        let len = len.ok_or_else(|| wrong("data behind the ELF file went missing"))?;
        let loads = pairs.iter().filter(|(old, _)| old.kind == pt::LOAD);
        let grown = loads.filter(|(old, new)| old.filesz < new.filesz);
        let grown: Vec<Range<u64>> = grown
            .map(|(old, new)| file_end(old)..file_end(new))
            .collect();
        let known = |load: &Segment| pairs.iter().any(|(_, new)| new == load);
        let mut added = case.after.view.loads().filter(|load| !known(load));
        let added = added.next().map(|load| load.offset..file_end(load));
        let at = match &added {
            Some(_) => case.before.used_end(),
            None => grown
                .iter()
                .map(|range| range.start)
                .max()
                .unwrap_or_else(|| case.before.size()),
        };
        let gained = grown.into_iter().chain(added).collect();
        Ok(Self { at, len, gained })
    }

    /// The two parts of the old file, and how far each moved.
    fn parts(&self, case: &Case<'_>) -> [(Range<u64>, u64); 2] {
        [(0..self.at, 0), (self.at..case.before.size(), self.len)]
    }

    /// What a segment gains over bytes of the old file were zeros: nothing else gives way to it.
    fn check_given_up(&self, case: &Case<'_>) -> Result<(), EditError> {
        for (range, shift) in self.parts(case) {
            for gained in &self.gained {
                let start = gained.start.saturating_sub(shift).max(range.start);
                let end = gained.end.saturating_sub(shift).min(range.end);
                if !case.bytes.was_zero(start..end)? {
                    return Err(wrong("a segment took the place of other bytes"));
                }
            }
        }
        Ok(())
    }

    /// Every byte of the old file is there, where no segment gained it and no table changed.
    fn check_old_bytes(&self, case: &Case<'_>) -> Result<(), EditError> {
        let allowed = Allowed::of(case)?;
        let inside =
            |outer: &Range<u64>, run: &Range<u64>| outer.start <= run.start && run.end <= outer.end;
        for (range, shift) in self.parts(case) {
            let changed = |run: Range<u64>| {
                let at = run.start.saturating_add(shift);
                let now = at..run.end.saturating_add(shift);
                if self.gained.iter().any(|gained| inside(gained, &now))
                    || allowed.contains(&run, at)?
                {
                    return Ok(());
                }
                let offset = run.start;
                Err(wrong(format!("the byte at offset {offset:#x} changed")))
            };
            let start = range.start.saturating_add(shift);
            case.bytes.each(range, start, changed)?;
        }
        Ok(())
    }

    /// What was inserted, but no segment gained, is zeros.
    fn check_padding(&self, case: &Case<'_>) -> Result<(), EditError> {
        let end = self.at.saturating_add(self.len);
        let gained = self.gained.iter().filter(|gained| gained.start >= self.at);
        let mut start = self.at;
        let mut gained: Vec<&Range<u64>> = gained.collect();
        gained.sort_by_key(|gained| gained.start);
        for gained in gained {
            if !case
                .bytes
                .is_zero(start..gained.start.min(end).max(start))?
            {
                return Err(wrong("bytes came that belong to nothing"));
            }
            start = start.max(gained.end);
        }
        if case.bytes.is_zero(start..end.max(start))? {
            return Ok(());
        }
        Err(wrong("bytes came that belong to nothing"))
    }
}
