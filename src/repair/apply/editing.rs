//! Edits of single files: the patch, what it strips, and the debug file that keeps that.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::elf::{self, DebugFile, Edit, EditError, Image, Patch, Remark};
use crate::finding::Finding;
use crate::host::HostLibrary;
use crate::repair::apply::graft_cache::GraftCache;
use crate::wheel::hex;
use crate::wheel::publish;
use crate::wheel::{MemberId, Wheel};

/// Hexadecimal digits of a hash in the name of a folder.
const HASH_DIGITS: usize = 16;

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
pub(in crate::repair) struct PlannedEdit {
    pub(in crate::repair) patch: Arc<Patch>,
    /// What is stripped, as a file to keep.
    pub(in crate::repair) debug: Option<Arc<DebugFile>>,
}

impl PlannedEdit {
    pub(in crate::repair) fn new(
        image: &dyn Image,
        edit: &Edit,
        keep: bool,
    ) -> Result<Self, Finding> {
        let planned = if keep {
            elf::plan_with_debug_file(image, edit)
        } else {
            elf::plan(image, edit).map(|patch| (patch, None))
        };
        let (patch, debug) = planned.map_err(|error| edit_failure(&error))?;
        Ok(Self {
            patch: Arc::new(patch),
            debug: debug.map(Arc::new),
        })
    }

    /// Whether something was stripped: it counts even where the name of the debug file takes
    /// more bytes than went.
    pub(in crate::repair) fn strips(&self) -> bool {
        self.patch.stripped() > 0 || self.debug.is_some()
    }

    /// What the author of the wheel should know of it.
    pub(in crate::repair) fn findings(&self, member: &str) -> Vec<Finding> {
        let remarks = self.patch.remarks().iter();
        let findings = remarks.filter_map(|remark| told(*remark));
        findings.map(|finding| finding.at(member)).collect()
    }
}

fn told(remark: Remark) -> Option<Finding> {
    let told = |code| Finding::warning(code, remark.to_string());
    match remark {
        Remark::HeadersMoved => Some(told("elf-headers-moved").help(
            "do not strip the library after this: GNU strip breaks such files; strip it before",
        )),
        Remark::PayloadMoved => Some(told("elf-payload-moved")),
        _ => None,
    }
}

fn edit_failure(error: &EditError) -> Finding {
    let help = match error {
        EditError::Verify(_) => "please report this file; leave it out with --exclude meanwhile",
        _ => "build the file again; a library can stay outside with --exclude",
    };
    Finding::error("elf-edit", error.to_string()).help(help)
}

/// The file that an edit was planned for.
#[derive(Clone, Debug)]
pub(in crate::repair) enum Origin {
    Member(MemberId),
    Library(Arc<HostLibrary>),
}

/// An edit that strips, and the member that comes of it.
#[derive(Clone, Debug)]
pub(in crate::repair) struct StrippedFile {
    pub(in crate::repair) member: String,
    pub(in crate::repair) origin: Origin,
    pub(in crate::repair) edit: PlannedEdit,
}

impl StrippedFile {
    /// Writes the debug file, if there is one, below `folder`. One that debuggers would look for
    /// where another is already, of the same build-id or checksum, goes beside that under the
    /// hash of its content, and a finding says so.
    ///
    /// # Errors
    /// A finding for a file that cannot be read again, and those of writing.
    pub(in crate::repair) fn keep(
        &self,
        wheel: &Wheel,
        store: &GraftCache,
        folder: Option<&Path>,
        findings: &mut Vec<Finding>,
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
        let usual = folder.join(debug.path());
        let mut write = |image: &dyn Image| -> Result<PathBuf, Finding> {
            let view = debug.patch.view(image);
            let mut path = usual.clone();
            if is_other(&view, &usual).map_err(|error| cannot_keep(&usual, &error))? {
                let hash = name_of(&view).map_err(unreadable)?;
                path = folder
                    .join(hash)
                    .join(usual.file_name().unwrap_or_default());
                findings.push(name_taken(&usual, &path).at(&self.member));
            }
            let write = |file: &mut File| copy(&view, file, &path);
            publish(&path, write, |_, ()| Ok(()), |()| Ok(()))?;
            Ok(path)
        };
        let path = match &self.origin {
            Origin::Member(id) => write(&wheel.image(*id).map_err(unreadable)?)?,
            Origin::Library(library) => write(&store.host().image(library).map_err(unreadable)?)?,
        };
        stripped.debug_file = Some(path);
        Ok(stripped)
    }
}

/// Whether a file with other bytes than `image` is at `path`.
fn is_other(image: &dyn Image, path: &Path) -> io::Result<bool> {
    let Some(there) = fs::symlink_metadata(path)
        .ok()
        .filter(fs::Metadata::is_file)
    else {
        return Ok(false);
    };
    if there.len() != image.size() {
        return Ok(true);
    }
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    let mut differs = false;
    each_chunk(image, |chunk| {
        bytes.resize(chunk.len(), 0);
        file.read_exact(&mut bytes)?;
        differs |= bytes != chunk;
        Ok(())
    })?;
    Ok(differs)
}

/// The SHA-256 of `image`, as far as it makes a name.
fn name_of(image: &dyn Image) -> io::Result<String> {
    let mut hasher = Sha256::new();
    each_chunk(image, |chunk| {
        hasher.update(chunk);
        Ok(())
    })?;
    let mut digits = hex(&hasher.finalize());
    digits.truncate(HASH_DIGITS);
    Ok(digits)
}

fn name_taken(usual: &Path, path: &Path) -> Finding {
    let message = format!(
        "{} is of another file with the same build-id or checksum and stays: what was stripped here is in {}",
        usual.display(),
        path.display()
    );
    Finding::warning("debug-file-taken", message).help(format!(
        "give each library a build-id of its own, or have the debugger read {} (gdb: symbol-file)",
        path.display()
    ))
}

fn copy(image: &dyn Image, file: &mut File, path: &Path) -> Result<(), Finding> {
    each_chunk(image, |chunk| file.write_all(chunk)).map_err(|error| cannot_keep(path, &error))
}

fn cannot_keep(path: &Path, error: &io::Error) -> Finding {
    let message = format!("{} cannot be written: {error}", path.display());
    Finding::error("output", message)
}

/// Reads `image` from start to end.
fn each_chunk(image: &dyn Image, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; WINDOW];
    let mut at = 0_u64;
    while at < image.size() {
        let left = usize::try_from(image.size() - at).unwrap_or(usize::MAX);
        let Some(chunk) = buffer.get_mut(..left.min(WINDOW)) else {
            break;
        };
        image.read_at(at, chunk)?;
        each(chunk)?;
        at = at.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    Ok(())
}
