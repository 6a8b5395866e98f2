//! How much of a database is read: its parts do not overlap, so never more than there is.

/// Bytes that may still be read. A database that spends more leads to the same bytes twice.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// For a database of `bytes`.
    pub(super) fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Spends; `None` if so much is not left.
    pub(super) fn spend(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(u64::try_from(bytes).ok()?)?;
        Some(())
    }
}
