//! An opened wheel.

mod copy;
mod open;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::open::Values;
pub(crate) use self::open::largest_record;
use self::open::{check_unchanged, open, open_unscanned};
use crate::finding::{Finding, Refused};
use crate::member::{DistInfo, Member, MemberId};
use crate::read::bytes::SharedBytes;
use crate::read::examiner::Examiner;
use crate::read::reader::{MemberReader, Scratch};
use crate::read::scan::{member_bytes, read_small};
use crate::read::source::Source;
use crate::tag::WheelName;

/// How a wheel is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Check CRCs and RECORD hashes (every member is then inflated to its end).
    pub verify: bool,
    /// Accept a RECORD whose rows do not fit the members, or cannot be read: findings say which. For
    /// who writes a right one.
    pub fix_record: bool,
    /// How many inflated bytes of examined members may be kept in memory for a later edit.
    pub keep_bytes: u64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            verify: true,
            fix_record: false,
            keep_bytes: 0,
        }
    }
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
    /// Warnings and notes about the archive and its metadata.
    pub findings: Vec<Finding>,
    /// The open file.
    source: Arc<Source>,
    /// Members whose bytes were kept.
    kept: BTreeMap<MemberId, SharedBytes>,
}

impl Wheel {
    /// Opens and checks a wheel. Nothing is unpacked to disk, and the file is opened once.
    ///
    /// # Errors
    /// All that is wrong, as far as the first stage that finds an error: the file and its name, the
    /// framing of the archive, its metadata and contents.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Refused> {
        Self::open_with(path, options, &()).map(|(wheel, _)| wheel)
    }

    /// As [`Wheel::open`], and shows members to `examiner` while they are inflated. The values are
    /// in archive order.
    ///
    /// # Errors
    /// Those of [`Wheel::open`], and what the examiner finds.
    pub fn open_with<E: Examiner>(
        path: &Path,
        options: &OpenOptions,
        examiner: &E,
    ) -> Result<(Self, Values<E>), Refused> {
        open(path, options, examiner).map_err(Refused::from)
    }

    /// Opens a wheel that is to be called `name`, whatever the file is called yet, without a look at
    /// the contents of its members: for one that was just written, after
    /// [`check_written`](crate::check_written).
    ///
    /// # Errors
    /// What is wrong with the framing and the metadata.
    pub fn open_unscanned(path: &Path, name: &WheelName) -> Result<Self, Refused> {
        open_unscanned(path, name).map_err(Refused::from)
    }

    /// Size of the wheel file in bytes.
    pub fn file_size(&self) -> u64 {
        self.source.size()
    }

    /// SHA-256 of the wheel file.
    ///
    /// # Errors
    /// Those of reading it once more.
    pub fn sha256(&self) -> io::Result<[u8; 32]> {
        self.source.sha256()
    }

    /// A stream of a member's inflated bytes. CRC and size are checked at its end; nothing for an
    /// index that is no member's.
    pub fn reader(&self, member: MemberId) -> Box<dyn Read + Send + '_> {
        if let Some(bytes) = self.kept.get(&member).and_then(|bytes| bytes.as_bytes()) {
            return Box::new(bytes);
        }
        match self.members.get(member) {
            Some(member) => {
                let source: &Source = &self.source;
                Box::new(MemberReader::new(source, member, Scratch::default()))
            }
            None => Box::new(io::empty()),
        }
    }

    /// The bytes of a member, at any offset: kept ones where they were kept, else what is read
    /// again. They are in memory as a whole (`as_bytes`) up to 32 MiB.
    ///
    /// # Errors
    /// Those of reading the archive.
    pub fn bytes(&self, member: MemberId) -> io::Result<SharedBytes> {
        if let Some(bytes) = self.kept.get(&member) {
            return Ok(Arc::clone(bytes));
        }
        let member = self.members.get(member).ok_or(io::ErrorKind::NotFound)?;
        member_bytes(&self.source, member)
    }

    /// The bytes of a small member, such as a metadata file.
    ///
    /// # Errors
    /// Those of reading the archive; `FileTooLarge` if it has more than `limit` bytes.
    pub fn read(&self, member: MemberId, limit: u64) -> io::Result<Vec<u8>> {
        let member = self.members.get(member).ok_or(io::ErrorKind::NotFound)?;
        read_small(&self.source, member, limit)
    }

    /// The member at `path`.
    pub fn find(&self, path: &str) -> Option<MemberId> {
        self.members.iter().position(|member| member.path == path)
    }

    /// Whether the file is still as it was when it was opened, by size and time.
    ///
    /// # Errors
    /// A finding that says that it is not, or cannot be asked.
    pub fn check_unchanged(&self) -> Result<(), Finding> {
        check_unchanged(&self.source)
    }

    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The bytes of a member that were kept.
    pub(crate) fn kept(&self, member: MemberId) -> Option<&SharedBytes> {
        self.kept.get(&member)
    }
}

impl fmt::Debug for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("path", &self.path)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}
