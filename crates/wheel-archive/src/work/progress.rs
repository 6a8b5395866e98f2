//! How far this process is with the members of its wheels: what a progress line tells.
//!
//! Counters, not calls: whoever works adds to them and waits for nobody, and nothing that is
//! written depends on them.

use std::sync::atomic::{AtomicU64, Ordering};

static MEMBERS: AtomicU64 = AtomicU64::new(0);
static READ: AtomicU64 = AtomicU64::new(0);
static COMPRESSED: AtomicU64 = AtomicU64::new(0);

/// What was done since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Members that were read, of wheels and of results that are read back.
    pub members: u64,
    /// Their inflated bytes.
    pub read: u64,
    /// Bytes that were compressed, counted before that.
    pub compressed: u64,
}

/// What was done so far.
pub fn progress() -> Progress {
    Progress {
        members: MEMBERS.load(Ordering::Relaxed),
        read: READ.load(Ordering::Relaxed),
        compressed: COMPRESSED.load(Ordering::Relaxed),
    }
}

/// A member was read to its end.
pub(crate) fn member_read(size: u64) {
    MEMBERS.fetch_add(1, Ordering::Relaxed);
    READ.fetch_add(size, Ordering::Relaxed);
}

/// A piece was compressed.
pub(crate) fn compressed(size: usize) {
    COMPRESSED.fetch_add(size as u64, Ordering::Relaxed);
}
