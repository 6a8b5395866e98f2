//! Platform tags and wheel file names: parsed and printed without loss.

pub mod name;
pub mod platform;

pub use name::{NameError, WheelName};
pub use platform::{Libc, PlatformTag};
