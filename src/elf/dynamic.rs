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

use std::ops::ControlFlow;

pub(super) use super::dynstr::LONGEST_SEARCH_PATH;
pub use super::dynstr::{LONGEST_STRING, StringTable, text};
use super::header::{decode_dynamic_entry, pt};
use super::image::ElfError;
pub use super::view::View;

/// More entries are refused; linkers write dozens.
const MOST_ENTRIES: usize = 1 << 20;

/// Bits of `DT_FLAGS`.
const DF_TEXTREL: u64 = 4;
const DF_BIND_NOW: u64 = 8;
/// Bit of `DT_FLAGS_1`: every function is bound when the file is loaded.
const DF_1_NOW: u64 = 1;

/// Bit of `DT_FLAGS_1`: an executable that can be placed anywhere, not a library.
pub(crate) const DF_1_PIE: u64 = 0x0800_0000;

/// Tags of dynamic entries, as [`Entry::tag`] holds them.
#[expect(missing_docs, reason = "the names are those of the specification")]
pub mod dt {
    pub const NULL: i64 = 0;
    pub const NEEDED: i64 = 1;
    pub const PLTRELSZ: i64 = 2;
    pub const PLTGOT: i64 = 3;
    pub const HASH: i64 = 4;
    pub const STRTAB: i64 = 5;
    pub const SYMTAB: i64 = 6;
    pub const RELA: i64 = 7;
    pub const RELASZ: i64 = 8;
    pub const RELAENT: i64 = 9;
    pub const STRSZ: i64 = 10;
    pub const SYMENT: i64 = 11;
    pub const INIT: i64 = 12;
    pub const FINI: i64 = 13;
    pub const SONAME: i64 = 14;
    pub const RPATH: i64 = 15;
    pub const REL: i64 = 17;
    pub const RELSZ: i64 = 18;
    pub const RELENT: i64 = 19;
    pub const PLTREL: i64 = 20;
    pub const DEBUG: i64 = 21;
    pub const TEXTREL: i64 = 22;
    pub const JMPREL: i64 = 23;
    pub const BIND_NOW: i64 = 24;
    pub const INIT_ARRAY: i64 = 25;
    pub const FINI_ARRAY: i64 = 26;
    pub const INIT_ARRAYSZ: i64 = 27;
    pub const FINI_ARRAYSZ: i64 = 28;
    pub const RUNPATH: i64 = 29;
    pub const FLAGS: i64 = 30;
    pub const PREINIT_ARRAY: i64 = 32;
    pub const PREINIT_ARRAYSZ: i64 = 33;
    pub const RELRSZ: i64 = 35;
    pub const RELR: i64 = 36;
    pub const ANDROID_REL: i64 = 0x6000_000f;
    pub const ANDROID_RELA: i64 = 0x6000_0011;
    pub const ANDROID_RELR: i64 = 0x6fff_e000;
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

/// Entries that say where the tables are.
const TABLES: [(i64, &str); 11] = [
    (dt::HASH, "DT_HASH"),
    (dt::STRTAB, "DT_STRTAB"),
    (dt::SYMTAB, "DT_SYMTAB"),
    (dt::RELA, "DT_RELA"),
    (dt::STRSZ, "DT_STRSZ"),
    (dt::SONAME, "DT_SONAME"),
    (dt::JMPREL, "DT_JMPREL"),
    (dt::GNU_HASH, "DT_GNU_HASH"),
    (dt::VERSYM, "DT_VERSYM"),
    (dt::VERDEF, "DT_VERDEF"),
    (dt::VERNEED, "DT_VERNEED"),
];

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

    /// Refuses tables that are named twice: the loader takes the last, most tools the first.
    fn check(&self) -> Result<(), ElfError> {
        for (tag, name) in TABLES {
            if self.all(tag).any(|value| Some(value) != self.last(tag)) {
                return Err(ElfError::malformed(format!(
                    "it has two different {name} entries"
                )));
            }
        }
        Ok(())
    }

    /// The values of all entries with `tag`, in order.
    pub fn all(&self, tag: i64) -> impl DoubleEndedIterator<Item = u64> {
        let of_tag = self.entries.iter().filter(move |entry| entry.tag == tag);
        of_tag.map(|entry| entry.value)
    }
}

impl View<'_> {
    /// The value of the last dynamic entry with `tag`, if there is one.
    pub fn dynamic_value(&self, tag: i64) -> Option<u64> {
        self.dynamic.as_ref()?.last(tag)
    }

    /// Reads the dynamic section, if there is one.
    pub(super) fn read_dynamic(&self) -> Result<Option<Dynamic>, ElfError> {
        let headers = self.segments.iter().enumerate();
        let mut headers = headers.filter(|(_, s)| s.kind == pt::DYNAMIC);
        let Some((segment, header)) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            return Err(ElfError::malformed("it has two PT_DYNAMIC program headers"));
        }
        self.check_mapping()?;
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
        let ended = self.read_entries(offset, len, &mut dynamic.entries)?;
        // Zeros that only memory has end the table too.
        if !ended && !self.is_zero_filled(header.vaddr.saturating_add(len)) {
            return Err(ElfError::malformed(
                "the dynamic entries do not end within their segment (no DT_NULL)",
            ));
        }
        dynamic.check()?;
        self.check_tables(&dynamic)?;
        Ok(Some(dynamic))
    }

    /// Refuses a file for the loader without strings or symbols: glibc looks at both without asking
    /// whether they are there, bionic refuses the file. A static program may do without.
    fn check_tables(&self, dynamic: &Dynamic) -> Result<(), ElfError> {
        let is_program = dynamic
            .last(dt::FLAGS_1)
            .is_some_and(|flags| flags & DF_1_PIE != 0);
        let loaded = self
            .segments
            .iter()
            .any(|segment| segment.kind == pt::INTERP);
        if !loaded && (!self.header.is_shared() || is_program) {
            return Ok(());
        }
        let what = if self.header.is_shared() && !loaded {
            "a shared object"
        } else {
            "a program with a loader"
        };
        for (tag, name) in [(dt::STRTAB, "DT_STRTAB"), (dt::SYMTAB, "DT_SYMTAB")] {
            if dynamic.last(tag).is_none() {
                return Err(ElfError::malformed(format!(
                    "{what} without {name}: no loader can use it"
                )));
            }
        }
        Ok(())
    }

    /// Adds the entries from `offset` to `DT_NULL`, or as many as `len` bytes hold; tells
    /// whether `DT_NULL` was met.
    fn read_entries(
        &self,
        offset: u64,
        len: u64,
        entries: &mut Vec<Entry>,
    ) -> Result<bool, ElfError> {
        let encoding = self.encoding();
        let mut ended = false;
        self.records(offset, len, encoding.dynamic_entry_size(), |bytes| {
            let entry = decode_dynamic_entry(encoding, bytes);
            match entry {
                Some((tag, value)) if tag != dt::NULL && entries.len() < MOST_ENTRIES => {
                    entries.push(Entry { tag, value });
                    return ControlFlow::Continue(());
                }
                Some((dt::NULL, _)) => ended = true,
                _ => (),
            }
            ControlFlow::Break(())
        })?;
        if entries.len() >= MOST_ENTRIES {
            return Err(ElfError::malformed(
                "it has more dynamic entries than any linker writes",
            ));
        }
        Ok(ended)
    }
}

/// Which packed relocations the file has, and from which API level on Android's loader applies them
/// (bionic's `android-changes-for-ndk-developers.md`): of several, what it learnt last.
pub fn packed(view: &View<'_>) -> Option<(&'static str, u32)> {
    let known = [
        (dt::RELR, "DT_RELR", 30),
        (dt::ANDROID_RELR, "DT_ANDROID_RELR", 28),
        (dt::ANDROID_RELA, "DT_ANDROID_RELA", 23),
        (dt::ANDROID_REL, "DT_ANDROID_REL", 23),
    ];
    let mut known = known.into_iter();
    let (_, name, level) = known.find(|(tag, ..)| view.dynamic_value(*tag).is_some())?;
    Some((name, level))
}

/// `DT_TEXTREL` or `DF_TEXTREL`.
pub(super) fn has_text_relocations(view: &View<'_>) -> bool {
    let flags = view.dynamic_value(dt::FLAGS).unwrap_or(0);
    view.dynamic_value(dt::TEXTREL).is_some() || flags & DF_TEXTREL != 0
}

/// `DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`.
pub(super) fn binds_at_load(view: &View<'_>) -> bool {
    let has = |tag, bit| view.dynamic_value(tag).unwrap_or(0) & bit != 0;
    view.dynamic_value(dt::BIND_NOW).is_some()
        || has(dt::FLAGS, DF_BIND_NOW)
        || has(dt::FLAGS_1, DF_1_NOW)
}
