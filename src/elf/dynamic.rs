//! What `PT_DYNAMIC` says, reached as the loader reaches it.
//!
//! The loader maps the `PT_LOAD` segments and then knows addresses only. So an address
//! counts here, even where `p_offset` of `PT_DYNAMIC` or a section header says otherwise;
//! sizes that the loader ignores are ignored.
//!
//! Spec: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::header::{Encoding, Header, Segment, decode_dynamic_entry, pt};
use super::image::{ElfError, Image, bytes_at};
use crate::escape::escape_bytes;

/// The longest string that is read: `PATH_MAX` on Linux, NUL included.
pub const LONGEST_STRING: u64 = 4096;

/// How much of a table is read at first: most are short.
const FIRST_WINDOW: u64 = 1 << 12;

/// How much of a table is read at a time after that.
const WINDOW: u64 = 1 << 16;

/// String tables up to this size are read whole; of larger ones, each string when it is
/// asked for.
const SMALL_STRING_TABLE: u64 = 16 << 20;

/// Tags of dynamic entries, as [`Entry::tag`] holds them.
#[expect(missing_docs, reason = "the names are those of the specification")]
pub mod dt {
    pub const NULL: i64 = 0;
    pub const NEEDED: i64 = 1;
    pub const PLTRELSZ: i64 = 2;
    pub const HASH: i64 = 4;
    pub const STRTAB: i64 = 5;
    pub const SYMTAB: i64 = 6;
    pub const RELA: i64 = 7;
    pub const RELASZ: i64 = 8;
    pub const RELAENT: i64 = 9;
    pub const STRSZ: i64 = 10;
    pub const SYMENT: i64 = 11;
    pub const SONAME: i64 = 14;
    pub const RPATH: i64 = 15;
    pub const REL: i64 = 17;
    pub const RELSZ: i64 = 18;
    pub const RELENT: i64 = 19;
    pub const PLTREL: i64 = 20;
    pub const DEBUG: i64 = 21;
    pub const TEXTREL: i64 = 22;
    pub const JMPREL: i64 = 23;
    pub const RUNPATH: i64 = 29;
    pub const FLAGS: i64 = 30;
    pub const RELR: i64 = 36;
    pub const GNU_HASH: i64 = 0x6fff_fef5;
    pub const DEPAUDIT: i64 = 0x6fff_fefb;
    pub const AUDIT: i64 = 0x6fff_fefc;
    pub const VERSYM: i64 = 0x6fff_fff0;
    pub const FLAGS_1: i64 = 0x6fff_fffb;
    pub const VERDEF: i64 = 0x6fff_fffc;
    pub const VERDEFNUM: i64 = 0x6fff_fffd;
    pub const VERNEED: i64 = 0x6fff_fffe;
    pub const VERNEEDNUM: i64 = 0x6fff_ffff;
    pub const AUXILIARY: i64 = 0x7fff_fffd;
    pub const FILTER: i64 = 0x7fff_ffff;
}

/// One dynamic entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `d_tag`, see [`dt`].
    pub tag: i64,
    /// `d_val` or `d_ptr`.
    pub value: u64,
}

/// The dynamic section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// Index of `PT_DYNAMIC` among the program headers.
    pub segment: usize,
    /// File offset of the first entry; `None` if its address has no bytes in the file, so
    /// that the loader sees zeros (files that hold only debug information).
    pub offset: Option<u64>,
    /// How many entries fit between `offset` and the end of `PT_DYNAMIC`'s file bytes, the
    /// `DT_NULL` entries included. Not more than the file holds.
    pub capacity: u64,
    /// Entries before the first `DT_NULL`.
    pub entries: Vec<Entry>,
}

impl Dynamic {
    /// The value of the last entry with `tag`: that is the one that loaders keep.
    pub fn last(&self, tag: i64) -> Option<u64> {
        self.all(tag).next_back()
    }

    /// The values of all entries with `tag`, in order.
    pub fn all(&self, tag: i64) -> impl DoubleEndedIterator<Item = u64> {
        let of_tag = self.entries.iter().filter(move |entry| entry.tag == tag);
        of_tag.map(|entry| entry.value)
    }
}

/// An ELF file with its headers read: what addresses, strings and entries are looked up in.
pub struct View<'a> {
    /// The file.
    pub image: &'a dyn Image,
    /// Its ELF header.
    pub header: Header,
    /// Its program headers, in table order.
    pub segments: Vec<Segment>,
    /// `None` for files without `PT_DYNAMIC`.
    pub dynamic: Option<Dynamic>,
    strings: Option<StringTable>,
    /// The string table, where it is in memory or small.
    string_bytes: Cow<'a, [u8]>,
}

/// Where `DT_STRTAB` and `DT_STRSZ` say that the strings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringTable {
    /// Its file offset.
    pub offset: u64,
    /// `DT_STRSZ`: checked to be in the file, within one segment.
    pub size: u64,
}

impl<'a> View<'a> {
    /// Reads headers and dynamic entries.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] for headers that the loader refuses and for tables outside
    /// the file.
    pub fn read(image: &'a dyn Image) -> Result<Self, ElfError> {
        let header = Header::read(image)?;
        let segments = header.segments(image)?;
        let mut view = Self {
            image,
            header,
            segments,
            dynamic: None,
            strings: None,
            string_bytes: Cow::Borrowed(&[]),
        };
        view.dynamic = view.read_dynamic()?;
        view.strings = view.read_string_table()?;
        if let Some(StringTable { offset, size }) = view.strings
            && (size <= SMALL_STRING_TABLE || image.as_bytes().is_some())
        {
            view.string_bytes = bytes_at(image, offset, size, "dynamic strings")?;
        }
        Ok(view)
    }

    /// Word size and byte order.
    pub fn encoding(&self) -> Encoding {
        self.header.encoding
    }

    /// `PT_LOAD` headers, in table order.
    pub fn loads(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().filter(|s| s.kind == pt::LOAD)
    }

    /// The file offset of `len` bytes at `vaddr`, if all of them come from one segment's
    /// file bytes. A later segment is mapped over an earlier one.
    pub fn offset_of(&self, vaddr: u64, len: u64) -> Option<u64> {
        let mut loads = self.loads().rev();
        let load = loads.find(|load| load.holds_file_bytes(vaddr, len))?;
        let offset = vaddr.checked_sub(load.vaddr)?.checked_add(load.offset)?;
        let end = offset.checked_add(len)?;
        (end <= self.image.size()).then_some(offset)
    }

    /// The file offset of the byte at `vaddr`, and how many bytes of the same segment
    /// follow in the file, itself included.
    pub fn span_from(&self, vaddr: u64) -> Option<(u64, u64)> {
        let mut loads = self.loads().rev();
        let load = loads.find(|load| load.holds_file_bytes(vaddr, 1))?;
        let skipped = vaddr.checked_sub(load.vaddr)?;
        let offset = load.offset.checked_add(skipped)?;
        let in_file = self.image.size().checked_sub(offset)?;
        let len = load.filesz.checked_sub(skipped)?.min(in_file);
        (len > 0).then_some((offset, len))
    }

    /// The value of the last dynamic entry with `tag`, if there is one.
    pub fn dynamic_value(&self, tag: i64) -> Option<u64> {
        self.dynamic.as_ref()?.last(tag)
    }

    fn read_dynamic(&self) -> Result<Option<Dynamic>, ElfError> {
        let headers = self.segments.iter().enumerate();
        let mut headers = headers.filter(|(_, s)| s.kind == pt::DYNAMIC);
        let Some((segment, header)) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            return Err(ElfError::malformed("it has two PT_DYNAMIC program headers"));
        }
        let mut dynamic = Dynamic {
            segment,
            offset: None,
            capacity: 0,
            entries: Vec::new(),
        };
        let Some((offset, len)) = self.span_from(header.vaddr) else {
            if self.is_zero_filled(header.vaddr) {
                return Ok(Some(dynamic));
            }
            return Err(ElfError::malformed(
                "PT_DYNAMIC lies outside the bytes that PT_LOAD maps from the file",
            ));
        };
        if offset != header.offset {
            return Err(ElfError::malformed(
                "the address and the file offset of PT_DYNAMIC lead to different bytes",
            ));
        }
        let size = self.encoding().dynamic_entry_size();
        dynamic.offset = Some(offset);
        dynamic.capacity = header.filesz.min(len).checked_div(size).unwrap_or(0);
        dynamic.entries = self.read_entries(offset, len)?;
        Ok(Some(dynamic))
    }

    /// Whether the loader fills `vaddr` with zeros (`.bss`).
    fn is_zero_filled(&self, vaddr: u64) -> bool {
        self.loads().any(|load| {
            let end = load.vaddr.checked_add(load.memsz);
            let file_end = load.vaddr.checked_add(load.filesz);
            file_end.is_some_and(|start| vaddr >= start) && end.is_some_and(|end| vaddr < end)
        })
    }

    /// Entries from `offset` to `DT_NULL`, or as many as `len` bytes hold.
    fn read_entries(&self, offset: u64, len: u64) -> Result<Vec<Entry>, ElfError> {
        let encoding = self.encoding();
        let mut entries = Vec::new();
        self.records(
            offset,
            len,
            encoding.dynamic_entry_size(),
            |bytes| match decode_dynamic_entry(encoding, bytes) {
                Some((tag, value)) if tag != dt::NULL => {
                    entries.push(Entry { tag, value });
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            },
        )?;
        Ok(entries)
    }

    /// Hands each whole record of `size` bytes in the `len` bytes at `offset` to `each`, until
    /// that breaks. Memory does not depend on `len`.
    pub fn records(
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

    fn read_string_table(&self) -> Result<Option<StringTable>, ElfError> {
        let Some(dynamic) = &self.dynamic else {
            return Ok(None);
        };
        let (Some(vaddr), Some(size)) = (dynamic.last(dt::STRTAB), dynamic.last(dt::STRSZ)) else {
            return Ok(None);
        };
        match self.offset_of(vaddr, size) {
            Some(offset) => Ok(Some(StringTable { offset, size })),
            None => Err(ElfError::malformed(
                "the dynamic string table (DT_STRTAB, DT_STRSZ) lies outside the file's segments",
            )),
        }
    }

    /// The dynamic string table.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] if there is none; `what` is the string that was wanted.
    pub fn string_table(&self, what: &str) -> Result<StringTable, ElfError> {
        let missing = || ElfError::malformed(format!("{what} without DT_STRTAB and DT_STRSZ"));
        self.strings.ok_or_else(missing)
    }

    /// The string at `at` in the dynamic string table, without its NUL.
    ///
    /// # Errors
    /// [`ElfError::Malformed`], naming `what`, if it does not end within the table and
    /// `longest` bytes.
    pub fn string(&self, at: u64, longest: u64, what: &str) -> Result<Cow<'_, [u8]>, ElfError> {
        let table = self.string_table(what)?;
        let outside =
            || ElfError::malformed(format!("{what} lies outside the dynamic string table"));
        let left = table.size.checked_sub(at).filter(|left| *left > 0);
        let limit = left.ok_or_else(outside)?.min(longest);
        // Most names are short: two reads for the few that are not.
        for len in [limit.min(128), limit] {
            let bytes = self.string_bytes_at(table, at, len)?;
            if let Some(end) = end_of_string(&bytes) {
                return Ok(truncated(bytes, end));
            }
        }
        Err(ElfError::malformed(format!(
            "{what} does not end within {limit} bytes"
        )))
    }

    /// Up to `len` bytes from `at` on, as many as the dynamic string table has.
    pub fn string_start(&self, at: u64, len: usize) -> Result<Cow<'_, [u8]>, ElfError> {
        let table = self.string_table("a dynamic symbol")?;
        let left = table.size.saturating_sub(at);
        let len = u64::try_from(len).unwrap_or(u64::MAX).min(left);
        self.string_bytes_at(table, at, len)
    }

    /// `len` bytes from `at` on, which are known to be in the table.
    fn string_bytes_at(
        &self,
        table: StringTable,
        at: u64,
        len: u64,
    ) -> Result<Cow<'_, [u8]>, ElfError> {
        if self.string_bytes.is_empty() {
            let offset = table.offset.saturating_add(at);
            return bytes_at(self.image, offset, len, "dynamic strings");
        }
        let start = usize::try_from(at).ok();
        let end = at
            .checked_add(len)
            .and_then(|end| usize::try_from(end).ok());
        let range = start
            .zip(end)
            .and_then(|(start, end)| self.string_bytes.get(start..end));
        Ok(Cow::Borrowed(range.unwrap_or_default()))
    }

    /// The string at `at`, which must be UTF-8 and not empty.
    ///
    /// # Errors
    /// As [`View::string`], and [`ElfError::Malformed`] with the escaped name.
    pub fn name(&self, at: u64, what: &str) -> Result<String, ElfError> {
        let bytes = self.string(at, LONGEST_STRING, what)?;
        if bytes.is_empty() {
            return Err(ElfError::malformed(format!("{what} is empty")));
        }
        text(bytes, what)
    }
}

/// `bytes` as a string.
///
/// # Errors
/// [`ElfError::Malformed`] with the escaped bytes if they are not UTF-8.
pub fn text(bytes: Cow<'_, [u8]>, what: &str) -> Result<String, ElfError> {
    String::from_utf8(bytes.into_owned()).map_err(|error| {
        let name = escape_bytes(error.as_bytes());
        ElfError::malformed(format!("{what} is not UTF-8: {name}"))
    })
}

fn end_of_string(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == 0)
}

fn truncated(bytes: Cow<'_, [u8]>, len: usize) -> Cow<'_, [u8]> {
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(..len).unwrap_or_default()),
        Cow::Owned(mut bytes) => {
            bytes.truncate(len);
            Cow::Owned(bytes)
        }
    }
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View")
            .field("header", &self.header)
            .field("dynamic", &self.dynamic)
            .finish_non_exhaustive()
    }
}
