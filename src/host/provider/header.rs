//! One package of an rpm database: a header of tagged values.
//!
//! Spec: <https://rpm-software-management.github.io/rpm/manual/format_header.html>,
//! tags: <https://rpm-software-management.github.io/rpm/manual/tags.html>

use std::path::PathBuf;

use super::Package;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
const FILE_FLAGS: u32 = 1037;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
/// Bit of a file's flags: it is a licence.
const IS_LICENSE: u32 = 1 << 7;

/// A number of an rpm header or of a database, big-endian.
pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*bytes))
}

/// A number of a database, little-endian.
pub(super) fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(blob: &'a [u8]) -> Option<Self> {
        let entries = usize::try_from(be32(blob, 0)?).ok()?;
        let len = usize::try_from(be32(blob, 4)?).ok()?;
        let (_, rest) = blob.split_at_checked(8)?;
        let (index, rest) = rest.split_at_checked(entries.checked_mul(16)?)?;
        Some(Self {
            index,
            data: rest.get(..len)?,
        })
    }

    /// The bytes from where a tag's values start, and how many values there are.
    fn value(&self, tag: u32) -> Option<(&'a [u8], usize)> {
        let mut entries = self.index.chunks_exact(16);
        let entry = entries.find(|entry| be32(entry, 0) == Some(tag))?;
        let offset = usize::try_from(be32(entry, 8)?).ok()?;
        let count = usize::try_from(be32(entry, 12)?).ok()?;
        Some((self.data.get(offset..)?, count))
    }

    fn strings(&self, tag: u32) -> impl Iterator<Item = String> + use<'a> {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        let strings = bytes.split(|byte| *byte == 0).take(count);
        strings.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    fn string(&self, tag: u32) -> Option<String> {
        self.strings(tag).next()
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        let words = bytes.chunks_exact(4).take(count);
        words.filter_map(|word| be32(word, 0))
    }
}

/// The package that a header describes, and its files.
pub(super) fn package(blob: &[u8]) -> Option<(Package, Vec<String>)> {
    let header = Header::read(blob)?;
    let folders: Vec<String> = header.strings(DIR_NAMES).collect();
    let names = header.strings(BASE_NAMES).zip(header.numbers(DIR_INDEXES));
    let files = names.map(|(name, folder)| {
        let folder = usize::try_from(folder).ok();
        let folder = folder.and_then(|folder| folders.get(folder));
        format!("{}{name}", folder.map_or("/", String::as_str))
    });
    let files: Vec<String> = files.collect();
    let flags = header.numbers(FILE_FLAGS);
    let licenses = files.iter().zip(flags);
    let licenses = licenses.filter(|(_, flags)| flags & IS_LICENSE != 0);
    let mut license_files: Vec<PathBuf> = licenses.map(|(file, _)| file.into()).collect();
    license_files.sort();
    let package = Package {
        kind: "rpm",
        name: header.string(NAME)?,
        version: format!("{}-{}", header.string(VERSION)?, header.string(RELEASE)?),
        epoch: header.numbers(EPOCH).next().map(|epoch| epoch.to_string()),
        arch: header.string(ARCH).unwrap_or_default(),
        licenses: header.string(LICENSE).into_iter().collect(),
        license_files,
        ..Package::default()
    };
    Some((package, files))
}
