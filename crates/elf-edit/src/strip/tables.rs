//! Section names, section headers and program headers of a stripped file.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeMap;
use std::ops::Range;

use crate::abi::sht;
use crate::error::EditError;
use crate::read::sections::names::DEBUG_LINK;
use crate::read::sections::{Section, Sections};
use crate::read::source::Source;
use crate::request::DebugLink;
use crate::strip::layout::Layout;

/// What `.gnu_debuglink` holds: the name, padding to four bytes, the checksum.
pub(crate) fn link_content(source: &Source<'_>, link: &DebugLink) -> Vec<u8> {
    let mut content = link.file.clone().into_bytes();
    content.push(0);
    while content.len() & 3 != 0 {
        content.push(0);
    }
    content.extend(source.view.encoding().u32_bytes(link.crc32));
    content
}

impl Layout<'_, '_> {
    pub(crate) fn add_link(&mut self, link: &DebugLink) -> Section {
        let content = link_content(self.source, link);
        self.draft.align(4);
        let offset = self.draft.size();
        let size = u64::try_from(content.len()).unwrap_or_default();
        self.draft.bytes(content);
        Section {
            name: 0,
            kind: sht::PROGBITS,
            flags: 0,
            addr: 0,
            offset,
            size,
            link: 0,
            info: 0,
            align: 4,
            entsize: 0,
        }
    }

    fn append(&mut self, table: Vec<u8>) -> u64 {
        self.draft.align(self.source.view.encoding().word_size());
        let start = self.draft.size();
        self.draft.bytes(table);
        start
    }

    /// Writes a table over the old one, if that is pinned and as large, or at the end.
    /// Returns its place.
    fn put(&mut self, mut table: Vec<u8>, old: Range<u64>) -> u64 {
        let room = usize::try_from(old.end.saturating_sub(old.start)).unwrap_or_default();
        if old.end > self.pinned || table.len() > room {
            return self.append(table);
        }
        table.resize(room, 0);
        self.draft.overlay(old.start, table);
        old.start
    }

    /// Writes the section names anew and returns the index of their table. Where symbols
    /// share the table, it stays and new names go behind it.
    pub(crate) fn write_names(
        &mut self,
        sections: &Sections,
        headers: &mut [Section],
    ) -> Result<u16, EditError> {
        let missing = || EditError::Unsafe("it has no table of section names".to_owned());
        let old = u16::try_from(sections.names).map_err(|_| missing())?;
        let index = self.new_index(old).filter(|index| *index != 0);
        let index = index.ok_or_else(missing)?;
        let shared = self.names_are_shared(sections.names);
        let mut table = if shared {
            self.selection.names.clone()
        } else {
            vec![0]
        };
        let mut known: BTreeMap<&[u8], u32> = BTreeMap::new();
        let kept: Vec<&Section> = self.kept().map(|(_, section)| section).collect();
        for (position, header) in headers.iter_mut().enumerate() {
            let name = match kept.get(position) {
                Some(_) if shared => continue,
                Some(section) => self.selection.name(section),
                None => DEBUG_LINK,
            };
            let next = u32::try_from(table.len()).unwrap_or(u32::MAX);
            header.name = *known.entry(name).or_insert_with(|| {
                if name.is_empty() {
                    return 0;
                }
                table.extend_from_slice(name);
                table.push(0);
                next
            });
        }
        if !shared || table.len() != self.selection.names.len() {
            let size = u64::try_from(table.len()).unwrap_or_default();
            let place = sections.headers.get(sections.names);
            let range = place.map_or(0..0, |place| place.offset..place.file_end());
            let loaded = self.source.load_of(range.start, range.start).is_some();
            let offset = if shared || loaded {
                self.append(table)
            } else {
                self.put(table, range)
            };
            if let Some(header) = headers.get_mut(usize::from(index)) {
                header.offset = offset;
                header.size = size;
            }
        }
        Ok(index)
    }

    pub(crate) fn write_headers(
        &mut self,
        headers: &[Section],
        names: u16,
    ) -> Result<(), EditError> {
        let too_large = || EditError::Unsafe("an offset would not fit into 32 bits".to_owned());
        let encoding = self.source.view.encoding();
        let mut table = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            // The null section counts headers only where the ELF header cannot.
            let uncounted = Section {
                size: 0,
                link: 0,
                ..*header
            };
            let header = if index == 0 { &uncounted } else { header };
            table.extend(header.encode(encoding).ok_or_else(too_large)?);
        }
        let old = self.source.sections.as_ref();
        let range = old.map_or(0..0, |old| old.offset..old.table_end(encoding));
        let start = self.put(table, range);
        let count = u16::try_from(headers.len()).map_err(|_| too_large())?;
        let (offset, counts) = if encoding.is_64 { (40, 60) } else { (32, 48) };
        let word = encoding.word_bytes(start).ok_or_else(too_large)?;
        self.draft.overlay(offset, word);
        let mut fields = encoding.u16_bytes(count).to_vec();
        fields.extend(encoding.u16_bytes(names));
        self.draft.overlay(counts, fields);
        Ok(())
    }

    pub(crate) fn write_segments(&mut self) -> Result<(), EditError> {
        let encoding = self.source.view.encoding();
        let (mut at, _) = self.source.segment_table();
        for (old, new) in self.source.view.segments.iter().zip(&self.segments) {
            if old != new {
                let bytes = new.encode(encoding);
                let too_large = "an offset would not fit into 32 bits";
                let bytes = bytes.ok_or_else(|| EditError::Unsafe(too_large.to_owned()))?;
                self.draft.overlay(at, bytes);
            }
            at = at.saturating_add(encoding.segment_size());
        }
        Ok(())
    }
}
