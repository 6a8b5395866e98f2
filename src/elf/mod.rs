//! One ELF file: bytes in, values out. No files, no printing.

mod assemble;
mod conflict;
mod difference;
pub mod dynamic;
pub mod dynstr;
pub mod edit;
pub mod encoding;
mod entries;
pub mod facts;
mod faults;
mod hash;
pub mod header;
pub mod image;
mod makeroom;
mod newload;
mod notes;
#[expect(dead_code, reason = "strip and verify use the rest")]
mod patch;
mod place;
mod plan;
mod second;
#[expect(dead_code, reason = "strip and verify use the rest")]
mod sections;
mod seen;
mod source;
mod strings;
mod symbols;
mod symbolvalues;
#[cfg(any(test, feature = "testing"))]
pub mod synth;
pub mod verify;
mod verifybytes;
mod verifysections;
mod versionedit;
pub mod versions;
pub mod view;

#[cfg(test)]
mod tests;

pub use edit::{Edit, EditError, Patch, PatchedImage, RpathEdit, RpathKind, Strip};
pub use facts::{Facts, facts};
pub use image::{ElfError, Image};
