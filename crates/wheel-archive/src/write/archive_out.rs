//! Writes the records of an archive. Only what a reader needs: no data descriptors, no
//! comments, no extra fields but zip64 sizes where 32 bits do not hold them.
//!
//! Spec: APPNOTE 4.3.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};

use crate::member::DosTime;

const SENTINEL_32: u64 = 0xffff_ffff;
const SENTINEL_16: u64 = 0xffff;
/// Version needed to extract: directories and deflate, or zip64.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
const MADE_BY_UNIX: u16 = 3 << 8;
const UTF8_NAME: u16 = 1 << 11;
const BUFFER: usize = 1 << 20;

/// What the headers of a member say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) path: &'a str,
    pub(crate) executable: bool,
    pub(crate) modified: DosTime,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
}

impl Header<'_> {
    /// Whether the local header must have room for 64-bit sizes. A header that is not
    /// final yet knows the size, and what is compressed here is never larger than that.
    fn is_large(&self) -> bool {
        self.size >= SENTINEL_32 || self.compressed >= SENTINEL_32
    }

    fn flags(&self) -> u16 {
        if self.path.is_ascii() { 0 } else { UTF8_NAME }
    }

    fn mode(&self) -> u32 {
        if self.executable {
            0o100_755
        } else {
            0o100_644
        }
    }

    fn name_len(&self) -> io::Result<u16> {
        u16::try_from(self.path.len()).map_err(io::Error::other)
    }

    /// What both headers have: flags, method, date, CRC, sizes, and the length of the name.
    fn common(&self, large: bool, out: &mut Vec<u8>) -> io::Result<()> {
        let short = |value: u64| if large { u32::MAX } else { low(value) };
        out.extend(self.flags().to_le_bytes());
        out.extend(self.method.to_le_bytes());
        out.extend(self.modified.time.to_le_bytes());
        out.extend(self.modified.date.to_le_bytes());
        out.extend(self.crc.to_le_bytes());
        out.extend(short(self.compressed).to_le_bytes());
        out.extend(short(self.size).to_le_bytes());
        out.extend(self.name_len()?.to_le_bytes());
        Ok(())
    }

    fn local(&self) -> io::Result<Vec<u8>> {
        let large = self.is_large();
        let extra = if large {
            vec![self.size, self.compressed]
        } else {
            Vec::new()
        };
        let mut out = Vec::with_capacity(64);
        out.extend(b"PK\x03\x04");
        out.extend(version(large).to_le_bytes());
        self.common(large, &mut out)?;
        push_variable(&mut out, self.path, &extra, &[])?;
        Ok(out)
    }

    /// The entry in the central directory of a member whose local header is at `offset`.
    fn central(&self, offset: u64) -> io::Result<Vec<u8>> {
        // Some readers want the sizes there as soon as there is a zip64 field at all.
        let far = offset >= SENTINEL_32;
        let large = self.is_large() || far;
        let mut extra = if large {
            vec![self.size, self.compressed]
        } else {
            Vec::new()
        };
        if far {
            extra.push(offset);
        }
        let mut out = Vec::with_capacity(96);
        out.extend(b"PK\x01\x02");
        out.extend((MADE_BY_UNIX | version(large)).to_le_bytes());
        out.extend(version(large).to_le_bytes());
        self.common(large, &mut out)?;
        // Comment, disk, internal attributes, external attributes, offset.
        let mut rest = Vec::with_capacity(14);
        rest.extend([0; 6]);
        rest.extend((self.mode() << 16).to_le_bytes());
        rest.extend(low(offset).to_le_bytes());
        push_variable(&mut out, self.path, &extra, &rest)?;
        Ok(out)
    }
}

fn version(large: bool) -> u16 {
    if large { VERSION_64 } else { VERSION }
}

/// The value, or the sentinel if it does not fit.
fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The length of the extra field, `fixed`, the name, and the zip64 values if there are any.
fn push_variable(out: &mut Vec<u8>, path: &str, extra: &[u64], fixed: &[u8]) -> io::Result<()> {
    let values = u16::try_from(extra.len().saturating_mul(8)).map_err(io::Error::other)?;
    let len = if extra.is_empty() {
        0
    } else {
        values.saturating_add(4)
    };
    out.extend(len.to_le_bytes());
    out.extend(fixed);
    out.extend(path.as_bytes());
    if !extra.is_empty() {
        out.extend(1_u16.to_le_bytes());
        out.extend(values.to_le_bytes());
        for value in extra {
            out.extend(value.to_le_bytes());
        }
    }
    Ok(())
}

/// An archive in the making.
#[derive(Debug)]
pub(crate) struct ArchiveOut<'a> {
    out: BufWriter<&'a mut File>,
    at: u64,
    directory: Vec<u8>,
    count: u64,
    /// Where the local header and the data of the member in work are.
    header: u64,
    data: u64,
}

impl<'a> ArchiveOut<'a> {
    /// Writes to `out` from its start.
    pub(crate) fn new(out: &'a mut File) -> io::Result<Self> {
        out.seek(SeekFrom::Start(0))?;
        Ok(Self {
            out: BufWriter::with_capacity(BUFFER, out),
            at: 0,
            directory: Vec::new(),
            count: 0,
            header: 0,
            data: 0,
        })
    }

    /// Starts a member. If `header` is not final yet, [`ArchiveOut::amend`] must follow.
    pub(crate) fn begin(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.header = self.at;
        self.write(&header.local()?)?;
        self.data = self.at;
        Ok(())
    }

    /// Appends data of the member.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Leaves a hole in place of data.
    #[cfg(test)]
    pub(crate) fn skip(&mut self, len: u64) -> io::Result<()> {
        self.at = self.at.saturating_add(len);
        self.out.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    /// Forgets the data of the member: it comes again in another form.
    pub(crate) fn restart_data(&mut self) -> io::Result<()> {
        self.at = self.data;
        self.out.seek(SeekFrom::Start(self.data))?;
        Ok(())
    }

    /// Writes the local header again, now that everything is known.
    pub(crate) fn amend(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(self.header))?;
        self.out.write_all(&header.local()?)?;
        self.out.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    /// Ends a member.
    pub(crate) fn end(&mut self, header: &Header<'_>) -> io::Result<()> {
        self.directory.extend(header.central(self.header)?);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Writes the central directory and what ends an archive.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let offset = self.at;
        let directory = std::mem::take(&mut self.directory);
        self.write(&directory)?;
        let size = directory.len() as u64;
        let count = self.count;
        if count >= SENTINEL_16 || size >= SENTINEL_32 || offset >= SENTINEL_32 {
            let end = self.at;
            self.write(&end_64(count, size, offset, end))?;
        }
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        let mut end = Vec::with_capacity(22);
        end.extend(b"PK\x05\x06\0\0\0\0");
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend(low(size).to_le_bytes());
        end.extend(low(offset).to_le_bytes());
        end.extend([0; 2]);
        self.write(&end)?;
        self.out.flush()?;
        // A member that was restarted may have left a longer tail.
        self.out.get_ref().set_len(self.at)
    }
}

/// The zip64 end record and its locator; `at` is where they go.
fn end_64(count: u64, size: u64, offset: u64, at: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(76);
    out.extend(b"PK\x06\x06");
    out.extend(44_u64.to_le_bytes());
    out.extend((MADE_BY_UNIX | VERSION_64).to_le_bytes());
    out.extend(VERSION_64.to_le_bytes());
    out.extend([0; 8]);
    for value in [count, count, size, offset] {
        out.extend(value.to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(at.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out
}
