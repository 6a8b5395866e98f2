//! Inflates every member once, on all cores, and takes from it what is asked later: that
//! its data is what the headers say, its hashes, and what an [`Examiner`] makes of it.

use std::io;
use std::sync::{Arc, LazyLock};

use super::bytes::{RandomAccess, SharedBytes};
use super::digest::{Algorithm, Digester, Digests};
use super::examiner::{Examined, Examiner};
use super::large_member::LargeMember;
use super::reader::{MemberReader, Scratch, fill};
use super::source::Source;
use super::stored::StoredMember;
use super::whole::Whole;
use crate::finding::Finding;
use crate::member::Member;
use crate::work::budget::{Budget, Share};
use crate::work::buffer::Held;
use crate::work::parallel::largest_first;
use crate::work::progress;

/// Members up to this size are held.
pub(crate) const WHOLE: u64 = 32 << 20;
/// Members up to this size are inflated in one piece while they are scanned, if there is room for it.
const WHOLE_IN_SCAN: u64 = 96 << 20;
/// Bytes that all scans together hold of members in work.
static IN_WORK: LazyLock<Arc<Budget>> = LazyLock::new(|| Budget::new(160 << 20));
/// Examined members up to this size are, too, where little of them is asked for.
const WHOLE_AT_A_GLANCE: u64 = 8 << 20;
/// Room that a thread keeps, however small the members.
const LEAST_ROOM: u64 = 1 << 20;
/// Bytes kept of an examined member that is too large to hold.
const KEPT_OF_LARGE: u64 = 24 << 20;
/// Pieces of the streams that are not held.
const PIECE: usize = 128 << 10;

/// How many of a member's first bytes an examiner sees when it is asked whether it wants it.
const START: usize = 4;

/// What is asked of a scan.
pub(crate) struct ScanRequest<'a, E> {
    /// Read every member to its end and check it.
    pub(crate) verify: bool,
    /// Hash what is verified.
    pub(crate) hash: bool,
    /// How many bytes of examined members to keep.
    pub(crate) keep: u64,
    /// Who looks at members.
    pub(crate) examiner: &'a E,
    /// The hash beside SHA-256 that RECORD uses for a member.
    pub(crate) other_hash: &'a (dyn Fn(&str) -> Option<Algorithm> + Sync),
}

/// What was learnt of one member.
pub(crate) struct Scanned<T> {
    /// Its hashes, if it was verified.
    pub(crate) digests: Option<Digests>,
    /// What the examiner made of it.
    pub(crate) value: Option<T>,
    /// Its bytes, if they were kept.
    pub(crate) bytes: Option<SharedBytes>,
    /// What is wrong with it.
    pub(crate) finding: Option<Finding>,
}

impl<T> Default for Scanned<T> {
    fn default() -> Self {
        Self {
            digests: None,
            value: None,
            bytes: None,
            finding: None,
        }
    }
}

struct Scan<'a, E> {
    source: &'a Arc<Source>,
    request: &'a ScanRequest<'a, E>,
    keep: Arc<Budget>,
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
pub(crate) fn scan<E: Examiner>(
    source: &Arc<Source>,
    members: &[Member],
    request: &ScanRequest<'_, E>,
) -> Vec<Scanned<E::Value>> {
    let scan = Scan {
        source,
        request,
        keep: Budget::new(request.keep),
    };
    let worker = || Worker {
        whole: Whole::default(),
        room: None,
        scratch: None,
        piece: vec![0; PIECE],
    };
    largest_first(
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
                finding: Some(Finding::unreadable(&error).at(&member.path)),
                ..Scanned::default()
            };
            progress::member_read(member.size);
            result.unwrap_or_else(failed)
        },
    )
}

impl<E: Examiner> Scan<'_, E> {
    /// Reads the member to its end, in one piece if there is room for it.
    fn verify(&self, worker: &mut Worker, member: &Member) -> io::Result<Scanned<E::Value>> {
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

    fn take_bytes(
        &self,
        member: &Member,
        digester: Option<Digester>,
        bytes: &[u8],
    ) -> Scanned<E::Value> {
        let mut scanned = Scanned {
            digests: digester.map(|mut digester| {
                digester.update(bytes);
                digester.finish()
            }),
            ..Scanned::default()
        };
        if self.wants(member, bytes) && self.examine(member, &bytes, &mut scanned) {
            let share = self.keep.take(member.size);
            scanned.bytes = share.map(|share| kept(Arc::new(Held::copy_of(bytes)), share));
        }
        scanned
    }

    fn stream(
        &self,
        worker: &mut Worker,
        member: &Member,
        mut digester: Option<Digester>,
    ) -> io::Result<Scanned<E::Value>> {
        let mut reader = MemberReader::new(
            self.source.as_ref(),
            member,
            worker.scratch.take().unwrap_or_default(),
        );
        let first = fill(&mut reader, &mut worker.piece)?;
        let piece = worker.piece.get(..first).unwrap_or_default();
        if self.wants(member, piece) {
            worker.scratch = Some(reader.into_scratch());
            return self.stream_examined(worker, member, digester);
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

    /// A member to examine that is too large to hold. Stored ones can be read where they are.
    fn stream_examined(
        &self,
        worker: &mut Worker,
        member: &Member,
        mut digester: Option<Digester>,
    ) -> io::Result<Scanned<E::Value>> {
        let large = large_member(self.source, member);
        match &large {
            Large::Stored(_) => {
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
            Large::Deflated(large) => {
                let ranges = |start: &[u8]| self.request.examiner.ranges(start);
                large.drain(ranges, &mut |piece| update(&mut digester, piece))?;
            }
        }
        let mut scanned = Scanned {
            digests: digester.map(Digester::finish),
            ..Scanned::default()
        };
        self.examine_large(member, large.shared(), &mut scanned);
        Ok(scanned)
    }

    /// Reads the first bytes, and what the examiner needs.
    fn glance(&self, worker: &mut Worker, member: &Member) -> io::Result<Scanned<E::Value>> {
        const FEW: usize = 512;
        let mut scanned = Scanned::default();
        let scratch = worker.scratch.take();
        let scratch = scratch.unwrap_or_else(|| Scratch::with_input(FEW));
        let mut reader = MemberReader::new(self.source.as_ref(), member, scratch);
        let mut start = [0; START];
        let count = fill(&mut reader, &mut start)?;
        worker.scratch = Some(reader.into_scratch());
        if !self.wants(member, start.get(..count).unwrap_or_default()) {
            return Ok(scanned);
        }
        // The loader's tables are near the end of most files.
        if member.size <= WHOLE_AT_A_GLANCE
            && worker.has_room(member)
            && let Some(bytes) = worker.whole.read(self.source, member)?
        {
            return Ok(self.take_bytes(member, None, bytes));
        }
        let large = large_member(self.source, member);
        self.examine_large(member, large.shared(), &mut scanned);
        Ok(scanned)
    }

    fn wants(&self, member: &Member, bytes: &[u8]) -> bool {
        let start = bytes.get(..START).unwrap_or(bytes);
        self.request.examiner.wants(member, start)
    }

    fn examine_large(&self, member: &Member, bytes: SharedBytes, scanned: &mut Scanned<E::Value>) {
        if self.examine(member, bytes.as_ref(), scanned) {
            let share = self.keep.take(KEPT_OF_LARGE);
            scanned.bytes = share.map(|share| kept(bytes, share));
        }
    }

    /// Says whether the bytes are to be kept.
    fn examine(
        &self,
        member: &Member,
        bytes: &dyn RandomAccess,
        scanned: &mut Scanned<E::Value>,
    ) -> bool {
        let Examined {
            value,
            keep_bytes,
            finding,
        } = self.request.examiner.examine(member, bytes);
        scanned.value = value;
        scanned.finding = finding.map(|finding| finding.at(&member.path));
        keep_bytes
    }
}

fn update(digester: &mut Option<Digester>, bytes: &[u8]) {
    if let Some(digester) = digester {
        digester.update(bytes);
    }
}

/// The bytes of a member: in memory up to [`WHOLE`], else read again where they are
/// asked for.
pub(crate) fn member_bytes(source: &Arc<Source>, member: &Member) -> io::Result<SharedBytes> {
    if member.size > WHOLE {
        return Ok(large_member(source, member).shared());
    }
    match Whole::default().into_bytes(source, member)? {
        Some(bytes) => Ok(Arc::new(bytes)),
        None => Ok(Arc::new(read_small(source, member, WHOLE)?)),
    }
}

/// How a member is read that is not held.
pub(crate) enum Large {
    Stored(StoredMember),
    Deflated(Box<LargeMember>),
}

impl Large {
    pub(crate) fn shared(self) -> SharedBytes {
        match self {
            Self::Stored(member) => Arc::new(member),
            Self::Deflated(member) => Arc::new(*member),
        }
    }
}

pub(crate) fn large_member(source: &Arc<Source>, member: &Member) -> Large {
    if member.method == 0 {
        Large::Stored(StoredMember::new(source, member))
    } else {
        let member = LargeMember::new(source, member, KEPT_OF_LARGE);
        Large::Deflated(Box::new(member))
    }
}

fn kept(bytes: SharedBytes, share: Share) -> SharedBytes {
    Arc::new(Kept {
        bytes,
        _share: share,
    })
}

/// Bytes, and the share of memory they take for as long as they are there.
struct Kept {
    bytes: SharedBytes,
    _share: Share,
}

impl RandomAccess for Kept {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes.read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes.as_bytes()
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
