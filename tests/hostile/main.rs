//! Wheels with one fault each, held against the command: every rule of the archive format, of
//! the wheel's metadata and of ELF files that a stranger could break.
#![expect(
    clippy::unwrap_used,
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_lines,
    reason = "a test may die; tables of faults are long"
)]

#[path = "../craft/mod.rs"]
mod craft;

mod dist_info;
mod elf;
mod framing;
mod headers;
mod libraries;
mod loaders;
mod names;
mod policy;
mod pypi;
mod record;
mod refusals;
mod requests;
mod told;
mod untouched;
mod verdicts;
