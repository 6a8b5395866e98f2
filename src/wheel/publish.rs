//! Puts a finished file in its place: whole under its final name, or not at all.
//!
//! The bytes go to a hidden temporary file in the same folder, reach the disk, and are renamed.
//! A link at the final name is replaced, not followed.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::finding::Finding;

/// What became of a publication.
#[derive(Debug)]
pub struct Published<T> {
    /// What the writer returned.
    pub value: T,
    /// The same bytes were there already; nothing was replaced.
    pub unchanged: bool,
}

/// Lets `write` fill a new file and gives it the name `destination`; `check` reads what was
/// written before that.
///
/// # Errors
/// A finding for a folder that cannot hold the file, and those of `write` and `check`. Nothing
/// is left behind, not even a folder made for the file.
pub fn publish<T>(
    destination: &Path,
    write: impl FnOnce(&mut File) -> Result<T, Finding>,
    check: impl FnOnce(&Path, &T) -> Result<(), Finding>,
) -> Result<Published<T>, Finding> {
    let folder = match destination.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let made = missing_folders(folder);
    fs::create_dir_all(folder).map_err(|error| cannot_hold(folder, &error))?;
    let outcome = fill(folder, destination, write, check);
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

fn fill<T>(
    folder: &Path,
    destination: &Path,
    write: impl FnOnce(&mut File) -> Result<T, Finding>,
    check: impl FnOnce(&Path, &T) -> Result<(), Finding>,
) -> Result<Published<T>, Finding> {
    let failed = |error: &io::Error| cannot_hold(folder, error);
    let mut temporary = temporary_in(folder).map_err(|error| failed(&error))?;
    let value = write(temporary.as_file_mut())?;
    temporary
        .as_file()
        .sync_all()
        .map_err(|error| failed(&error))?;
    check(temporary.path(), &value)?;
    if is_same(temporary.path(), destination).unwrap_or(false) {
        return Ok(Published {
            value,
            unchanged: true,
        });
    }
    temporary
        .persist(destination)
        .map_err(|error| failed(&error.error))?;
    sync_folder(folder).map_err(|error| failed(&error))?;
    Ok(Published {
        value,
        unchanged: false,
    })
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
        .prefix(".audit-")
        .suffix(".tmp")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    Builder::new()
        .prefix(".audit-")
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
    Finding::error("output", message).help("choose another folder with --wheel-dir, or make room")
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
        publish(destination, write, |_, ()| Ok(()))
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
        assert!(publish(&destination, |_| Err::<(), _>(failure()), |_, ()| Ok(())).is_err());
        assert!(publish(&destination, |_| Ok(()), |_, ()| Err(failure())).is_err());
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
