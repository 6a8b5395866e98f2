//! How libraries are found, or not.

pub(super) mod driver;
pub(super) mod graft_source;
pub(super) mod loads_also;
pub(super) mod missing;
pub(super) mod needed_path;
pub(super) mod passed_over;
pub(super) mod rpath;
pub(super) mod soname;
pub(super) mod unreachable;
