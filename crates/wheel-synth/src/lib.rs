//! Makes archives for tests: sound wheels and ones that lie.
#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "test archives are small, some must lie, and a test that asks for nonsense may die"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The file name of every wheel made here.
pub const NAME: &str = "evil-1.0-cp311-cp311-linux_x86_64.whl";
/// Where their RECORD is.
pub const RECORD: &str = "evil-1.0.dist-info/RECORD";
const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n\
                     Tag: cp311-cp311-linux_x86_64\n";
const METADATA: &str = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n";

/// Header fields that say something else than the data.
#[derive(Clone, Debug, Default)]
pub struct Lies {
    /// The name.
    pub name: Option<Vec<u8>>,
    /// General purpose flags.
    pub flags: Option<u16>,
    /// Compression method.
    pub method: Option<u16>,
    /// CRC-32.
    pub crc: Option<u32>,
    /// Compressed size.
    pub compressed: Option<u32>,
    /// Size.
    pub size: Option<u32>,
    /// Offset of the local header.
    pub offset: Option<u32>,
    /// Disk.
    pub disk: Option<u16>,
    /// Version needed.
    pub version: Option<u16>,
    /// Extra fields.
    pub extra: Vec<u8>,
}

/// An entry of an archive.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path; one that ends with a slash is a directory.
    pub name: Vec<u8>,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Stored or deflated bytes, if not those of `data`.
    pub raw: Option<Vec<u8>>,
    /// Deflated, or stored.
    pub deflated: bool,
    /// Unix mode.
    pub mode: u32,
    /// System and version.
    pub made_by: u16,
    /// DOS date; the time is midnight.
    pub date: u16,
    /// What the local header says else.
    pub local: Lies,
    /// What the central directory says else.
    pub central: Lies,
    /// Bytes after the data; `Some` sets the flag.
    pub descriptor: Option<Vec<u8>>,
    /// Comment of the entry.
    pub comment: Vec<u8>,
    /// Whether it has a local header and data.
    pub in_local: bool,
    /// Whether the central directory lists it.
    pub in_central: bool,
}

/// A deflated regular file.
pub fn entry(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Entry {
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
    /// The bytes in the archive.
    pub fn raw(&self) -> Vec<u8> {
        self.raw.clone().unwrap_or_else(|| {
            if self.deflated {
                deflate(&self.data)
            } else {
                self.data.clone()
            }
        })
    }

    /// The same entry with a data descriptor: with a signature or not, 32 or 64 bits.
    #[must_use]
    pub fn described(mut self, signature: bool, wide: bool) -> Self {
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

/// A deflate stream.
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is said at the end of an archive, and what is around it.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// Before the first member.
    pub before: Vec<u8>,
    /// Between the last member and the central directory.
    pub between: Vec<u8>,
    /// Comment of the archive.
    pub comment: Vec<u8>,
    /// Behind the end record.
    pub after: Vec<u8>,
    /// The number of entries.
    pub count: Option<u16>,
    /// Number of this disk.
    pub disks: u16,
    /// Where the central directory is.
    pub offset: Option<u32>,
    /// Whether there are a zip64 end record and its locator.
    pub zip64: bool,
    /// Extensible data of the zip64 end record.
    pub extensible: Vec<u8>,
    /// Where the locator says that the zip64 end record is.
    pub locator: Option<u64>,
}

/// The bytes of an archive.
pub fn archive(entries: &[Entry], ends: &Ends) -> Vec<u8> {
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
pub fn wheel(files: &[Entry]) -> Vec<Entry> {
    let mut entries = files.to_vec();
    entries.push(entry("evil-1.0.dist-info/METADATA", METADATA));
    entries.push(entry("evil-1.0.dist-info/WHEEL", WHEEL));
    let mut record = String::new();
    for file in entries.iter().filter(|entry| !entry.name.ends_with(b"/")) {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&file.data));
        let name = String::from_utf8_lossy(&file.name);
        let name = if name.contains(['"', ',']) {
            format!("\"{}\"", name.replace('"', "\"\""))
        } else {
            name.into_owned()
        };
        let _ = writeln!(record, "{name},sha256={digest},{}", file.data.len());
    }
    let _ = writeln!(record, "{RECORD},,");
    entries.push(entry(RECORD, record));
    entries
}

/// A folder with one wheel in it.
#[derive(Debug)]
pub struct OnDisk {
    /// The folder, gone when this is dropped.
    pub folder: tempfile::TempDir,
    /// The wheel.
    pub path: PathBuf,
}

/// Writes `bytes` as [`NAME`] into a folder of its own.
pub fn on_disk(bytes: &[u8]) -> OnDisk {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    std::fs::write(&path, bytes).unwrap();
    OnDisk { folder, path }
}
