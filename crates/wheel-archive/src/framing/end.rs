//! The end of the archive: where the central directory is, and that nothing follows.
//!
//! Spec: APPNOTE 4.3.14 to 4.3.16.

use std::io;

use super::central::LAST_VERSION;
use super::fields::Fields;
use crate::finding::Finding;
use crate::finding::problems::Problems;
use crate::read::source::Source;

const END: [u8; 4] = *b"PK\x05\x06";
const END_LEN: u64 = 22;
const END64: [u8; 4] = *b"PK\x06\x06";
const END64_LEN: u64 = 56;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LEN: u64 = 20;
/// An end record, the longest comment, and as much padding again.
const LOOKED_AT: u64 = 22 + 2 * 0xffff;

/// Where the central directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) count: u64,
}

/// An end record, as written.
#[derive(Clone, Copy, Debug)]
struct End {
    offset: u64,
    comment_len: u16,
    disks: [u32; 2],
    counts: [u64; 2],
    directory: Directory,
}

/// Finds the end record and follows it. `None` if what it says cannot be followed; the
/// reason is then among the problems.
pub(super) fn find(source: &Source, problems: &mut Problems) -> io::Result<Option<Directory>> {
    let Some(end) = end_record(source, problems)? else {
        return Ok(None);
    };
    let locator = end.offset.checked_sub(LOCATOR_LEN);
    let (end, directory_end) = match locator {
        Some(at) if source.bytes_at(at, 4)? == LOCATOR => {
            match zip64(source, &end, at, problems)? {
                Some(end) => (end, end.offset),
                None => return Ok(None),
            }
        }
        _ => (end, end.offset),
    };
    check(&end, directory_end, problems);
    Ok(Some(end.directory).filter(|_| !problems.any_error()))
}

fn not_a_zip(message: &str) -> Finding {
    let help = "build or download it again: this is another file, or not all of it";
    Finding::error("zip-not-a-zip", message).help(help)
}

/// The one end record whose comment ends with the file.
fn end_record(source: &Source, problems: &mut Problems) -> io::Result<Option<End>> {
    if source.size() == 0 {
        problems.add(not_a_zip("the file is empty, not a zip archive"));
        return Ok(None);
    }
    let start = source.size().saturating_sub(LOOKED_AT);
    let tail = source.bytes_at(start, source.size().saturating_sub(start))?;
    let after_data = tail.iter().rposition(|byte| *byte != 0);
    let after_data = after_data.map_or(0, |last| last as u64).saturating_add(1);
    let tail_len = tail.len() as u64;
    let mut fitting: Vec<(End, u64)> = Vec::new();
    let mut other = None;
    let mut last = 0;
    for at in signatures(&tail) {
        last = at as u64;
        let Some(end) = tail
            .get(at..)
            .and_then(|record| parse_end(record, start, at))
        else {
            continue;
        };
        let comment_end = (at as u64)
            .saturating_add(END_LEN)
            .saturating_add(end.comment_len.into());
        if comment_end <= tail_len && comment_end >= after_data {
            fitting.push((end, tail_len.saturating_sub(comment_end)));
        } else {
            other = Some((end, comment_end));
        }
    }
    match (fitting.as_slice(), other) {
        ([(end, padding)], _) => {
            // Python looks for the last signature, whatever follows it.
            if start.saturating_add(last) > end.offset {
                problems.add(second_end());
            }
            if end.comment_len > 0 {
                let message = "the archive has a comment; repair drops it";
                problems.add(Finding::note("zip-comment", message));
            }
            if *padding > 0 {
                let message = format!("{padding} trailing NUL bytes after the end of the archive");
                problems.add(Finding::warning("zip-trailing-nul", message));
            }
            return Ok(Some(*end));
        }
        ([_, _, ..], _) => problems.add(second_end()),
        ([], Some((_, comment_end))) if comment_end < tail_len => {
            let extra = tail_len.saturating_sub(comment_end);
            let message = format!("{extra} trailing bytes after the end of the archive");
            problems.add(Finding::error("zip-trailing-data", message));
        }
        ([], Some(_)) => {
            let message =
                "the comment in the end-of-central-directory record runs past the end of the file";
            problems.add(not_a_zip(message));
        }
        ([], None) => problems.add(not_a_zip(
            "not a zip archive, or a truncated one: there is no end-of-central-directory record",
        )),
    }
    Ok(None)
}

fn second_end() -> Finding {
    let message = "more than one end-of-central-directory record: \
                   readers would disagree which archive this is (one may hide in the comment)";
    Finding::error("zip-second-end", message)
}

fn signatures(tail: &[u8]) -> impl Iterator<Item = usize> {
    tail.windows(4)
        .enumerate()
        .filter(|(_, window)| *window == END)
        .map(|(at, _)| at)
}

fn parse_end(record: &[u8], start: u64, at: usize) -> Option<End> {
    let mut fields = Fields(record);
    fields.array::<4>()?;
    let disks = [u32::from(fields.u16()?), u32::from(fields.u16()?)];
    let counts = [u64::from(fields.u16()?), u64::from(fields.u16()?)];
    let size = u64::from(fields.u32()?);
    let offset = u64::from(fields.u32()?);
    let [_, count] = counts;
    Some(End {
        offset: start.checked_add(at as u64)?,
        comment_len: fields.u16()?,
        disks,
        counts,
        directory: Directory {
            offset,
            size,
            count,
        },
    })
}

/// Follows the zip64 locator at `at`. The end record's own fields must repeat the zip64
/// ones or be sentinels.
fn zip64(
    source: &Source,
    short: &End,
    at: u64,
    problems: &mut Problems,
) -> io::Result<Option<End>> {
    let bad = |message: &str| Finding::error("zip-zip64", message);
    let locator = source.bytes_at(at, LOCATOR_LEN)?;
    let Some((disk, offset, disks)) = parse_locator(&locator) else {
        problems.add(bad("the zip64 locator is cut short"));
        return Ok(None);
    };
    // Of the disks of an archive that has one, some writers count none.
    if disk != 0 || disks > 1 {
        problems.add(bad("the zip64 locator names a disk of a multi-disk set"));
    }
    let record = match source.bytes_at(offset, END64_LEN) {
        Ok(record) if record.starts_with(&END64) => record,
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {
            problems.add(bad("the zip64 locator points at no zip64 end record"));
            return Ok(None);
        }
    };
    let Some((length, version, end)) = parse_end64(&record, offset) else {
        problems.add(bad("the zip64 end record is cut short"));
        return Ok(None);
    };
    if length != END64_LEN.saturating_sub(12) {
        problems.add(bad("the zip64 end record holds an extensible data sector"));
        return Ok(None);
    }
    if offset.checked_add(END64_LEN) != Some(at) {
        problems.add(bad("the zip64 end record does not end at its locator"));
        return Ok(None);
    }
    if version & 0xff > LAST_VERSION {
        problems.add(bad(
            "the zip64 end record needs a later version of the format than 6.3",
        ));
    }
    if !agree(short, &end) {
        problems.add(bad("the end record and the zip64 end record mismatch"));
    }
    Ok(Some(end))
}

fn parse_locator(record: &[u8]) -> Option<(u32, u64, u32)> {
    let mut fields = Fields(record);
    fields.array::<4>()?;
    Some((fields.u32()?, fields.u64()?, fields.u32()?))
}

fn parse_end64(record: &[u8], at: u64) -> Option<(u64, u16, End)> {
    let mut fields = Fields(record);
    fields.array::<4>()?;
    let length = fields.u64()?;
    fields.u16()?;
    let version = fields.u16()?;
    let disks = [fields.u32()?, fields.u32()?];
    let counts = [fields.u64()?, fields.u64()?];
    let [_, count] = counts;
    let size = fields.u64()?;
    let offset = fields.u64()?;
    let end = End {
        offset: at,
        comment_len: 0,
        disks,
        counts,
        directory: Directory {
            offset,
            size,
            count,
        },
    };
    Some((length, version, end))
}

fn agree(short: &End, long: &End) -> bool {
    let is = |short: u64, sentinel: u64, long: u64| short == sentinel || short == long;
    let [disk, start_disk] = short.disks;
    let [on_disk, in_all] = short.counts;
    [disk, start_disk]
        .into_iter()
        .all(|disk| disk == 0 || disk == 0xffff)
        && is(on_disk, 0xffff, long.directory.count)
        && is(in_all, 0xffff, long.directory.count)
        && is(short.directory.size, 0xffff_ffff, long.directory.size)
        && is(short.directory.offset, 0xffff_ffff, long.directory.offset)
}

fn check(end: &End, directory_end: u64, problems: &mut Problems) {
    if end.disks != [0, 0] {
        let message = "one disk of a multi-disk archive";
        problems.add(Finding::error("zip-multi-disk", message));
    }
    let [on_disk, in_all] = end.counts;
    if on_disk != in_all {
        let message =
            format!("the end record counts {on_disk} entries on this disk and {in_all} in all");
        problems.add(Finding::error("zip-count", message));
    }
    let Directory { offset, size, .. } = end.directory;
    match offset.checked_add(size) {
        Some(stop) if stop == directory_end => {}
        Some(stop) if stop < directory_end => {
            let gap = directory_end.saturating_sub(stop);
            let message = format!(
                "{gap} bytes between the central directory and the end record belong to nothing, \
                 or were put before the start of the archive"
            );
            problems.add(Finding::error("zip-gap", message));
        }
        _ => {
            let message = "the central directory's offset and size are out of bounds";
            problems.add(Finding::error("zip-bounds", message));
        }
    }
}
