//! What comes into a wheel, what stays outside, and how it is found: every option on a real wheel,
//! through the command.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod advice;
mod bench;
mod config;
mod cross;
mod exclude;
mod include;
mod lacking;
mod layout;
mod names;
mod options;
mod package;
mod plan;
mod realms;
mod result;
mod rpath;
mod sbom;
mod strip;
mod vendor;
