//! Opens a wheel, and reads the facts of its ELF files on the way.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use wheel_archive::{MemberId, SharedBytes, WheelName, installed};

use super::examine::ElfExaminer;
use super::{AsImage, ElfMember};
use crate::elf::Facts;
use crate::finding::{Error, ErrorKind, Finding};
use crate::shell::shell_word;

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

/// A wheel that was opened and found sound: its archive, and what its ELF files say.
pub struct Wheel {
    /// Members, metadata and the open file; its findings are in [`Wheel::findings`].
    archive: wheel_archive::Wheel,
    /// ELF members, in archive order.
    pub elves: Vec<ElfMember>,
    /// Warnings and notes about the archive and its metadata.
    pub findings: Vec<Finding>,
}

impl Wheel {
    /// Opens and checks a wheel. Nothing is unpacked to disk, and the file is opened once.
    ///
    /// # Errors
    /// `ErrorKind::Usage` where there is no file, else `ErrorKind::Refused` with all problems of
    /// the first stage that found any.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        if let Some(finding) = no_file(path) {
            let path = path.display().to_string();
            return Err(Error::many(ErrorKind::Usage, path, vec![finding]));
        }
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name: Option<WheelName> = name.and_then(|name| name.parse().ok());
        let examiner = ElfExaminer::new(name.as_ref());
        let options = wheel_archive::OpenOptions {
            verify: options.verify,
            fix_record: options.fix_record,
            keep_bytes: options.keep_elf_bytes,
        };
        let opened = wheel_archive::Wheel::open_with(path, &options, &examiner);
        let (archive, facts) = opened.map_err(|refused| {
            let findings = refused.findings.into_iter().map(Finding::from).collect();
            Error::many(ErrorKind::Refused, path.display().to_string(), findings)
        })?;
        Ok(Self::new(archive, facts))
    }

    pub(super) fn new(
        mut archive: wheel_archive::Wheel,
        facts: impl IntoIterator<Item = (MemberId, Arc<Facts>)>,
    ) -> Self {
        let findings = std::mem::take(&mut archive.findings);
        let elves = facts.into_iter().filter_map(|(id, facts)| {
            let path = archive.members.get(id)?.path.clone();
            Some(ElfMember {
                member: id,
                installed: installed(&path, &archive.name),
                path,
                facts,
            })
        });
        Self {
            elves: elves.collect(),
            findings: findings.into_iter().map(Finding::from).collect(),
            archive,
        }
    }

    /// The ELF image of a member: kept bytes where they were kept, else what is read
    /// again. It is in memory as a whole (`as_bytes`) up to 32 MiB.
    ///
    /// # Errors
    /// Those of reading the archive.
    pub fn image(&self, member: MemberId) -> io::Result<AsImage<SharedBytes>> {
        self.archive.bytes(member).map(AsImage)
    }

    /// The archive alone, for who writes another one from it.
    pub fn archive(&self) -> &wheel_archive::Wheel {
        &self.archive
    }
}

/// Name, members, metadata and bytes are the archive's.
impl Deref for Wheel {
    type Target = wheel_archive::Wheel;

    fn deref(&self) -> &Self::Target {
        &self.archive
    }
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("archive", &self.archive)
            .field("elves", &self.elves.len())
            .finish_non_exhaustive()
    }
}

/// What is wrong with a path that leads to no file at all: a slip of the caller, not a bad wheel.
fn no_file(path: &Path) -> Option<Finding> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let folder = path.to_string_lossy();
            let folder = shell_word(folder.trim_end_matches('/'));
            // Of `/` nothing is left, and nothing needs quotes.
            let folder = if folder == "''" { "" } else { &*folder };
            let help = format!("name the wheels in it: {folder}/*.whl");
            Some(Finding::error("no-such-file", "is a folder, not a wheel").help(help))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Some(Finding::error("no-such-file", "no such file"))
        }
        _ => None,
    }
}
