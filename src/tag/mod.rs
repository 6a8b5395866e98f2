//! Platform tags and wheel file names: parsed and printed without loss.

pub mod name;
pub mod platform;
pub mod pypi;
pub mod version;

pub use name::{NameError, WheelName};
pub use platform::{Libc, PlatformTag};
pub use version::Version;
