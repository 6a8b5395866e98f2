//! What a repair will do, part by part; nothing is written here.

pub mod dedupe;
pub mod excluded;
pub(in crate::repair) mod installed;
pub mod libs_dir;
pub mod member;
pub(in crate::repair) mod rpath;
pub mod target;
pub(in crate::repair) mod unused_options;
