//! Grafts edited and compressed once, however many wheels of a run take them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::elf::Edit;
use crate::finding::Finding;
use crate::host::{FileId, Host, HostLibrary};
use crate::repair::apply::editing::PlannedEdit;
use crate::repair::graft::source::unreadable;
use crate::wheel::{AsBytes, Budget, Compression, EditedBy, Packed};

type Prepared = (Arc<Packed>, PlannedEdit);
type Slot = Arc<OnceLock<Result<Prepared, Finding>>>;
type Key = (FileId, Edit, Option<u8>, bool);

/// A copy of a library that a wheel takes.
pub(in crate::repair) struct Order<'a> {
    pub(in crate::repair) library: &'a HostLibrary,
    pub(in crate::repair) edit: &'a Edit,
    pub(in crate::repair) compression: Compression,
    /// Whether what is stripped is kept in a file.
    pub(in crate::repair) keep_debug: bool,
}

/// The host's libraries and what was made of them; one for all wheels of a run.
#[derive(Debug)]
pub struct GraftCache {
    host: Host,
    made: Mutex<HashMap<Key, Slot>>,
    /// What may be kept of them, compressed.
    budget: Arc<Budget>,
}

/// Bytes of libraries whose compressed form is kept for the next wheel.
const KEPT: u64 = 256 << 20;

impl Default for GraftCache {
    fn default() -> Self {
        Self::new(Host::default())
    }
}

impl GraftCache {
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

    /// The edited copy of a library; made by whoever asks first, others wait for it.
    pub(in crate::repair) fn prepared(&self, order: &Order<'_>) -> Result<Prepared, Finding> {
        let key = (
            order.library.id.clone(),
            order.edit.clone(),
            order.compression.level,
            order.keep_debug,
        );
        let slot = {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(key).or_default())
        };
        slot.get_or_init(|| self.make(order)).clone()
    }

    fn make(&self, order: &Order<'_>) -> Result<Prepared, Finding> {
        let image = self
            .host
            .image(order.library)
            .map_err(|error| unreadable(&error))?;
        let planned = PlannedEdit::new(&image, order.edit, order.keep_debug)?;
        let packed = Packed::new(
            Arc::new(AsBytes(image)),
            Arc::new(EditedBy(Arc::clone(&planned.patch))),
            &self.budget,
        );
        Ok((Arc::new(packed), planned))
    }
}
