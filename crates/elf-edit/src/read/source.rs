//! The file to edit, and which of its bytes belong to something.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::em;
use std::ops::Range;

use crate::abi::pt;
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::header::Segment;
use crate::read::reached;
use crate::read::sections::{Section, Sections};
use crate::read::view::View;

/// How much is looked at a time in search of a byte that is not zero.
const WINDOW: u64 = 64 * 1024;

/// The file to edit.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) view: View<'a>,
    /// `None` if there are none, or none that make sense: so are headers in the place of
    /// something that the loaded program uses, which no edit may touch.
    pub(crate) sections: Option<Sections>,
    /// What headers and dynamic entries lead to.
    named: Vec<Range<u64>>,
}

/// No place or size in a file that is edited is larger: whatever an edit adds to one, up to as
/// much again, is still a number. An overflow is an error here, once, instead of a wrong value
/// further on.
const LARGEST: u64 = u64::MAX >> 1;

/// Whether what starts at `start` of the file ends at a place that can be reckoned with.
fn is_bounded(start: u64, len: u64) -> bool {
    start.checked_add(len).is_some_and(|end| end <= LARGEST)
}

impl<'a> Source<'a> {
    /// Reads the file.
    ///
    /// # Errors
    /// As of [`View::read`], and [`ElfError::Malformed`] for program headers that reach past any
    /// file or memory.
    pub(crate) fn read(image: &'a dyn Image) -> Result<Self, ElfError> {
        let view = View::read(image)?;
        let bounded = |segment: &Segment| {
            // Kernels live at the upper end of memory.
            let memory = segment.vaddr.checked_add(segment.memsz).is_some();
            memory && is_bounded(segment.offset, segment.filesz) && segment.align <= LARGEST
        };
        if !view.segments.iter().all(bounded) {
            let reason = "a program header reaches past the end of any file or memory";
            return Err(ElfError::malformed(reason));
        }
        let mut sections = Sections::read(image, &view.header)?;
        let bounded = |section: &Section| {
            let memory = section.addr.checked_add(section.size).is_some();
            memory && is_bounded(section.offset, section.size)
        };
        if let Some(table) = &sections
            && (!table.headers.iter().all(bounded) || table.displaces(&view)?)
        {
            sections = None;
        }
        let named = reached::named(&view);
        Ok(Self {
            view,
            sections,
            named,
        })
    }

    /// Section headers in table order; empty where there are none.
    pub(crate) fn headers(&self) -> &[Section] {
        self.sections.as_ref().map_or(&[], |s| &s.headers)
    }

    /// Size of the file.
    pub(crate) fn size(&self) -> u64 {
        self.view.image.size()
    }

    /// File offsets of the program header table.
    pub(crate) fn segment_table(&self) -> (u64, u64) {
        let size = self.view.encoding().segment_size();
        let start = self.view.header.phoff;
        let len = u64::from(self.view.header.phnum).saturating_mul(size);
        (start, start.saturating_add(len))
    }

    /// Start and end of everything that has a known use, tables included.
    pub(crate) fn used(&self) -> impl Iterator<Item = (u64, u64)> {
        let encoding = self.view.encoding();
        let segments = self.view.segments.iter();
        let segments = segments.map(|s| (s.offset, s.offset.saturating_add(s.filesz)));
        let sections = self.headers().iter().map(|s| (s.offset, s.file_end()));
        let table = self.sections.as_ref();
        let table = table.map(|table| (table.offset, table.table_end(encoding)));
        let named = self.named.iter().map(|range| (range.start, range.end));
        segments
            .chain(sections)
            .chain(table)
            .chain(named)
            .chain([(0, encoding.header_size()), self.segment_table()])
            .filter(|(start, end)| start < end)
    }

    /// Where what is mapped from the file ends, as far as anything leads there: of segments,
    /// and of what lies behind one in its last page.
    pub(crate) fn mapped_end(&self) -> u64 {
        let loads = self.view.loads().map(file_end);
        let named = self.named.iter().map(|range| range.end);
        let sections = self.headers().iter().filter(|section| section.is_alloc());
        let sections = sections
            .filter(|section| section.file_size() > 0)
            .map(Section::file_end);
        let end = loads.chain(named).chain(sections).max();
        end.unwrap_or_default().min(self.size())
    }

    /// Where the bytes with a known use end; what lies behind was appended to the file.
    pub(crate) fn used_end(&self) -> u64 {
        let end = self.used().map(|(_, end)| end).max();
        end.unwrap_or_default().min(self.size())
    }

    /// How many bytes from `at` are free: without a known use, and zero. Looks at most
    /// `most` bytes ahead. Bytes behind the last known use are never free.
    pub(crate) fn free_from(&self, at: u64, most: u64) -> Result<u64, ElfError> {
        let next = self
            .used()
            .filter(|(_, end)| *end > at)
            .map(|(start, _)| start.max(at))
            .min()
            .unwrap_or(at);
        let end = next.min(at.saturating_add(most));
        let mut free = 0_u64;
        while let Some(left) = end
            .checked_sub(at.saturating_add(free))
            .filter(|left| *left > 0)
        {
            let from = at.saturating_add(free);
            let bytes = bytes_at(self.view.image, from, left.min(WINDOW), "gap")?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            free = free.saturating_add(u64::try_from(zeros).unwrap_or_default());
            if zeros < bytes.len() {
                break;
            }
        }
        Ok(free)
    }

    /// Index of the `PT_LOAD` that ends last in memory.
    pub(crate) fn last_load(&self) -> Option<usize> {
        let loads = self.view.segments.iter().enumerate();
        let loads = loads.filter(|(_, segment)| segment.kind == pt::LOAD);
        loads
            .max_by_key(|(_, segment)| memory_end(segment))
            .map(|(index, _)| index)
    }

    /// Index of the `PT_LOAD` from whose file bytes `start..end` comes.
    pub(crate) fn load_of(&self, start: u64, end: u64) -> Option<usize> {
        self.view.segments.iter().rposition(|segment| {
            segment.kind == pt::LOAD && segment.offset <= start && end <= file_end(segment)
        })
    }

    /// Whether bytes that are not zero follow the last known use: the payload of a
    /// self-extracting program, a signature.
    pub(crate) fn has_payload(&self) -> Result<bool, ElfError> {
        let mut at = self.used_end();
        while let Some(left) = self.size().checked_sub(at).filter(|left| *left > 0) {
            let bytes = bytes_at(self.view.image, at, left.min(WINDOW), "payload")?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(true);
            }
            at = at.saturating_add(left.min(WINDOW));
        }
        Ok(false)
    }
}

/// `p_offset + p_filesz`.
pub(crate) fn file_end(segment: &Segment) -> u64 {
    segment.offset.saturating_add(segment.filesz)
}

/// `p_vaddr + p_memsz`.
pub(crate) fn memory_end(segment: &Segment) -> u64 {
    segment.vaddr.saturating_add(segment.memsz)
}

/// Size of the largest pages that the processor's systems use, in bytes: a segment that is
/// placed for them can be mapped by all.
pub fn largest_page(machine: u16) -> u64 {
    match machine {
        em::ARM | em::MIPS | em::PPC | em::PPC64 | em::AARCH64 | em::LOONGARCH => 0x1_0000,
        _ => 0x1000,
    }
}

/// `value` rounded up to a multiple of `align`.
pub(crate) fn round_up(value: u64, align: u64) -> u64 {
    let rounded = value.checked_next_multiple_of(align.max(1));
    rounded.unwrap_or(u64::MAX)
}
