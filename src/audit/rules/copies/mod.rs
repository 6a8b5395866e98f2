//! Libraries that are in a process twice, and what their copies lack.

pub(super) mod clash;
pub(super) mod dlopen;
pub(super) mod lib_twice;
pub(super) mod runtime_modules;
