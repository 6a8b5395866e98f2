//! Makes archives for tests, sound ones and ones that lie.
#![expect(
    clippy::cast_possible_truncation,
    reason = "test archives are small, and some must lie"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::digest::Digester;
use super::record;
use super::{OpenOptions, Wheel};
use crate::finding::Error;

pub(crate) const NAME: &str = "evil-1.0-cp311-cp311-linux_x86_64.whl";
pub(crate) const RECORD: &str = "evil-1.0.dist-info/RECORD";
const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n\
                     Tag: cp311-cp311-linux_x86_64\n";
const METADATA: &str = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n";

/// Header fields that say something else than the data.
#[derive(Clone, Default)]
pub(crate) struct Lies {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) flags: Option<u16>,
    pub(crate) method: Option<u16>,
    pub(crate) crc: Option<u32>,
    pub(crate) compressed: Option<u32>,
    pub(crate) size: Option<u32>,
    pub(crate) offset: Option<u32>,
    pub(crate) disk: Option<u16>,
    pub(crate) version: Option<u16>,
    pub(crate) extra: Vec<u8>,
}

/// An entry of an archive.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    /// Stored or deflated bytes, if not those of `data`.
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) deflated: bool,
    pub(crate) mode: u32,
    pub(crate) made_by: u16,
    pub(crate) date: u16,
    pub(crate) local: Lies,
    pub(crate) central: Lies,
    /// Bytes after the data; `Some` sets the flag.
    pub(crate) descriptor: Option<Vec<u8>>,
    pub(crate) comment: Vec<u8>,
    pub(crate) in_local: bool,
    pub(crate) in_central: bool,
}

pub(crate) fn entry(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Entry {
    Entry {
        name: name.as_ref().to_vec(),
        data: data.as_ref().to_vec(),
        raw: None,
        deflated: true,
        mode: 0o100_644,
        made_by: 0x0314,
        date: 0x5042,
        local: Lies::default(),
        central: Lies::default(),
        descriptor: None,
        comment: Vec::new(),
        in_local: true,
        in_central: true,
    }
}

impl Entry {
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.raw.clone().unwrap_or_else(|| {
            if self.deflated {
                deflate(&self.data)
            } else {
                self.data.clone()
            }
        })
    }

    /// The same entry with a data descriptor: with a signature or not, 32 or 64 bits.
    pub(crate) fn described(mut self, signature: bool, wide: bool) -> Self {
        let mut descriptor = Vec::new();
        if signature {
            descriptor.extend(b"PK\x07\x08");
        }
        descriptor.extend(crc32fast::hash(&self.data).to_le_bytes());
        for size in [self.raw().len(), self.data.len()] {
            let width = if wide { 8 } else { 4 };
            descriptor.extend(&(size as u64).to_le_bytes()[..width]);
        }
        self.descriptor = Some(descriptor);
        self.local.crc = Some(0);
        self.local.compressed = Some(0);
        self.local.size = Some(0);
        self
    }

    fn common(&self, lies: &Lies) -> Vec<u8> {
        let name = lies.name.as_ref().unwrap_or(&self.name);
        let mut flags = if name.is_ascii() { 0 } else { 0x800 };
        flags |= if self.descriptor.is_some() { 8 } else { 0 };
        let raw = self.raw();
        let mut out = Vec::new();
        out.extend(lies.version.unwrap_or(20).to_le_bytes());
        out.extend(lies.flags.unwrap_or(flags).to_le_bytes());
        out.extend(
            lies.method
                .unwrap_or(if self.deflated { 8 } else { 0 })
                .to_le_bytes(),
        );
        out.extend(0_u16.to_le_bytes());
        out.extend(self.date.to_le_bytes());
        out.extend(
            lies.crc
                .unwrap_or(crc32fast::hash(&self.data))
                .to_le_bytes(),
        );
        out.extend(lies.compressed.unwrap_or(raw.len() as u32).to_le_bytes());
        out.extend(lies.size.unwrap_or(self.data.len() as u32).to_le_bytes());
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((lies.extra.len() as u16).to_le_bytes());
        out
    }
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is said at the end of an archive, and what is around it.
#[derive(Clone, Default)]
pub(crate) struct Ends {
    pub(crate) before: Vec<u8>,
    /// Between the last member and the central directory.
    pub(crate) between: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) count: Option<u16>,
    pub(crate) disks: u16,
    pub(crate) offset: Option<u32>,
    pub(crate) zip64: bool,
    /// Extensible data of the zip64 end record.
    pub(crate) extensible: Vec<u8>,
    pub(crate) locator: Option<u64>,
}

pub(crate) fn archive(entries: &[Entry], ends: &Ends) -> Vec<u8> {
    let mut out = ends.before.clone();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for entry in entries {
        let offset = out.len() as u32;
        if entry.in_local {
            out.extend(b"PK\x03\x04");
            out.extend(entry.common(&entry.local));
            out.extend(entry.local.name.as_ref().unwrap_or(&entry.name));
            out.extend(&entry.local.extra);
            out.extend(entry.raw());
            out.extend(entry.descriptor.iter().flatten());
        }
        if entry.in_central {
            count = count.wrapping_add(1);
            let lies = &entry.central;
            directory.extend(b"PK\x01\x02");
            directory.extend(entry.made_by.to_le_bytes());
            directory.extend(entry.common(lies));
            directory.extend((entry.comment.len() as u16).to_le_bytes());
            directory.extend(lies.disk.unwrap_or(0).to_le_bytes());
            directory.extend([0; 2]);
            directory.extend((entry.mode << 16).to_le_bytes());
            directory.extend(lies.offset.unwrap_or(offset).to_le_bytes());
            directory.extend(lies.name.as_ref().unwrap_or(&entry.name));
            directory.extend(&lies.extra);
            directory.extend(&entry.comment);
        }
    }
    out.extend(&ends.between);
    let offset = out.len() as u32;
    out.extend(&directory);
    let count = ends.count.unwrap_or(count);
    if ends.zip64 {
        let values = [
            count.into(),
            count.into(),
            directory.len() as u64,
            offset.into(),
        ];
        out.extend(end_64(ends, values, out.len() as u64));
    }
    out.extend(b"PK\x05\x06");
    for value in [ends.disks, ends.disks, count, count] {
        out.extend(value.to_le_bytes());
    }
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(ends.offset.unwrap_or(offset).to_le_bytes());
    out.extend((ends.comment.len() as u16).to_le_bytes());
    out.extend(&ends.comment);
    out.extend(&ends.after);
    out
}

/// The zip64 end record with these counts, size and offset, and its locator.
fn end_64(ends: &Ends, values: [u64; 4], at: u64) -> Vec<u8> {
    let mut out = b"PK\x06\x06".to_vec();
    out.extend((44 + ends.extensible.len() as u64).to_le_bytes());
    out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for value in values {
        out.extend(value.to_le_bytes());
    }
    out.extend(&ends.extensible);
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(ends.locator.unwrap_or(at).to_le_bytes());
    out.extend(1_u32.to_le_bytes());
    out
}

/// The entries of a sound wheel that holds `files`.
pub(crate) fn wheel(files: &[Entry]) -> Vec<Entry> {
    let mut entries = files.to_vec();
    entries.push(entry("evil-1.0.dist-info/METADATA", METADATA));
    entries.push(entry("evil-1.0.dist-info/WHEEL", WHEEL));
    let rows: Vec<(String, [u8; 32], u64)> = entries
        .iter()
        .filter(|entry| !entry.name.ends_with(b"/"))
        .map(|entry| {
            let mut digester = Digester::new(None);
            digester.update(&entry.data);
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            (name, digester.finish().sha256, entry.data.len() as u64)
        })
        .collect();
    let rows = rows
        .iter()
        .map(|(name, sha256, size)| (name.as_str(), sha256, *size));
    entries.push(entry(RECORD, record::render(rows, RECORD)));
    entries
}

/// A folder with one wheel in it.
pub(crate) struct OnDisk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn on_disk(bytes: &[u8]) -> OnDisk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, bytes).unwrap();
    OnDisk { folder, path }
}

pub(crate) const OPTIONS: OpenOptions = OpenOptions {
    verify: true,
    fix_record: false,
    keep_elf_bytes: 1 << 20,
};

pub(crate) fn open(path: &Path) -> Result<Wheel, Error> {
    Wheel::open(path, &OPTIONS)
}
