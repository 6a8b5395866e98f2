//! Why a file cannot be read or edited.

use std::io;

/// Why a file with ELF magic cannot be read as the loader would.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// The image could not be read.
    #[error("cannot be read: {0}")]
    Io(#[source] io::Error),
    /// A header, table or string lies outside the file or contradicts another.
    #[error("malformed ELF: {0}")]
    Malformed(String),
    /// Loaders differ in what they would see, so that it is one file for one and another for the
    /// next.
    #[error("ambiguous ELF: {0}")]
    Ambiguous(&'static str),
}

impl ElfError {
    /// A malformed file, for this reason.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
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
