//! The wheel file: opened once, read at offsets, watched for change.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::bytes::RandomAccess;

/// An open regular file. Reading moves no cursor, so threads share it.
#[derive(Debug)]
pub struct Source {
    file: File,
    size: u64,
    changed: Stamp,
}

impl Source {
    /// Opens `path`, which must be a regular file. It is asked before it is opened:
    /// opening a FIFO would wait for a writer.
    pub fn open(path: &Path) -> io::Result<Self> {
        regular(&path.metadata()?)?;
        let mut options = OpenOptions::new();
        options.read(true);
        without_waiting(&mut options);
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        regular(&metadata)?;
        Ok(Self {
            file,
            size: metadata.len(),
            changed: stamp(&metadata),
        })
    }

    /// Size in bytes when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the whole file.
    pub fn sha256(&self) -> io::Result<[u8; 32]> {
        const AT_ONCE: usize = 1 << 18;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; AT_ONCE];
        let mut offset: u64 = 0;
        loop {
            let count = self.read_at(&mut buffer, offset)?;
            if count == 0 {
                return Ok(hasher.finalize().into());
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
            offset = offset.saturating_add(count as u64);
        }
    }

    /// Whether size and modification time are still those of the opening.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(metadata.len() == self.size && stamp(&metadata) == self.changed)
    }

    /// Reads what is there at `offset`, up to the length of `buffer`.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match read_at(&self.file, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fills `buffer` from `offset`.
    pub fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            let count = self.read_at(buffer, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = buffer.get_mut(count..).unwrap_or_default();
            offset = offset.saturating_add(count as u64);
        }
        Ok(())
    }

    /// The `len` bytes at `offset`. Allocates only what the file can hold.
    pub fn bytes_at(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let inside = offset.checked_add(len).is_some_and(|end| end <= self.size);
        let Some(len) = usize::try_from(len).ok().filter(|_| inside) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let mut bytes = vec![0; len];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

impl RandomAccess for Source {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl AsRef<Self> for Source {
    fn as_ref(&self) -> &Self {
        self
    }
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "not a regular file",
    ))
}

/// Something else may have taken the place of what was asked about.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions) {}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// When a file was last written, in the system's own units; only compared.
type Stamp = (i64, i64);

#[cfg(unix)]
fn stamp(metadata: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    (metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(windows)]
fn stamp(metadata: &Metadata) -> Stamp {
    use std::os::windows::fs::MetadataExt;
    (metadata.last_write_time().cast_signed(), 0)
}

/// Bytes of a [`Source`] through a window, for many small reads close to each other.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    source: &'a Source,
    start: u64,
    bytes: Vec<u8>,
    filled: usize,
}

impl<'a> Window<'a> {
    /// A window of `capacity` bytes, empty at first.
    pub(crate) fn new(source: &'a Source, capacity: usize) -> Self {
        Self {
            source,
            start: 0,
            bytes: vec![0; capacity],
            filled: 0,
        }
    }

    /// The `len` bytes at `offset`; grows to `len` if that is more than the capacity.
    pub(crate) fn at(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        if self.held(offset, len).is_none() {
            self.fill(offset, len)?;
        }
        self.held(offset, len)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn held(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        let held = self.bytes.get(..self.filled)?;
        held.get(start..start.checked_add(len)?)
    }

    fn fill(&mut self, offset: u64, len: usize) -> io::Result<()> {
        let left = self.source.size().saturating_sub(offset);
        if len as u64 > left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
        let wanted = self
            .bytes
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.filled = 0;
        self.start = offset;
        let buffer = self.bytes.get_mut(..wanted).unwrap_or_default();
        self.source.read_exact_at(buffer, offset)?;
        self.filled = wanted;
        Ok(())
    }
}
