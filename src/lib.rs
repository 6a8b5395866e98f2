//! Judges Linux Python wheels against the platform tag policies, and repairs them.
//!
//! Floors, each of which uses only those below it: `report`, `repair`, `audit`,
//! `deps`, `host`, `wheel`, `policy`, `tag`, `elf`, `arch`, `finding`, `escape`.

mod arch;
mod audit;
mod deps;
mod elf;
mod escape;
mod finding;
mod host;
mod policy;
mod repair;
mod report;
mod tag;
mod wheel;

pub use arch::Arch;
pub use finding::{Error, ErrorKind, Finding, Severity};
