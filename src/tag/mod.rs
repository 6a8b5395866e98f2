//! Platform tags and wheel file names (of the crate `wheel-archive`), and the C library behind them.

pub mod c_library;

pub use c_library::CLibrary;
pub use wheel_archive::{
    ExtensionSuffix, Libc, MAX_NAME, NameError, PlatformTag, WheelName, normalized_name,
};
