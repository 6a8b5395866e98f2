//! A share of memory that several threads take from; who gets none does without.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that may still be held.
#[derive(Debug)]
pub struct Budget(AtomicU64);

/// A part of a [`Budget`], given back when dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// A budget of `bytes`.
    pub fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(bytes)))
    }

    /// Takes `bytes` if that much is left. Never waits: what is decided by the answer may
    /// change the speed of the work, not its result.
    pub fn take(self: &Arc<Self>, bytes: u64) -> Option<Share> {
        let left = |left: u64| left.checked_sub(bytes);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .ok()?;
        Some(Share {
            budget: Arc::clone(self),
            bytes,
        })
    }
}

impl Share {
    /// How much it is.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_come_back() {
        let budget = Budget::new(10);
        let six = budget.take(6).unwrap();
        assert!(budget.take(5).is_none());
        let four = budget.take(4).unwrap();
        drop(six);
        assert!(budget.take(7).is_none());
        assert!(budget.take(6).is_some());
        drop(four);
        assert!(budget.take(10).is_some());
    }
}
