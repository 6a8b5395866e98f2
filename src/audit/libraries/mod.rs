//! Libraries that a wheel needs from outside, and by which needs they are reached.

pub(crate) mod chains;
pub(crate) mod external;
pub(crate) mod missing;
pub(crate) mod outside;
