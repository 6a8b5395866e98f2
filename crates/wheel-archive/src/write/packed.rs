//! A file, edited: hashed and compressed once for every wheel of a run that takes it.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Compression;
use super::deflate::Level;
use super::edit::{Edit, Edited};
use super::jobs::{LARGE, pack_all};
use super::packing::{Digest, Failure, Origin, Packing, digest};
use crate::read::bytes::SharedBytes;
use crate::work::budget::{Budget, Share};

/// A file and its edit; keeps the compressed result while there is room for it.
pub struct Packed {
    source: SharedBytes,
    edit: Arc<dyn Edit>,
    /// Held as long as the result may be kept.
    share: Option<Share>,
    made: Mutex<Vec<(Level, Arc<Packing>)>>,
    digest: OnceLock<Result<Digest, Failure>>,
}

impl Packed {
    /// The file in `source`, to be changed by `edit`. Nothing is read yet. The result is
    /// kept if `budget` has room for the file; it is made anew for every wheel if not.
    pub fn new(source: SharedBytes, edit: Arc<dyn Edit>, budget: &Arc<Budget>) -> Self {
        Self {
            share: budget.take(edit.size()).filter(|_| edit.size() <= LARGE),
            source,
            edit,
            made: Mutex::new(Vec::new()),
            digest: OnceLock::new(),
        }
    }

    /// Size in bytes after the edit.
    pub fn size(&self) -> u64 {
        self.edit.size()
    }

    /// SHA-256 after the edit.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn sha256(&self) -> io::Result<[u8; 32]> {
        let digest = self.digest.get_or_init(|| {
            let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let packing = made.first().map(|(_, packing)| Arc::clone(packing));
            drop(made);
            if let Some(digest) = packing.and_then(|packing| packing.digest_if_done()) {
                return Ok(digest);
            }
            let (edit, source) = (self.edit.as_ref(), self.source.as_ref());
            digest(&Edited { edit, source }).map_err(Arc::new)
        });
        match digest {
            Ok(digest) => Ok(digest.sha256),
            Err(error) => Err(io::Error::new(error.kind(), Arc::clone(error))),
        }
    }

    /// Hashes and compresses `all` on all cores, as far as the results can be kept.
    pub fn prepare(all: &[Arc<Self>], compression: Compression) {
        let level = Level::new(compression.level);
        let kept = all.iter().filter(|packed| packed.share.is_some());
        let packings: Vec<_> = kept.map(|packed| packed.packing(level)).collect();
        pack_all(packings.iter().map(AsRef::as_ref).collect(), level);
    }

    /// The work on it, shared with others at this level if it is kept.
    pub(super) fn packing(&self, level: Level) -> Arc<Packing> {
        let fresh = || {
            let origin = Origin::Shared(Arc::clone(&self.source));
            let edit = Some(Arc::clone(&self.edit));
            Arc::new(Packing::new(origin, edit, self.size(), level))
        };
        if self.share.is_none() {
            return fresh();
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, packing)) = made.iter().find(|(known, _)| *known == level) {
            return Arc::clone(packing);
        }
        let packing = fresh();
        made.push((level, Arc::clone(&packing)));
        packing
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
