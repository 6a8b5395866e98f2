//! Bytes that are made of others while they are written.

use std::fmt;
use std::io;

use crate::read::bytes::RandomAccess;

/// A change of a file or member: what it becomes, at any offset. Several threads ask at once, each
/// for its own piece.
pub trait Edit: fmt::Debug + Send + Sync {
    /// How many bytes there are before.
    fn source_size(&self) -> u64;

    /// How many bytes there are after.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on after the change of `source`.
    ///
    /// # Errors
    /// `UnexpectedEof` past the end; those of reading `source`.
    fn read_at(&self, source: &dyn RandomAccess, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

/// A source, changed.
pub(super) struct Edited<'a> {
    pub(super) edit: &'a dyn Edit,
    pub(super) source: &'a dyn RandomAccess,
}

impl RandomAccess for Edited<'_> {
    fn size(&self) -> u64 {
        self.edit.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.edit.read_at(self.source, offset, buffer)
    }
}
