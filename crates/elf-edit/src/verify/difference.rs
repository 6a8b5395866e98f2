//! Where a changed file differs from the old one.
//!
//! Of a patch, that is a matter of its pieces: what it copies from the right place is the
//! same by construction, and only new bytes are compared.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::Range;

use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::patch::{Patch, Piece};

/// How much is compared at a time.
const WINDOW: u64 = 64 * 1024;

/// Two files, and the patch between them if it is known.
pub(crate) struct Comparison<'a> {
    pub(crate) old: &'a dyn Image,
    pub(crate) new: &'a dyn Image,
    pub(crate) patch: Option<&'a Patch>,
}

impl Comparison<'_> {
    /// Calls `differs` with each run of bytes of `range` of the old file that is not the
    /// same at `at` in the new one.
    ///
    /// # Errors
    /// Those of the images, and of `differs`.
    pub(crate) fn each<E: From<ElfError>>(
        &self,
        range: Range<u64>,
        at: u64,
        mut differs: impl FnMut(Range<u64>) -> Result<(), E>,
    ) -> Result<(), E> {
        let len = range.end.saturating_sub(range.start);
        let Some(patch) = self.patch else {
            return self.compare(range.start, at, len, &mut differs);
        };
        let mut old = range.start;
        let mut new = at;
        for piece in patch.range(&(at..at.saturating_add(len))) {
            let len = piece.len();
            let same = matches!(&piece, Piece::Copy(from) if from.start == old);
            if !same {
                self.compare(old, new, len, &mut differs)?;
            }
            old = old.saturating_add(len);
            new = new.saturating_add(len);
        }
        if old < range.end {
            differs(old..range.end)?;
        }
        Ok(())
    }

    fn compare<E: From<ElfError>>(
        &self,
        mut old: u64,
        mut new: u64,
        len: u64,
        differs: &mut impl FnMut(Range<u64>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = len;
        while left > 0 {
            let now = left.min(WINDOW);
            let before = bytes_at(self.old, old, now, "old bytes")?;
            let after = bytes_at(self.new, new, now, "new bytes")?;
            if before != after {
                runs(&before, &after, old, differs)?;
            }
            old = old.saturating_add(now);
            new = new.saturating_add(now);
            left = left.saturating_sub(now);
        }
        Ok(())
    }

    /// Whether all of `range` of the new file is zero.
    pub(crate) fn is_zero(&self, range: Range<u64>) -> Result<bool, ElfError> {
        let mut at = range.start;
        let pieces = match self.patch {
            Some(patch) => patch.range(&range),
            None => vec![Piece::Copy(range.clone())],
        };
        for piece in pieces {
            let end = at.saturating_add(piece.len());
            if !matches!(piece, Piece::Zero(_)) && !zeros(self.new, at..end)? {
                return Ok(false);
            }
            at = end;
        }
        Ok(at >= range.end)
    }

    /// Whether all of `range` of the old file is zero.
    pub(crate) fn was_zero(&self, range: Range<u64>) -> Result<bool, ElfError> {
        zeros(self.old, range)
    }
}

fn zeros(image: &dyn Image, range: Range<u64>) -> Result<bool, ElfError> {
    let mut at = range.start;
    while at < range.end {
        let now = range.end.saturating_sub(at).min(WINDOW);
        let bytes = bytes_at(image, at, now, "bytes that may be zeros")?;
        if bytes.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at = at.saturating_add(now);
    }
    Ok(true)
}

/// Hands over each run of different bytes; `start` is the offset of the first byte.
fn runs<E>(
    before: &[u8],
    after: &[u8],
    start: u64,
    differs: &mut impl FnMut(Range<u64>) -> Result<(), E>,
) -> Result<(), E> {
    let mut run: Option<Range<u64>> = None;
    let mut at = start;
    for (one, other) in before.iter().zip(after) {
        let next = at.saturating_add(1);
        if one != other {
            match &mut run {
                Some(run) => run.end = next,
                None => run = Some(at..next),
            }
        } else if let Some(run) = run.take() {
            differs(run)?;
        }
        at = next;
    }
    run.map_or(Ok(()), differs)
}
