//! A changed file in the making.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeMap;
use std::ops::Range;

use crate::patch::{Patch, Piece, length};

/// A patch in the making: pieces one after the other, then bytes laid over them.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pieces: Vec<(u64, Piece)>,
    size: u64,
    over: BTreeMap<u64, Vec<u8>>,
}

impl Draft {
    /// Appends bytes of the old file, behind those appended before.
    pub(crate) fn copy(&mut self, range: Range<u64>) {
        self.push(Piece::Copy(range));
    }

    /// Appends zeros.
    pub(crate) fn zero(&mut self, len: u64) {
        self.push(Piece::Zero(len));
    }

    /// Appends new bytes.
    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) {
        self.push(Piece::Bytes(bytes));
    }

    /// Appends zeros up to a multiple of `align`.
    pub(crate) fn align(&mut self, align: u64) {
        let end = self.size.checked_next_multiple_of(align.max(1));
        self.zero(end.unwrap_or(self.size).saturating_sub(self.size));
    }

    /// Size so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn push(&mut self, piece: Piece) {
        let len = piece.len();
        if len == 0 {
            return;
        }
        match (self.pieces.last_mut(), &piece) {
            (Some((_, Piece::Copy(last))), Piece::Copy(next)) if last.end == next.start => {
                last.end = next.end;
            }
            (Some((_, Piece::Zero(last))), Piece::Zero(next)) => {
                *last = last.saturating_add(*next);
            }
            (Some((_, Piece::Bytes(last))), Piece::Bytes(next)) => last.extend_from_slice(next),
            _ => self.pieces.push((self.size, piece)),
        }
        self.size = self.size.saturating_add(len);
    }

    /// Puts `bytes` over whatever is at `at` in the changed file.
    pub(crate) fn overlay(&mut self, at: u64, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.over.insert(at, bytes);
        }
    }

    /// Whether two overlays touch the same byte, or one reaches past the end: a fault of
    /// the planner.
    pub(crate) fn overlays_collide(&self) -> bool {
        let mut free = 0_u64;
        for (at, bytes) in &self.over {
            if *at < free {
                return true;
            }
            free = at.saturating_add(length(bytes));
        }
        free > self.size
    }

    /// The patch, for an old file of `source_size` bytes.
    pub(crate) fn finish(self, source_size: u64) -> Patch {
        let base = Patch::of(source_size, self.pieces, self.size);
        if self.over.is_empty() {
            return base;
        }
        let mut draft = Self::default();
        for (at, bytes) in self.over {
            for part in base.range(&(draft.size..at)) {
                draft.push(part);
            }
            draft.push(Piece::Bytes(bytes));
        }
        for part in base.range(&(draft.size..base.size())) {
            draft.push(part);
        }
        draft.finish(source_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlays_on_the_same_byte_or_past_the_end_are_noticed() {
        let mut draft = Draft::default();
        draft.zero(8);
        draft.overlay(2, vec![1; 3]);
        draft.overlay(4, vec![2; 1]);
        assert!(draft.overlays_collide());
        let mut draft = Draft::default();
        draft.zero(8);
        draft.overlay(7, vec![1; 2]);
        assert!(draft.overlays_collide());
    }
}
