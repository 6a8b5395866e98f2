//! Every byte before the central directory belongs to exactly one member.

use std::io;

use super::central::Entry;
use super::local::descriptor_agrees;
use crate::finding::Finding;
use crate::finding::problems::Problems;
use crate::read::source::Source;

/// The longest data descriptor: signature, CRC, two 64-bit sizes.
const LONGEST_DESCRIPTOR: u64 = 24;

/// An entry and where its data starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) data: u64,
}

/// Checks that headers, data and descriptors lie end to end from the first byte of the
/// file to the central directory at `stop`.
pub(super) fn check(
    source: &Source,
    placed: &[Placed<'_>],
    stop: u64,
    problems: &mut Problems,
) -> io::Result<()> {
    let mut ordered: Vec<&Placed<'_>> = placed.iter().collect();
    ordered.sort_by_key(|placed| placed.entry.offset);
    match ordered.first() {
        Some(first) if first.entry.offset > 0 => {
            let message = format!(
                "{} bytes before the first local header: the archive must start the file",
                first.entry.offset
            );
            problems.add(Finding::error("zip-prefix", message));
        }
        _ => {}
    }
    let starts = ordered.iter().skip(1).map(|next| next.entry.offset);
    let ends: Vec<u64> = starts.chain([stop]).collect();
    for (placed, next) in ordered.into_iter().zip(ends) {
        check_one(source, placed, next, stop, problems)?;
    }
    Ok(())
}

fn check_one(
    source: &Source,
    placed: &Placed<'_>,
    next: u64,
    stop: u64,
    problems: &mut Problems,
) -> io::Result<()> {
    let entry = &placed.entry;
    let mut refuse =
        |code, message: String| problems.add(Finding::error(code, message).at(entry.shown()));
    let Some(end) = placed
        .data
        .checked_add(entry.compressed)
        .filter(|end| *end <= stop)
    else {
        let message = format!(
            "a compressed size of {} bytes runs beyond the start of the central directory",
            entry.compressed
        );
        refuse("zip-bounds", message);
        return Ok(());
    };
    let Some(between) = next.checked_sub(end) else {
        refuse("zip-overlap", "the member overlaps the next one".to_owned());
        return Ok(());
    };
    if entry.has_descriptor() && between <= LONGEST_DESCRIPTOR {
        let descriptor = source.bytes_at(end, between)?;
        if descriptor_agrees(entry, &descriptor) {
            let message = "sizes follow the data in a data descriptor, which PyPI refuses; \
                           repair writes them before it";
            problems.add(Finding::warning("zip-descriptor", message).at(entry.shown()));
        } else {
            let message = "the data descriptor and the central directory mismatch".to_owned();
            refuse("zip-descriptor-mismatch", message);
        }
    } else if between > 0 {
        let hidden = between >= 4 && source.bytes_at(end, 4)? == *b"PK\x03\x04";
        let what = if hidden {
            "start with a local header that the central directory does not list"
        } else {
            "belong to nothing: an unreferenced gap between members"
        };
        refuse(
            "zip-gap",
            format!("{between} bytes after the member {what}"),
        );
    }
    Ok(())
}
