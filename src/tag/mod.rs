//! Platform tags and wheel file names: parsed and printed without loss.

pub mod c_library;
mod imported;
pub mod name;
pub mod platform;
pub mod pypi;
pub mod version;

pub use c_library::ExtensionSuffix;
pub use name::{NameError, WheelName};
pub use platform::{Libc, PlatformTag};
pub use version::Version;
