//! Reads ELF files as the loader does, edits and strips them, and verifies every edit.
//!
//! # Reading
//!
//! [`facts()`] reads all that a loader acts on: names, search paths, needs, versions, undefined
//! symbols, and the notes that tools leave. Program headers and the dynamic section count;
//! section headers may be missing or wrong. A file is anything that can be read at an offset:
//! an [`Image`], such as a `Vec<u8>`.
//!
//! # Editing
//!
//! An [`Edit`] says what to change; [`plan()`] finds out how, verifies the result with code that
//! shares nothing with the editor, and gives a [`Patch`]: pieces of the old file and new bytes.
//! [`Patch::write`] applies it to a stream. Nothing else is written anywhere.
//!
//! ```
//! use elf_edit::{Edit, RpathEdit, RpathKind, facts, plan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/libs/x86_64-glibc");
//! let library = std::fs::read(format!("{folder}/libgreet.so.1"))?;
//! let edit = Edit {
//!     soname: Some("libgreet-0123abcd.so.1".to_owned()),
//!     rpath: RpathEdit::Set(RpathKind::Runpath, "$ORIGIN".to_owned()),
//!     replace_needed: [("libwords.so.2".to_owned(), "libwords-89ef4567.so.2".to_owned())].into(),
//!     ..Edit::default()
//! };
//! let patch = plan(&library, &edit)?;
//! let mut edited = Vec::new();
//! patch.write(&mut &library[..], &mut edited)?;
//!
//! let read_back = facts(&edited)?;
//! assert_eq!(read_back.soname.as_deref(), Some("libgreet-0123abcd.so.1"));
//! assert_eq!(read_back.runpath.as_deref(), Some("$ORIGIN"));
//! # Ok(())
//! # }
//! ```
//!
//! [`Edit::strip`] strips before the other changes; [`plan_with_debug_file`] keeps what is
//! stripped, as a file that debuggers find. [`verify()`] holds a change that another tool made
//! against what was asked of it.
//!
//! # Errors
//!
//! [`ElfError`] is for what a loader would refuse or read outside the file; [`EditError`] also
//! for what cannot be edited safely. Both are phrases for people; names from the file are
//! escaped in them.

mod abi;
mod edit;
mod error;
mod facts;
mod image;
mod patch;
mod plan;
mod read;
mod request;
mod strip;
mod verify;

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;

pub use abi::{dt, em, pt};
pub use error::{EditError, ElfError};
pub use facts::symbols::defines_any;
pub use facts::{Facts, Import, Kind, facts};
pub use image::Image;
pub use patch::{Patch, PatchedImage, Remark};
pub use plan::{plan, plan_with_debug_file, split_debug};
pub use read::encoding::Encoding;
pub use read::header::{Header, Segment};
pub use read::memory::{Loader, Mapping, mapped};
pub use read::platform::Platform;
pub use read::source::largest_page;
pub use read::versions::{NeededVersion, VersionNeed};
pub use request::{DebugLink, Edit, RpathEdit, RpathKind, Strip};
pub use strip::debug_file::DebugFile;
pub use verify::verify;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
