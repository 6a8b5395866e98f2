//! Archives with any fault: every field of every record can be set to what it should not be.
//!
//! Spec: APPNOTE 6.3.10 <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// General purpose bit 3: sizes and CRC follow the data.
pub const DESCRIPTOR: u16 = 1 << 3;
/// General purpose bit 11: the name is UTF-8.
pub const UTF8: u16 = 1 << 11;

/// What one header says of a member. `None` where it says the truth.
#[derive(Clone, Debug, Default)]
pub struct Header {
    pub name: Option<Vec<u8>>,
    pub flags: Option<u16>,
    pub method: Option<u16>,
    pub crc: Option<u32>,
    pub compressed: Option<u32>,
    pub size: Option<u32>,
    pub extra: Vec<u8>,
    /// `version needed to extract`.
    pub version: Option<u16>,
}

/// What follows the data of a member.
#[derive(Clone, Debug, Default)]
pub enum Descriptor {
    #[default]
    None,
    /// With its signature, as most write it.
    Signed,
    /// Without.
    Plain,
    /// With 64-bit sizes.
    Long,
    /// These bytes.
    Bytes(Vec<u8>),
}

/// One member, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Vec<u8>,
    pub content: Vec<u8>,
    pub method: u16,
    /// The bytes in the archive, where they are not the content compressed by `method`.
    pub raw: Option<Vec<u8>>,
    pub local: Header,
    pub central: Header,
    pub descriptor: Descriptor,
    /// Whether there is a local header with data.
    pub has_local: bool,
    /// Whether the central directory lists it.
    pub has_central: bool,
    /// Where the central directory says that the local header is.
    pub offset: Option<u32>,
    /// `st_mode`, in the upper half of the external attributes.
    pub mode: u16,
    /// Lower half of the external attributes.
    pub dos_attributes: u16,
    /// `version made by`; the upper byte is the system.
    pub made_by: u16,
    pub disk: u16,
    pub comment: Vec<u8>,
    pub date: u16,
    pub time: u16,
}

impl Entry {
    /// A sound regular file.
    pub fn new(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        Self {
            name: name.as_ref().to_vec(),
            method: if content.is_empty() { 0 } else { 8 },
            content,
            raw: None,
            local: Header::default(),
            central: Header::default(),
            descriptor: Descriptor::None,
            has_local: true,
            has_central: true,
            offset: None,
            mode: 0o100_644,
            dos_attributes: 0,
            made_by: 0x0314,
            disk: 0,
            comment: Vec::new(),
            // 2020-02-02, midnight.
            date: 0x5042,
            time: 0,
        }
    }

    /// The same entry, changed by `fault`.
    #[must_use]
    pub fn with(mut self, fault: impl FnOnce(&mut Self)) -> Self {
        fault(&mut self);
        self
    }

    /// The bytes in the archive.
    pub fn packed(&self) -> Vec<u8> {
        match (&self.raw, self.method) {
            (Some(raw), _) => raw.clone(),
            (None, 8) => deflate(&self.content),
            (None, _) => self.content.clone(),
        }
    }

    fn flags(&self) -> u16 {
        let mut flags = if self.name.is_ascii() { 0 } else { UTF8 };
        if !matches!(self.descriptor, Descriptor::None) {
            flags |= DESCRIPTOR;
        }
        flags
    }

    /// From `flags` to the two lengths, which both headers share.
    fn common(&self, says: &Header, later: bool) -> Vec<u8> {
        let packed = self.packed();
        let (mut crc, mut compressed) = (crc32fast::hash(&self.content), length(&packed));
        let mut size = length(&self.content);
        if later {
            (crc, compressed, size) = (0, 0, 0);
        }
        let name = says.name.as_ref().unwrap_or(&self.name);
        let mut bytes = Vec::new();
        for field in [
            says.flags.unwrap_or(self.flags()),
            says.method.unwrap_or(self.method),
            self.time,
            self.date,
        ] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [
            says.crc.unwrap_or(crc),
            says.compressed.unwrap_or(compressed),
            says.size.unwrap_or(size),
        ] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(short(name).to_le_bytes());
        bytes.extend(short(&says.extra).to_le_bytes());
        bytes
    }

    fn write_local(&self, out: &mut Vec<u8>) {
        out.extend(b"PK\x03\x04");
        out.extend(self.local.version.unwrap_or(20).to_le_bytes());
        let later = !matches!(self.descriptor, Descriptor::None);
        out.extend(self.common(&self.local, later));
        out.extend(self.local.name.as_ref().unwrap_or(&self.name));
        out.extend(&self.local.extra);
        let packed = self.packed();
        out.extend(&packed);
        let crc = crc32fast::hash(&self.content).to_le_bytes();
        let (compressed, size) = (length(&packed), length(&self.content));
        let sizes = [compressed.to_le_bytes(), size.to_le_bytes()].concat();
        match &self.descriptor {
            Descriptor::None => {}
            Descriptor::Signed => out.extend([&b"PK\x07\x08"[..], &crc, &sizes].concat()),
            Descriptor::Plain => out.extend([&crc[..], &sizes].concat()),
            Descriptor::Long => {
                out.extend([&b"PK\x07\x08"[..], &crc].concat());
                out.extend(u64::from(compressed).to_le_bytes());
                out.extend(u64::from(size).to_le_bytes());
            }
            Descriptor::Bytes(bytes) => out.extend(bytes),
        }
    }

    fn write_central(&self, offset: u32, out: &mut Vec<u8>) {
        out.extend(b"PK\x01\x02");
        out.extend(self.made_by.to_le_bytes());
        out.extend(self.central.version.unwrap_or(20).to_le_bytes());
        out.extend(self.common(&self.central, false));
        out.extend(short(&self.comment).to_le_bytes());
        out.extend(self.disk.to_le_bytes());
        out.extend([0, 0]);
        out.extend(self.dos_attributes.to_le_bytes());
        out.extend(self.mode.to_le_bytes());
        out.extend(self.offset.unwrap_or(offset).to_le_bytes());
        out.extend(self.central.name.as_ref().unwrap_or(&self.name));
        out.extend(&self.central.extra);
        out.extend(&self.comment);
    }
}

/// What the end record says. `None` where it says the truth.
#[derive(Clone, Debug, Default)]
pub struct End {
    pub disk: u16,
    pub start_disk: u16,
    pub on_disk: Option<u16>,
    pub count: Option<u16>,
    pub size: Option<u32>,
    pub offset: Option<u32>,
    pub comment_len: Option<u16>,
}

/// The zip64 end record and its locator.
#[derive(Clone, Debug, Default)]
pub struct End64 {
    /// Of the record, as it gives it itself.
    pub length: Option<u64>,
    pub version: Option<u16>,
    pub disk: u32,
    pub count: Option<u64>,
    pub size: Option<u64>,
    pub offset: Option<u64>,
    /// After the record's fixed part.
    pub extensible: Vec<u8>,
    /// Where the locator says that the record is.
    pub located: Option<u64>,
    /// How many disks the locator says there are.
    pub disks: Option<u32>,
}

/// An archive of `entries`, and what is around them.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    pub entries: Vec<Entry>,
    /// Before the first local header; offsets count it.
    pub prefix: Vec<u8>,
    /// As `prefix`, but offsets do not count it.
    pub uncounted_prefix: Vec<u8>,
    /// Between the members.
    pub padding: Vec<u8>,
    /// Between the last member and the central directory.
    pub gap: Vec<u8>,
    /// Between the central directory and what follows it.
    pub gap_after: Vec<u8>,
    pub zip64: Option<End64>,
    pub end: End,
    pub comment: Vec<u8>,
    pub suffix: Vec<u8>,
}

impl Archive {
    /// A sound archive.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            entries: entries.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same archive, changed by `fault`.
    #[must_use]
    pub fn with(mut self, fault: impl FnOnce(&mut Self)) -> Self {
        fault(&mut self);
        self
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let mut central = Vec::new();
        let mut count = 0_u64;
        for entry in &self.entries {
            let offset = length(&out);
            if entry.has_local {
                entry.write_local(&mut out);
                out.extend(&self.padding);
            }
            if entry.has_central {
                entry.write_central(offset, &mut central);
                count += 1;
            }
        }
        out.extend(&self.gap);
        let start = out.len() as u64;
        out.extend(&central);
        out.extend(&self.gap_after);
        let directory = [count, central.len() as u64, start];
        if let Some(end64) = &self.zip64 {
            end64.write(directory, &mut out);
        }
        self.write_end(directory, &mut out);
        out.extend(&self.comment);
        out.extend(&self.suffix);
        [self.uncounted_prefix.clone(), out].concat()
    }

    fn write_end(&self, [count, size, start]: [u64; 3], out: &mut Vec<u8>) {
        let long = self.zip64.is_some();
        let count = if long { u16::MAX } else { narrow(count) };
        let size = if long { u32::MAX } else { narrow(size) };
        let start = if long { u32::MAX } else { narrow(start) };
        let end = &self.end;
        out.extend(b"PK\x05\x06");
        for field in [
            end.disk,
            end.start_disk,
            end.on_disk.unwrap_or(count),
            end.count.unwrap_or(count),
        ] {
            out.extend(field.to_le_bytes());
        }
        out.extend(end.size.unwrap_or(size).to_le_bytes());
        out.extend(end.offset.unwrap_or(start).to_le_bytes());
        let comment = end.comment_len.unwrap_or(short(&self.comment));
        out.extend(comment.to_le_bytes());
    }
}

impl End64 {
    fn write(&self, [count, size, start]: [u64; 3], out: &mut Vec<u8>) {
        let at = out.len() as u64;
        let length = 44 + self.extensible.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(self.length.unwrap_or(length).to_le_bytes());
        out.extend(45_u16.to_le_bytes());
        out.extend(self.version.unwrap_or(45).to_le_bytes());
        out.extend(self.disk.to_le_bytes());
        out.extend(self.disk.to_le_bytes());
        for field in [
            self.count.unwrap_or(count),
            self.count.unwrap_or(count),
            self.size.unwrap_or(size),
            self.offset.unwrap_or(start),
        ] {
            out.extend(field.to_le_bytes());
        }
        out.extend(&self.extensible);
        out.extend(b"PK\x06\x07");
        out.extend(0_u32.to_le_bytes());
        out.extend(self.located.unwrap_or(at).to_le_bytes());
        out.extend(self.disks.unwrap_or(1).to_le_bytes());
    }
}

/// An extra field.
pub fn extra(id: u16, value: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &short(value).to_le_bytes(), value].concat()
}

/// A zip64 extra field with these values.
pub fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    extra(1, &bytes)
}

/// A raw deflate stream.
pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn narrow<T: TryFrom<u64>>(value: u64) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(value).unwrap()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

fn short(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}
