//! What to change in an ELF file. How: `plan` and its neighbours.

use super::image::{ElfError, Image};
pub use super::patch::{Patch, PatchedImage};
use super::{debugfile, plan};
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

/// `.gnu_debuglink`: which file holds the debug information.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DebugLink {
    /// Its name, without folders.
    pub file: String,
    /// The CRC-32 of its bytes.
    pub crc32: u32,
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
    /// Where the debug information went; see [`split_debug`].
    pub debug_link: Option<DebugLink>,
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

/// Plans `edit`, and where that strips something, the file with what is stripped, which the
/// edited file then names in `.gnu_debuglink`.
///
/// # Errors
/// See [`EditError`].
pub fn plan_with_debug_file(
    image: &dyn Image,
    edit: &Edit,
) -> Result<(Patch, Option<DebugFile>), EditError> {
    let debug = debugfile::of_strip(image, edit)?;
    let edit = Edit {
        debug_link: debug.as_ref().map(DebugFile::link),
        ..edit.clone()
    };
    Ok((plan::plan(image, &edit)?, debug))
}

/// Longer build-ids, in bytes, name no file: elfutils and debuginfod take no longer one, and
/// the name would be longer than a file system allows (255 bytes, with encryption 143).
const LONGEST_BUILD_ID: usize = 64;

/// The debug information of a file, as a file of its own.
#[derive(Clone, Debug)]
pub struct DebugFile {
    /// `NT_GNU_BUILD_ID` of the file that it belongs to.
    pub build_id: Option<Vec<u8>>,
    /// Makes it from that file.
    pub patch: Patch,
    /// The CRC-32 of its bytes.
    pub crc32: u32,
}

impl DebugFile {
    /// Its path below a folder for debug files, as debuggers look for it:
    /// `.build-id/12/34….debug`, or a name by checksum for files without a build-id and for
    /// those with one that no debugger asks for.
    pub fn path(&self) -> String {
        match self.build_id.as_deref() {
            Some(id @ [first, rest @ ..]) if !rest.is_empty() && id.len() <= LONGEST_BUILD_ID => {
                format!(".build-id/{first:02x}/{}.debug", hex(rest))
            }
            _ => format!("{:08x}.debug", self.crc32),
        }
    }

    /// What the stripped file must say about it.
    pub fn link(&self) -> DebugLink {
        let path = self.path();
        let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let crc32 = self.crc32;
        DebugLink { file, crc32 }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
        text
    })
}

/// Plans a file with the debug information and symbols of the ELF file in `image`: its
/// sections with their indices and addresses, without the contents that are loaded. `None`
/// if it has neither.
///
/// # Errors
/// See [`EditError`].
pub fn split_debug(image: &dyn Image) -> Result<Option<DebugFile>, EditError> {
    debugfile::split(image)
}
