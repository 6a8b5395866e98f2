//! Strings of the dynamic string table.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::abi::dt;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::view::View;

/// The longest string that is read: `PATH_MAX` on Linux, NUL included.
pub(crate) const LONGEST_STRING: u64 = 4096;

/// Search paths hold several paths; the kernel's limit of one argument is the limit here.
pub(crate) const LONGEST_SEARCH_PATH: u64 = 128 << 10;

/// A larger string table is refused unless the file is in memory anyway. The largest
/// libraries known have a third of this.
const LARGEST_STRING_TABLE: u64 = 96 << 20;

/// All names of libraries and versions of one file together are no longer, in bytes. One
/// long string may be named a million times.
pub(crate) const NAME_BUDGET: u64 = 8 << 20;

/// Where `DT_STRTAB` and `DT_STRSZ` say that the strings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StringTable {
    /// Its file offset.
    pub offset: u64,
    /// `DT_STRSZ`: checked to be in the file, within one segment.
    pub size: u64,
}

impl View<'_> {
    /// Finds the string table and reads it whole: names are in no order, and an image may
    /// have to inflate its file again for each step back.
    pub(crate) fn read_strings(&mut self) -> Result<(), ElfError> {
        let tags = (
            self.dynamic_value(dt::STRTAB),
            self.dynamic_value(dt::STRSZ),
        );
        let (Some(vaddr), Some(size)) = tags else {
            return Ok(());
        };
        let offset = self.offset_to_read(vaddr, size)?.ok_or_else(|| {
            ElfError::malformed(
                "the dynamic string table (DT_STRTAB, DT_STRSZ) lies outside the file's segments",
            )
        })?;
        self.strings = Some(StringTable { offset, size });
        if size > LARGEST_STRING_TABLE && self.image.as_bytes().is_none() {
            return Err(ElfError::malformed(
                "the dynamic string table is larger than any linker writes",
            ));
        }
        self.string_bytes = bytes_at(self.image, offset, size, "dynamic strings")?;
        Ok(())
    }

    /// The dynamic string table.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] if there is none; `what` is the string that was wanted.
    pub(crate) fn string_table(&self, what: &str) -> Result<StringTable, ElfError> {
        let missing = || ElfError::malformed(format!("{what} without DT_STRTAB and DT_STRSZ"));
        self.strings.ok_or_else(missing)
    }

    /// The string at `at` in the dynamic string table, without its NUL.
    ///
    /// # Errors
    /// [`ElfError::Malformed`], naming `what`, if it does not end within the table and
    /// `longest` bytes.
    pub(crate) fn string(
        &self,
        at: u64,
        longest: u64,
        what: &str,
    ) -> Result<Cow<'_, [u8]>, ElfError> {
        self.string_table(what)?;
        let start = usize::try_from(at).ok();
        let rest = start.and_then(|start| self.string_bytes.get(start..));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err(ElfError::malformed(format!(
                "{what} lies outside the dynamic string table"
            )));
        };
        let longest = usize::try_from(longest).unwrap_or(usize::MAX);
        let limit = rest.get(..longest).unwrap_or(rest);
        let mut parts = limit.split(|byte| *byte == 0);
        match parts.next() {
            Some(text) if text.len() < limit.len() => Ok(Cow::Borrowed(text)),
            _ => Err(ElfError::malformed(format!(
                "{what} does not end within {} bytes",
                limit.len()
            ))),
        }
    }

    /// Up to `len` bytes from `at` on, as many as the dynamic string table has.
    pub(crate) fn string_start(&self, at: u64, len: usize) -> &[u8] {
        let start = usize::try_from(at).ok();
        let rest = start.and_then(|start| self.string_bytes.get(start..));
        let rest = rest.unwrap_or_default();
        rest.get(..len).unwrap_or(rest)
    }

    /// Counts `len` bytes of a name that is kept.
    fn spend(&self, len: usize) -> Result<(), ElfError> {
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        let left = self.name_budget.get().checked_sub(len).ok_or_else(|| {
            ElfError::malformed("its names are longer, together, than any linker writes")
        })?;
        self.name_budget.set(left);
        Ok(())
    }

    /// The string at `at`, which must be UTF-8 and not empty.
    ///
    /// # Errors
    /// As [`View::string`], and [`ElfError::Malformed`] with the escaped name.
    pub(crate) fn name(&self, at: u64, what: &str) -> Result<String, ElfError> {
        let bytes = self.string(at, LONGEST_STRING, what)?;
        if bytes.is_empty() {
            return Err(ElfError::malformed(format!("{what} is empty")));
        }
        self.spend(bytes.len())?;
        text(bytes, what)
    }
}

/// `bytes` as a string.
///
/// # Errors
/// [`ElfError::Malformed`] with the escaped bytes if they are not UTF-8.
pub(crate) fn text(bytes: Cow<'_, [u8]>, what: &str) -> Result<String, ElfError> {
    String::from_utf8(bytes.into_owned()).map_err(|error| {
        let name = escaped(error.as_bytes());
        ElfError::malformed(format!("{what} is not UTF-8: {name}"))
    })
}

/// `bytes` as text; those that are no UTF-8, and control characters, become `\xff`.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let _ = write!(text, "\\x{:02x}", u32::from(character));
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}
