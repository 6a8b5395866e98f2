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
use crate::read::dynamic::strings::{NAME_BUDGET, StringTable};
use crate::read::encoding::Encoding;
use crate::read::header::{Header, Segment};
use crate::read::memory::{Loader, Mapped, views};

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
    /// What is in memory.
    mapped: Mapped,
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
        let loads: Vec<Segment> = segments
            .iter()
            .filter(|segment| segment.kind == pt::LOAD)
            .copied()
            .collect();
        let mut view = Self {
            image,
            mapped: views(&loads, header.machine, image.size()),
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
    /// memory.
    pub(crate) fn offset_of(&self, vaddr: u64, len: u64) -> Option<u64> {
        let (offset, run) = self.span_from(vaddr)?;
        (len <= run).then_some(offset)
    }

    /// The same of bytes that will be read.
    ///
    /// # Errors
    /// Those of the image.
    pub(crate) fn offset_to_read(&self, vaddr: u64, len: u64) -> Result<Option<u64>, ElfError> {
        let offset = self.offset_of(vaddr, len);
        if offset.is_some() {
            self.count_read(vaddr, len)?;
        }
        Ok(offset)
    }

    /// The file offset of the byte at `vaddr`, and how many bytes of the file follow it in
    /// memory, itself included. Who reads them says how many with [`View::count_read`].
    pub(crate) fn span_from(&self, vaddr: u64) -> Option<(u64, u64)> {
        self.mapped.memory.span_from(vaddr)
    }

    /// Counts `len` bytes at `vaddr` as read.
    ///
    /// # Errors
    /// Those of the image.
    pub(crate) fn count_read(&self, vaddr: u64, len: u64) -> Result<(), ElfError> {
        self.mapped.count_read(vaddr, len, self.image)
    }

    /// The address of the first byte that was read and is another one for `loader`.
    pub(crate) fn difference(&self, loader: Loader) -> Option<u64> {
        self.mapped.difference(loader)
    }

    /// Whether the loader fills `vaddr` with zeros (`.bss`).
    pub(crate) fn is_zero_filled(&self, vaddr: u64) -> bool {
        self.mapped.memory.is_zero_filled(vaddr)
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
