//! The file as loaders and tools read it.

pub(crate) mod dynamic;
pub(crate) mod encoding;
pub(crate) mod hash;
pub(crate) mod header;
pub(crate) mod memory;
pub(crate) mod notes;
pub(crate) mod platform;
pub(crate) mod reached;
pub(crate) mod sections;
pub(crate) mod source;
pub(crate) mod versions;
pub(crate) mod view;
