//! Writes a wheel archive: fixed order, no clock, no directory entries, no data
//! descriptors, no extra fields but the zip64 sizes that a large member needs.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{DosTime, MemberId, Wheel};
use crate::elf::{Image, Patch};

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

/// A host file, edited, hashed and compressed.
#[derive(Debug)]
pub struct Packed {
    deflated: Deflated,
}

impl Packed {
    /// Compresses what `patch` makes of `image`.
    ///
    /// # Errors
    /// Those of reading the image.
    pub fn new(image: &dyn Image, patch: &Patch, level: Option<u8>) -> io::Result<Self> {
        let bytes = edited(image, patch)?;
        Ok(Self {
            deflated: deflate(&bytes, level)?,
        })
    }

    /// SHA-256 of the edited file.
    pub fn sha256(&self) -> [u8; 32] {
        self.deflated.sha256
    }
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
    let mut archive = Archive {
        out,
        at: 0,
        directory: Vec::new(),
        count: 0,
    };
    let mut written = Vec::new();
    for batch in members.chunks(64) {
        let ready: Vec<Deflated> = batch
            .par_iter()
            .map(|member| prepare(input, member, compression.level))
            .collect::<io::Result<_>>()?;
        for (member, deflated) in batch.iter().zip(&ready) {
            archive.member(input, member, deflated)?;
            written.push(Written {
                path: member.path.clone(),
                size: deflated.size,
                sha256: deflated.sha256,
            });
        }
    }
    let rows = written
        .iter()
        .map(|row| (row.path.as_str(), &row.sha256, row.size));
    let text = super::record::render(rows, &record.path);
    let deflated = deflate(&text, compression.level)?;
    let member = NewMember {
        path: record.path.clone(),
        executable: false,
        modified: record.modified,
        content: Content::Bytes(text.into()),
    };
    archive.member(input, &member, &deflated)?;
    archive.finish()?;
    Ok(written)
}

#[derive(Debug)]
enum Body {
    Copy(MemberId),
    Bytes(Vec<u8>),
}

#[derive(Debug)]
struct Deflated {
    method: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    sha256: [u8; 32],
    body: Body,
}

fn edited(image: &dyn Image, patch: &Patch) -> io::Result<Vec<u8>> {
    let mut old = vec![0; usize::try_from(image.size()).map_err(|_| io::ErrorKind::OutOfMemory)?];
    image.read_at(0, &mut old)?;
    let mut new = Vec::new();
    patch.write(&mut old.as_slice(), &mut new)?;
    Ok(new)
}

fn deflate(bytes: &[u8], level: Option<u8>) -> io::Result<Deflated> {
    let level = libdeflater::CompressionLvl::new(i32::from(level.unwrap_or(6)))
        .map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut encoder = libdeflater::Compressor::new(level);
    let mut out = vec![0; encoder.deflate_compress_bound(bytes.len())];
    let len = encoder
        .deflate_compress(bytes, &mut out)
        .map_err(io::Error::other)?;
    out.truncate(len);
    let (method, body) = if len < bytes.len() {
        (8, out)
    } else {
        (0, bytes.to_vec())
    };
    Ok(Deflated {
        method,
        crc: crc32fast::hash(bytes),
        compressed: body.len() as u64,
        size: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
        body: Body::Bytes(body),
    })
}

fn prepare(input: &Wheel, member: &NewMember, level: Option<u8>) -> io::Result<Deflated> {
    match &member.content {
        Content::Copy(id) => {
            let old = input.members.get(*id).ok_or(io::ErrorKind::NotFound)?;
            if let (Some(sha256), None) = (old.sha256, level) {
                Ok(Deflated {
                    method: old.method,
                    crc: old.crc,
                    compressed: old.compressed_size,
                    size: old.size,
                    sha256,
                    body: Body::Copy(*id),
                })
            } else {
                let mut bytes = Vec::new();
                input.reader(*id).read_to_end(&mut bytes)?;
                deflate(&bytes, level)
            }
        }
        Content::Bytes(bytes) => deflate(bytes, level),
        Content::EditedMember(id, patch) => deflate(&edited(&*input.image(*id)?, patch)?, level),
        Content::Packed(packed) => {
            let Body::Bytes(body) = &packed.deflated.body else {
                return Err(io::ErrorKind::Unsupported.into());
            };
            Ok(Deflated {
                body: Body::Bytes(body.clone()),
                ..packed.deflated
            })
        }
    }
}

struct Archive<'a> {
    out: &'a mut File,
    at: u64,
    directory: Vec<u8>,
    count: u16,
}

impl Archive<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn member(&mut self, input: &Wheel, member: &NewMember, deflated: &Deflated) -> io::Result<()> {
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let offset = u32::try_from(self.at).map_err(too_large)?;
        let name = member.path.as_bytes();
        let flags: u16 = if member.path.is_ascii() { 0 } else { 0x800 };
        let mut common = Vec::new();
        for word in [
            20,
            flags,
            deflated.method,
            member.modified.time,
            member.modified.date,
        ] {
            common.extend(word.to_le_bytes());
        }
        common.extend(deflated.crc.to_le_bytes());
        common.extend(
            u32::try_from(deflated.compressed)
                .map_err(too_large)?
                .to_le_bytes(),
        );
        common.extend(
            u32::try_from(deflated.size)
                .map_err(too_large)?
                .to_le_bytes(),
        );
        common.extend(u16::try_from(name.len()).map_err(too_large)?.to_le_bytes());
        common.extend([0, 0]);
        self.put(b"PK\x03\x04")?;
        self.put(&common)?;
        self.put(name)?;
        match &deflated.body {
            Body::Bytes(bytes) => self.put(bytes)?,
            Body::Copy(id) => {
                let old = input.members.get(*id).ok_or(io::ErrorKind::NotFound)?;
                let bytes = input
                    .source()
                    .bytes_at(old.data_offset, old.compressed_size)?;
                self.put(&bytes)?;
            }
        }
        let mode: u32 = if member.executable {
            0o100_755
        } else {
            0o100_644
        };
        self.directory.extend(b"PK\x01\x02\x14\x03");
        self.directory.extend(&common);
        self.directory.extend([0; 6]);
        self.directory.extend((mode << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name);
        self.count += 1;
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let offset = u32::try_from(self.at).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let mut end = Vec::from(*b"PK\x05\x06\0\0\0\0");
        end.extend(self.count.to_le_bytes());
        end.extend(self.count.to_le_bytes());
        end.extend(
            u32::try_from(directory.len())
                .map_err(|_| io::ErrorKind::FileTooLarge)?
                .to_le_bytes(),
        );
        end.extend(offset.to_le_bytes());
        end.extend([0, 0]);
        self.put(&end)
    }
}

/// Where RECORD goes and when it was changed.
#[derive(Clone, Debug)]
pub struct RecordPlace {
    /// Such as `evil-1.0.dist-info/RECORD`.
    pub path: String,
    /// Date and time.
    pub modified: DosTime,
}
