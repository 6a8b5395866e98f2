//! The dynamic string table with strings behind it.
//!
//! Old strings are never overwritten: linkers let one string be the tail of another, so
//! any byte may belong to the name of some symbol.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::error::EditError;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::dynamic::strings::StringTable;
use crate::read::view::View;

/// The largest table that is read: many times those of the largest libraries.
const LARGEST: u64 = 1 << 28;

/// Old strings, then new ones.
#[derive(Clone, Debug)]
pub(crate) struct Strings {
    /// Where the old table is.
    pub(crate) table: StringTable,
    bytes: Vec<u8>,
}

impl Strings {
    /// Reads the string table that `view` has.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, EditError> {
        let table = view.string_table("dynamic strings")?;
        if table.size > LARGEST {
            let reason = format!("the dynamic string table has {} bytes", table.size);
            return Err(ElfError::Malformed(reason).into());
        }
        let bytes = bytes_at(view.image, table.offset, table.size, "dynamic strings")?;
        if bytes.last() != Some(&0) {
            let reason = "the dynamic string table does not end with a NUL";
            return Err(ElfError::malformed(reason).into());
        }
        Ok(Self {
            table,
            bytes: bytes.into_owned(),
        })
    }

    /// The offset of `text`: of an old string, or of a tail of one, where there is one.
    pub(crate) fn intern(&mut self, text: &str) -> Result<u64, EditError> {
        if text.contains('\0') {
            let reason = format!("{text:?} holds a NUL, which no ELF string can");
            return Err(EditError::Unsafe(reason));
        }
        if let Some(at) = self.find(text.as_bytes()) {
            return Ok(at);
        }
        let at = self.size();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        Ok(at)
    }

    fn find(&self, text: &[u8]) -> Option<u64> {
        let mut end = 0_usize;
        for string in self.bytes.split_inclusive(|byte| *byte == 0) {
            end = end.saturating_add(string.len());
            let string = string.strip_suffix(&[0]).unwrap_or(string);
            if string.ends_with(text) {
                let at = end.checked_sub(text.len())?.checked_sub(1)?;
                return u64::try_from(at).ok();
            }
        }
        None
    }

    /// Bytes of the table with the new strings.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// The new strings alone.
    pub(crate) fn added(&self) -> &[u8] {
        let old = usize::try_from(self.table.size).unwrap_or(usize::MAX);
        self.bytes.get(old..).unwrap_or_default()
    }

    /// The whole table.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }
}
