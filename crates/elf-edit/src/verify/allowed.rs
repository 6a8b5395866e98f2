//! Which bytes of the old memory image an edit may change.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeSet;
use std::ops::Range;

use crate::abi::{VER_NDX_GLOBAL, dt, sht};
use crate::error::EditError;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::reached;
use crate::read::sections::Section;
use crate::read::sections::symbol::{Symbol, section_field, value_field};
use crate::read::source::Source;
use crate::read::versions;
use crate::verify::Case;
use crate::verify::symbols::follows;

/// Bytes that may change, as offsets of the old file.
pub(crate) struct Allowed<'a> {
    case: &'a Case<'a>,
    ranges: Vec<Range<u64>>,
    /// The section headers before and after; `sections` checks what they say.
    table: Option<(Range<u64>, Range<u64>)>,
    symbols: Vec<Section>,
    unbound: Option<Unbound>,
}

/// The symbol versions, and which of them are of libraries that go.
struct Unbound {
    table: Range<u64>,
    gone: BTreeSet<u16>,
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
        let table = |source: &Source<'_>| {
            let table = source.sections.as_ref()?;
            Some(table.offset..table.table_end(encoding))
        };
        let unbound = allow_versions(case, &mut ranges)?;
        Ok(Self {
            case,
            ranges,
            table: table(source).zip(table(&case.after)),
            symbols: symbol_tables(source)?,
            unbound,
        })
    }

    /// Whether all of `run` may have become what is at `at` of the new file.
    pub(crate) fn contains(&self, run: &Range<u64>, at: u64) -> Result<bool, ElfError> {
        if self.are_free(run) || self.are_section_headers(run, at)? {
            return Ok(true);
        }
        if self.are_unbound(run, at)? {
            return Ok(true);
        }
        for table in &self.symbols {
            if self.is_symbol_field(table, run, at)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the ranges that may change cover `run`.
    fn are_free(&self, run: &Range<u64>) -> bool {
        let mut at = run.start;
        while at < run.end {
            let over = self.ranges.iter().filter(|range| range.contains(&at));
            match over.map(|range| range.end).max() {
                Some(end) => at = end,
                None => return false,
            }
        }
        true
    }

    /// Whether `run` is of section headers that are where they were, with all before them, or
    /// of headers that are no more.
    fn are_section_headers(&self, run: &Range<u64>, at: u64) -> Result<bool, ElfError> {
        let Some((old, new)) = &self.table else {
            return Ok(false);
        };
        let shift = at.wrapping_sub(run.start);
        if run.start < old.start || run.end > old.end || old.start.wrapping_add(shift) != new.start
        {
            return Ok(false);
        }
        let end = run.end.wrapping_add(shift);
        self.case.bytes.is_zero(new.end.max(at).min(end)..end)
    }

    /// Whether `run` is of symbols that lost the library of their version, and say so.
    fn are_unbound(&self, run: &Range<u64>, at: u64) -> Result<bool, ElfError> {
        let Some(Unbound { table, gone }) = &self.unbound else {
            return Ok(false);
        };
        if run.start < table.start || run.end > table.end {
            return Ok(false);
        }
        let odd = run.start.saturating_sub(table.start) & 1;
        let start = run.start.saturating_sub(odd);
        let len = run.end.saturating_sub(start).next_multiple_of(2);
        let before = bytes_at(self.case.bytes.old, start, len, "symbol versions")?;
        let new_start = at.saturating_sub(odd);
        let after = bytes_at(self.case.bytes.new, new_start, len, "symbol versions")?;
        let encoding = self.case.before.view.encoding();
        let mut pairs = before.chunks_exact(2).zip(after.chunks_exact(2));
        Ok(pairs.all(|(old, new)| {
            let old = encoding.u16(old, 0).unwrap_or_default() & 0x7fff;
            gone.contains(&old) && encoding.u16(new, 0) == Some(VER_NDX_GLOBAL)
        }))
    }

    /// Whether `run` is a field of a symbol in `table` that follows a section, and `at` of
    /// the new file says where that is now.
    pub(crate) fn is_symbol_field(
        &self,
        table: &Section,
        run: &Range<u64>,
        at: u64,
    ) -> Result<bool, ElfError> {
        let encoding = self.case.before.view.encoding();
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
            return Ok(self.case.is_stripped());
        }
        if !value {
            return Ok(false);
        }
        let read = |image, at| -> Result<Option<Symbol>, ElfError> {
            let bytes = bytes_at(image, at, size, "symbol")?;
            Ok(Symbol::decode(encoding, &bytes))
        };
        let old = read(self.case.bytes.old, start)?;
        let new = read(self.case.bytes.new, at.saturating_sub(field))?;
        let pair = old.zip(new);
        Ok(pair.is_some_and(|(old, new)| follows(self.case, old, new)))
    }
}

/// The tables whose symbols may follow sections: that of dynamic symbols, and that for tools
/// where the loaded program does not use its bytes.
fn symbol_tables(source: &Source<'_>) -> Result<Vec<Section>, ElfError> {
    let mut tables = Vec::new();
    let dynamic = source.view.dynamic_value(dt::SYMTAB);
    let dynamic = dynamic.and_then(|vaddr| source.view.span_from(vaddr));
    for section in source.headers() {
        let range = section.offset..section.file_end();
        let allowed = match section.kind {
            sht::DYNSYM => dynamic.is_some_and(|(offset, _)| offset == section.offset),
            sht::SYMTAB => !reached::is_used(&source.view, &range)?,
            _ => false,
        };
        if allowed {
            tables.push(*section);
        }
    }
    Ok(tables)
}

fn allow_versions(
    case: &Case<'_>,
    ranges: &mut Vec<Range<u64>>,
) -> Result<Option<Unbound>, EditError> {
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
    let span = versym.and_then(|vaddr| case.before.view.span_from(vaddr));
    let Some((start, len)) = span.filter(|_| unlinked) else {
        return Ok(None);
    };
    let going = records.iter().filter(|record| goes(&record.need.library));
    let versions = going.flat_map(|record| &record.need.versions);
    Ok(Some(Unbound {
        table: start..start.saturating_add(len),
        gone: versions.map(|version| version.index).collect(),
    }))
}
