//! A changed file as pieces of the old one and new bytes, so that editing a file of
//! gigabytes takes the memory of its tables.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub(crate) mod draft;

use std::fmt;
use std::io;
use std::ops::Range;

use crate::image::Image;
use crate::patch::draft::Draft;

/// How many bytes are copied at a time.
const CHUNK: u64 = 64 * 1024;

/// What the author of a change should know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remark {
    /// The program headers moved to the end of the file: GNU strip breaks such files.
    HeadersMoved,
    /// Data appended behind the ELF file moved: what finds it by its distance from the start of
    /// the file breaks.
    PayloadMoved,
}

/// One sentence without a full stop.
impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeadersMoved => "its program headers had to move to the end of the file",
            Self::PayloadMoved => {
                "data appended behind the ELF file moved: what finds it by its distance from the start breaks"
            }
        })
    }
}

/// A run of bytes of the changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// These bytes of the old file.
    Copy(Range<u64>),
    /// So many zeros.
    Zero(u64),
    /// New bytes.
    Bytes(Vec<u8>),
}

impl Piece {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Copy(range) => range.end.saturating_sub(range.start),
            Self::Zero(len) => *len,
            Self::Bytes(bytes) => length(bytes),
        }
    }

    /// The part of the piece from `start` to `end`, both counted from its first byte.
    fn part(&self, start: u64, end: u64) -> Self {
        match self {
            Self::Copy(range) => Self::Copy(
                range.start.saturating_add(start)..range.start.saturating_add(end).min(range.end),
            ),
            Self::Zero(_) => Self::Zero(end.saturating_sub(start)),
            Self::Bytes(bytes) => {
                let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
                let part = bytes.get(index(start)..index(end).min(bytes.len()));
                Self::Bytes(part.unwrap_or_default().to_vec())
            }
        }
    }
}

/// The changed file as pieces of the old one and new bytes: its size does not depend
/// on the file's. Pieces of the old file are in ascending order, so that a stream will do.
#[derive(Clone, Debug)]
pub struct Patch {
    /// Size of the old file.
    source_size: u64,
    /// Where each piece starts in the changed file, and the piece.
    pieces: Vec<(u64, Piece)>,
    size: u64,
    stripped: u64,
    remarks: Vec<Remark>,
}

impl Patch {
    /// A patch of a file of `source_size` bytes: each piece with its start in the changed
    /// file, which has `size` bytes.
    pub(crate) fn of(source_size: u64, pieces: Vec<(u64, Piece)>, size: u64) -> Self {
        Self {
            source_size,
            pieces,
            size,
            stripped: 0,
            remarks: Vec::new(),
        }
    }

    /// The patch that changes nothing in a file of `size` bytes.
    pub(crate) fn identity(size: u64) -> Self {
        let mut draft = Draft::default();
        draft.copy(0..size);
        draft.finish(size)
    }

    /// Size of the changed file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Size in bytes of the file that the patch is for.
    pub fn source_size(&self) -> u64 {
        self.source_size
    }

    /// Whether the changed file is the old one, byte for byte.
    pub fn is_identity(&self) -> bool {
        match self.pieces.as_slice() {
            [] => self.source_size == 0,
            [(_, Piece::Copy(range))] => *range == (0..self.source_size),
            _ => false,
        }
    }

    /// How many bytes of memory the patch holds.
    pub fn heap_size(&self) -> u64 {
        let held = |(_, piece): &(u64, Piece)| match piece {
            Piece::Bytes(bytes) => length(bytes),
            Piece::Copy(_) | Piece::Zero(_) => 0,
        };
        self.pieces.iter().map(held).sum()
    }

    /// How many bytes stripping took off, before anything was added.
    pub fn stripped(&self) -> u64 {
        self.stripped
    }

    /// The same patch, with all it saves put down to stripping.
    #[must_use]
    pub(crate) fn counted_as_stripping(mut self) -> Self {
        self.stripped = self.source_size.saturating_sub(self.size);
        self
    }

    /// What the author of the change should know, such as a payload that moved.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// The same patch with `remarks` behind its own.
    #[must_use]
    pub(crate) fn with_remarks(mut self, remarks: Vec<Remark>) -> Self {
        self.remarks.extend(remarks);
        self
    }

    /// Reads the old file from `source`, start to end, and writes the changed one to `sink`.
    /// `source` is read to the size of the old file even where its end is not needed, so
    /// that a checksum taken on the way covers all of it.
    ///
    /// # Errors
    /// Those of `source` and `sink`; `UnexpectedEof` if `source` is shorter than the
    /// planned-for image.
    pub fn write(&self, source: &mut dyn io::Read, sink: &mut dyn io::Write) -> io::Result<()> {
        let mut done = 0_u64;
        for (_, piece) in &self.pieces {
            match piece {
                Piece::Copy(range) => {
                    let gap = range.start.saturating_sub(done);
                    copy_exactly(source, &mut io::sink(), gap)?;
                    copy_exactly(source, sink, piece.len())?;
                    done = range.end;
                }
                Piece::Zero(len) => copy_exactly(&mut io::repeat(0), sink, *len)?,
                Piece::Bytes(bytes) => sink.write_all(bytes)?,
            }
        }
        let rest = self.source_size.saturating_sub(done);
        copy_exactly(source, &mut io::sink(), rest)
    }

    /// The changed file, read from the old one where it is needed.
    pub fn view<'a>(&'a self, source: &'a dyn Image) -> PatchedImage<'a> {
        PatchedImage {
            patch: self,
            source,
        }
    }

    /// This change followed by `next`, which was planned for its result.
    pub(crate) fn then(self, next: Self) -> Self {
        let mut draft = Draft::default();
        for (_, piece) in &next.pieces {
            match piece {
                Piece::Copy(range) => {
                    for part in self.range(range) {
                        draft.push(part);
                    }
                }
                other => draft.push(other.clone()),
            }
        }
        let mut both = draft.finish(self.source_size);
        both.stripped = self.stripped.saturating_add(next.stripped);
        both.remarks = self.remarks;
        both.remarks.extend(next.remarks);
        both
    }

    /// The pieces of `range` of the changed file.
    pub(crate) fn range(&self, range: &Range<u64>) -> Vec<Piece> {
        let first = self.piece_at(range.start);
        let mut parts = Vec::new();
        for (start, piece) in self.pieces.get(first..).unwrap_or_default() {
            if *start >= range.end {
                break;
            }
            let from = range.start.saturating_sub(*start);
            let to = range.end.saturating_sub(*start).min(piece.len());
            if from < to {
                parts.push(piece.part(from, to));
            }
        }
        parts
    }

    /// Index of the piece that holds offset `at` of the changed file.
    fn piece_at(&self, at: u64) -> usize {
        self.pieces
            .partition_point(|(start, _)| *start <= at)
            .saturating_sub(1)
    }
}

/// The result of a [`Patch`] on an image that stays where it is.
#[derive(Clone, Copy)]
pub struct PatchedImage<'a> {
    patch: &'a Patch,
    source: &'a dyn Image,
}

impl fmt::Debug for PatchedImage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchedImage")
            .field("patch", &self.patch)
            .finish_non_exhaustive()
    }
}

impl Image for PatchedImage<'_> {
    fn size(&self) -> u64 {
        self.patch.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(length(buffer));
        if end.is_none_or(|end| end > self.patch.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let first = self.patch.piece_at(offset);
        let mut rest = buffer;
        let mut at = offset;
        for (start, piece) in self.patch.pieces.get(first..).unwrap_or_default() {
            if rest.is_empty() {
                break;
            }
            let skip = at.saturating_sub(*start);
            let len = piece.len().saturating_sub(skip).min(length(rest));
            let Some((now, later)) = usize::try_from(len)
                .ok()
                .and_then(|len| rest.split_at_mut_checked(len))
            else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            match piece {
                Piece::Copy(range) => {
                    self.source.read_at(range.start.saturating_add(skip), now)?;
                }
                Piece::Zero(_) => now.fill(0),
                Piece::Bytes(bytes) => bytes.as_slice().read_at(skip, now)?,
            }
            at = at.saturating_add(len);
            rest = later;
        }
        Ok(())
    }
}

fn copy_exactly(source: &mut dyn io::Read, sink: &mut dyn io::Write, len: u64) -> io::Result<()> {
    let mut buffer = vec![0_u8; usize::try_from(len.min(CHUNK)).unwrap_or_default()];
    let mut rest = len;
    while rest > 0 {
        let now = usize::try_from(rest)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(chunk) = buffer.get_mut(..now) else {
            break;
        };
        source.read_exact(chunk)?;
        sink.write_all(chunk)?;
        rest = rest.saturating_sub(length(chunk));
    }
    Ok(())
}

pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "small numbers"
)]
mod tests {
    use super::*;

    fn applied(patch: &Patch, source: &[u8]) -> Vec<u8> {
        let mut sink = Vec::new();
        patch.write(&mut &source[..], &mut sink).unwrap();
        assert_eq!(sink.len() as u64, patch.size());
        let mut viewed = vec![0; sink.len()];
        patch
            .view(&source.to_vec())
            .read_at(0, &mut viewed)
            .unwrap();
        assert_eq!(viewed, sink);
        for at in 0..sink.len() {
            let mut two = [0; 2];
            let read = patch.view(&source.to_vec()).read_at(at as u64, &mut two);
            assert_eq!(read.is_ok(), at + 2 <= sink.len());
            if read.is_ok() {
                assert_eq!(two, sink[at..at + 2]);
            }
        }
        sink
    }

    #[test]
    fn pieces_and_overlays_make_the_changed_file() {
        let source = b"0123456789";
        let mut draft = Draft::default();
        draft.copy(0..4);
        draft.zero(3);
        draft.bytes(b"new".to_vec());
        draft.copy(6..10);
        draft.overlay(1, b"ab".to_vec());
        draft.overlay(5, b"XYZ".to_vec());
        assert!(!draft.overlays_collide());
        let patch = draft.finish(10);
        assert!(!patch.is_identity());
        assert_eq!(applied(&patch, source), b"0ab3\0XYZew6789");
    }

    #[test]
    fn the_identity_is_one_copy() {
        assert!(Patch::identity(10).is_identity());
        assert!(Patch::identity(0).is_identity());
        assert_eq!(applied(&Patch::identity(10), b"0123456789"), b"0123456789");
    }

    #[test]
    fn a_change_of_a_change_is_one_change() {
        let source = b"0123456789";
        let mut draft = Draft::default();
        draft.copy(0..3);
        draft.bytes(b"abc".to_vec());
        draft.copy(5..10);
        let first = draft.finish(10);
        let mut draft = Draft::default();
        draft.copy(1..5);
        draft.zero(1);
        draft.copy(5..11);
        draft.overlay(0, b"_".to_vec());
        let second = draft.finish(11);
        let middle = applied(&first, source);
        let expected = applied(&second, &middle);
        assert_eq!(applied(&first.then(second), source), expected);
    }

    #[test]
    fn a_source_that_is_too_short_is_an_error_even_where_it_is_not_copied() {
        let mut draft = Draft::default();
        draft.copy(0..2);
        let patch = draft.finish(10);
        let mut sink = Vec::new();
        let error = patch.write(&mut &b"01234567"[..], &mut sink).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        patch
            .write(&mut &b"0123456789"[..], &mut Vec::new())
            .unwrap();
    }
}
