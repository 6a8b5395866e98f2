//! What to change in an ELF file.

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
    /// Where the debug information went; see [`split_debug`](crate::split_debug).
    pub debug_link: Option<DebugLink>,
    /// Clear the executable bit of `PT_GNU_STACK`.
    pub clear_execstack: bool,
}
