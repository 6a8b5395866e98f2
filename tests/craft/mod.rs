//! Makes wheels with faults, and holds the `audit` command against them.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::missing_docs_in_private_items,
    clippy::format_push_string,
    clippy::unwrap_used,
    missing_docs,
    reason = "several test programs include this, none uses all of it"
)]

pub mod judge;
pub mod wheel;
pub mod zip;
