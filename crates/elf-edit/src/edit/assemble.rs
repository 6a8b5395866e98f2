//! From decisions to bytes: the patch of an edit, with everything that refers to what
//! moved kept true.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{dt, sht};
use crate::edit::entries::NewEntry;
use crate::edit::place::{Placement, Spot};
use crate::edit::section_symbols;
use crate::edit::string_table::Strings;
use crate::error::EditError;
use crate::image::bytes_at;
use crate::patch::Patch;
use crate::patch::draft::Draft;
use crate::read::encoding::Encoding;
use crate::read::header::Segment;
use crate::read::sections::{Section, section_size};
use crate::read::source::Source;

/// What an edit changes, before and after places were found.
#[derive(Debug)]
pub(crate) struct Decisions {
    /// The new dynamic entries.
    pub(crate) entries: Vec<NewEntry>,
    /// The new string table; `None` if there is no dynamic section.
    pub(crate) strings: Option<Strings>,
    /// Words to overwrite, at offsets of the old file.
    pub(crate) words: Vec<(u64, Vec<u8>)>,
    /// Section headers to change, by index, before anything moves.
    pub(crate) headers: Vec<(usize, Section)>,
    /// Where everything goes.
    pub(crate) placement: Placement,
    /// Bytes of a dynamic section that moves.
    pub(crate) dynamic_size: u64,
}

/// A value does not fit class 32.
fn too_large() -> EditError {
    EditError::Unsafe("an address or offset would not fit into 32 bits".to_owned())
}

/// Builds the patch.
///
/// # Errors
/// [`EditError::Unsafe`] if the result would not be representable.
pub(crate) fn assemble(source: &Source<'_>, decisions: Decisions) -> Result<Patch, EditError> {
    let mut work = Assembly {
        source,
        encoding: source.view.encoding(),
        placement: decisions.placement,
        draft: Draft::default(),
        blocks: Vec::new(),
    };
    work.lay_out()?;
    let mut entries = decisions.entries;
    if let Some(strings) = &decisions.strings {
        work.write_strings(strings, &mut entries);
        work.follow_moved(&mut entries);
        work.write_dynamic(&mut entries, decisions.dynamic_size)?;
    }
    for (at, bytes) in decisions.words {
        work.overwrite(at, bytes);
    }
    work.write_sections(
        decisions.headers,
        decisions.strings.as_ref(),
        decisions.dynamic_size,
    )?;
    work.write_segments()?;
    work.write_blocks();
    if work.draft.overlays_collide() {
        let reason = "two changes touch the same bytes".to_owned();
        return Err(EditError::Verify(reason));
    }
    let patch = work.draft.finish(source.size());
    Ok(patch.with_remarks(work.placement.remarks))
}

struct Assembly<'a, 'b> {
    source: &'a Source<'b>,
    encoding: Encoding,
    placement: Placement,
    draft: Draft,
    /// Contents of the blocks that made room.
    blocks: Vec<Vec<u8>>,
}

impl Assembly<'_, '_> {
    fn lay_out(&mut self) -> Result<(), EditError> {
        let at = self.placement.insert_at;
        self.draft.copy(0..at);
        self.draft.zero(self.placement.insert);
        self.draft.copy(at..self.source.size());
        for block in &self.placement.moved {
            let image = self.source.view.image;
            let bytes = bytes_at(image, block.from.offset, block.len, "block that moves")?;
            self.blocks.push(bytes.into_owned());
        }
        Ok(())
    }

    /// Overwrites `bytes` at an offset of the old file, wherever they are now.
    fn overwrite(&mut self, at: u64, bytes: Vec<u8>) {
        for (block, content) in self.placement.moved.iter().zip(&mut self.blocks) {
            let into = at.checked_sub(block.from.offset);
            let into = into.filter(|into| *into < block.len);
            let into = into.and_then(|into| usize::try_from(into).ok());
            let Some(into) = into else { continue };
            let field = content
                .get_mut(into..)
                .and_then(|rest| rest.get_mut(..bytes.len()));
            if let Some(field) = field {
                field.copy_from_slice(&bytes);
                return;
            }
        }
        self.draft.overlay(self.placement.shifted(at), bytes);
    }

    fn write_blocks(&mut self) {
        let blocks = std::mem::take(&mut self.blocks);
        for (block, content) in self.placement.moved.iter().zip(blocks) {
            self.draft.overlay(block.to.offset, content);
        }
    }

    fn write_strings(&mut self, strings: &Strings, entries: &mut [NewEntry]) {
        let spot = self.placement.strings;
        if self.placement.strings_moved {
            self.draft.overlay(spot.offset, strings.all().to_vec());
        } else {
            let end = spot.offset.saturating_add(strings.table.size);
            self.draft.overlay(end, strings.added().to_vec());
        }
        for entry in entries {
            match entry.tag {
                dt::STRTAB => entry.value = spot.vaddr,
                dt::STRSZ => entry.value = strings.size(),
                _ => {}
            }
        }
    }

    /// Entries that hold addresses of blocks that made room for a program header.
    fn follow_moved(&mut self, entries: &mut [NewEntry]) {
        const ADDRESSES: [i64; 6] = [
            dt::HASH,
            dt::GNU_HASH,
            dt::SYMTAB,
            dt::VERSYM,
            dt::VERNEED,
            dt::VERDEF,
        ];
        for entry in entries {
            if ADDRESSES.contains(&entry.tag) {
                entry.value = self.moved_address(entry.value);
            }
        }
    }

    fn moved_address(&self, vaddr: u64) -> u64 {
        for block in &self.placement.moved {
            match vaddr.checked_sub(block.from.vaddr) {
                Some(into) if into < block.len => return block.to.vaddr.saturating_add(into),
                _ => {}
            }
        }
        vaddr
    }

    fn write_dynamic(&mut self, entries: &mut [NewEntry], size: u64) -> Result<(), EditError> {
        let Some((old, old_spot)) = self.old_dynamic() else {
            return Ok(());
        };
        let new_vaddr = self
            .placement
            .dynamic
            .map_or(old_spot.vaddr, |new| new.vaddr);
        self.follow_own_address(entries, old_spot.vaddr, new_vaddr);
        let step = self.encoding.dynamic_entry_size();
        let old_bytes = old.saturating_mul(step);
        let in_place = match self.placement.dynamic {
            None => self.encode_entries(entries.iter(), old_bytes)?,
            Some(spot) => {
                let bytes = self.encode_entries(entries.iter(), size)?;
                self.draft.overlay(spot.offset, bytes);
                // Code that reaches `_DYNAMIC` relative to itself still finds true values.
                let kept = entries.iter().filter(|entry| entry.was.is_some());
                self.encode_entries(kept, old_bytes)?
            }
        };
        if !self.source_has(old_spot.offset, &in_place) {
            self.draft.overlay(old_spot.offset, in_place);
        }
        Ok(())
    }

    /// How many entries there were, and where.
    fn old_dynamic(&self) -> Option<(u64, Spot)> {
        let dynamic = self.source.view.dynamic.as_ref()?;
        let segment = self.source.view.segments.get(dynamic.segment)?;
        let spot = Spot {
            offset: dynamic.offset?,
            vaddr: segment.vaddr,
        };
        Some((u64::try_from(dynamic.entries.len()).ok()?, spot))
    }

    fn follow_own_address(&self, entries: &mut [NewEntry], old: u64, new: u64) {
        let step = self.encoding.dynamic_entry_size();
        let address = |base: u64, index: usize| {
            base.wrapping_add(step.wrapping_mul(u64::try_from(index).unwrap_or_default()))
        };
        for (index, entry) in entries.iter_mut().enumerate() {
            if let (dt::MIPS_RLD_MAP_REL, Some(was)) = (entry.tag, entry.was) {
                let by = address(old, was).wrapping_sub(address(new, index));
                entry.value = entry.value.wrapping_add(by);
                if !self.encoding.is_64 {
                    entry.value &= u64::from(u32::MAX);
                }
            }
        }
    }

    /// The entries, followed by zeros up to `size` bytes.
    fn encode_entries<'e>(
        &self,
        entries: impl Iterator<Item = &'e NewEntry>,
        size: u64,
    ) -> Result<Vec<u8>, EditError> {
        let mut bytes = Vec::new();
        for entry in entries {
            let mut tag = entry.tag.cast_unsigned();
            if !self.encoding.is_64 {
                tag &= u64::from(u32::MAX);
            }
            for word in [tag, entry.value] {
                bytes.extend(self.encoding.word_bytes(word).ok_or_else(too_large)?);
            }
        }
        let size = usize::try_from(size).map_err(|_| too_large())?;
        if bytes.len() < size {
            bytes.resize(size, 0);
        }
        Ok(bytes)
    }

    fn source_has(&self, at: u64, bytes: &[u8]) -> bool {
        let mut old = vec![0; bytes.len()];
        self.source.view.image.read_at(at, &mut old).is_ok() && old == bytes
    }

    fn write_sections(
        &mut self,
        changed: Vec<(usize, Section)>,
        strings: Option<&Strings>,
        dynamic_size: u64,
    ) -> Result<(), EditError> {
        let Some(table) = &self.source.sections else {
            return Ok(());
        };
        let mut headers = table.headers.clone();
        for (index, section) in changed {
            if let Some(header) = headers.get_mut(index) {
                *header = section;
            }
        }
        for section in &mut headers {
            if !section.is_alloc() && section.offset >= self.placement.insert_at {
                section.offset = self.placement.shifted(section.offset);
            }
            self.follow_block(section);
        }
        self.follow_strings(&mut headers, strings);
        self.follow_dynamic(&mut headers, dynamic_size);
        let size = section_size(self.encoding);
        let start = self.placement.shifted(table.offset);
        let mut at = start;
        for (old, new) in table.headers.iter().zip(&headers) {
            if old != new {
                let bytes = new.encode(self.encoding).ok_or_else(too_large)?;
                self.draft.overlay(at, bytes);
            }
            at = at.saturating_add(size);
        }
        if start != table.offset {
            let field = if self.encoding.is_64 { 40 } else { 32 };
            let bytes = self.encoding.word_bytes(start).ok_or_else(too_large)?;
            self.draft.overlay(field, bytes);
        }
        let values = section_symbols::follow(self.source, &headers)?;
        for (at, bytes) in values {
            self.overwrite(at, bytes);
        }
        Ok(())
    }

    fn follow_block(&self, section: &mut Section) {
        for block in &self.placement.moved {
            let into = section.addr.checked_sub(block.from.vaddr);
            let inside = into.filter(|into| *into < block.len);
            if let (true, true, Some(into)) = (section.is_alloc(), section.size > 0, inside) {
                section.addr = block.to.vaddr.saturating_add(into);
                section.offset = block.to.offset.saturating_add(into);
                return;
            }
        }
    }

    fn follow_strings(&self, headers: &mut [Section], strings: Option<&Strings>) {
        let dynamic = self.source.view.dynamic.as_ref();
        let old = dynamic.and_then(|dynamic| dynamic.last(dt::STRTAB));
        let index = old.and_then(|vaddr| self.section_at(sht::STRTAB, vaddr));
        let header = index.and_then(|index| headers.get_mut(index));
        if let (Some(header), Some(strings)) = (header, strings) {
            header.addr = self.placement.strings.vaddr;
            header.offset = self.placement.strings.offset;
            header.size = strings.size();
        }
    }

    fn follow_dynamic(&self, headers: &mut [Section], size: u64) {
        let (Some(new), Some((_, old))) = (self.placement.dynamic, self.old_dynamic()) else {
            return;
        };
        let index = self.section_at(sht::DYNAMIC, old.vaddr);
        if let Some(header) = index.and_then(|index| headers.get_mut(index)) {
            header.addr = new.vaddr;
            header.offset = new.offset;
            header.size = size;
        }
    }

    fn section_at(&self, kind: u32, vaddr: u64) -> Option<usize> {
        self.source.sections.as_ref()?.loaded_at(kind, vaddr)
    }

    fn write_segments(&mut self) -> Result<(), EditError> {
        let old: &[Segment] = &self.source.view.segments;
        let (old_table, _) = self.source.segment_table();
        let moved = self.placement.segment_table != old_table;
        let step = self.encoding.segment_size();
        let mut at = self.placement.segment_table;
        for (index, segment) in self.placement.segments.iter().enumerate() {
            if moved || old.get(index) != Some(segment) {
                let bytes = segment.encode(self.encoding).ok_or_else(too_large)?;
                self.draft.overlay(at, bytes);
            }
            at = at.saturating_add(step);
        }
        if moved {
            let field = if self.encoding.is_64 { 32 } else { 28 };
            let word = self.encoding.word_bytes(self.placement.segment_table);
            self.draft.overlay(field, word.ok_or_else(too_large)?);
        }
        if self.placement.segments.len() != old.len() {
            let count = u16::try_from(self.placement.segments.len()).ok();
            let count = count.filter(|count| *count < u16::MAX);
            let field = if self.encoding.is_64 { 56 } else { 44 };
            let bytes = self.encoding.u16_bytes(count.ok_or_else(too_large)?);
            self.draft.overlay(field, bytes.to_vec());
        }
        Ok(())
    }
}
