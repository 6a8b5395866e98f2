//! Opens a wheel: framing, then contents, then what the metadata says of both.
//!
//! Each stage reports everything that is wrong and then stops: what comes later would be
//! read from an archive that is not what it seems.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::problems::Problems;
use super::reader::{MemberReader, Scratch};
use super::record::{Record, Seen};
use super::scan::{ScanRequest, Scanned, SharedImage, io_finding, member_image, read_small, scan};
use super::source::Source;
use super::{
    DistInfo, ElfMember, Member, MemberId, OpenOptions, Wheel, checks, dist_info, framing, layout,
    pypi, variant,
};
use crate::arch::Arch;
use crate::elf::Header;
use crate::finding::{Error, ErrorKind, Finding};
use crate::shell::shell_word;
use crate::tag::{PlatformTag, WheelName};

/// Far more than any `WHEEL`, `METADATA`, `entry_points.txt` or `variant.json` has; they are held in memory.
const LARGEST_HEADERS: u64 = 4 << 20;

/// What is said by the metadata files, as far as they can be read.
pub(super) struct Metadata {
    pub(super) dist_info: DistInfo,
    pub(super) entry_points: Option<Vec<u8>>,
    pub(super) record: Option<Record>,
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
        open(path, options).map_err(|findings| {
            Error::many(ErrorKind::Refused, path.display().to_string(), findings)
        })
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

    /// A stream of a member's inflated bytes. CRC and size are checked at its end.
    pub fn reader(&self, member: MemberId) -> Box<dyn Read + Send + '_> {
        if let Some(bytes) = self.images.get(&member).and_then(|image| image.as_bytes()) {
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

    /// The ELF image of a member: kept bytes where they were kept, else what is read
    /// again. It is in memory as a whole (`as_bytes`) up to 32 MiB.
    ///
    /// # Errors
    /// Those of reading the archive.
    pub fn image(&self, member: MemberId) -> io::Result<SharedImage> {
        if let Some(image) = self.images.get(&member) {
            return Ok(Arc::clone(image));
        }
        let member = self.members.get(member).ok_or(io::ErrorKind::NotFound)?;
        member_image(&self.source, member)
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

    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
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

/// What is wrong inside a file of an architecture that is not judged is nobody's concern: no
/// process that loads the wheel loads it.
fn spare_foreign(name: &WheelName, scanned: &Scanned, finding: Finding) -> Finding {
    let Some(header) = &scanned.malformed else {
        return finding;
    };
    let is_arm = |header: &Header| header.platform().is_arm_eabi();
    let claimed: Vec<Arch> = name.platform.iter().filter_map(PlatformTag::arch).collect();
    let who = match Arch::from_elf(&header.platform()) {
        Ok(arch) if claimed.is_empty() || claimed.contains(&arch) => return finding,
        // The flags leave open for which of Arm's ABIs it is, or it is Android's.
        Err(_) if claimed.contains(&Arch::Armv7l) && is_arm(header) => return finding,
        Ok(arch) => format!("for architecture {arch}"),
        Err(reason) => format!("of an unknown architecture ({reason})"),
    };
    let message = format!(
        "is an ELF file {who}; it is not judged, and could not be read: {}",
        finding.message
    );
    Finding {
        file: finding.file,
        ..Finding::warning("foreign-arch", message)
    }
}

fn open(path: &Path, options: &OpenOptions) -> Result<Wheel, Vec<Finding>> {
    let name = wheel_name(path)?;
    let source = Arc::new(Source::open(path).map_err(|error| vec![io_finding(&error)])?);
    let listing = framing::read(&source).map_err(|error| vec![io_finding(&error)])??;
    let mut members = listing.members;
    let mut problems = Problems::default();
    problems.extend(listing.findings);

    let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
    let folder = dist_info::find(paths.iter().copied(), &name)?.to_owned();
    let fix = options.fix_record;
    let metadata = read_metadata(&source, &members, folder, fix, &mut problems);
    let entry_points = metadata.entry_points.as_deref();
    problems.extend(checks::check_metadata(
        &name,
        &paths,
        &metadata.dist_info,
        entry_points,
    ));
    let start = source.size().min(pypi::START as u64);
    let start = source
        .bytes_at(0, start)
        .map_err(|error| vec![io_finding(&error)])?;
    problems.extend(pypi::lint(&name, &members, source.size(), &start));

    let record = metadata.record.as_ref();
    let request = ScanRequest {
        verify: options.verify,
        hash: true,
        keep: options.keep_elf_bytes,
        other_hash: &|path| record.and_then(|record| record.algorithm(path)),
    };
    let mut scanned = scan(&source, &members, &request);
    for member in &mut scanned {
        let finding = member.finding.take();
        problems.extend(finding.map(|finding| spare_foreign(&name, member, finding)));
    }
    if let Some(record) = record {
        problems.extend(compare(record, &members, &scanned));
    }
    let (elves, images) = elf_members(&name, &mut members, scanned);
    let elf_paths: Vec<&str> = elves.iter().map(|elf| elf.path.as_str()).collect();
    problems.extend(checks::check_elves(&name, &metadata.dist_info, &elf_paths));
    problems.extend(check_unchanged(&source).err());
    Ok(Wheel {
        path: path.to_owned(),
        name,
        members,
        dist_info: metadata.dist_info,
        elves,
        findings: problems.finish()?,
        source,
        images,
    })
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

fn wheel_name(path: &Path) -> Result<WheelName, Vec<Finding>> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.unwrap_or_default().parse().map_err(|error| {
        let message = format!("not the name of a wheel: {error}");
        vec![Finding::error("wheel-name", message)]
    })
}

pub(super) fn check_unchanged(source: &Source) -> Result<(), Finding> {
    match source.is_unchanged() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "the file changed while it was read";
            Err(Finding::error("input-changed", message))
        }
        Err(error) => Err(io_finding(&error)),
    }
}

/// How long a RECORD of these members can be, with room for some rows too many. What it says is held
/// in memory, so that its size is no word to take from a header.
pub(super) fn largest_record(members: &[Member]) -> u64 {
    // The longest hash in use, a size, and quotes.
    const REST_OF_ROW: u64 = 256;
    const SPARE: u64 = 1 << 20;
    members.iter().fold(SPARE, |sum, member| {
        let path = (member.path.len() as u64).saturating_mul(2);
        sum.saturating_add(path).saturating_add(REST_OF_ROW)
    })
}

/// Reads the `.dist-info` files. One that cannot be read is a problem and taken as empty.
pub(super) fn read_metadata(
    source: &Source,
    members: &[Member],
    folder: String,
    fix_record: bool,
    problems: &mut Problems,
) -> Metadata {
    let mut read = |file: &str, limit: u64| -> Option<Vec<u8>> {
        let path = format!("{folder}/{file}");
        let member = members.iter().find(|member| member.path == path)?;
        match read_small(source, member, limit) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                problems.add(io_finding(&error).at(&path));
                None
            }
        }
    };
    let wheel = read("WHEEL", LARGEST_HEADERS).unwrap_or_default();
    let metadata = read("METADATA", LARGEST_HEADERS).unwrap_or_default();
    let entry_points = read("entry_points.txt", LARGEST_HEADERS);
    let variant = read(variant::FILE, LARGEST_HEADERS);
    let record = read("RECORD", largest_record(members));
    let record = record.and_then(|bytes| {
        let parsed = Record::parse(&bytes, &format!("{folder}/RECORD"), fix_record);
        let (record, findings) = match parsed {
            Ok((record, findings)) => (Some(record), findings),
            Err(findings) => (None, findings),
        };
        problems.extend(findings);
        record
    });
    Metadata {
        dist_info: DistInfo {
            dir: folder,
            wheel,
            metadata,
            variant,
        },
        entry_points,
        record,
    }
}

fn compare(record: &Record, members: &[Member], scanned: &[Scanned]) -> Vec<Finding> {
    let seen: Vec<Seen<'_>> = members
        .iter()
        .zip(scanned)
        .map(|(member, scanned)| {
            let digests = scanned.digests.as_ref();
            Seen {
                path: &member.path,
                size: member.size,
                sha256: digests.map(|digests| &digests.sha256),
                other: digests.and_then(|digests| digests.other.as_deref()),
            }
        })
        .collect();
    record.compare(&seen)
}

/// Hands each member its hash, and lists those that are ELF files.
fn elf_members(
    name: &WheelName,
    members: &mut [Member],
    scanned: Vec<Scanned>,
) -> (Vec<ElfMember>, BTreeMap<MemberId, SharedImage>) {
    let mut elves = Vec::new();
    let mut images = BTreeMap::new();
    for (id, (member, scanned)) in members.iter_mut().zip(scanned).enumerate() {
        member.sha256 = scanned.digests.map(|digests| digests.sha256);
        if let Some(facts) = scanned.facts {
            elves.push(ElfMember {
                member: id,
                path: member.path.clone(),
                installed: layout::installed(&member.path, name),
                facts,
            });
        }
        if let Some(image) = scanned.image {
            images.insert(id, image);
        }
    }
    (elves, images)
}
