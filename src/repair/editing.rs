//! Edits of single files: the patch, what it strips, and the debug file that keeps that.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::store::GraftStore;
use crate::elf::edit::{self, EditError};
use crate::elf::{DebugFile, Edit, Image, Patch};
use crate::finding::Finding;
use crate::host::HostLibrary;
use crate::wheel::publish::publish;
use crate::wheel::{MemberId, Wheel};

/// How much is written at a time.
const WINDOW: usize = 256 << 10;

/// What stripping took from one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped {
    /// Its path in the repaired wheel.
    pub member: String,
    /// By how many bytes its file is smaller for it.
    pub saved: u64,
    /// Where its debug information and symbols are now (`--debug-dir`).
    pub debug_file: Option<PathBuf>,
}

/// The edit of one file, planned.
#[derive(Clone, Debug)]
pub(super) struct PlannedEdit {
    pub(super) patch: Arc<Patch>,
    /// What is stripped, as a file to keep.
    pub(super) debug: Option<Arc<DebugFile>>,
}

impl PlannedEdit {
    pub(super) fn new(image: &dyn Image, edit: &Edit, keep: bool) -> Result<Self, Finding> {
        let planned = if keep {
            edit::plan_with_debug_file(image, edit)
        } else {
            edit::plan(image, edit).map(|patch| (patch, None))
        };
        let (patch, debug) = planned.map_err(|error| edit_failure(&error))?;
        Ok(Self {
            patch: Arc::new(patch),
            debug: debug.map(Arc::new),
        })
    }

    /// Whether something was stripped: it counts even where the name of the debug file takes
    /// more bytes than went.
    pub(super) fn strips(&self) -> bool {
        self.patch.stripped() > 0 || self.debug.is_some()
    }

    /// What the author of the wheel should know of it.
    pub(super) fn findings(&self, member: &str) -> Vec<Finding> {
        let findings = self.patch.findings().iter();
        findings.map(|finding| finding.clone().at(member)).collect()
    }
}

fn edit_failure(error: &EditError) -> Finding {
    Finding::error("elf-edit", error.to_string())
        .help("please report this file; leave it out with --exclude meanwhile")
}

/// The file that an edit was planned for.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Member(MemberId),
    Library(Arc<HostLibrary>),
}

/// An edit that strips, and the member that comes of it.
#[derive(Clone, Debug)]
pub(super) struct StrippedFile {
    pub(super) member: String,
    pub(super) origin: Origin,
    pub(super) edit: PlannedEdit,
}

impl StrippedFile {
    /// Writes the debug file, if there is one, below `folder`.
    ///
    /// # Errors
    /// A finding for a file that cannot be read again, and those of writing.
    pub(super) fn keep(
        &self,
        wheel: &Wheel,
        store: &GraftStore,
        folder: Option<&Path>,
    ) -> Result<Stripped, Finding> {
        let mut stripped = Stripped {
            member: self.member.clone(),
            saved: self.edit.patch.stripped(),
            debug_file: None,
        };
        let (Some(folder), Some(debug)) = (folder, &self.edit.debug) else {
            return Ok(stripped);
        };
        let unreadable = |error: io::Error| {
            let message = format!("cannot be read: {error}");
            Finding::error("read-failed", message).at(&self.member)
        };
        let path = folder.join(debug.path());
        let write = |image: &dyn Image| {
            let view = debug.patch.view(image);
            publish(
                &path,
                |file| copy(&view, file, &path),
                |_, ()| Ok(()),
                |()| Ok(()),
            )
        };
        match &self.origin {
            Origin::Member(id) => write(&*wheel.image(*id).map_err(unreadable)?)?,
            Origin::Library(library) => write(&store.host().image(library).map_err(unreadable)?)?,
        };
        stripped.debug_file = Some(path);
        Ok(stripped)
    }
}

fn copy(image: &dyn Image, file: &mut File, path: &Path) -> Result<(), Finding> {
    let failed = |error: io::Error| {
        let message = format!("{} cannot be written: {error}", path.display());
        Finding::error("output", message)
    };
    let mut buffer = vec![0; WINDOW];
    let mut at = 0_u64;
    while at < image.size() {
        let left = usize::try_from(image.size() - at).unwrap_or(usize::MAX);
        let Some(chunk) = buffer.get_mut(..left.min(WINDOW)) else {
            break;
        };
        image.read_at(at, chunk).map_err(failed)?;
        file.write_all(chunk).map_err(failed)?;
        at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}
