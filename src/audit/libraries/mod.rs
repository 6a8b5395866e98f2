//! Libraries that a wheel needs from outside, and by which needs they are reached.

pub mod chains;
pub mod external;
pub mod missing;
pub mod outside;
