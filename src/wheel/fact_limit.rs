//! A limit on what the facts of all ELF members of a wheel take together.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::scan::Scanned;
use crate::finding::Finding;

/// Bytes that the facts of all ELF members together may take; the largest wheels known need a
/// tenth. A file of many symbols compresses to almost nothing, and there can be many such files.
const MOST_FACTS: usize = 128 << 20;

/// Bytes of facts so far.
#[derive(Debug, Default)]
pub(super) struct FactLimit(AtomicUsize);

impl FactLimit {
    /// Forgets the facts if there are too many already. All are read and counted, so that the
    /// answer does not depend on who was first.
    pub(super) fn bounded(&self, mut scanned: Scanned) -> Scanned {
        let size = scanned.facts.as_ref().map_or(0, |facts| facts.heap_size());
        let before = self.0.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > MOST_FACTS {
            scanned.facts = None;
            scanned.image = None;
        }
        scanned
    }

    /// Refuses all if there were too many.
    pub(super) fn refuse(self, scanned: &mut [Scanned]) {
        let size = self.0.into_inner();
        if size <= MOST_FACTS {
            return;
        }
        for one in &mut *scanned {
            one.facts = None;
            one.image = None;
        }
        let message = format!(
            "its ELF files want more symbols than can be held: {} MiB of names, and {} are the \
             most that any wheel needs",
            size >> 20,
            MOST_FACTS >> 20
        );
        if let Some(first) = scanned.first_mut() {
            first.finding = Some(Finding::error("too-large", message));
        }
    }
}
