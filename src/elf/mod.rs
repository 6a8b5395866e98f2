//! One ELF file: bytes in, values out. No files, no printing.

mod assemble;
mod conflict;
mod debugfile;
mod difference;
mod draft;
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
mod packed;
mod patch;
mod place;
mod plan;
mod reached;
mod second;
mod sections;
mod seen;
mod source;
mod strings;
mod strip;
mod striplayout;
mod striptables;
mod symbols;
mod symbolvalues;
#[cfg(any(test, feature = "testing"))]
pub mod synth;
pub mod verify;
mod verifybytes;
mod verifyrest;
mod verifysections;
mod verifysymbols;
mod versionedit;
pub mod versions;
pub mod view;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;

pub use edit::{
    DebugFile, DebugLink, Edit, EditError, Patch, PatchedImage, RpathEdit, RpathKind, Strip,
};
pub use facts::{Facts, facts};
pub use image::{ElfError, Image};
pub use symbols::defines_any;
