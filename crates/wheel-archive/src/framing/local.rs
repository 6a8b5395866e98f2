//! Local headers and data descriptors: each must say what the central directory says.
//!
//! Spec: APPNOTE 4.3.7, 4.3.9.

use std::io;

use super::central::{Entry, MEANINGLESS, UTF8, judge_version, odd_length};
use super::extra::{Extra, Resolved, Sizes, repeated_zip64};
use super::fields::Fields;
use crate::finding::Finding;
use crate::finding::problems::Problems;
use crate::read::source::Window;

const SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const FIXED_LEN: usize = 30;

/// A local header, as written.
struct Local<'a> {
    version: u16,
    flags: u16,
    method: u16,
    crc: u32,
    sizes: Sizes,
    name: &'a [u8],
    extra: &'a [u8],
}

/// Where the data of `entry` starts. `None` if there is no such local header; what is
/// wrong with it is among the problems.
pub(super) fn check(
    window: &mut Window<'_>,
    entry: &Entry<'_>,
    problems: &mut Problems,
) -> io::Result<Option<u64>> {
    let mut refuse =
        |code, message: &str| problems.add(Finding::error(code, message).at(entry.shown()));
    let no_header = "no local header where the central directory says";
    let lengths = match window.at(entry.offset, FIXED_LEN) {
        Ok(fixed) if fixed.starts_with(&SIGNATURE) => variable_len(fixed),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => None,
    };
    let Some(variable) = lengths else {
        refuse("zip-local-header", no_header);
        return Ok(None);
    };
    let len = FIXED_LEN.saturating_add(variable);
    let header = match window.at(entry.offset, len) {
        Ok(header) => header,
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        Err(_) => {
            refuse("zip-local-header", "the local header is cut short");
            return Ok(None);
        }
    };
    let Some(local) = parse(header) else {
        refuse("zip-local-header", "the local header is cut short");
        return Ok(None);
    };
    compare(entry, &local, problems);
    Ok(entry.offset.checked_add(len as u64))
}

fn variable_len(fixed: &[u8]) -> Option<usize> {
    let mut lengths = Fields(fixed.get(26..)?);
    let name = usize::from(lengths.u16()?);
    name.checked_add(lengths.u16()?.into())
}

fn parse(header: &[u8]) -> Option<Local<'_>> {
    let mut fields = Fields(header);
    fields.array::<4>()?;
    let version = fields.u16()?;
    let flags = fields.u16()?;
    let method = fields.u16()?;
    let _modified = fields.u32()?;
    let crc = fields.u32()?;
    let compressed = fields.u32()?.into();
    let size = fields.u32()?.into();
    let name_len = fields.u16()?;
    let extra_len = fields.u16()?;
    Some(Local {
        version,
        flags,
        method,
        crc,
        sizes: Sizes {
            size,
            compressed,
            offset: None,
            disk: None,
        },
        name: fields.bytes(name_len.into())?,
        extra: fields.bytes(extra_len.into())?,
    })
}

fn compare(entry: &Entry<'_>, local: &Local<'_>, problems: &mut Problems) {
    let differing = entry.flags ^ local.flags;
    let meaning = differing & !(UTF8 | MEANINGLESS) != 0;
    if differing != 0 && !meaning {
        let odd = "the local header and the central directory mismatch in";
        let finding = match differing & UTF8 {
            0 => Finding::note("zip-local-flags", format!("{odd} flags without a meaning")),
            _ => Finding::warning("zip-local-flags", format!("{odd} the UTF-8 flag")),
        };
        problems.add(finding.at(entry.shown()));
    }
    let version = judge_version(local.version, "the local header");
    problems.extend(version.map(|finding| finding.at(entry.shown())));
    let resolved = judge_extra(entry, local, problems);
    let mut mismatch = |what: &str| {
        let message = format!("the local header and the central directory mismatch in the {what}");
        problems.add(Finding::error("zip-local-header", message).at(entry.shown()));
    };
    if entry.name != local.name {
        mismatch("name");
    }
    if meaning {
        mismatch("flags");
    }
    if entry.method != local.method {
        mismatch("compression method");
    }
    let Some(sizes) = resolved else {
        return;
    };
    // With a descriptor the writer did not know these yet.
    let later = entry.has_descriptor();
    let differs = |local: u64, central: u64| local != central && !(later && local == 0);
    if differs(local.crc.into(), entry.crc.into()) {
        mismatch("CRC");
    }
    if differs(sizes.size, entry.size) || differs(sizes.compressed, entry.compressed) {
        mismatch("size");
    }
}

/// The sizes that the local header says, its extra fields taken in. What is wrong with those is among
/// the problems.
fn judge_extra(entry: &Entry<'_>, local: &Local<'_>, problems: &mut Problems) -> Option<Sizes> {
    let which = "local header";
    let read = Extra::parse(local.extra).and_then(|extra| {
        if extra.renames(local.name) {
            return Err("a local extra field (0x7075) gives the member another name".to_owned());
        }
        Ok((extra, extra.resolve(local.sizes)?))
    });
    match read {
        Ok((extra, Resolved { sizes, repeats })) => {
            let refused = extra.pypi_refuses(local.method).then(odd_length);
            let told = refused
                .into_iter()
                .chain(repeats.then(|| repeated_zip64(which)));
            let told = told.chain(extra.oddities(which));
            problems.extend(told.map(|finding| finding.at(entry.shown())));
            Some(sizes)
        }
        Err(message) => {
            let message = format!("local header: {message}");
            problems.add(Finding::error("zip-extra", message).at(entry.shown()));
            None
        }
    }
}

/// Whether `descriptor`, everything between the data and the next header, repeats the
/// CRC and sizes: with or without its signature, with 32-bit or 64-bit sizes.
pub(super) fn descriptor_agrees(entry: &Entry<'_>, descriptor: &[u8]) -> bool {
    let mut fields = Fields(descriptor);
    if matches!(descriptor.len(), 16 | 24) && fields.array::<4>() != Some(*b"PK\x07\x08") {
        return false;
    }
    let crc = fields.u32();
    let (compressed, size) = match descriptor.len() {
        12 | 16 => (fields.u32().map(u64::from), fields.u32().map(u64::from)),
        20 | 24 => (fields.u64(), fields.u64()),
        _ => return false,
    };
    (crc, compressed, size) == (Some(entry.crc), Some(entry.compressed), Some(entry.size))
}
