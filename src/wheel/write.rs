//! Writes a wheel archive: fixed order, no clock, no directory entries, no data
//! descriptors, no extra fields but the zip64 sizes that a large member needs.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::{DosTime, MemberId, Wheel};
use crate::elf::Patch;

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
    EditedMember(MemberId, Arc<Patch>),
    /// A file, edited; compressed once however many wheels take it (see [`Packed`]).
    Packed(Arc<Packed>),
}

/// A host file, edited, hashed and (if small enough to keep) compressed.
#[derive(Debug)]
pub struct Packed {
    /// The file it was made from.
    pub source: PathBuf,
    /// The edit.
    pub patch: Arc<Patch>,
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
}

/// How new data is compressed.
#[derive(Clone, Copy, Debug)]
pub struct Compression {
    /// 0 to 9; `None`: the default level, and unchanged members are copied as they are.
    /// With a level every member is compressed again.
    pub level: Option<u8>,
}

/// Writes `members` in order, then RECORD (made from their hashes) as the last.
///
/// # Errors
/// Those of reading the sources and writing `out`.
pub fn write_wheel(
    out: &mut File,
    input: &Wheel,
    members: &[NewMember],
    record: &RecordPlace,
    compression: Compression,
) -> io::Result<Vec<Written>> {
    let _ = (out, input, members, record, compression);
    Err(io::ErrorKind::Unsupported.into())
}

/// Where RECORD goes and when it was changed.
#[derive(Clone, Debug)]
pub struct RecordPlace {
    /// Such as `evil-1.0.dist-info/RECORD`.
    pub path: String,
    /// Date and time.
    pub modified: DosTime,
}
