//! What is made of a wheel that `wheel-archive` opened: its ELF files, and findings in the words of
//! this program.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::elf::Facts;

mod adapt;
pub mod compiled;
mod examine;
mod help;
pub mod loose;
mod open;
pub mod read_back;

pub use adapt::{AsBytes, AsImage, EditedBy};
pub use loose::LooseFiles;
pub use open::{OpenOptions, Wheel};
pub use wheel_archive::{
    Budget, Compression, Content, DosTime, Installed, Member, MemberId, NewMember, Packed,
    RecordPlace, Source, Written, abandon, check_path, hex, publish, rewritten_wheel_file,
    write_wheel,
};

/// A member that starts with ELF magic and can be read.
#[derive(Clone, Debug)]
pub struct ElfMember {
    /// Which member it is.
    pub member: MemberId,
    /// Its path in the archive.
    pub path: String,
    /// Where it goes when installed.
    pub installed: Installed,
    /// What was read from it.
    pub facts: Arc<Facts>,
}

/// Size in bytes and SHA-256 of the regular file at `path`.
///
/// # Errors
/// Those of opening and reading it; `InvalidInput` for what is no regular file.
pub(crate) fn sha256_of(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let source = Source::open(path)?;
    Ok((source.size(), source.sha256()?))
}
