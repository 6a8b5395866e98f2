//! Judges Linux Python wheels against the platform tag policies, and repairs them.
//!
//! Floors, each of which uses only those below it: `report`, `repair`, `audit`,
//! `deps`, `host`, `wheel`, `policy`, `tag`, `elf`, `arch`, `finding`, `escape`.

// The floors are visible to the tests, benchmarks and fuzz targets of this repository;
// what others may rely on is what this file re-exports.
#[doc(hidden)]
pub mod arch;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod deps;
#[doc(hidden)]
pub mod elf;
#[doc(hidden)]
pub mod escape;
#[doc(hidden)]
pub mod finding;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod repair;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod tag;
#[doc(hidden)]
pub mod wheel;

pub use arch::Arch;
pub use finding::{Error, ErrorKind, Finding, Severity};
