//! Text files that people write by hand: configuration.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// Reads the text of the regular file at `path`, of at most `most` bytes. A FIFO would keep us
/// waiting, and a device has no end.
///
/// # Errors
/// Those of opening and reading it; `InvalidInput` for what is no regular file, `InvalidData` for
/// what is no UTF-8, `FileTooLarge` for more than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    // Asked before it is opened: opening some devices does something.
    regular(&path.metadata()?)?;
    let file = open(path)?;
    regular(&file.metadata()?)?;
    let mut text = String::new();
    let read = file
        .take(most.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= most) {
        return Ok(text);
    }
    let message = format!("more than {most} bytes");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
}

fn regular(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let message = "not a regular file";
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// Something else may have taken the place of what was asked about.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
