//! Inflates every member once, on all cores, and takes from it what is asked later: that
//! its data is what the headers say, its hashes, and the facts of ELF files.

use std::io;
use std::sync::{Arc, LazyLock};

use super::Member;
use super::budget::{Budget, Share};
use super::buffer::Held;
use super::digest::{Algorithm, Digester, Digests};
use super::fact_limit::FactLimit;
use super::member_image::MemberImage;
use super::parallel::largest_first;
use super::progress;
use super::reader::{Fault, MemberReader, Scratch, fill};
use super::source::Source;
use super::stored::StoredImage;
use super::whole::Whole;
use crate::elf::Header;
use crate::elf::{ElfError, Facts, Image, code_of, facts};
use crate::finding::Finding;

/// An image that threads may share.
pub(crate) type SharedImage = Arc<dyn Image + Send>;

/// Members up to this size are held.
pub(crate) const WHOLE: u64 = 32 << 20;
/// Members up to this size are inflated in one piece while they are scanned, if there is room for it.
const WHOLE_IN_SCAN: u64 = 96 << 20;
/// Bytes that all scans together hold of members in work.
static IN_WORK: LazyLock<Arc<Budget>> = LazyLock::new(|| Budget::new(160 << 20));
/// ELF files up to this size are, too, where little of them is asked for.
const WHOLE_AT_A_GLANCE: u64 = 8 << 20;
/// Room that a thread keeps, however small the members.
const LEAST_ROOM: u64 = 1 << 20;
/// Bytes kept of an ELF member that is too large to hold.
const KEPT_OF_LARGE: u64 = 24 << 20;
/// Pieces of the streams that are not held.
const PIECE: usize = 128 << 10;

const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// What is asked of a scan.
pub(crate) struct ScanRequest<'a> {
    /// Read every member to its end and check it.
    pub(crate) verify: bool,
    /// Hash what is verified.
    pub(crate) hash: bool,
    /// How many bytes of ELF members to keep.
    pub(crate) keep: u64,
    /// The hash beside SHA-256 that RECORD uses for a member.
    pub(crate) other_hash: &'a (dyn Fn(&str) -> Option<Algorithm> + Sync),
}

/// What was learnt of one member.
#[derive(Default)]
pub(crate) struct Scanned {
    /// Its hashes, if it was verified.
    pub(crate) digests: Option<Digests>,
    /// What was read of it, if it is an ELF file that can be read.
    pub(crate) facts: Option<Arc<Facts>>,
    /// The header of an ELF file that cannot be read further.
    pub(crate) malformed: Option<Header>,
    /// Its bytes, if they were kept.
    pub(crate) image: Option<SharedImage>,
    /// What is wrong with it.
    pub(crate) finding: Option<Finding>,
}

struct Scan<'a> {
    source: &'a Arc<Source>,
    request: &'a ScanRequest<'a>,
    keep: Arc<Budget>,
    facts: FactLimit,
}

/// What one thread uses again for every member.
struct Worker {
    whole: Whole,
    /// What its buffers may take.
    room: Option<Share>,
    scratch: Option<Scratch>,
    piece: Vec<u8>,
}

impl Worker {
    /// Whether its buffers may hold `member`. They are used again while members are about as large, and
    /// make room for other threads when they are not.
    fn has_room(&mut self, member: &Member) -> bool {
        if member.size > WHOLE_IN_SCAN {
            return false;
        }
        let cost = Whole::cost(member).max(LEAST_ROOM);
        let fits = |room: &Share| cost <= room.bytes() && room.bytes() / 4 <= cost;
        if !self.room.as_ref().is_some_and(fits) {
            self.whole.clear();
            self.room = None;
            self.room = IN_WORK.take(cost);
        }
        self.room.is_some()
    }
}

/// Scans `members`; the results are in their order.
pub(crate) fn scan(
    source: &Arc<Source>,
    members: &[Member],
    request: &ScanRequest<'_>,
) -> Vec<Scanned> {
    let scan = Scan {
        source,
        request,
        keep: Budget::new(request.keep),
        facts: FactLimit::default(),
    };
    let worker = || Worker {
        whole: Whole::default(),
        room: None,
        scratch: None,
        piece: vec![0; PIECE],
    };
    let mut scanned = largest_first(
        members,
        |member| member.size,
        worker,
        |worker, member| {
            let result = if request.verify {
                scan.verify(worker, member)
            } else {
                scan.glance(worker, member)
            };
            let failed = |error| Scanned {
                finding: Some(io_finding(&error).at(&member.path)),
                ..Scanned::default()
            };
            progress::member_read(member.size);
            scan.facts.bounded(result.unwrap_or_else(failed))
        },
    );
    scan.facts.refuse(&mut scanned);
    scanned
}

/// A fault of the member, or of the storage.
pub(crate) fn io_finding(error: &io::Error) -> Finding {
    match Fault::of(error) {
        Some(fault) => Finding::error(fault.code(), fault.to_string()),
        None if error.kind() == io::ErrorKind::FileTooLarge => {
            Finding::error("too-large", format!("too large to be read: {error}"))
        }
        None => Finding::error("read-failed", format!("cannot be read: {error}")),
    }
}

impl Scan<'_> {
    /// Reads the member to its end, in one piece if there is room for it.
    fn verify(&self, worker: &mut Worker, member: &Member) -> io::Result<Scanned> {
        let digester = self.digester(member);
        if worker.has_room(member)
            && let Some(bytes) = worker.whole.read(self.source, member)?
        {
            return Ok(self.take_bytes(member, digester, bytes));
        }
        self.stream(worker, member, digester)
    }

    fn digester(&self, member: &Member) -> Option<Digester> {
        let other = || (self.request.other_hash)(&member.path);
        self.request.hash.then(|| Digester::new(other()))
    }

    fn take_bytes(&self, member: &Member, digester: Option<Digester>, bytes: &[u8]) -> Scanned {
        let mut scanned = Scanned {
            digests: digester.map(|mut digester| {
                digester.update(bytes);
                digester.finish()
            }),
            ..Scanned::default()
        };
        if bytes.starts_with(&ELF_MAGIC) && judge_elf(member, &bytes, &mut scanned) {
            let share = self.keep.take(member.size);
            scanned.image = share.map(|share| kept(Arc::new(Held::copy_of(bytes)), share));
        }
        scanned
    }

    fn stream(
        &self,
        worker: &mut Worker,
        member: &Member,
        mut digester: Option<Digester>,
    ) -> io::Result<Scanned> {
        let mut reader = MemberReader::new(
            self.source.as_ref(),
            member,
            worker.scratch.take().unwrap_or_default(),
        );
        let first = fill(&mut reader, &mut worker.piece)?;
        let piece = worker.piece.get(..first).unwrap_or_default();
        if piece.starts_with(&ELF_MAGIC) {
            worker.scratch = Some(reader.into_scratch());
            return self.stream_elf(worker, member, digester);
        }
        let mut count = first;
        while count > 0 {
            let bytes = worker.piece.get(..count).unwrap_or_default();
            update(&mut digester, bytes);
            count = fill(&mut reader, &mut worker.piece)?;
        }
        worker.scratch = Some(reader.into_scratch());
        Ok(Scanned {
            digests: digester.map(Digester::finish),
            ..Scanned::default()
        })
    }

    /// An ELF member too large to hold. Stored ones can be read where they are.
    fn stream_elf(
        &self,
        worker: &mut Worker,
        member: &Member,
        mut digester: Option<Digester>,
    ) -> io::Result<Scanned> {
        let image = large_image(self.source, member);
        match &image {
            LargeImage::Stored(_) => {
                let scratch = worker.scratch.take().unwrap_or_default();
                let mut reader = MemberReader::new(self.source.as_ref(), member, scratch);
                loop {
                    let count = fill(&mut reader, &mut worker.piece)?;
                    if count == 0 {
                        break;
                    }
                    let bytes = worker.piece.get(..count).unwrap_or_default();
                    update(&mut digester, bytes);
                }
            }
            LargeImage::Deflated(image) => {
                image.drain(&mut |piece| update(&mut digester, piece))?;
            }
        }
        let mut scanned = Scanned {
            digests: digester.map(Digester::finish),
            ..Scanned::default()
        };
        let image = image.shared();
        if judge_elf(member, image.as_ref(), &mut scanned) {
            let share = self.keep.take(KEPT_OF_LARGE);
            scanned.image = share.map(|share| kept(image, share));
        }
        Ok(scanned)
    }

    /// Reads the first bytes, and of an ELF file what its facts need.
    fn glance(&self, worker: &mut Worker, member: &Member) -> io::Result<Scanned> {
        const FEW: usize = 512;
        let mut scanned = Scanned::default();
        let scratch = worker.scratch.take();
        let scratch = scratch.unwrap_or_else(|| Scratch::with_input(FEW));
        let mut reader = MemberReader::new(self.source.as_ref(), member, scratch);
        let mut magic = [0; 4];
        let count = fill(&mut reader, &mut magic)?;
        worker.scratch = Some(reader.into_scratch());
        if count < magic.len() || magic != ELF_MAGIC {
            return Ok(scanned);
        }
        // The loader's tables are near the end of most files.
        if member.size <= WHOLE_AT_A_GLANCE
            && worker.has_room(member)
            && let Some(bytes) = worker.whole.read(self.source, member)?
        {
            return Ok(self.take_bytes(member, None, bytes));
        }
        let image = large_image(self.source, member).shared();
        if judge_elf(member, image.as_ref(), &mut scanned) {
            let share = self.keep.take(KEPT_OF_LARGE);
            scanned.image = share.map(|share| kept(image, share));
        }
        Ok(scanned)
    }
}

fn update(digester: &mut Option<Digester>, bytes: &[u8]) {
    if let Some(digester) = digester {
        digester.update(bytes);
    }
}

/// The bytes of a member: in memory up to [`WHOLE`], else read again where they are
/// asked for.
pub(crate) fn member_image(source: &Arc<Source>, member: &Member) -> io::Result<SharedImage> {
    if member.size > WHOLE {
        return Ok(large_image(source, member).shared());
    }
    match Whole::default().into_bytes(source, member)? {
        Some(bytes) => Ok(Arc::new(bytes)),
        None => Ok(Arc::new(read_small(source, member, WHOLE)?)),
    }
}

/// How a member is read that is not held.
pub(crate) enum LargeImage {
    Stored(StoredImage),
    Deflated(Box<MemberImage>),
}

impl LargeImage {
    pub(crate) fn shared(self) -> SharedImage {
        match self {
            Self::Stored(image) => Arc::new(image),
            Self::Deflated(image) => Arc::new(*image),
        }
    }
}

pub(crate) fn large_image(source: &Arc<Source>, member: &Member) -> LargeImage {
    if member.method == 0 {
        LargeImage::Stored(StoredImage::new(source, member))
    } else {
        let image = MemberImage::new(source, member, KEPT_OF_LARGE);
        LargeImage::Deflated(Box::new(image))
    }
}

/// Reads the facts; `true` if they could be read.
fn judge_elf(member: &Member, image: &dyn Image, scanned: &mut Scanned) -> bool {
    match facts(image) {
        Ok(facts) => {
            scanned.facts = Some(Arc::new(facts));
            return true;
        }
        Err(ElfError::Io(error)) => scanned.finding = Some(io_finding(&error).at(&member.path)),
        // What is two files for two loaders is so under any name.
        Err(error) if is_meant_to_load(member) || matches!(error, ElfError::Ambiguous(_)) => {
            let finding = Finding::error(code_of(&error), error.to_string());
            scanned.finding = Some(finding.at(&member.path));
            scanned.malformed = Header::glance(image);
        }
        Err(error) => {
            let message = format!("ignored, because nothing loads it by its name: {error}");
            let finding = Finding::warning("elf-malformed", message);
            scanned.finding = Some(finding.at(&member.path));
        }
    }
    false
}

/// Whether a loader is likely to meet the file: a library or a program by its name or mode.
fn is_meant_to_load(member: &Member) -> bool {
    let mut folders = member.path.rsplit('/');
    let name = folders.next().unwrap_or_default();
    member.executable
        || name.split('.').skip(1).any(|part| part == "so")
        || folders.any(|folder| matches!(folder, "bin" | "scripts"))
}

fn kept(image: SharedImage, share: Share) -> SharedImage {
    Arc::new(Kept {
        image,
        _share: share,
    })
}

/// An image, and the share of memory it takes for as long as it is there.
struct Kept {
    image: SharedImage,
    _share: Share,
}

impl Image for Kept {
    fn size(&self) -> u64 {
        self.image.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.image.read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.image.as_bytes()
    }
}

/// The members that hold `.dist-info` files are small; this reads one whole.
pub(crate) fn read_small(source: &Source, member: &Member, limit: u64) -> io::Result<Vec<u8>> {
    if member.size > limit {
        let message = format!(
            "{} bytes, and {limit} are the most it can need",
            member.size
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    let mut reader = MemberReader::new(source, member, Scratch::default());
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut reader, &mut bytes)?;
    Ok(bytes)
}
