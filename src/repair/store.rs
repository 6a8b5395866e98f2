//! Grafts edited and compressed once, however many wheels of a run take them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::elf::{self, Edit};
use crate::finding::Finding;
use crate::host::{FileId, Host, HostLibrary};
use crate::wheel::budget::Budget;
use crate::wheel::write::{Compression, Packed};

type Slot = Arc<OnceLock<Result<Arc<Packed>, Finding>>>;
type Key = (FileId, Edit, Option<u8>);

/// The host's libraries and what was made of them; one for all wheels of a run.
#[derive(Debug)]
pub struct GraftStore {
    host: Host,
    made: Mutex<HashMap<Key, Slot>>,
    /// What may be kept of them, compressed.
    budget: Arc<Budget>,
}

/// Bytes of libraries whose compressed form is kept for the next wheel.
const KEPT: u64 = 256 << 20;

impl Default for GraftStore {
    fn default() -> Self {
        Self::new(Host::default())
    }
}

impl GraftStore {
    /// Nothing is made yet.
    pub fn new(host: Host) -> Self {
        Self {
            host,
            made: Mutex::default(),
            budget: Budget::new(KEPT),
        }
    }

    /// Where the libraries come from.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The edited copy of `library`; made by whoever asks first, others wait for it.
    pub(crate) fn packed(
        &self,
        library: &HostLibrary,
        edit: &Edit,
        compression: Compression,
    ) -> Result<Arc<Packed>, Finding> {
        let key = (library.id.clone(), edit.clone(), compression.level);
        let slot = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(key).or_default())
        };
        slot.get_or_init(|| self.make(library, edit)).clone()
    }

    fn make(&self, library: &HostLibrary, edit: &Edit) -> Result<Arc<Packed>, Finding> {
        let unreadable = |error: &std::io::Error| {
            Finding::error("lib-unreadable", format!("cannot be read: {error}"))
        };
        let image = self
            .host
            .image(library)
            .map_err(|error| unreadable(&error))?;
        let patch =
            elf::edit::plan(&image, edit).map_err(|error| super::apply::edit_failure(&error))?;
        let packed = Packed::new(Arc::new(image), Arc::new(patch), &self.budget);
        Ok(Arc::new(packed))
    }
}
