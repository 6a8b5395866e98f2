//! Linux, with the C libraries glibc and musl, and Android: ELF files.

pub mod layout;
pub mod policy;
pub mod resolve;
pub(crate) mod search_path;
