//! What to change in an ELF file. How: `patch` and its neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::image::{ElfError, Image};

/// Which dynamic tag holds the library search path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RpathKind {
    /// `DT_RPATH`: also serves what the library loads in turn.
    Rpath,
    /// `DT_RUNPATH`: the only one that Android reads.
    Runpath,
}

/// What happens to `DT_RPATH` and `DT_RUNPATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RpathEdit {
    /// Both stay.
    #[default]
    Keep,
    /// Both go.
    Remove,
    /// Both go, one comes.
    Set(RpathKind, String),
}

/// How much is stripped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strip {
    /// Nothing.
    #[default]
    None,
    /// Debug information, as `strip --strip-debug`.
    Debug,
    /// What relocation does not need, as `strip --strip-unneeded`.
    Unneeded,
    /// All symbols, as `strip --strip-all`.
    All,
}

/// A request; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// The new `DT_SONAME`.
    pub soname: Option<String>,
    /// The search path.
    pub rpath: RpathEdit,
    /// Old to new names, in `DT_NEEDED` and in `vn_file`.
    pub replace_needed: BTreeMap<String, String>,
    /// Names to take out of `DT_NEEDED`.
    pub remove_needed: BTreeSet<String>,
    /// Names to put before the first `DT_NEEDED`.
    pub add_needed: Vec<String>,
    /// What to strip first.
    pub strip: Strip,
    /// Clear the executable bit of `PT_GNU_STACK`.
    pub clear_execstack: bool,
}

/// The changed file as pieces of the old one and new bytes: its size does not depend
/// on the file's. Pieces of the old file are in ascending order, so that a stream will do.
#[derive(Clone, Debug)]
pub struct Patch {}

impl Patch {
    /// Size of the changed file in bytes.
    pub fn size(&self) -> u64 {
        0
    }

    /// Whether the changed file is the old one, byte for byte.
    pub fn is_identity(&self) -> bool {
        false
    }

    /// Reads the old file from `source`, start to end, and writes the changed one to `sink`.
    ///
    /// # Errors
    /// Those of `source` and `sink`; `UnexpectedEof` if `source` is shorter than the
    /// planned-for image.
    pub fn write(&self, source: &mut dyn io::Read, sink: &mut dyn io::Write) -> io::Result<()> {
        let _ = (source, sink);
        Ok(())
    }
}

/// Why an edit was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The file cannot be read.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// The file cannot be edited safely.
    #[error("cannot be edited safely: {0}")]
    Unsafe(String),
    /// The edited file is not exactly what was asked for; nothing was written.
    #[error("the edited file failed verification: {0}")]
    Verify(String),
}

/// Plans `edit` of the ELF file in `image` and verifies the result.
///
/// # Errors
/// See [`EditError`].
pub fn plan(image: &dyn Image, edit: &Edit) -> Result<Patch, EditError> {
    let _ = (image, edit);
    Err(EditError::Unsafe("not written yet".to_owned()))
}
