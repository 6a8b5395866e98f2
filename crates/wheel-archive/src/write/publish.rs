//! Puts a finished file in its place: whole under its final name, or not at all.
//!
//! The bytes go to a hidden temporary file in the same folder, reach the disk, and are renamed.
//! A link at the final name is replaced, not followed. What is under way is remembered, so that
//! a signal can clear it away ([`abandon`]).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tempfile::{Builder, NamedTempFile};

use crate::finding::Finding;

/// Temporary files, and folders made for them, innermost first.
#[derive(Debug, Default)]
struct UnderWay {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

/// Held while a file or folder appears or gets its final name: never long.
static UNDER_WAY: Mutex<UnderWay> = Mutex::new(UnderWay {
    files: Vec::new(),
    folders: Vec::new(),
});

fn under_way() -> MutexGuard<'static, UnderWay> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing more is published while this is there.
#[derive(Debug)]
pub struct Abandoned {
    _under_way: MutexGuard<'static, UnderWay>,
}

/// Removes everything that is under way; for a process that is about to end.
pub fn abandon() -> Abandoned {
    let mut under_way = under_way();
    for file in under_way.files.drain(..) {
        // Whatever cannot be removed stays: there is nobody to tell.
        let _ = fs::remove_file(file);
    }
    for folder in under_way.folders.drain(..) {
        // Fails for a folder that is not empty, and is meant to.
        let _ = fs::remove_dir(folder);
    }
    Abandoned {
        _under_way: under_way,
    }
}

/// What became of a publication.
#[derive(Debug)]
pub struct Published<T> {
    /// What the writer returned.
    pub value: T,
    /// The same bytes were there already; nothing was replaced.
    pub unchanged: bool,
}

/// Lets `write` fill a new file and gives it the name `destination`. Before that `check` reads what
/// was written, while it reaches the disk, and `last` does what is done only when all is well.
///
/// # Errors
/// A finding for a folder that cannot hold the file, and those of the steps. Nothing is left
/// behind, not even a folder made for the file.
pub fn publish<T, E: From<Finding>>(
    destination: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
    check: impl FnOnce(&Path, &T) -> Result<(), E>,
    last: impl FnOnce(&T) -> Result<(), E>,
) -> Result<Published<T>, E> {
    let folder = match destination.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let made = make_folders(folder).map_err(|error| cannot_hold(folder, &error))?;
    let outcome = fill(folder, destination, write, check, last);
    let mut under_way = under_way();
    under_way.folders.retain(|known| !made.contains(known));
    under_way.files.retain(|file| file.exists());
    if outcome.is_err() {
        // Only folders that are empty, and only those made here.
        for folder in made {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    outcome
}

fn make_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut under_way = under_way();
    let made = missing_folders(folder);
    fs::create_dir_all(folder)?;
    under_way.folders.splice(0..0, made.iter().cloned());
    Ok(made)
}

fn fill<T, E: From<Finding>>(
    folder: &Path,
    destination: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
    check: impl FnOnce(&Path, &T) -> Result<(), E>,
    last: impl FnOnce(&T) -> Result<(), E>,
) -> Result<Published<T>, E> {
    let failed = |error: &io::Error| cannot_hold(folder, error);
    let mut temporary = Temporary::new(folder).map_err(|error| failed(&error))?;
    let value = write(temporary.file.as_file_mut())?;
    let (synced, checked) = while_synced(temporary.file.as_file(), || {
        check(temporary.file.path(), &value)
    });
    synced.map_err(|error| failed(&error))?;
    checked?;
    last(&value)?;
    if is_same(temporary.file.path(), destination).unwrap_or(false) {
        return Ok(Published {
            value,
            unchanged: true,
        });
    }
    temporary
        .publish(destination)
        .map_err(|error| failed(&error))?;
    sync_folder(folder).map_err(|error| failed(&error))?;
    Ok(Published {
        value,
        unchanged: false,
    })
}

/// Does `work` while the disk is at `file`; says how both ended.
fn while_synced<T>(file: &File, work: impl FnOnce() -> T) -> (io::Result<()>, T) {
    thread::scope(|scope| {
        let syncing = thread::Builder::new().spawn_scoped(scope, || file.sync_all());
        let done = work();
        let synced = match syncing.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(synced)) => synced,
            // No thread to be had, or it fell over: here, then.
            Ok(Err(_)) | Err(_) => file.sync_all(),
        };
        (synced, done)
    })
}

/// A temporary file that is known to be under way.
struct Temporary {
    file: NamedTempFile,
}

impl Temporary {
    fn new(folder: &Path) -> io::Result<Self> {
        let mut under_way = under_way();
        let file = temporary_in(folder)?;
        under_way.files.push(file.path().to_path_buf());
        Ok(Self { file })
    }

    /// Gives it its final name. A file that keeps its temporary one is removed.
    fn publish(self, destination: &Path) -> io::Result<()> {
        let mut under_way = under_way();
        let path = self.file.path().to_path_buf();
        let outcome = self.file.persist(destination);
        under_way.files.retain(|known| *known != path);
        outcome.map(|_| ()).map_err(|error| error.error)
    }
}

/// The folders that `create_dir_all` will make, innermost first.
fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let ancestors = folder
        .ancestors()
        .filter(|folder| !folder.as_os_str().is_empty());
    ancestors
        .take_while(|folder| !folder.exists())
        .map(Path::to_path_buf)
        .collect()
}

#[cfg(unix)]
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    // As any program would make it, under the caller's umask.
    Builder::new()
        .prefix(".wheel-")
        .suffix(".tmp")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new()
        .prefix(".wheel-")
        .suffix(".tmp")
        .tempfile_in(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems do not sync folders.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether `existing` is a regular file with the bytes of `new`.
fn is_same(new: &Path, existing: &Path) -> io::Result<bool> {
    let (left, right) = (fs::symlink_metadata(new)?, fs::symlink_metadata(existing)?);
    if !right.is_file() || left.len() != right.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (File::open(new)?, File::open(existing)?);
    let (mut one, mut other) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let count = left.read(&mut one)?;
        if count == 0 {
            return Ok(true);
        }
        let (Some(read), Some(compared)) = (one.get(..count), other.get_mut(..count)) else {
            return Ok(false);
        };
        right.read_exact(compared)?;
        if read != compared {
            return Ok(false);
        }
    }
}

fn cannot_hold(folder: &Path, error: &io::Error) -> Finding {
    let message = format!(
        "the result cannot be written to {}: {error}",
        folder.display()
    );
    Finding::error("output", message).help("choose another folder, or make room")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn put(destination: &Path, text: &str) -> Result<Published<()>, Finding> {
        let write = |file: &mut File| {
            file.write_all(text.as_bytes()).unwrap();
            Ok(())
        };
        publish(destination, write, |_, ()| Ok(()), |()| Ok(()))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("a/b/x.whl");
        assert!(!put(&destination, "one").unwrap().unchanged);
        assert!(put(&destination, "one").unwrap().unchanged);
        assert!(!put(&destination, "two").unwrap().unchanged);
        assert_eq!(fs::read_to_string(&destination).unwrap(), "two");
        assert_eq!(names(&folder.path().join("a/b")), ["x.whl"]);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("a/b/x.whl");
        let failure = || Finding::error("output", "no");
        let fails = |write: bool, check: bool, last: bool| {
            let step = |fails: bool| if fails { Err(failure()) } else { Ok(()) };
            let outcome = publish(
                &destination,
                |_| step(write),
                |_, ()| step(check),
                |()| step(last),
            );
            outcome.is_err()
        };
        assert!(fails(true, false, false));
        assert!(fails(false, true, false));
        assert!(fails(false, false, true));
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("x.whl"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        put(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
    }
}
