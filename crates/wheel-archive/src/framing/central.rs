//! The central directory: the list of members that everything else must agree with.
//!
//! Spec: APPNOTE 4.3.12, 4.4.

use super::end::Directory;
use super::extra::{Extra, Resolved, Sizes, repeated_zip64};
use super::fields::Fields;
use crate::finding::Finding;
use crate::finding::escape::escape_bytes;
use crate::finding::problems::Problems;
use crate::member::DosTime;

const SIGNATURE: [u8; 4] = *b"PK\x01\x02";
const FIXED_LEN: u64 = 46;

/// General purpose bit 3: sizes and CRC follow the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// General purpose bit 11: the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;
/// Bit 0 encrypted, bit 6 strongly, bit 13 with masked headers.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
/// `version needed to extract` of zip64, the newest feature that a wheel may need.
const NEWEST_VERSION: u16 = 45;
/// The newest version of the format: `zipfile` and uv refuse what says that it needs a later one.
pub(super) const LAST_VERSION: u16 = 63;
/// Bits that change nothing in how data is read: the level that was used.
const LEVEL: u16 = 0b110;
/// Bits that the format leaves unused or reserves (APPNOTE 4.4.4): no reader looks at them.
const UNUSED: u16 = 0b1100_0111_1000_0000;
/// Bits in which two headers of a member may differ, and mean the same.
pub(super) const MEANINGLESS: u16 = LEVEL | UNUSED;

/// One entry, as the central directory describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) modified: DosTime,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    /// Of the local header.
    pub(super) offset: u64,
    /// Upper byte of `version made by`.
    pub(super) system: u8,
    /// `st_mode`, if the upper half of the external attributes holds one.
    pub(super) mode: u16,
}

impl Entry<'_> {
    /// The name as the archive spells it, safe to print.
    pub(super) fn shown(&self) -> String {
        match std::str::from_utf8(self.name) {
            Ok(name) => name.to_owned(),
            Err(_) => escape_bytes(self.name),
        }
    }

    pub(super) fn is_directory(&self) -> bool {
        self.name.ends_with(b"/")
    }

    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & DESCRIPTOR != 0
    }
}

/// Everything that was read of one entry, including what must have certain values.
#[derive(Clone, Copy)]
struct Raw<'a> {
    entry: Entry<'a>,
    version: u16,
    disk: u32,
    extra: &'a [u8],
    comment: &'a [u8],
}

/// Parses the whole directory, which must hold exactly `directory.count` entries.
pub(super) fn parse<'a>(
    bytes: &'a [u8],
    directory: &Directory,
    problems: &mut Problems,
) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let mut fields = Fields(bytes);
    while !fields.0.is_empty() {
        let Some(raw) = parse_entry(&mut fields) else {
            let message = format!(
                "the central directory is damaged after {} entries",
                entries.len()
            );
            problems.add(Finding::error("zip-central", message));
            return entries;
        };
        if let Some(entry) = judge(raw, problems) {
            entries.push(entry);
        }
    }
    if entries.len() as u64 != directory.count && !problems.any_error() {
        let message = format!(
            "the end record counts {} entries, the central directory holds {}",
            directory.count,
            entries.len()
        );
        problems.add(Finding::error("zip-count", message));
    }
    if entries.is_empty() && !problems.any_error() {
        let message = "the archive is empty: it has no members";
        problems.add(Finding::error("zip-empty", message));
    }
    entries
}

/// Fewer bytes than this many entries take at least.
pub(super) fn count_fits(directory: &Directory) -> bool {
    directory.count <= directory.size / FIXED_LEN
}

fn parse_entry<'a>(fields: &mut Fields<'a>) -> Option<Raw<'a>> {
    if fields.array::<4>()? != SIGNATURE {
        return None;
    }
    let made_by = fields.u16()?;
    let version = fields.u16()?;
    let flags = fields.u16()?;
    let method = fields.u16()?;
    let time = fields.u16()?;
    let date = fields.u16()?;
    let crc = fields.u32()?;
    let compressed = fields.u32()?;
    let size = fields.u32()?;
    let name_len = fields.u16()?;
    let extra_len = fields.u16()?;
    let comment_len = fields.u16()?;
    let disk = fields.u16()?;
    let _internal_attributes = fields.u16()?;
    let attributes = fields.u32()?;
    let offset = fields.u32()?;
    let [_, system] = made_by.to_le_bytes();
    let [_, _, low, high] = attributes.to_le_bytes();
    Some(Raw {
        entry: Entry {
            name: fields.bytes(name_len.into())?,
            flags,
            method,
            modified: DosTime { date, time },
            crc,
            compressed: compressed.into(),
            size: size.into(),
            offset: offset.into(),
            system,
            mode: u16::from_le_bytes([low, high]),
        },
        version,
        disk: disk.into(),
        extra: fields.bytes(extra_len.into())?,
        comment: fields.bytes(comment_len.into())?,
    })
}

/// Reports what is wrong with an entry's own fields. `None` if its sizes are unknown.
fn judge<'a>(raw: Raw<'a>, problems: &mut Problems) -> Option<Entry<'a>> {
    let Raw { mut entry, .. } = raw;
    let name = entry;
    let mut refuse =
        |code, message: String| problems.add(Finding::error(code, message).at(name.shown()));
    let extra = Extra::parse(raw.extra).map_err(|message| refuse("zip-extra", message));
    let extra = extra.ok()?;
    if extra.renames(entry.name) {
        let message = "an extra field (0x7075) gives the member another name".to_owned();
        refuse("zip-extra-name", message);
    }
    let said = Sizes {
        size: entry.size,
        compressed: entry.compressed,
        offset: Some(entry.offset),
        disk: Some(raw.disk),
    };
    let resolved = extra.resolve(said);
    let Resolved { sizes, repeats } = resolved
        .map_err(|message| refuse("zip-zip64", message))
        .ok()?;
    entry.size = sizes.size;
    entry.compressed = sizes.compressed;
    entry.offset = sizes.offset.unwrap_or(entry.offset);
    if sizes.disk != Some(0) {
        let message = "the member starts on another disk".to_owned();
        refuse("zip-multi-disk", message);
    }
    let which = "central directory";
    let told = judge_features(&entry, raw.version).into_iter();
    let told = told.chain(repeats.then(|| repeated_zip64(which)));
    let told = told.chain(extra.oddities(which));
    problems.extend(told.map(|finding| finding.at(name.shown())));
    if !raw.comment.is_empty() {
        let message = "the entry has a comment, which PyPI refuses; repair drops it";
        problems.add(Finding::note("zip-comment", message).at(name.shown()));
    }
    Some(entry)
}

/// What a reader must know to read the entry.
fn judge_features(entry: &Entry<'_>, version: u16) -> Vec<Finding> {
    let mut found = Vec::new();
    let Entry { flags, method, .. } = *entry;
    let strange = flags & !(DESCRIPTOR | UTF8 | MEANINGLESS);
    if flags & ENCRYPTED != 0 {
        found.push(Finding::error("zip-encrypted", "the member is encrypted"));
    } else if strange != 0 {
        let message = format!("unknown or unsupported flags 0x{strange:04x}");
        found.push(Finding::error("zip-flags", message));
    } else if flags & UNUSED != 0 {
        let message = format!(
            "flags 0x{:04x}, which have no meaning; repair clears them",
            flags & UNUSED
        );
        found.push(Finding::note("zip-flags", message));
    }
    if matches!(method, 0 | 8) {
        found.extend(judge_version(version, "the member"));
    } else {
        let message =
            format!("compression method {method}: wheels use only stored (0) and deflated (8)");
        found.push(Finding::error("zip-method", message));
    }
    found
}

/// What is odd about the version of the format that `what` says it needs.
pub(super) fn judge_version(version: u16, what: &str) -> Option<Finding> {
    // The upper byte is reserved; some writers put the system there.
    let number = version & 0xff;
    if number <= NEWEST_VERSION {
        return None;
    }
    let (major, minor) = (number / 10, number % 10);
    let said = format!("{what} says that it needs version {major}.{minor} of the format");
    Some(if number > LAST_VERSION {
        Finding::error("zip-version", format!("{said}, and the last is 6.3"))
    } else {
        let message = format!("{said}, and nothing in it does; repair writes what it needs");
        Finding::note("zip-version", message)
    })
}

/// Sizes that are said in a form which other readers know.
pub(super) fn odd_length() -> Finding {
    let message = "the zip64 extra field holds values in a combination that PyPI refuses; \
                   repair writes it anew";
    Finding::note("pypi-zip64", message)
}
