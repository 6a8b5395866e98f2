//! The stripped file: what is loaded as it was, then the other sections that stay, then
//! their names and headers.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::Range;

use crate::abi::{SHN_ABS, SHN_LORESERVE, pt, sht};
use crate::error::EditError;
use crate::patch::Patch;
use crate::patch::draft::Draft;
use crate::read::header::Segment;
use crate::read::sections::symbol;
use crate::read::sections::symbol::{Symbol, section_field};
use crate::read::sections::{Section, Sections};
use crate::read::source::{Source, file_end};
use crate::request::Edit;
use crate::strip::Selection;

/// Builds the patch that keeps `selection`.
///
/// # Errors
/// [`EditError::Unsafe`] if sections overlap, so that no order suits all.
pub(crate) fn lay_out(
    source: &Source<'_>,
    sections: &Sections,
    selection: &Selection,
    edit: &Edit,
) -> Result<Patch, EditError> {
    let mut work = Layout {
        source,
        selection,
        map: renumber(selection),
        headers: sections.headers.clone(),
        segments: source.view.segments.clone(),
        draft: Draft::default(),
        pinned: 0,
    };
    work.pinned = work.find_pinned();
    work.copy_pinned();
    work.copy_tail(sections.names)?;
    let mut headers = work.renumbered();
    if let Some(link) = &edit.debug_link {
        headers.push(work.add_link(link));
    }
    let names = work.write_names(sections, &mut headers)?;
    work.write_headers(&headers, names)?;
    work.write_segments()?;
    work.renumber_symbols()?;
    if work.draft.overlays_collide() {
        let reason = "two changes touch the same bytes".to_owned();
        return Err(EditError::Verify(reason));
    }
    Ok(work.draft.finish(source.size()))
}

/// The new index of each section that stays.
fn renumber(selection: &Selection) -> Vec<Option<u16>> {
    let mut next = 0_u16;
    let keeps = selection.keeps.iter();
    keeps
        .map(|keep| {
            let index = keep.then_some(next);
            next = next.saturating_add(u16::from(*keep));
            index
        })
        .collect()
}

/// The stripped file in the making.
pub(crate) struct Layout<'a, 'b> {
    pub(crate) source: &'a Source<'b>,
    pub(crate) selection: &'a Selection,
    pub(crate) map: Vec<Option<u16>>,
    /// Old section headers, with new places.
    pub(crate) headers: Vec<Section>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) draft: Draft,
    /// Where what must not move ends.
    pub(crate) pinned: u64,
}

impl Layout<'_, '_> {
    pub(crate) fn kept(&self) -> impl Iterator<Item = (usize, &Section)> {
        let sections = self.source.headers().iter().enumerate();
        sections.filter(|(index, _)| self.selection.keeps(*index))
    }

    /// Where what must not move ends: tables, segments, and what reaches into them.
    fn find_pinned(&self) -> u64 {
        let (_, table_end) = self.source.segment_table();
        let header = self.source.view.encoding().header_size();
        let mut pinned = table_end.max(header).max(self.source.mapped_end());
        loop {
            let before = pinned;
            for segment in self.source.view.segments.iter().filter(|s| s.filesz > 0) {
                if file_end(segment) > pinned && self.carrier(segment, pinned).is_none() {
                    pinned = file_end(segment);
                }
            }
            for (_, section) in self.kept() {
                if section.offset < pinned && section.file_end() > pinned {
                    pinned = section.file_end();
                }
            }
            if pinned == before {
                return pinned.min(self.source.size());
            }
        }
    }

    /// The section that stays, lies behind `pinned`, and holds all of `segment`.
    fn carrier(&self, segment: &Segment, pinned: u64) -> Option<usize> {
        let mut kept = self.kept();
        let holds = |section: &Section| {
            let starts = section.offset >= pinned && section.offset <= segment.offset;
            section.file_size() > 0 && starts && file_end(segment) <= section.file_end()
        };
        let found = kept.find(|(_, section)| segment.kind != pt::LOAD && holds(section));
        found.map(|(index, _)| index)
    }

    /// Copies up to `pinned`; zeros take the place of what goes but is not loaded.
    fn copy_pinned(&mut self) {
        let pinned = self.pinned;
        let (table_start, table_end) = self.source.segment_table();
        let segments = self.source.view.segments.iter();
        let mut used: Vec<Range<u64>> = segments.map(|s| s.offset..file_end(s)).collect();
        used.extend(
            self.kept()
                .map(|(_, section)| section.offset..section.file_end()),
        );
        used.push(table_start..table_end);
        used.push(0..self.source.view.encoding().header_size());
        let gone = self.source.headers().iter().enumerate();
        let gone = gone.filter(|(index, _)| !self.selection.keeps(*index));
        let mut gone: Vec<Range<u64>> = gone
            .map(|(_, section)| section.offset..section.file_end().min(pinned))
            .filter(|range| range.start < range.end)
            .filter(|range| {
                let mut used = used.iter();
                !used.any(|used| used.start < range.end && range.start < used.end)
            })
            .collect();
        gone.sort_by_key(|range| range.start);
        let mut done = 0_u64;
        for range in gone {
            let start = range.start.max(done);
            self.draft.copy(done..start);
            self.draft.zero(range.end.saturating_sub(start));
            done = range.end.max(start);
        }
        self.draft.copy(done..pinned);
    }

    /// Copies the sections behind `pinned`, but for their names.
    fn copy_tail(&mut self, names: usize) -> Result<(), EditError> {
        let pinned = self.pinned;
        let is_shared = self.names_are_shared(names);
        let mut tail: Vec<(usize, Section)> = self
            .kept()
            .filter(|(index, section)| {
                let is_names = *index == names && !is_shared;
                !section.is_alloc() && section.offset >= pinned && !is_names
            })
            .map(|(index, section)| (index, *section))
            .collect();
        tail.sort_by_key(|(index, section)| (section.offset, *index));
        let mut done = pinned;
        for (index, section) in tail {
            if section.file_size() > 0 && section.offset < done {
                return Err(EditError::Unsafe("its sections overlap".to_owned()));
            }
            if section.file_end() > self.source.size() {
                let reason = "a section reaches past the end of the file";
                return Err(EditError::Unsafe(reason.to_owned()));
            }
            let align = section.align.clamp(1, 4096);
            self.draft.align(align);
            let offset = self.draft.size();
            let (size, info) = if section.kind == sht::SYMTAB {
                self.copy_symbols(&section)?
            } else {
                let range = section.offset..section.file_end();
                self.draft.copy(range);
                (section.size, section.info)
            };
            if let Some(header) = self.headers.get_mut(index) {
                *header = Section {
                    offset,
                    size,
                    info,
                    ..section
                };
            }
            let moved = section.offset..section.file_end();
            for segment in self.segments.iter_mut().filter(|s| s.filesz > 0) {
                if segment.kind != pt::LOAD && moved.contains(&segment.offset) {
                    let distance = segment.offset.saturating_sub(moved.start);
                    segment.offset = offset.saturating_add(distance);
                }
            }
            done = done.max(section.file_end());
        }
        Ok(())
    }

    /// Whether another section that stays uses the section names as its strings.
    pub(crate) fn names_are_shared(&self, names: usize) -> bool {
        self.kept().any(|(_, section)| {
            let link = usize::try_from(section.link).unwrap_or(usize::MAX);
            link == names
        })
    }

    pub(crate) fn new_index(&self, section: u16) -> Option<u16> {
        if section == 0 || section >= SHN_LORESERVE {
            return Some(section);
        }
        *self.map.get(usize::from(section))?
    }

    /// Copies a symbol table without the symbols of sections that go; returns its new size
    /// and the number of local symbols. Where relocations count symbols, all stay.
    fn copy_symbols(&mut self, table: &Section) -> Result<(u64, u32), EditError> {
        let encoding = self.source.view.encoding();
        let step = encoding.symbol_size();
        let headers = self.source.headers();
        let counted = self.kept().any(|(_, section)| {
            let link = usize::try_from(section.link).ok();
            let target = link.and_then(|link| headers.get(link));
            section.is_relocation() && target.is_some_and(|target| target.offset == table.offset)
        });
        if headers
            .iter()
            .any(|section| section.kind == sht::SYMTAB_SHNDX)
        {
            let reason = "its symbols use extended section indices";
            return Err(EditError::Unsafe(reason.to_owned()));
        }
        let local_end = table
            .offset
            .saturating_add(u64::from(table.info).saturating_mul(step));
        let mut pieces: Vec<(Range<u64>, Option<u16>)> = Vec::new();
        let mut locals = table.info;
        symbol::each(self.source, table.offset, table.size, |at, symbol| {
            let Symbol { section, .. } = symbol;
            let range = at..at.saturating_add(step);
            match self.new_index(section) {
                Some(same) if same == section => match pieces.last_mut() {
                    Some((last, None)) if last.end == at => last.end = range.end,
                    _ => pieces.push((range, None)),
                },
                Some(other) => pieces.push((range, Some(other))),
                None if counted => pieces.push((range, Some(SHN_ABS))),
                None if at < local_end => locals = locals.saturating_sub(1),
                None => {}
            }
            Some(())
        })?;
        let start = self.draft.size();
        for (range, section) in pieces {
            let at = self.draft.size();
            self.draft.copy(range);
            if let Some(section) = section {
                let field = at.saturating_add(section_field(encoding));
                let bytes = encoding.u16_bytes(section).to_vec();
                self.draft.overlay(field, bytes);
            }
        }
        Ok((self.draft.size().saturating_sub(start), locals))
    }

    /// The headers that stay, with links to each other's new indices.
    fn renumbered(&self) -> Vec<Section> {
        let index = |old: u32| {
            let old = u16::try_from(old).unwrap_or(u16::MAX);
            self.new_index(old).map_or(0, u32::from)
        };
        let headers = self.headers.iter().enumerate();
        let headers = headers.filter(|(at, _)| self.selection.keeps(*at));
        headers
            .map(|(_, section)| {
                let mut section = *section;
                section.link = index(section.link);
                if section.info_is_section() {
                    section.info = index(section.info);
                }
                section
            })
            .collect()
    }

    /// Symbols name their sections by index. Tables that were copied with all that is
    /// pinned keep their symbols, whatever became of the sections.
    fn renumber_symbols(&mut self) -> Result<(), EditError> {
        let encoding = self.source.view.encoding();
        let field = section_field(encoding);
        let mut changes = Vec::new();
        let pinned = self.kept().map(|(_, section)| section).filter(|section| {
            matches!(section.kind, sht::SYMTAB | sht::DYNSYM) && section.offset < self.pinned
        });
        for table in pinned {
            symbol::each(self.source, table.offset, table.size, |at, symbol| {
                let new = self.new_index(symbol.section).unwrap_or(SHN_ABS);
                if new != symbol.section {
                    let bytes = encoding.u16_bytes(new).to_vec();
                    changes.push((at.saturating_add(field), bytes));
                }
                Some(())
            })?;
        }
        for (at, bytes) in changes {
            self.draft.overlay(at, bytes);
        }
        Ok(())
    }
}
