//! Judges Linux Python wheels against the platform tag policies, and repairs them.
//!
//! A wheel with compiled code runs only where the libraries and symbol versions it needs
//! exist; platform tags such as `manylinux_2_17_x86_64` promise where that is. [`audit()`] says
//! which tag a wheel deserves and why not a better one. [`Plan`] says what a repair would do:
//! which libraries are copied into the wheel, how its ELF files change, how it is named.
//! [`Plan::apply`] does it. The target is the wheel's, not the host's: any architecture and C
//! library can be repaired on any machine.
//!
//! ```
//! use wheel_audit::{AuditOptions, GraftCache, Host, HostOptions, OpenOptions, Plan, RepairOptions, Wheel, audit};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let wheel = Wheel::open(
//!     "testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl".as_ref(),
//!     &OpenOptions::for_repair(),
//! )?;
//! let store = GraftCache::new(Host::new(HostOptions {
//!     no_host: true,
//!     lib_paths: vec!["testdata/libs/aarch64-glibc".into()],
//!     ..HostOptions::default()
//! }));
//! let judgement = audit(&wheel, store.host(), &AuditOptions::default())?;
//! assert_eq!(judgement.tag(), "linux_aarch64");
//! assert_eq!(judgement.repairable_to(), "manylinux_2_17_aarch64");
//!
//! let plan = Plan::new(&wheel, &judgement, store.host(), &RepairOptions::default())?;
//! assert_eq!(plan.grafts.len(), 2);
//!
//! let folder = tempfile::tempdir()?;
//! let repaired = plan.apply(&wheel, &store, folder.path())?;
//! assert!(repaired.path.ends_with(
//!     "greet-1.0-cp38-abi3-manylinux2014_aarch64.manylinux_2_17_aarch64.whl"
//! ));
//! # Ok(())
//! # }
//! ```
//!
//! Other build tools depend on it with `default-features = false`: the feature `cli` is only for the
//! binary.
//!
//! Inside, each floor uses only those below it: `report`, `repair`, `audit`, `platform`,
//! `host`, `wheel`, `tag`, `elf`, then `finding`, `shell`. Below all are
//! the crates `wheel-archive` and `elf-edit`, which know nothing of each other.

// The floors are visible to the tests, benchmarks and fuzz targets of this repository;
// what others may rely on is what this file re-exports.
mod audit;
#[doc(hidden)]
pub mod elf;
mod finding;
#[doc(hidden)]
pub mod fnmatch;
#[doc(hidden)]
pub mod host;
mod nearest;
#[doc(hidden)]
pub mod platform;
mod repair;
pub mod report;
#[doc(hidden)]
pub mod shell;
#[doc(hidden)]
pub mod tag;
#[doc(hidden)]
pub mod wheel;

pub use audit::audit_input;
pub use audit::read_policies;
pub use audit::verdict::claimed_tags::Claims;
pub use audit::{Audit, AuditOptions, Input, PlatRequest, audit};
pub use elf::{RpathKind, Strip};
pub use finding::{Error, ErrorKind, Finding, Levels, Severity};
pub use host::{Host, HostOptions};
pub use nearest::nearest;
pub use platform::linux::policy::{Policies, PolicyError};
pub use repair::{DryRun, GraftCache, Include, Plan, RepairOptions, Repaired};
pub use shell::{Advice, shell_word};
pub use tag::WheelName;
pub use wheel::{LooseFiles, OpenOptions, Wheel};
pub use wheel_archive::Arch;
pub use wheel_archive::escape;
pub use wheel_archive::{Progress, progress};
pub use wheel_archive::{abandon, publish};
