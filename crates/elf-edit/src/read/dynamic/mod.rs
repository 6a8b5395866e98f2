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

pub(crate) mod strings;

use crate::read::view::View;
use std::ops::ControlFlow;

pub(crate) use crate::abi::{DF_1_NOW, DF_1_PIE, DF_BIND_NOW, DF_TEXTREL, dt, pt};
use crate::error::ElfError;
use crate::read::header::decode_dynamic_entry;

/// More entries are refused; linkers write dozens.
const MOST_ENTRIES: usize = 1 << 20;

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
pub(crate) struct Entry {
    /// `d_tag`, see [`dt`].
    pub tag: i64,
    /// `d_val` or `d_ptr`.
    pub value: u64,
}

/// The dynamic section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dynamic {
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
    pub(crate) fn last(&self, tag: i64) -> Option<u64> {
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
    pub(crate) fn all(&self, tag: i64) -> impl DoubleEndedIterator<Item = u64> {
        let of_tag = self.entries.iter().filter(move |entry| entry.tag == tag);
        of_tag.map(|entry| entry.value)
    }
}

impl View<'_> {
    /// The value of the last dynamic entry with `tag`, if there is one.
    pub(crate) fn dynamic_value(&self, tag: i64) -> Option<u64> {
        self.dynamic.as_ref()?.last(tag)
    }

    /// Reads the dynamic section, if there is one.
    pub(crate) fn read_dynamic(&self) -> Result<Option<Dynamic>, ElfError> {
        let headers = self.segments.iter().enumerate();
        let mut headers = headers.filter(|(_, s)| s.kind == pt::DYNAMIC);
        let Some((segment, header)) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            return Err(ElfError::Ambiguous(
                "it has two PT_DYNAMIC program headers: glibc and musl take the last, Android the first",
            ));
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
        // With the entry that ends the table.
        let entries = u64::try_from(dynamic.entries.len()).unwrap_or(u64::MAX);
        let read = entries.saturating_add(1).saturating_mul(size);
        self.count_read(header.vaddr, read)?;
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
pub(crate) fn packed(view: &View<'_>) -> Option<(&'static str, u32)> {
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
pub(crate) fn has_text_relocations(view: &View<'_>) -> bool {
    let flags = view.dynamic_value(dt::FLAGS).unwrap_or(0);
    view.dynamic_value(dt::TEXTREL).is_some() || flags & DF_TEXTREL != 0
}

/// `DT_BIND_NOW`, `DF_BIND_NOW` or `DF_1_NOW`.
pub(crate) fn binds_at_load(view: &View<'_>) -> bool {
    let has = |tag, bit| view.dynamic_value(tag).unwrap_or(0) & bit != 0;
    view.dynamic_value(dt::BIND_NOW).is_some()
        || has(dt::FLAGS, DF_BIND_NOW)
        || has(dt::FLAGS_1, DF_1_NOW)
}
