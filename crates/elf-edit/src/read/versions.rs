//! Symbol versions that a file needs and defines.
//!
//! The tables are chains of offsets. The loader follows them and looks at no count, so
//! neither does this; a chain must lead forward, and may not have more records than fit.
//!
//! Spec: <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::ops::Range;

use crate::abi::{VER_FLG_WEAK, dt};
use crate::read::dynamic::strings::{LONGEST_STRING, text};
use crate::read::view::View;

use crate::error::ElfError;
use crate::image::bytes_at;

/// Bytes of a `Verneed` and of a `Vernaux` record.
const NEED_SIZE: u64 = 16;
/// Bytes of a `Verdef` record.
const DEF_SIZE: u64 = 20;
/// How much of a table is read at first: most are shorter.
const FIRST_WINDOW: u64 = 1 << 12;
/// Records further from the start of their table are refused. An index has 15 bits, and
/// takes two records at most.
const LARGEST_TABLE: u64 = 1 << 20;

/// The versions that one `Verneed` record asks of one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionNeed {
    /// `vn_file`: the soname that provides them.
    pub library: String,
    /// `vna_name` and the index that `.gnu.version` uses (`vna_other`).
    pub versions: Vec<NeededVersion>,
}

/// One `Vernaux` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededVersion {
    /// Such as `GLIBC_2.17`.
    pub name: String,
    /// Index into the version table.
    pub index: u16,
    /// `VER_FLG_WEAK`: the loader only warns if it is absent.
    pub weak: bool,
}

/// A `Verneed` record and where it is; `elf::edit` renames `vn_file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NeedRecord {
    /// File offset of the record; the word at 4 bytes from there is `vn_file`.
    pub offset: u64,
    /// `vn_file`: offset in the string table.
    pub file: u64,
    /// What it asks for.
    pub need: VersionNeed,
}

/// Records of a table of chains, each read only if it lies in the table's segment.
struct Records<'v, 'i> {
    view: &'v View<'i>,
    name: &'static str,
    /// File offset of the table.
    start: u64,
    /// How many bytes there can be.
    len: u64,
    /// The first of them.
    bytes: Cow<'i, [u8]>,
    /// Where it is in memory.
    vaddr: u64,
    /// How many more records there can be.
    left: u64,
    /// Where the records end that were read, from the table's start.
    end: u64,
}

impl<'v, 'i> Records<'v, 'i> {
    fn at(view: &'v View<'i>, vaddr: u64, name: &'static str) -> Result<Self, ElfError> {
        let Some((start, len)) = view.span_from(vaddr) else {
            let reason = format!("{name} lies outside the file's segments");
            return Err(ElfError::Malformed(reason));
        };
        let len = len.min(LARGEST_TABLE);
        Ok(Self {
            view,
            name,
            start,
            len,
            bytes: Cow::Borrowed(&[]),
            vaddr,
            left: len.checked_div(8).unwrap_or(0),
            end: 0,
        })
    }

    /// Makes sure that the bytes up to `end`, which is within `len`, are there.
    fn extend(&mut self, end: u64) -> Result<(), ElfError> {
        let mut window = FIRST_WINDOW;
        while window < end {
            window = window.saturating_mul(4);
        }
        let have = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        if have < end {
            let window = window.min(self.len);
            self.bytes = bytes_at(self.view.image, self.start, window, self.name)?;
        }
        Ok(())
    }

    fn malformed(&self, what: &str) -> ElfError {
        ElfError::malformed(format!("{}: {what}", self.name))
    }

    /// The record of `size` bytes at `at` from the table's start.
    fn read(&mut self, at: u64, size: u64) -> Result<Fields, ElfError> {
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| self.malformed("the records overlap"))?;
        let end = at.checked_add(size);
        if end.is_none_or(|end| end > self.len) {
            return Err(self.malformed("a record lies outside the file's segments"));
        }
        let end = end.unwrap_or(self.len);
        self.extend(end)?;
        self.end = self.end.max(end);
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(start..).unwrap_or_default();
        let encoding = self.view.encoding();
        let mut words = [0; 5];
        for (index, word) in words.iter_mut().enumerate() {
            *word = encoding.u32(bytes, index.saturating_mul(4)).unwrap_or(0);
        }
        let first = encoding.u16(bytes, 0).unwrap_or(0);
        let flags = encoding.u16(bytes, 4).unwrap_or(0);
        let other = encoding.u16(bytes, 6).unwrap_or(0);
        Ok(Fields {
            words,
            version: first,
            flags,
            other,
        })
    }

    /// Where the records are in the file that were read.
    fn place(&self) -> Result<Range<u64>, ElfError> {
        self.view.count_read(self.vaddr, self.end)?;
        Ok(self.start..self.start.saturating_add(self.end))
    }

    /// The place of the next record of a chain, if there is one.
    fn next(&self, at: u64, step: u32, size: u64) -> Result<Option<u64>, ElfError> {
        match u64::from(step) {
            0 => Ok(None),
            step if step < size => Err(self.malformed("the records overlap")),
            step => Ok(at.checked_add(step)),
        }
    }
}

/// A record, taken apart in every way that one of the four kinds needs.
struct Fields {
    words: [u32; 5],
    version: u16,
    flags: u16,
    other: u16,
}

/// All `Verneed` records, in table order.
///
/// # Errors
/// [`ElfError::Malformed`] for tables outside the file, chains that do not lead forward,
/// and names that are not UTF-8.
pub(crate) fn needs(view: &View<'_>) -> Result<Vec<NeedRecord>, ElfError> {
    Ok(read_needs(view)?.0)
}

/// Where the tables of needed and of defined versions are in the file.
///
/// # Errors
/// As [`needs`].
pub(crate) fn places(view: &View<'_>) -> Result<[Range<u64>; 2], ElfError> {
    Ok([read_needs(view)?.1, read_definitions(view)?.1])
}

fn read_needs(view: &View<'_>) -> Result<(Vec<NeedRecord>, Range<u64>), ElfError> {
    let Some(vaddr) = view.dynamic_value(dt::VERNEED) else {
        return Ok((Vec::new(), 0..0));
    };
    let mut records = Records::at(view, vaddr, "DT_VERNEED")?;
    let mut needs = Vec::new();
    let mut next = Some(0);
    while let Some(at) = next {
        let record = records.read(at, NEED_SIZE)?;
        if record.version != 1 {
            return Err(records.malformed("a record has an unknown version"));
        }
        let [_, file, aux, step, _] = record.words;
        let library = view.name(file.into(), "the library of a needed version")?;
        let first = at.checked_add(aux.into());
        needs.push(NeedRecord {
            offset: records.start.saturating_add(at),
            file: file.into(),
            need: VersionNeed {
                library,
                versions: needed_versions(&mut records, first)?,
            },
        });
        next = records.next(at, step, NEED_SIZE)?;
    }
    Ok((needs, records.place()?))
}

fn needed_versions(
    records: &mut Records<'_, '_>,
    first: Option<u64>,
) -> Result<Vec<NeededVersion>, ElfError> {
    let mut versions = Vec::new();
    let mut next = first;
    while let Some(at) = next {
        let record = records.read(at, NEED_SIZE)?;
        let [_, _, name, step, _] = record.words;
        versions.push(NeededVersion {
            name: records.view.name(name.into(), "a needed version")?,
            index: record.other & 0x7fff,
            weak: record.flags & VER_FLG_WEAK != 0,
        });
        next = records.next(at, step, NEED_SIZE)?;
    }
    Ok(versions)
}

/// The names of all `Verdef` records, in table order.
///
/// # Errors
/// As [`needs`].
pub(crate) fn definitions(view: &View<'_>) -> Result<Vec<String>, ElfError> {
    Ok(read_definitions(view)?.0)
}

fn read_definitions(view: &View<'_>) -> Result<(Vec<String>, Range<u64>), ElfError> {
    let Some(vaddr) = view.dynamic_value(dt::VERDEF) else {
        return Ok((Vec::new(), 0..0));
    };
    let mut records = Records::at(view, vaddr, "DT_VERDEF")?;
    let mut names = Vec::new();
    let mut next = Some(0);
    while let Some(at) = next {
        let record = records.read(at, DEF_SIZE)?;
        if record.version != 1 {
            return Err(records.malformed("a record has an unknown version"));
        }
        let [_, _, _, aux, step] = record.words;
        // The first name is the version's own; others are those of its parents.
        if let Some(first) = at.checked_add(aux.into()) {
            let [name, ..] = records.read(first, 8)?.words;
            // The base version is named after the file, which may have no name.
            let name = view.string(name.into(), LONGEST_STRING, "a defined version")?;
            names.push(text(name, "a defined version")?);
        }
        next = records.next(at, step, DEF_SIZE)?;
    }
    Ok((names, records.place()?))
}
