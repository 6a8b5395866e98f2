//! Reports for people.

pub(in crate::report) mod page;
pub mod repair;
pub mod show;
pub mod summary;
pub(in crate::report) mod table;
