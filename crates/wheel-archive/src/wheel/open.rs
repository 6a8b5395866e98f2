//! Opens a wheel: framing, then contents, then what the metadata says of both.
//!
//! Each stage reports everything that is wrong and then stops: what comes later would be
//! read from an archive that is not what it seems.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{OpenOptions, Wheel};
use crate::finding::Finding;
use crate::finding::problems::Problems;
use crate::framing;
use crate::member::{DistInfo, Member, MemberId};
use crate::metadata::record::{Record, Seen};
use crate::metadata::{self, dist_info, pypi, variant};
use crate::read::bytes::SharedBytes;
use crate::read::examiner::{Examiner, Opening};
use crate::read::scan::{ScanRequest, Scanned, read_small, scan};
use crate::read::source::Source;
use crate::tag::WheelName;

/// Far more than any `WHEEL`, `METADATA`, `entry_points.txt` or `variant.json` has; they are held in memory.
const LARGEST_HEADERS: u64 = 4 << 20;

/// What is said by the metadata files, as far as they can be read.
struct Metadata {
    dist_info: DistInfo,
    entry_points: Option<Vec<u8>>,
    record: Option<Record>,
}

/// A file whose framing and metadata were read.
struct Framed {
    source: Arc<Source>,
    members: Vec<Member>,
    metadata: Metadata,
    problems: Problems,
}

impl Framed {
    fn read(path: &Path, name: &WheelName, fix_record: bool) -> Result<Self, Vec<Finding>> {
        let unreadable = |error| vec![Finding::unreadable(&error)];
        let source = Arc::new(Source::open(path).map_err(unreadable)?);
        let listing = framing::read(&source).map_err(unreadable)??;
        let members = listing.members;
        let mut problems = Problems::default();
        problems.extend(listing.findings);
        let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
        let folder = dist_info::find(paths.iter().copied(), name)?.to_owned();
        let metadata = read_metadata(&source, &members, folder, fix_record, &mut problems);
        problems.extend(metadata::check(
            name,
            &paths,
            &metadata.dist_info,
            metadata.entry_points.as_deref(),
        ));
        Ok(Self {
            source,
            members,
            metadata,
            problems,
        })
    }
}

/// What an [`Examiner`] made of members, in archive order.
pub type Values<E> = Vec<(MemberId, <E as Examiner>::Value)>;

pub(super) fn open<E: Examiner>(
    path: &Path,
    options: &OpenOptions,
    examiner: &E,
) -> Result<(Wheel, Values<E>), Vec<Finding>> {
    let name = wheel_name(path)?;
    let Framed {
        source,
        mut members,
        metadata,
        mut problems,
    } = Framed::read(path, &name, options.fix_record)?;
    let start = source.size().min(pypi::START as u64);
    let start = source.bytes_at(0, start);
    let start = start.map_err(|error| vec![Finding::unreadable(&error)])?;
    problems.extend(pypi::lint(&name, &members, source.size(), &start));

    let record = metadata.record.as_ref();
    let request = ScanRequest {
        verify: options.verify,
        hash: true,
        keep: options.keep_bytes,
        examiner,
        other_hash: &|path| record.and_then(|record| record.algorithm(path)),
    };
    let mut scanned = scan(&source, &members, &request);
    problems.extend(scanned.iter_mut().filter_map(|one| one.finding.take()));
    if let Some(record) = record {
        problems.extend(compare(record, &members, &scanned));
    }
    let (values, kept) = sorted(&mut members, scanned);
    let opening = Opening {
        name: &name,
        members: &members,
        dist_info: &metadata.dist_info,
    };
    problems.extend(examiner.conclude(&opening, &values));
    problems.extend(check_unchanged(&source).err());
    let wheel = Wheel {
        path: path.to_owned(),
        name,
        members,
        dist_info: metadata.dist_info,
        findings: problems.finish()?,
        source,
        kept,
    };
    Ok((wheel, values))
}

pub(super) fn open_unscanned(path: &Path, name: &WheelName) -> Result<Wheel, Vec<Finding>> {
    let framed = Framed::read(path, name, false)?;
    Ok(Wheel {
        path: path.to_owned(),
        name: name.clone(),
        members: framed.members,
        dist_info: framed.metadata.dist_info,
        findings: framed.problems.finish()?,
        source: framed.source,
        kept: BTreeMap::new(),
    })
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
        Err(error) => Err(Finding::unreadable(&error)),
    }
}

/// How long a RECORD of these members can be, with room for some rows too many. What it says is held
/// in memory, so that its size is no word to take from a header.
pub(crate) fn largest_record(members: &[Member]) -> u64 {
    // The longest hash in use, a size, and quotes.
    const REST_OF_ROW: u64 = 256;
    const SPARE: u64 = 1 << 20;
    members.iter().fold(SPARE, |sum, member| {
        let path = (member.path.len() as u64).saturating_mul(2);
        sum.saturating_add(path).saturating_add(REST_OF_ROW)
    })
}

/// Reads the `.dist-info` files. One that cannot be read is a problem and taken as empty.
fn read_metadata(
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
                problems.add(Finding::unreadable(&error).at(&path));
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

fn compare<T>(record: &Record, members: &[Member], scanned: &[Scanned<T>]) -> Vec<Finding> {
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

/// Hands each member its hash; the values, and the bytes that were kept.
fn sorted<T>(
    members: &mut [Member],
    scanned: Vec<Scanned<T>>,
) -> (Vec<(MemberId, T)>, BTreeMap<MemberId, SharedBytes>) {
    let mut values = Vec::new();
    let mut kept = BTreeMap::new();
    for (id, (member, scanned)) in members.iter_mut().zip(scanned).enumerate() {
        member.sha256 = scanned.digests.map(|digests| digests.sha256);
        values.extend(scanned.value.map(|value| (id, value)));
        kept.extend(scanned.bytes.map(|bytes| (id, bytes)));
    }
    (values, kept)
}
