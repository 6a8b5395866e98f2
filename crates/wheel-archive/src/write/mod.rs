//! Writes a wheel archive: fixed order, no clock, no directory entries, no data
//! descriptors, no extra fields but the zip64 sizes that a large member needs.
//!
//! Members are packed a batch at a time, all cores on one batch, while the batch before
//! is written; what is held at once is bounded by two batches, whatever the wheel.

mod archive_out;
mod check_written;
mod deflate;
mod deflate_end;
mod edit;
mod jobs;
mod large;
#[cfg(test)]
mod large_tests;
mod packed;
mod packing;
pub(crate) mod publish;

use std::fs::File;
use std::io;
use std::sync::Arc;

use self::archive_out::{ArchiveOut, Header};
use self::deflate::{Level, pieces, read_range};
use self::jobs::{Job, Way, batches, pack};
use self::large::{Trouble, write_large};
use self::packing::{Failure, Packing};
use crate::finding::Finding;
use crate::member::{DosTime, Member, MemberId};
use crate::metadata::record;
use crate::read::bytes::RandomAccess;
use crate::read::digest::Digester;
use crate::read::reader::{MemberReader, Scratch, fill};
use crate::read::source::{Source, Window};
use crate::wheel::Wheel;

pub use self::check_written::check_written;
pub use self::edit::Edit;
pub use self::packed::Packed;

/// How much of an unchanged member is copied at once.
const COPIED: usize = 1 << 20;

/// A member of the archive to be written.
#[derive(Debug)]
pub struct NewMember {
    /// Path in the archive.
    pub path: String,
    /// Mode 0755 instead of 0644.
    pub executable: bool,
    /// Date and time.
    pub modified: DosTime,
    /// Its bytes.
    pub content: Content,
}

/// Where a new member's bytes come from.
#[derive(Clone, Debug)]
pub enum Content {
    /// A member of the input wheel, its compressed bytes copied as they are.
    Copy(MemberId),
    /// These bytes.
    Bytes(Arc<[u8]>),
    /// A member of the input wheel, edited.
    EditedMember(MemberId, Arc<dyn Edit>),
    /// A file, edited; compressed once however many wheels take it.
    Packed(Arc<Packed>),
}

/// What was written of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Path in the archive.
    pub path: String,
    /// Inflated size in bytes.
    pub size: u64,
    /// SHA-256 of the inflated bytes.
    pub sha256: [u8; 32],
    /// Whether its data is that of the input, as it was there.
    pub copied: bool,
}

/// How new data is compressed.
#[derive(Clone, Copy, Debug)]
pub struct Compression {
    /// 0 to 9; `None`: the default level, and unchanged members are copied as they are.
    /// With a level every member is compressed again.
    pub level: Option<u8>,
}

/// Where RECORD goes and when it was changed.
#[derive(Clone, Debug)]
pub struct RecordPlace {
    /// Such as `evil-1.0.dist-info/RECORD`.
    pub path: String,
    /// Date and time.
    pub modified: DosTime,
}

/// Writes `members` in order, then RECORD (made from their hashes) as the last, and says
/// what was written of each, RECORD included.
///
/// # Errors
/// A finding: a source that cannot be read or changed meanwhile, or `out` that cannot be
/// written (code `output`).
pub fn write_wheel(
    out: &mut File,
    input: &Wheel,
    members: &[NewMember],
    record: &RecordPlace,
    compression: Compression,
) -> Result<Vec<Written>, Finding> {
    let mut writer = Writer {
        archive: ArchiveOut::new(out).map_err(|error| output(&error))?,
        input,
        window: Window::new(input.source(), COPIED),
        compression,
        written: Vec::with_capacity(members.len().saturating_add(1)),
    };
    writer.write_all(members)?;
    let rows = writer.written.iter();
    let rows = rows.map(|row| (row.path.as_str(), &row.sha256, row.size));
    let record = NewMember {
        path: record.path.clone(),
        executable: false,
        modified: record.modified,
        content: Content::Bytes(record::render(rows, &record.path).into()),
    };
    writer.write_all(&[record])?;
    let Writer {
        archive, written, ..
    } = writer;
    archive.finish().map_err(|error| output(&error))?;
    input.check_unchanged()?;
    Ok(written)
}

fn output(error: &io::Error) -> Finding {
    Finding::error("output", format!("the result cannot be written: {error}"))
}

struct Writer<'a> {
    archive: ArchiveOut<'a>,
    input: &'a Wheel,
    window: Window<'a>,
    compression: Compression,
    written: Vec<Written>,
}

impl Writer<'_> {
    fn write_all(&mut self, members: &[NewMember]) -> Result<(), Finding> {
        let (input, compression) = (self.input, self.compression);
        let level = Level::new(compression.level);
        let jobs: Vec<Job<'_>> = members
            .iter()
            .map(|member| Job::new(member, input, compression))
            .collect::<Result<_, _>>()?;
        let mut batches = batches(&jobs).into_iter();
        let mut current = batches.next();
        if let Some(batch) = current {
            pack(batch, level);
        }
        while let Some(batch) = current {
            current = batches.next();
            let (written, ()) = rayon::join(
                || batch.iter().try_for_each(|job| self.write(job)),
                || current.map_or((), |next| pack(next, level)),
            );
            written?;
        }
        Ok(())
    }

    fn write(&mut self, job: &Job<'_>) -> Result<(), Finding> {
        let (size, sha256) = match &job.way {
            Way::Copy(member) => (member.size, self.copy(job, member)?),
            Way::Pack(packing) => (packing.size(), self.write_packed(job, packing)?),
            Way::Large(packing) => (packing.size(), self.write_large(job, packing)?),
        };
        self.written.push(Written {
            path: job.member.path.clone(),
            size,
            sha256,
            copied: matches!(job.way, Way::Copy(_)),
        });
        Ok(())
    }

    /// Copies compressed bytes: what they hold was checked when the wheel was opened.
    fn copy(&mut self, job: &Job<'_>, member: &Member) -> Result<[u8; 32], Finding> {
        let header = Header {
            method: member.method,
            crc: member.crc,
            compressed: member.compressed_size,
            size: member.size,
            ..job.header()
        };
        self.archive
            .begin(&header)
            .map_err(|error| output(&error))?;
        let mut at = member.data_offset;
        let end = at.saturating_add(member.compressed_size);
        while at < end {
            let left = end.saturating_sub(at);
            let len = usize::try_from(left).unwrap_or(COPIED).min(COPIED);
            let bytes = self.window.at(at, len);
            let bytes = bytes.map_err(|error| job.unreadable(&error))?;
            self.archive.write(bytes).map_err(|error| output(&error))?;
            at = at.saturating_add(len as u64);
        }
        self.archive.end(&header).map_err(|error| output(&error))?;
        match member.sha256 {
            Some(sha256) => Ok(sha256),
            None => self.hash(member).map_err(|error| job.unreadable(&error)),
        }
    }

    /// The hash of a member of a wheel that was opened without verifying it.
    fn hash(&self, member: &Member) -> io::Result<[u8; 32]> {
        let source: &Source = self.input.source();
        let mut reader = MemberReader::new(source, member, Scratch::default());
        let mut digester = Digester::new(None);
        let mut buffer = vec![0; 128 << 10];
        loop {
            let count = fill(&mut reader, &mut buffer)?;
            if count == 0 {
                return Ok(digester.finish().sha256);
            }
            digester.update(buffer.get(..count).unwrap_or_default());
        }
    }

    fn write_packed(&mut self, job: &Job<'_>, packing: &Packing) -> Result<[u8; 32], Finding> {
        let unreadable = |error: Failure| job.unreadable(&error);
        let digest = packing.digest().map_err(unreadable)?;
        let streams = packing.compressed().map_err(unreadable)?;
        let mut header = Header {
            crc: digest.crc,
            size: packing.size(),
            compressed: packing.size(),
            ..job.header()
        };
        let Some(streams) = streams else {
            self.write_stored(job, packing, &header)?;
            return Ok(digest.sha256);
        };
        header.method = 8;
        header.compressed = streams.iter().map(|stream| stream.len() as u64).sum();
        let write = || {
            self.archive.begin(&header)?;
            for stream in streams {
                self.archive.write(stream)?;
            }
            self.archive.end(&header)
        };
        write().map_err(|error| output(&error))?;
        Ok(digest.sha256)
    }

    fn write_stored(
        &mut self,
        job: &Job<'_>,
        packing: &Packing,
        header: &Header<'_>,
    ) -> Result<(), Finding> {
        let archive = &mut self.archive;
        let store = |image: &dyn RandomAccess| -> Result<(), Trouble> {
            archive.begin(header).map_err(Trouble::Output)?;
            let mut buffer = Vec::new();
            for range in pieces(image.size()) {
                read_range(image, &range, &mut buffer).map_err(Trouble::Input)?;
                archive.write(&buffer).map_err(Trouble::Output)?;
            }
            archive.end(header).map_err(Trouble::Output)
        };
        let stored = packing.read(store);
        let stored = stored.map_err(|error| job.unreadable(&error))?;
        stored.map_err(|trouble| trouble_finding(&trouble, job))
    }

    fn write_large(&mut self, job: &Job<'_>, packing: &Packing) -> Result<[u8; 32], Finding> {
        let level = Level::new(self.compression.level);
        let archive = &mut self.archive;
        let write = |image: &dyn RandomAccess| write_large(archive, job.header(), image, level);
        let written = packing.read(write);
        let written = written.map_err(|error| job.unreadable(&error))?;
        let digest = written.map_err(|trouble| trouble_finding(&trouble, job))?;
        Ok(digest.sha256)
    }
}

fn trouble_finding(trouble: &Trouble, job: &Job<'_>) -> Finding {
    match trouble {
        Trouble::Input(error) => job.unreadable(error),
        Trouble::Output(error) => output(error),
    }
}

#[cfg(test)]
mod tests;
