//! One wheel: its archive, its metadata, its ELF members.
//!
//! `framing` reads and checks what makes the file an archive, `scan` inflates every
//! member once, `open` puts both and the metadata checks in order, `write` makes a new
//! archive; the other files each know one metadata file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::scan::SharedImage;
use crate::elf::Facts;
use crate::finding::Finding;
use crate::tag::WheelName;

mod archive_out;
pub mod budget;
mod buffer;
pub mod checks;
mod copy;
mod deflate;
mod deflate_end;
pub mod digest;
pub mod dist_info;
mod dos_time;
mod fact_limit;
mod framing;
pub mod headers;
mod jobs;
mod large;
#[cfg(test)]
mod large_tests;
pub mod layout;
pub mod loose;
mod member_image;
pub mod metadata;
mod open;
pub mod packed;
mod packing;
mod parallel;
mod problems;
pub mod progress;
pub mod publish;
pub mod pypi;
pub mod read_back;
mod reader;
pub mod record;
#[cfg(test)]
pub(crate) mod sample;
mod scan;
pub mod self_check;
mod source;
mod stored;
pub mod tally;
pub mod variant;
pub mod wheel_file;
mod whole;
pub mod write;

pub use dos_time::DosTime;
pub(crate) use framing::check_path;
pub use loose::LooseFiles;
pub use reader::Fault;
pub(crate) use source::Source;

/// Index of a member in [`Wheel::members`].
pub type MemberId = usize;

/// How a wheel is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Check CRCs and RECORD hashes (every member is then inflated to its end).
    pub verify: bool,
    /// Accept a RECORD whose rows do not fit the members, or cannot be read: findings say which. For a
    /// repair, which writes a right one.
    pub fix_record: bool,
    /// How many inflated bytes of ELF members may be kept in memory for a later edit.
    pub keep_elf_bytes: u64,
}

/// Inflated bytes of ELF members that are kept for a repair.
const KEPT_FOR_REPAIR: u64 = 192 << 20;

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            verify: true,
            fix_record: false,
            keep_elf_bytes: 0,
        }
    }
}

impl OpenOptions {
    /// For a wheel that will be repaired: bytes of ELF members are kept for the edit.
    pub fn for_repair() -> Self {
        Self {
            keep_elf_bytes: KEPT_FOR_REPAIR,
            ..Self::default()
        }
    }
}

/// A regular file of the archive (directories are dropped).
#[derive(Clone, Debug)]
pub struct Member {
    /// Slash-separated, relative, plain: no `.`, `..` or empty parts.
    pub path: String,
    /// Whether any executable bit is set.
    pub executable: bool,
    /// When it was last changed.
    pub modified: DosTime,
    /// Stored (0) or deflated (8).
    pub method: u16,
    /// CRC-32 of the inflated bytes.
    pub crc: u32,
    /// Size in the archive, in bytes.
    pub compressed_size: u64,
    /// Inflated size in bytes.
    pub size: u64,
    /// Offset of the compressed bytes in the archive.
    pub data_offset: u64,
    /// SHA-256 of the inflated bytes; `None` if the wheel was opened without `verify`.
    pub sha256: Option<[u8; 32]>,
}

/// Where an installer puts a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// In site-packages (root of the archive, `.data/platlib`, `.data/purelib`), at this path.
    Site(String),
    /// In the scripts folder.
    Script(String),
    /// Elsewhere (`headers`, `data`, an unknown key): key and path.
    Elsewhere(String, String),
}

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

/// The `.dist-info` folder.
#[derive(Clone, Debug)]
pub struct DistInfo {
    /// Its name as spelled in the archive, without a slash.
    pub dir: String,
    /// `WHEEL`, as bytes.
    pub wheel: Vec<u8>,
    /// `METADATA`, as bytes.
    pub metadata: Vec<u8>,
    /// `variant.json`, as bytes, if there is one.
    pub variant: Option<Vec<u8>>,
}

/// Size in bytes and SHA-256 of the regular file at `path`.
///
/// # Errors
/// Those of opening and reading it; `InvalidInput` for what is no regular file.
pub(crate) fn sha256_of(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let source = Source::open(path)?;
    Ok((source.size(), source.sha256()?))
}

/// A wheel that was opened and found sound.
pub struct Wheel {
    /// The file it was read from.
    pub path: PathBuf,
    /// Its file name, parsed.
    pub name: WheelName,
    /// Regular files, in archive order.
    pub members: Vec<Member>,
    /// The metadata folder.
    pub dist_info: DistInfo,
    /// ELF members, in archive order.
    pub elves: Vec<ElfMember>,
    /// Warnings and notes about the archive and its metadata.
    pub findings: Vec<Finding>,
    /// The open file.
    source: Arc<Source>,
    /// ELF members whose bytes were kept.
    images: BTreeMap<MemberId, SharedImage>,
}
