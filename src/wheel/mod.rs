//! One wheel: its archive, its metadata, its ELF members.
//!
//! `archive` reads and checks the framing, `scan` inflates every member once, `write`
//! makes a new archive; the other files each know one metadata file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::elf::{Facts, Image};
use crate::finding::{Error, Finding};
use crate::tag::WheelName;

pub mod checks;
pub mod digest;
pub mod dist_info;
pub mod headers;
pub mod layout;
pub mod loose;
pub mod metadata;
pub mod publish;
pub mod pypi;
pub mod record;
pub mod tally;
pub mod wheel_file;
pub mod write;

pub use loose::LooseFiles;

/// Index of a member in [`Wheel::members`].
pub type MemberId = usize;

/// How a wheel is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Check CRCs and RECORD hashes (every member is then inflated to its end).
    pub verify: bool,
    /// Accept a RECORD with unlisted or ghost rows.
    pub fix_record: bool,
    /// How many inflated bytes of ELF members may be kept in memory for a later edit.
    pub keep_elf_bytes: u64,
}

/// DOS date and time, as the archive holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DosTime {
    /// Years from 1980, month, day.
    pub date: u16,
    /// Hours, minutes, two-second steps.
    pub time: u16,
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
}

/// A wheel that was opened and found sound.
#[derive(Debug)]
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
}

impl Wheel {
    /// Opens and checks a wheel. Nothing is unpacked to disk, and the file is opened once.
    ///
    /// # Errors
    /// `ErrorKind::Refused` with all problems of the first stage that found any.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        let _ = options;
        Err(Error::new(
            crate::finding::ErrorKind::Internal,
            path.display().to_string(),
            Finding::error("internal", "not written yet"),
        ))
    }

    /// Size of the wheel file in bytes.
    pub fn file_size(&self) -> u64 {
        0
    }

    /// A stream of a member's inflated bytes. CRC and size are checked at its end.
    pub fn reader(&self, member: MemberId) -> Box<dyn std::io::Read + Send + '_> {
        let _ = member;
        Box::new(std::io::empty())
    }

    /// The ELF image of a member: kept bytes where they were kept, else what is read again.
    ///
    /// # Errors
    /// Those of reading the archive.
    pub fn image(&self, member: MemberId) -> std::io::Result<Arc<dyn Image + Send>> {
        let _ = member;
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
