//! Files of unknown kind and ownership: found under a root, opened without risk.
//!
//! Build machines are full of surprises: links that leave a sysroot, loops, FIFOs that never
//! answer, devices that act when opened. Links are followed here, not by the kernel, and only
//! what `lstat` calls a regular file is opened.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::string::FromUtf8Error;

use crate::elf::Image;

/// As many links as Linux follows before it gives up with `ELOOP`.
const MOST_LINKS: usize = 40;

/// Taken at most before a file is read, whatever size it claims.
const MOST_ROOM: u64 = 1 << 20;

/// Why a path leads to no file that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoFile {
    /// There is nothing of that name.
    Absent,
    /// There is something, but it cannot be used: why.
    Unusable(String),
    /// What this process may have is used up, so that nothing can be said of it: why.
    Short(String),
}

impl NoFile {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Unusable(reason.into())
    }

    pub(super) fn from_io(error: &io::Error) -> Self {
        if is_short(error) {
            return Self::Short(error.to_string());
        }
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Absent,
            io::ErrorKind::PermissionDenied => Self::because("permission denied"),
            _ => Self::because(format!("cannot be read: {error}")),
        }
    }

    pub(super) fn into_io(self) -> io::Error {
        match self {
            Self::Absent => io::ErrorKind::NotFound.into(),
            Self::Unusable(reason) | Self::Short(reason) => io::Error::other(reason),
        }
    }
}

/// Whether an error is one of the process (no more files may be open, no memory), not of a file.
#[cfg(unix)]
fn is_short(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|error| short.contains(&error))
}

#[cfg(not(unix))]
fn is_short(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}

/// Follows all links of `path`, which lies under `root`, as if `root` were `/`: absolute
/// links start there again, and `..` does not leave it.
pub(super) fn real_path(root: &Path, path: &Path) -> Result<(PathBuf, Metadata), NoFile> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut pending: Vec<OsString> = Vec::new();
    push_parts(&mut pending, inside);
    let mut done = root.to_path_buf();
    let mut depth = 0_usize;
    let mut links = 0_usize;
    let mut metadata = fs::symlink_metadata(&done).map_err(|error| NoFile::from_io(&error))?;
    while let Some(part) = pending.pop() {
        if part == ".." {
            if depth > 0 {
                done.pop();
                depth = depth.saturating_sub(1);
                metadata = fs::symlink_metadata(&done).map_err(|error| NoFile::from_io(&error))?;
            }
            continue;
        }
        done.push(&part);
        metadata = fs::symlink_metadata(&done).map_err(|error| NoFile::from_io(&error))?;
        if !metadata.is_symlink() {
            depth = depth.saturating_add(1);
            continue;
        }
        links = links.saturating_add(1);
        if links > MOST_LINKS {
            return Err(NoFile::because("its links form a loop"));
        }
        let target = fs::read_link(&done).map_err(|error| NoFile::from_io(&error))?;
        if target.has_root() {
            done = root.to_path_buf();
            depth = 0;
        } else {
            done.pop();
        }
        push_parts(&mut pending, &target);
    }
    Ok((done, metadata))
}

/// The parts of `path`, last one first.
fn push_parts(pending: &mut Vec<OsString>, path: &Path) {
    let parts = path.components().rev().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    pending.extend(parts);
}

/// Opens a path whose links were followed, if it is a regular file.
pub(super) fn open(real_path: &Path) -> Result<(File, Metadata), NoFile> {
    let lstat = fs::symlink_metadata(real_path).map_err(|error| NoFile::from_io(&error))?;
    must_be_regular(&lstat)?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options
        .open(real_path)
        .map_err(|error| NoFile::from_io(&error))?;
    let metadata = file.metadata().map_err(|error| NoFile::from_io(&error))?;
    // It may have been replaced since.
    must_be_regular(&metadata)?;
    Ok((file, metadata))
}

fn must_be_regular(metadata: &Metadata) -> Result<(), NoFile> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        Err(NoFile::because("a folder, not a file"))
    } else {
        Err(NoFile::because("not a regular file"))
    }
}

#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    // The standard library sets O_CLOEXEC itself.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_: &mut OpenOptions) {}

/// The first `limit` bytes of a regular file under `root`.
pub(super) fn read(root: &Path, path: &Path, limit: u64) -> Result<Vec<u8>, NoFile> {
    let (real, _) = real_path(root, path)?;
    read_real(&real, limit)
}

/// The first `limit` bytes of a regular file whose links were followed.
pub(super) fn read_real(real_path: &Path, limit: u64) -> Result<Vec<u8>, NoFile> {
    let (file, metadata) = open(real_path)?;
    // Room for all of an ordinary file and the read that finds its end; a size is only a word.
    let room = metadata.len().min(limit).min(MOST_ROOM).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|error| NoFile::from_io(&error))?;
    Ok(bytes)
}

/// The text of a regular file under `root`; bytes that are not UTF-8 are replaced.
pub(super) fn read_text(root: &Path, path: &Path, limit: u64) -> Result<String, NoFile> {
    let bytes = read(root, path, limit)?;
    let replaced = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
    Ok(String::from_utf8(bytes).unwrap_or_else(replaced))
}

/// Which file it is, whatever its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(Identity);

/// With its size and time: a file that is written to is another one.
#[cfg(unix)]
type Identity = (u64, u64, u64, i64, i64);
#[cfg(not(unix))]
type Identity = PathBuf;

impl FileId {
    #[cfg(unix)]
    pub(super) fn new(_: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
        Self((
            metadata.dev(),
            metadata.ino(),
            metadata.len(),
            seconds,
            nanoseconds,
        ))
    }

    #[cfg(not(unix))]
    pub(super) fn new(real_path: &Path, _: &Metadata) -> Self {
        Self(real_path.to_path_buf())
    }
}

/// An open file as an ELF image: only what is asked for is read.
#[derive(Debug)]
pub struct FileImage {
    file: File,
    size: u64,
}

impl FileImage {
    pub(super) fn new(file: File, metadata: &Metadata) -> Self {
        Self {
            file,
            size: metadata.len(),
        }
    }
}

impl Image for FileImage {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        use std::os::unix::fs::FileExt as _;
        self.file.read_exact_at(buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        use std::os::windows::fs::FileExt as _;
        while !buffer.is_empty() {
            let read = self.file.seek_read(buffer, offset)?;
            let (_, rest) = buffer
                .split_at_mut_checked(read)
                .filter(|_| read > 0)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer = rest;
            offset = offset.saturating_add(read as u64);
        }
        Ok(())
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("usr/lib/deep")).unwrap();
        fs::create_dir_all(at("etc")).unwrap();
        fs::write(at("usr/lib/libx.so.1.2"), "x").unwrap();
        symlink("usr/lib", at("lib")).unwrap();
        symlink("libx.so.1.2", at("usr/lib/libx.so.1")).unwrap();
        symlink("/usr/lib/libx.so.1", at("usr/lib/deep/absolute.so")).unwrap();
        symlink("../../../../../../usr/lib/libx.so.1", at("etc/escape.so")).unwrap();
        symlink("loop-b", at("etc/loop-a")).unwrap();
        symlink("loop-a", at("etc/loop-b")).unwrap();
        symlink("/nowhere", at("etc/dangling")).unwrap();
        root
    }

    #[test]
    fn links_stay_under_the_root() {
        let root = tree();
        let file = root.path().join("usr/lib/libx.so.1.2");
        let cases: [(&str, Result<&Path, NoFile>); 10] = [
            ("usr/lib/libx.so.1", Ok(&file)),
            ("lib/libx.so.1", Ok(&file)),
            // As in the kernel, `lib/..` is the parent of what `lib` links to.
            ("lib/../lib/libx.so.1", Ok(&file)),
            ("lib/../usr/lib/libx.so.1", Err(NoFile::Absent)),
            ("usr/lib/deep/absolute.so", Ok(&file)),
            ("etc/escape.so", Ok(&file)),
            ("../../lib/libx.so.1", Ok(&file)),
            ("etc/loop-a", Err(NoFile::because("its links form a loop"))),
            ("etc/dangling", Err(NoFile::Absent)),
            ("usr/lib/libx.so.1/more", Err(NoFile::Absent)),
        ];
        for (path, expected) in cases {
            let found = real_path(root.path(), &root.path().join(path));
            assert_eq!(
                found.as_ref().map(|(path, _)| path.as_path()),
                expected.as_ref().copied(),
                "{path}"
            );
        }
    }

    #[test]
    fn only_regular_files_are_opened() {
        let root = tree();
        #[cfg(target_os = "linux")] // rustix makes none on macOS
        {
            let fifo = root.path().join("etc/fifo.so");
            let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
            rustix::fs::mknodat(rustix::fs::CWD, &fifo, kind, mode, 0).unwrap();
            assert_eq!(
                open(&fifo).unwrap_err(),
                NoFile::because("not a regular file")
            );
        }
        assert_eq!(
            open(Path::new("/dev/null")).unwrap_err(),
            NoFile::because("not a regular file")
        );
        assert_eq!(
            open(&root.path().join("usr")).unwrap_err(),
            NoFile::because("a folder, not a file")
        );
        open(&root.path().join("usr/lib/libx.so.1.2")).unwrap();
    }

    #[test]
    fn an_image_reads_at_any_offset_and_not_past_the_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("bytes");
        fs::write(&path, b"0123456789").unwrap();
        let (file, metadata) = open(&path).unwrap();
        let image = FileImage::new(file, &metadata);
        let mut bytes = [0; 3];
        image.read_at(7, &mut bytes).unwrap();
        assert_eq!(&bytes, b"789");
        assert!(image.read_at(8, &mut bytes).is_err());
        assert_eq!(image.size(), 10);
    }
}
