//! Words of the file's size, in the file's byte order.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use object::endian::{Endian, Endianness};

/// Word size and byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Encoding {
    /// `true` for `ELFCLASS64`.
    pub is_64: bool,
    /// `true` for `ELFDATA2MSB`.
    pub big_endian: bool,
}

impl Encoding {
    /// The form that `object` wants.
    pub(crate) fn endian(self) -> Endianness {
        if self.big_endian {
            Endianness::Big
        } else {
            Endianness::Little
        }
    }

    /// The half word at `at`; `None` past the end.
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let field = bytes.get(at..)?.first_chunk()?;
        Some(self.endian().read_u16(*field))
    }

    /// The word at `at`; `None` past the end.
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let field = bytes.get(at..)?.first_chunk()?;
        Some(self.endian().read_u32(*field))
    }

    /// The double word at `at`; `None` past the end.
    pub fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let field = bytes.get(at..)?.first_chunk()?;
        Some(self.endian().read_u64(*field))
    }

    /// The word of this class at `at`: 4 or 8 bytes; `None` past the end.
    pub fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.is_64 {
            self.u64(bytes, at)
        } else {
            self.u32(bytes, at).map(u64::from)
        }
    }

    /// `value` in this byte order.
    pub fn u16_bytes(self, value: u16) -> [u8; 2] {
        self.endian().write_u16(value)
    }

    /// `value` in this byte order.
    pub fn u32_bytes(self, value: u32) -> [u8; 4] {
        self.endian().write_u32(value)
    }

    /// `value` in this byte order.
    pub fn u64_bytes(self, value: u64) -> [u8; 8] {
        self.endian().write_u64(value)
    }

    /// `value` as a word of this class; `None` if it needs more than 32 bits in class 32.
    pub fn word_bytes(self, value: u64) -> Option<Vec<u8>> {
        if self.is_64 {
            Some(self.u64_bytes(value).to_vec())
        } else {
            let word = u32::try_from(value).ok()?;
            Some(self.u32_bytes(word).to_vec())
        }
    }

    /// Bytes of a class word.
    pub fn word_size(self) -> u64 {
        if self.is_64 { 8 } else { 4 }
    }

    /// Bytes of the ELF header.
    pub fn header_size(self) -> u64 {
        if self.is_64 { 64 } else { 52 }
    }

    /// Bytes of a program header.
    pub fn segment_size(self) -> u64 {
        if self.is_64 { 56 } else { 32 }
    }

    /// Bytes of a dynamic entry.
    pub fn dynamic_entry_size(self) -> u64 {
        if self.is_64 { 16 } else { 8 }
    }

    /// Bytes of a symbol.
    pub fn symbol_size(self) -> u64 {
        if self.is_64 { 24 } else { 16 }
    }
}
