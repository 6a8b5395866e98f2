//! Platform tags and wheel file names: parsed and printed without loss.

pub(crate) mod arch;
mod extension;
mod imported;
pub(crate) mod name;
mod platform;
pub(crate) mod pypi;
mod version;

pub use arch::{Arch, IsaLevel};
pub use extension::ExtensionSuffix;
pub use name::{MAX_NAME, NameError, WheelName, normalized_name, same_version};
pub use platform::{Libc, PlatformTag};
pub use version::Version;
