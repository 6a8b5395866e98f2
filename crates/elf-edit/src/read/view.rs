//! An ELF file with its headers read: what is where in memory and in the file.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::ControlFlow;

use crate::abi::pt;
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::dynamic::Dynamic;
use crate::read::dynstr::{NAME_BUDGET, StringTable};
use crate::read::encoding::Encoding;
use crate::read::header::{Header, Segment};

/// The smallest page: what shares one is mapped together everywhere.
const PAGE: u64 = 4096;

/// How much of a table is read at first: most are short.
const FIRST_WINDOW: u64 = 1 << 12;

/// How much of a table is read at a time after that.
const WINDOW: u64 = 1 << 16;

/// An ELF file with its headers read: what addresses, strings and entries are looked up in.
pub(crate) struct View<'a> {
    /// The file.
    pub image: &'a dyn Image,
    /// Its ELF header.
    pub header: Header,
    /// Its program headers, in table order.
    pub segments: Vec<Segment>,
    /// `None` for files without `PT_DYNAMIC`.
    pub dynamic: Option<Dynamic>,
    /// Where the strings are.
    pub(crate) strings: Option<StringTable>,
    /// The string table.
    pub(crate) string_bytes: Cow<'a, [u8]>,
    /// How many bytes of names may still be handed out.
    pub(crate) name_budget: Cell<u64>,
}

impl<'a> View<'a> {
    /// Reads headers and dynamic entries.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] for headers that the loader refuses and for tables outside
    /// the file.
    pub(crate) fn read(image: &'a dyn Image) -> Result<Self, ElfError> {
        let header = Header::read(image)?;
        let segments = header.segments(image)?;
        let mut view = Self {
            image,
            header,
            segments,
            dynamic: None,
            strings: None,
            string_bytes: Cow::Borrowed(&[]),
            name_budget: Cell::new(NAME_BUDGET),
        };
        if view.header.is_loaded() {
            view.dynamic = view.read_dynamic()?;
            view.read_strings()?;
        }
        Ok(view)
    }

    /// Refuses segments that the loader would not map, and such that would make it see
    /// other bytes than the ones that [`View::offset_of`] finds.
    pub(crate) fn check_mapping(&self) -> Result<(), ElfError> {
        let mut before: Option<&Segment> = None;
        for load in self.loads() {
            if let Some(reason) = misplaced(load, before, self.image.size()) {
                return Err(ElfError::malformed(reason));
            }
            before = Some(load);
        }
        Ok(())
    }

    /// Word size and byte order.
    pub(crate) fn encoding(&self) -> Encoding {
        self.header.encoding
    }

    /// `PT_LOAD` headers, in table order.
    pub(crate) fn loads(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().filter(|s| s.kind == pt::LOAD)
    }

    /// `PT_TLS`: where thread-local variables start from.
    pub(crate) fn tls(&self) -> Option<&Segment> {
        self.segments.iter().find(|s| s.kind == pt::TLS)
    }

    /// The file offset of `len` bytes at `vaddr`, if all of them are one run of the file in
    /// memory. A later segment is mapped over an earlier one.
    pub(crate) fn offset_of(&self, vaddr: u64, len: u64) -> Option<u64> {
        let mut loads = self.loads().rev();
        if let Some(load) = loads.find(|load| load.holds_file_bytes(vaddr, len)) {
            let offset = vaddr.checked_sub(load.vaddr)?.checked_add(load.offset)?;
            let end = offset.checked_add(len)?;
            return (end <= self.image.size()).then_some(offset);
        }
        let (offset, run) = self.span_from(vaddr)?;
        (len <= run).then_some(offset)
    }

    /// The file offset of the byte at `vaddr`, and how many bytes of the file follow it in
    /// memory, itself included: to the end of its segment, of the page that is mapped with
    /// that, and of the segments that go on where it ends.
    pub(crate) fn span_from(&self, vaddr: u64) -> Option<(u64, u64)> {
        let mut loads = self.loads().rev();
        let load = loads.find(|load| load.holds_file_bytes(vaddr, 1));
        let load = load.or_else(|| self.page_neighbour(vaddr))?;
        let shift = load.vaddr.wrapping_sub(load.offset);
        let offset = vaddr.wrapping_sub(shift);
        let mut end = self.mapped_end(load);
        for next in self.loads().filter(|next| next.filesz > 0) {
            let goes_on = load.vaddr < next.vaddr && next.vaddr <= end;
            if goes_on && next.vaddr.wrapping_sub(next.offset) == shift {
                end = end.max(self.mapped_end(next));
            }
        }
        let in_file = self.image.size().checked_sub(offset)?;
        let len = end.checked_sub(vaddr)?.min(in_file);
        (len > 0).then_some((offset, len))
    }

    /// The segment beside `vaddr`, in no segment itself, whose page is mapped with it.
    fn page_neighbour(&self, vaddr: u64) -> Option<&Segment> {
        let inside = |load: &Segment| {
            let into = vaddr.checked_sub(load.vaddr);
            into.is_some_and(|into| into < load.memsz)
        };
        if self.loads().any(inside) {
            return None;
        }
        let mut loads = self.loads().rev().filter(|load| load.filesz > 0);
        loads.find(|load| (page_of(load.vaddr)..self.mapped_end(load)).contains(&vaddr))
    }

    /// Where the file's bytes of `load` end in memory. Pages are mapped whole, so that is the
    /// end of a page, unless zeros or another segment come first.
    fn mapped_end(&self, load: &Segment) -> u64 {
        let end = load.vaddr.saturating_add(load.filesz);
        if load.memsz != load.filesz {
            return end;
        }
        let next = self.loads().map(|next| next.vaddr);
        let next = next.filter(|next| *next >= end && *next > load.vaddr).min();
        let page = end.checked_next_multiple_of(PAGE).unwrap_or(end);
        page.min(next.unwrap_or(page))
    }

    /// Whether the loader fills `vaddr` with zeros (`.bss`).
    pub(crate) fn is_zero_filled(&self, vaddr: u64) -> bool {
        self.loads().any(|load| {
            let end = load.vaddr.checked_add(load.memsz);
            let file_end = load.vaddr.checked_add(load.filesz);
            file_end.is_some_and(|start| vaddr >= start) && end.is_some_and(|end| vaddr < end)
        })
    }

    /// Hands each whole record of `size` bytes in the `len` bytes at `offset` to `each`, until
    /// that breaks. Memory does not depend on `len`.
    pub(crate) fn records(
        &self,
        offset: u64,
        len: u64,
        size: u64,
        mut each: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), ElfError> {
        let step = usize::try_from(size).unwrap_or(usize::MAX);
        let mut window = match self.image.as_bytes() {
            Some(_) => u64::MAX,
            None => FIRST_WINDOW,
        };
        let mut done: u64 = 0;
        while let Some(left) = len.checked_sub(done).filter(|left| *left >= size) {
            let whole = left.min(window).checked_div(size).unwrap_or(0);
            let take = whole.saturating_mul(size);
            let at = offset.saturating_add(done);
            let bytes = bytes_at(self.image, at, take, "entries of a table")?;
            for record in bytes.chunks_exact(step) {
                if each(record).is_break() {
                    return Ok(());
                }
            }
            done = done.saturating_add(take);
            window = window.max(WINDOW);
        }
        Ok(())
    }
}

/// Where the page of `vaddr` starts.
fn page_of(vaddr: u64) -> u64 {
    vaddr.saturating_sub(vaddr.checked_rem(PAGE).unwrap_or_default())
}

/// What is wrong with a `PT_LOAD` that follows `before` in a file of `size` bytes.
fn misplaced(load: &Segment, before: Option<&Segment>, size: u64) -> Option<&'static str> {
    if load
        .offset
        .checked_add(load.filesz)
        .is_none_or(|end| end > size)
    {
        return Some("a PT_LOAD segment reaches past the end of the file");
    }
    if load
        .vaddr
        .checked_add(load.memsz.max(load.filesz))
        .is_none()
    {
        return Some("a PT_LOAD segment reaches past the end of memory");
    }
    let shift = load.vaddr.wrapping_sub(load.offset);
    if load.filesz > 0 && shift.checked_rem(PAGE) != Some(0) {
        return Some("address and offset of a PT_LOAD segment differ within a page");
    }
    let before = before?;
    let end = before.vaddr.saturating_add(before.memsz);
    if load.vaddr < end {
        return Some("the PT_LOAD segments overlap or are out of order");
    }
    // A page is mapped once: the later segment brings all of its bytes.
    let file_end = before.vaddr.saturating_add(before.filesz);
    let same_page = file_end.div_ceil(PAGE) > load.vaddr.checked_div(PAGE)?;
    let other_bytes = before.vaddr.wrapping_sub(before.offset) != shift;
    let both = before.filesz > 0 && load.memsz > 0;
    (both && same_page && other_bytes)
        .then_some("two PT_LOAD segments put different bytes into one page")
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("header", &self.header)
            .field("dynamic", &self.dynamic)
            .finish_non_exhaustive()
    }
}
