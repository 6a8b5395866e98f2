//! One command a file.

pub(crate) mod print;
pub(crate) mod repair;
pub(crate) mod show;
pub(crate) mod tree;
