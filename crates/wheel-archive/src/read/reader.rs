//! A member's bytes, inflated while they are read, with everything that the headers say
//! of them checked: CRC, size, and that the deflate stream ends where the data ends.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use crate::finding::Finding;
use crate::member::Member;
use crate::read::source::Source;

/// How much compressed data is read at once.
const INPUT: usize = 64 << 10;

/// What is wrong with a member's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a deflate stream.
    #[error("corrupt data: not a valid deflate stream")]
    Corrupt,
    /// The data ends within the stream.
    #[error("truncated data: the deflate stream is not complete")]
    Truncated,
    /// Bytes after the end of the stream.
    #[error("{0} bytes follow the end of the deflate stream")]
    Trailing(u64),
    /// More data than the headers say.
    #[error("size mismatch: the data is larger than the {0} bytes that the headers say")]
    TooLarge(u64),
    /// Less data than the headers say.
    #[error("size mismatch: the data has {found} bytes, the headers say {said}")]
    TooSmall {
        /// Bytes that there were.
        found: u64,
        /// Bytes that there should be.
        said: u64,
    },
    /// The checksum is another.
    #[error("CRC mismatch: the checksum of the data is {found:08x}, the headers say {said:08x}")]
    Crc {
        /// Of the data.
        found: u32,
        /// In the headers.
        said: u32,
    },
}

impl Fault {
    /// The code of the finding that reports it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Corrupt | Self::Truncated | Self::Trailing(_) => "zip-deflate",
            Self::TooLarge(_) | Self::TooSmall { .. } => "zip-size",
            Self::Crc { .. } => "zip-crc",
        }
    }

    /// The fault in `error`, if that is what it reports.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Self>().copied()
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::new(io::ErrorKind::InvalidData, fault)
    }
}

impl Finding {
    /// A member, or the file, that cannot be read: its data is at fault ([`Fault`]), or the storage.
    pub fn unreadable(error: &io::Error) -> Self {
        match Fault::of(error) {
            Some(fault) => Self::error(fault.code(), fault.to_string()),
            None if error.kind() == io::ErrorKind::FileTooLarge => {
                Self::error("too-large", format!("too large to be read: {error}"))
            }
            None => Self::error("read-failed", format!("cannot be read: {error}")),
        }
    }
}

/// What a reader needs and the next one can use again.
pub(crate) struct Scratch {
    inflate: Decompress,
    input: Box<[u8]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::with_input(INPUT)
    }
}

impl Scratch {
    /// One that reads `size` compressed bytes at once: few, where only the first bytes
    /// of a member are wanted.
    pub(crate) fn with_input(size: usize) -> Self {
        Self {
            inflate: Decompress::new(false),
            input: vec![0; size].into_boxed_slice(),
        }
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// Reads a member from start to end. The last read, which returns 0, or the one that
/// fills the caller's last buffer, reports what is wrong.
#[derive(Debug)]
pub(crate) struct MemberReader<S> {
    source: S,
    scratch: Scratch,
    deflated: bool,
    /// Where the next compressed bytes are, and how many are left in the archive.
    offset: u64,
    left: u64,
    /// Unused bytes in `scratch.input`.
    start: usize,
    end: usize,
    crc: crc32fast::Hasher,
    found: u64,
    said: u64,
    said_crc: u32,
    ended: bool,
}

impl<S: AsRef<Source>> MemberReader<S> {
    pub(crate) fn new(source: S, member: &Member, mut scratch: Scratch) -> Self {
        scratch.inflate.reset(false);
        Self {
            source,
            scratch,
            deflated: member.method != 0,
            offset: member.data_offset,
            left: member.compressed_size,
            start: 0,
            end: 0,
            crc: crc32fast::Hasher::new(),
            found: 0,
            said: member.size,
            said_crc: member.crc,
            ended: false,
        }
    }

    /// Gives back what the next reader can use.
    pub(crate) fn into_scratch(self) -> Scratch {
        self.scratch
    }

    /// How many inflated bytes were read.
    pub(crate) fn position(&self) -> u64 {
        self.found
    }

    fn refill(&mut self) -> io::Result<()> {
        let room = self.scratch.input.len() as u64;
        let wanted = usize::try_from(self.left.min(room)).unwrap_or(0);
        let buffer = self.scratch.input.get_mut(..wanted).unwrap_or_default();
        self.source.as_ref().read_exact_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(wanted as u64);
        self.left = self.left.saturating_sub(wanted as u64);
        (self.start, self.end) = (0, wanted);
        Ok(())
    }

    fn copy_stored(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len() as u64;
        let wanted = usize::try_from(self.left.min(room)).unwrap_or(0);
        let buffer = buffer.get_mut(..wanted).unwrap_or_default();
        self.source.as_ref().read_exact_at(buffer, self.offset)?;
        self.offset = self.offset.saturating_add(wanted as u64);
        self.left = self.left.saturating_sub(wanted as u64);
        self.ended = self.left == 0;
        Ok(wanted)
    }

    fn inflate(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.start == self.end && self.left > 0 {
                self.refill()?;
            }
            let Scratch { inflate, input } = &mut self.scratch;
            let input = input.get(self.start..self.end).unwrap_or_default();
            let (taken, given) = (inflate.total_in(), inflate.total_out());
            let status = inflate
                .decompress(input, buffer, FlushDecompress::None)
                .map_err(|_| Fault::Corrupt)?;
            let taken = inflate.total_in().saturating_sub(taken);
            let given = inflate.total_out().saturating_sub(given);
            let taken = usize::try_from(taken).unwrap_or(usize::MAX);
            self.start = self.start.saturating_add(taken).min(self.end);
            let given = usize::try_from(given).unwrap_or(usize::MAX);
            if status == Status::StreamEnd {
                self.ended = true;
                let unused = self.end.saturating_sub(self.start) as u64;
                let trailing = unused.saturating_add(self.left);
                if trailing > 0 {
                    return Err(Fault::Trailing(trailing).into());
                }
                return Ok(given);
            }
            if given > 0 {
                return Ok(given);
            }
            if taken == 0 && self.start < self.end {
                return Err(Fault::Corrupt.into());
            }
            if taken == 0 && self.left == 0 {
                return Err(Fault::Truncated.into());
            }
        }
    }

    fn count(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.found = self.found.saturating_add(bytes.len() as u64);
        self.crc.update(bytes);
        if self.found > self.said {
            return Err(Fault::TooLarge(self.said).into());
        }
        if !self.ended {
            return Ok(());
        }
        let (found, said) = (self.found, self.said);
        if found != said {
            return Err(Fault::TooSmall { found, said }.into());
        }
        let (found, said) = (self.crc.clone().finalize(), self.said_crc);
        if found != said {
            return Err(Fault::Crc { found, said }.into());
        }
        Ok(())
    }
}

impl<S: AsRef<Source>> Read for MemberReader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = if self.deflated {
            self.inflate(buffer)?
        } else {
            self.copy_stored(buffer)?
        };
        self.count(buffer.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}

/// Reads until `buffer` is full or the member ends: fewer, larger pieces for the sinks.
pub(crate) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
