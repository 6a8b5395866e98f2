//! How work is shared out: threads, memory, and how far it is.

pub(crate) mod budget;
pub(crate) mod buffer;
pub(crate) mod parallel;
pub(crate) mod progress;
