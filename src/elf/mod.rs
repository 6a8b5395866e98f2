//! One ELF file: bytes in, values out. No files, no printing.

pub mod dynamic;
pub mod edit;
pub mod facts;
mod hash;
pub mod header;
pub mod image;
mod notes;
mod symbols;
pub mod versions;

pub use edit::{Edit, Patch, RpathEdit, RpathKind, Strip};
pub use facts::{Facts, facts};
pub use image::{ElfError, Image};
