//! One member being hashed and compressed, by as many threads as have time for it.
//!
//! The work is cut into claims: each piece, and the hashes. A thread takes a claim and
//! finishes it without waiting for anything, so whoever needs the result may wait for
//! those that are still being worked on: they always end.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::deflate::{Encoder, Level, pieces, read_range};
use super::edit::{Edit, Edited};
use crate::member::Member;
use crate::read::bytes::{RandomAccess, SharedBytes};
use crate::read::scan::member_bytes;
use crate::read::source::Source;

/// How much is hashed at once.
const HASHED: u64 = 256 << 10;

/// Where the bytes come from.
pub(super) enum Origin {
    Bytes(Arc<[u8]>),
    /// A member of an open wheel, inflated when its turn comes.
    Member(Arc<Source>, Box<Member>),
    /// A file, or a member that was kept.
    Shared(SharedBytes),
}

/// Hashes of what is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digest {
    pub(super) crc: u32,
    pub(super) sha256: [u8; 32],
}

/// An error that several may look at.
pub(super) type Failure = Arc<io::Error>;

/// A member's content, and what is known of it so far.
pub(super) struct Packing {
    origin: Origin,
    edit: Option<Arc<dyn Edit>>,
    size: u64,
    ranges: Vec<Range<u64>>,
    next: AtomicUsize,
    source: OnceLock<Result<SharedBytes, Failure>>,
    pieces: Vec<OnceLock<Result<Vec<u8>, Failure>>>,
    digest: OnceLock<Result<Digest, Failure>>,
}

impl Packing {
    /// Nothing is read yet. `size` is that of the bytes after `edit`.
    pub(super) fn new(
        origin: Origin,
        edit: Option<Arc<dyn Edit>>,
        size: u64,
        level: Level,
    ) -> Self {
        let ranges: Vec<_> = if level.stores() {
            Vec::new()
        } else {
            pieces(size).collect()
        };
        Self {
            origin,
            edit,
            size,
            pieces: ranges.iter().map(|_| OnceLock::new()).collect(),
            ranges,
            next: AtomicUsize::new(0),
            source: OnceLock::new(),
            digest: OnceLock::new(),
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Works on what nobody has claimed yet.
    pub(super) fn work(&self, encoder: &mut Encoder) {
        loop {
            let claim = self.next.fetch_add(1, Ordering::Relaxed);
            let piece = self.ranges.get(claim).zip(self.pieces.get(claim));
            if let Some((range, slot)) = piece {
                let last = claim.saturating_add(1) == self.ranges.len();
                let made = self.read(|bytes| encoder.piece(bytes, range, last));
                let made = made.and_then(|made| made.map_err(Arc::new));
                // Only the thread that holds the claim sets it.
                let _ = slot.set(made);
            } else if claim == self.ranges.len() {
                let digest = self.read(digest);
                let digest = digest.and_then(|digest| digest.map_err(Arc::new));
                let _ = self.digest.set(digest);
            } else {
                return;
            }
        }
    }

    /// Calls `look` with the bytes as they are to be written.
    pub(super) fn read<T>(&self, look: impl FnOnce(&dyn RandomAccess) -> T) -> Result<T, Failure> {
        let source = self.source.get_or_init(|| self.load().map_err(Arc::new));
        let source = source.as_ref().map_err(Arc::clone)?.as_ref();
        Ok(match self.edit.as_deref() {
            Some(edit) => look(&Edited { edit, source }),
            None => look(source),
        })
    }

    fn load(&self) -> io::Result<SharedBytes> {
        let source: SharedBytes = match &self.origin {
            Origin::Bytes(bytes) => Arc::new(Bytes(Arc::clone(bytes))),
            Origin::Member(source, member) => member_bytes(source, member)?,
            Origin::Shared(bytes) => Arc::clone(bytes),
        };
        let expected = self
            .edit
            .as_ref()
            .map_or(self.size, |edit| edit.source_size());
        if source.size() == expected {
            return Ok(source);
        }
        let message = "it changed after it was read first";
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }

    /// The hashes; waits for whoever is at it.
    pub(super) fn digest(&self) -> Result<Digest, Failure> {
        self.digest.wait().clone()
    }

    /// The hashes, if they were taken already.
    pub(super) fn digest_if_done(&self) -> Option<Digest> {
        self.digest.get()?.as_ref().ok().copied()
    }

    /// The compressed pieces, if they are smaller together than the bytes; waits for
    /// whoever is at them.
    pub(super) fn compressed(&self) -> Result<Option<Vec<&[u8]>>, Failure> {
        let mut streams = Vec::with_capacity(self.pieces.len());
        let mut total = 0_u64;
        for piece in &self.pieces {
            let piece = piece.wait().as_ref().map_err(Arc::clone)?;
            total = total.saturating_add(piece.len() as u64);
            streams.push(piece.as_slice());
        }
        Ok((!streams.is_empty() && total < self.size).then_some(streams))
    }
}

/// CRC and SHA-256 of all `bytes`.
pub(super) fn digest(bytes: &dyn RandomAccess) -> io::Result<Digest> {
    let mut crc = crc32fast::Hasher::new();
    let mut sha256 = Sha256::new();
    let mut buffer = Vec::new();
    let mut start = 0_u64;
    while start < bytes.size() {
        let end = start.saturating_add(HASHED).min(bytes.size());
        read_range(bytes, &(start..end), &mut buffer)?;
        crc.update(&buffer);
        sha256.update(&buffer);
        start = end;
    }
    Ok(Digest {
        crc: crc.finalize(),
        sha256: sha256.finalize().into(),
    })
}

/// Shared bytes of memory.
struct Bytes(Arc<[u8]>);

impl RandomAccess for Bytes {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

impl std::fmt::Debug for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packing")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
