//! One package of an rpm database: a header of tagged values.
//!
//! Spec: <https://rpm-software-management.github.io/rpm/manual/format_header.html>,
//! tags: <https://rpm-software-management.github.io/rpm/manual/tags.html>

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::path::PathBuf;

use super::owners::{MOST_LIBRARIES, is_library};
use super::{Libraries, Package};

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
/// No package has as many licence files.
const MOST_LICENSES: usize = 1000;
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

    fn strings(&self, tag: u32) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        let strings = bytes.split(|byte| *byte == 0).take(count);
        strings.map(String::from_utf8_lossy)
    }

    fn string(&self, tag: u32) -> Option<String> {
        self.strings(tag).next().map(Cow::into_owned)
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (bytes, count) = self.value(tag).unwrap_or_default();
        let words = bytes.chunks_exact(4).take(count);
        words.filter_map(|word| be32(word, 0))
    }
}

/// The package that a header describes, and its libraries.
pub(super) fn package(blob: &[u8]) -> Option<(Package, Libraries<'_>)> {
    let header = Header::read(blob)?;
    let files = Files::of(&header);
    let package = Package {
        kind: "rpm",
        name: header.string(NAME)?,
        version: format!("{}-{}", header.string(VERSION)?, header.string(RELEASE)?),
        epoch: header.numbers(EPOCH).next().map(|epoch| epoch.to_string()),
        arch: header.string(ARCH).unwrap_or_default(),
        licenses: header.string(LICENSE).into_iter().collect(),
        license_files: files.licenses(blob.len()),
        ..Package::default()
    };
    Some((package, files.libraries()))
}

/// The files of a package that matter: number of the folder, and name.
struct Files<'a> {
    folders: BTreeMap<u32, Cow<'a, str>>,
    libraries: Vec<(u32, Cow<'a, str>)>,
    licenses: Vec<(u32, Cow<'a, str>)>,
}

impl<'a> Files<'a> {
    fn of(header: &Header<'a>) -> Self {
        let (mut libraries, mut licenses) = (Vec::new(), Vec::new());
        let flags = header
            .numbers(FILE_FLAGS)
            .map(Some)
            .chain(iter::repeat(None));
        let names = header.strings(BASE_NAMES).zip(header.numbers(DIR_INDEXES));
        for ((name, folder), flags) in names.zip(flags) {
            let is_license = flags.is_some_and(|flags| flags & IS_LICENSE != 0);
            if is_license && licenses.len() < MOST_LICENSES {
                licenses.push((folder, name));
            } else if is_library(&name) && libraries.len() < MOST_LIBRARIES {
                libraries.push((folder, name));
            }
        }
        libraries.sort_by_key(|(folder, _)| *folder);
        let used = libraries.iter().chain(&licenses).map(|(folder, _)| *folder);
        let used: BTreeSet<u32> = used.collect();
        let folders = (0_u32..).zip(header.strings(DIR_NAMES));
        Self {
            folders: folders
                .filter(|(number, _)| used.contains(number))
                .collect(),
            libraries,
            licenses,
        }
    }

    fn folder(&self, number: u32) -> &str {
        self.folders.get(&number).map_or("/", |folder| folder)
    }

    /// The paths of the licences, sorted; no more than take `room` bytes, so that a long folder name does
    /// not count for each of many files.
    fn licenses(&self, room: usize) -> Vec<PathBuf> {
        let mut left = room;
        let mut paths = Vec::new();
        for (folder, name) in &self.licenses {
            let folder = self.folder(*folder);
            let Some(rest) = left.checked_sub(folder.len().saturating_add(name.len())) else {
                break;
            };
            left = rest;
            paths.push(PathBuf::from(format!("{folder}{name}")));
        }
        paths.sort();
        paths
    }

    fn libraries(mut self) -> Libraries<'a> {
        let mut libraries = Libraries::default();
        let mut current = None;
        for (number, name) in self.libraries {
            if current.replace(number) != Some(number) {
                libraries.folder(self.folders.remove(&number).unwrap_or(Cow::Borrowed("/")));
            }
            libraries.file(name);
        }
        libraries
    }
}
