//! Where copies of libraries go in a wheel, how they are named, and how files find them.

pub mod libs_dir;
pub mod naming;
pub(crate) mod rpath;
pub(crate) mod shim;
