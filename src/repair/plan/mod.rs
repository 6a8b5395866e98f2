//! What a repair will do, part by part; nothing is written here.

pub(crate) mod dedupe;
pub(crate) mod excluded;
pub(in crate::repair) mod installed;
pub(crate) mod member;
pub(crate) mod target;
pub(in crate::repair) mod unused_options;
