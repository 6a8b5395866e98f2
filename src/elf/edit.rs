//! What to change in an ELF file. How: `plan` and its neighbours.

use super::image::{ElfError, Image};
pub use super::patch::{Patch, PatchedImage};
use super::plan;
use std::collections::{BTreeMap, BTreeSet};

/// Which dynamic tag holds the library search path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RpathKind {
    /// `DT_RPATH`: also serves what the library loads in turn.
    Rpath,
    /// `DT_RUNPATH`: the only one that Android reads.
    Runpath,
}

/// What happens to `DT_RPATH` and `DT_RUNPATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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
    plan::plan(image, edit)
}
