//! `DT_VERNEED` records with their places, to rename or unlink them.
//!
//! Spec: <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;

use super::dynamic::{View, dt};
use super::header::Encoding;
use super::image::{ElfError, bytes_at};

/// Bytes of a `Verneed` and of a `Vernaux`, in either class.
pub(crate) const RECORD: u64 = 16;
/// Offset of `vn_file` in a `Verneed`.
pub(crate) const VN_FILE: u64 = 4;
/// Offset of `vn_next` in a `Verneed`.
pub(crate) const VN_NEXT: u64 = 12;

/// Version indices have 15 bits: more entries cannot be told apart.
const MOST_ENTRIES: usize = 1 << 15;

/// One `Verneed` record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// File offset of the record.
    pub(crate) at: u64,
    /// `vn_file`: offset into the string table.
    pub(crate) file: u64,
    /// `vn_next`; 0 for the last.
    pub(crate) next: u32,
    /// `vna_other` without the hidden bit, and the offset of the name, of each version.
    pub(crate) versions: Vec<(u16, u64)>,
}

/// The records of `view`, in the order of their chain; glibc follows the chain and ignores
/// `DT_VERNEEDNUM`, so it is the chain that counts.
///
/// # Errors
/// [`ElfError::Malformed`] for chains that leave the segment or have no end.
pub(crate) fn records(view: &View<'_>) -> Result<Vec<Record>, ElfError> {
    let vaddr = view.dynamic.as_ref().and_then(|d| d.last(dt::VERNEED));
    let Some(vaddr) = vaddr else {
        return Ok(Vec::new());
    };
    let outside = || ElfError::malformed("DT_VERNEED leads outside the file's segments");
    let (start, len) = view.span_from(vaddr).ok_or_else(outside)?;
    let mut records = Vec::new();
    let mut entries = 0_usize;
    let mut at = 0_u64;
    loop {
        let (record, aux) = read_record(view, start, len, at).ok_or_else(outside)?;
        let next = record.next;
        let mut record = record;
        record.versions = read_versions(view, start, len, aux, &mut entries)?;
        records.push(record);
        entries = entries.saturating_add(1);
        if next == 0 {
            return Ok(records);
        }
        at = at.saturating_add(next.into());
    }
}

fn read_record(view: &View<'_>, start: u64, len: u64, at: u64) -> Option<(Record, u64)> {
    let bytes = window(view, start, len, at)?;
    let encoding: Encoding = view.encoding();
    let record = Record {
        at: start.checked_add(at)?,
        file: encoding.u32(&bytes, 4)?.into(),
        next: encoding.u32(&bytes, 12)?,
        versions: Vec::new(),
    };
    let aux = encoding.u32(&bytes, 8)?;
    Some((record, at.checked_add(aux.into())?))
}

fn read_versions(
    view: &View<'_>,
    start: u64,
    len: u64,
    first: u64,
    entries: &mut usize,
) -> Result<Vec<(u16, u64)>, ElfError> {
    let outside = || ElfError::malformed("a vernaux record lies outside the file's segments");
    let encoding = view.encoding();
    let mut versions = Vec::new();
    let mut at = first;
    loop {
        let bytes = window(view, start, len, at).ok_or_else(outside)?;
        let other = encoding.u16(&bytes, 6).ok_or_else(outside)?;
        let name = encoding.u32(&bytes, 8).ok_or_else(outside)?;
        let next = encoding.u32(&bytes, 12).ok_or_else(outside)?;
        versions.push((other & 0x7fff, name.into()));
        *entries = entries.saturating_add(1);
        if *entries > MOST_ENTRIES {
            let reason = "the version requirements have more entries than version indices";
            return Err(ElfError::malformed(reason));
        }
        if next == 0 {
            return Ok(versions);
        }
        at = at.saturating_add(next.into());
    }
}

/// The 16 bytes at `at`, counted from `start`, if they lie within `len`.
fn window<'a>(view: &View<'a>, start: u64, len: u64, at: u64) -> Option<Cow<'a, [u8]>> {
    let end = at.checked_add(RECORD)?;
    if end > len {
        return None;
    }
    bytes_at(
        view.image,
        start.checked_add(at)?,
        RECORD,
        "version records",
    )
    .ok()
}
