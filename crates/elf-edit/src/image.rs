//! The bytes of an ELF file, wherever they are, as the loader reaches them.

use std::borrow::Cow;
use std::io;

use crate::error::ElfError;

/// Bytes that can be read at any offset: memory, an open file, or the kept
/// parts of a member that was too large to hold.
pub trait Image: Sync {
    /// The size of the file in bytes.
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

impl Image for [u8] {
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

impl Image for Vec<u8> {
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

impl<T: Image + ?Sized> Image for &T {
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

/// The `len` bytes of `what` at `offset`: borrowed if the image is in memory.
///
/// # Errors
/// [`ElfError::Malformed`] if they do not all lie in the file, which is checked before
/// anything is allocated.
pub(crate) fn bytes_at<'a>(
    image: &'a dyn Image,
    offset: u64,
    len: u64,
    what: &str,
) -> Result<Cow<'a, [u8]>, ElfError> {
    let end = offset.checked_add(len).filter(|end| *end <= image.size());
    let range = usize::try_from(offset).ok().zip(usize::try_from(len).ok());
    let (Some(_), Some((start, len))) = (end, range) else {
        return Err(ElfError::malformed(format!(
            "the {what} reach past the end of the file"
        )));
    };
    if let Some(bytes) = image.as_bytes() {
        let bytes = bytes.get(start..).and_then(|bytes| bytes.get(..len));
        return bytes
            .map(Cow::Borrowed)
            .ok_or_else(|| ElfError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    let mut bytes = vec![0; len];
    image.read_at(offset, &mut bytes).map_err(ElfError::Io)?;
    Ok(Cow::Owned(bytes))
}
