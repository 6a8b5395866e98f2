//! Which bytes of the old memory image an edit may change.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeSet;
use std::ops::Range;

use super::dynamic::dt;
use super::edit::EditError;
use super::image::{ElfError, bytes_at};
use super::sections::{Section, sht};
use super::source::Source;
use super::symbolvalues::{Symbol, section_field, value_field};
use super::verify::Case;
use super::versions;

/// Bytes that may change, as offsets of the old file.
pub(crate) struct Allowed<'a> {
    source: &'a Source<'a>,
    ranges: Vec<Range<u64>>,
    symbols: Option<Section>,
    /// Whether section indices of symbols may change.
    renumbered: bool,
    /// Indices of sections that moved.
    moved: BTreeSet<u16>,
}

impl<'a> Allowed<'a> {
    pub(crate) fn of(case: &'a Case<'a>) -> Result<Self, EditError> {
        let source = &case.before;
        let encoding = source.view.encoding();
        let (start, end) = source.segment_table();
        let (new_start, new_end) = case.after.segment_table();
        let mut ranges = vec![
            0..encoding.header_size(),
            start..if start == new_start { new_end } else { end },
        ];
        if let Some(dynamic) = &source.view.dynamic
            && let Some(offset) = dynamic.offset
        {
            let count = u64::try_from(dynamic.entries.len()).unwrap_or(u64::MAX);
            let count = count.max(dynamic.capacity);
            let len = count.saturating_mul(encoding.dynamic_entry_size());
            ranges.push(offset..offset.saturating_add(len));
        }
        if let Some(table) = source.sections.as_ref().filter(|_| case.is_stripped()) {
            // patchelf puts section headers into a segment.
            ranges.push(table.offset..table.table_end(encoding));
        }
        allow_versions(case, &mut ranges)?;
        let mut sections = source.headers().iter();
        Ok(Self {
            source,
            ranges,
            symbols: sections.find(|s| s.kind == sht::DYNSYM).copied(),
            renumbered: case.is_stripped(),
            moved: moved(case),
        })
    }

    /// Whether all of `run` may change.
    pub(crate) fn contains(&self, run: &Range<u64>) -> Result<bool, ElfError> {
        let mut ranges = self.ranges.iter();
        if ranges.any(|range| range.start <= run.start && run.end <= range.end) {
            return Ok(true);
        }
        match &self.symbols {
            Some(table) => self.is_symbol_field(table, run),
            None => Ok(false),
        }
    }

    /// Whether `run` is a field of a symbol in `table` that follows a section.
    pub(crate) fn is_symbol_field(
        &self,
        table: &Section,
        run: &Range<u64>,
    ) -> Result<bool, ElfError> {
        let encoding = self.source.view.encoding();
        let size = encoding.symbol_size();
        if run.start < table.offset || run.end > table.file_end() {
            return Ok(false);
        }
        let into = run.start.saturating_sub(table.offset);
        let field = into.checked_rem(size).unwrap_or_default();
        let start = run.start.saturating_sub(field);
        let len = run.end.saturating_sub(run.start);
        let end = field.saturating_add(len);
        let inside = |from: u64, size: u64| field >= from && end <= from.saturating_add(size);
        let section = inside(section_field(encoding), 2);
        let value = inside(value_field(encoding), encoding.word_size());
        if section {
            return Ok(self.renumbered);
        }
        if !value {
            return Ok(false);
        }
        let bytes = bytes_at(self.source.view.image, start, size, "symbol")?;
        let symbol = Symbol::decode(encoding, &bytes);
        Ok(symbol.is_some_and(|symbol| self.moved.contains(&symbol.section)))
    }
}

/// Indices of the old sections whose address is no longer that of a section of their kind.
fn moved(case: &Case<'_>) -> BTreeSet<u16> {
    let stays = |old: &Section| {
        let mut after = case.after.headers().iter();
        after.any(|new| (new.kind, new.addr) == (old.kind, old.addr))
    };
    let before = case.before.headers().iter().enumerate();
    let moved = before.filter(|(_, old)| old.is_alloc() && !stays(old));
    moved
        .filter_map(|(index, _)| u16::try_from(index).ok())
        .collect()
}

fn allow_versions(case: &Case<'_>, ranges: &mut Vec<Range<u64>>) -> Result<(), EditError> {
    let word = |at: u64, by: u64| {
        let start = at.saturating_add(by);
        start..start.saturating_add(4)
    };
    let records = versions::needs(&case.before.view)?;
    let goes = |library: &String| case.edit.remove_needed.contains(library);
    let unlinked = records.iter().any(|record| goes(&record.need.library));
    for record in &records {
        if case.edit.replace_needed.contains_key(&record.need.library) {
            ranges.push(word(record.offset, 4));
        }
        if unlinked {
            ranges.push(word(record.offset, 12));
        }
    }
    let versym = case.before.view.dynamic_value(dt::VERSYM);
    if let Some((start, len)) = versym.and_then(|vaddr| case.before.view.span_from(vaddr))
        && unlinked
    {
        let table = case.before.sections.as_ref();
        let section = table.and_then(|table| {
            let index = table.loaded_at(sht::GNU_VERSYM, versym?)?;
            table.headers.get(index)
        });
        let len = section.map_or(len, |section| section.size.min(len));
        ranges.push(start..start.saturating_add(len));
    }
    Ok(())
}
