//! Bytes that are read at any place: a member, a file, a slice.

use std::io;
use std::sync::Arc;

use crate::work::buffer::Held;

/// Bytes that can be read at any offset: memory, an open file, or the kept parts of a member that
/// is too large to hold.
pub trait RandomAccess: Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` past the end; whatever the storage reports.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// All of the bytes, if they are in memory: saves the copies.
    fn as_bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// Bytes that threads share.
pub type SharedBytes = Arc<dyn RandomAccess + Send>;

impl RandomAccess for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let end = start.and_then(|start| start.checked_add(buffer.len()));
        match start.zip(end).and_then(|(start, end)| self.get(start..end)) {
            Some(bytes) => {
                buffer.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl RandomAccess for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<T: RandomAccess + ?Sized> RandomAccess for &T {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        (**self).as_bytes()
    }
}

impl<T: RandomAccess + Send + ?Sized> RandomAccess for Arc<T> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        (**self).as_bytes()
    }
}

impl RandomAccess for Held {
    fn size(&self) -> u64 {
        self.bytes().size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes().read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_anywhere() {
        const HUGE: usize = 2 << 20;
        for len in [3, HUGE + 3] {
            let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
            let held = Held::copy_of(&bytes);
            assert_eq!(held.size(), len as u64);
            let mut end = [0; 2];
            held.read_at(len as u64 - 2, &mut end).unwrap();
            assert_eq!(end, bytes[len - 2..]);
            assert!(held.read_at(len as u64 - 1, &mut end).is_err());
        }
    }
}
