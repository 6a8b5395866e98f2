//! The bytes of a wheel as they are, from the file that was checked.

use std::fs::File;
use std::io::Write as _;

use super::Wheel;
use super::open::check_unchanged;
use crate::finding::Finding;
use crate::read::source::Source;

/// Pieces that are copied.
const PIECE: u64 = 128 << 10;

impl Wheel {
    /// Writes the wheel's file to `out`, from the descriptor that it was checked through: whatever
    /// has taken its name since.
    ///
    /// # Errors
    /// `input-changed` if the file is not as it was when it was opened, `read-failed`, `output`.
    pub fn copy_to(&self, out: &mut File) -> Result<(), Finding> {
        let source: &Source = self.source();
        let mut offset = 0;
        while offset < source.size() {
            let left = source.size().saturating_sub(offset);
            let piece = source.bytes_at(offset, left.min(PIECE));
            let piece = piece.map_err(|error| match check_unchanged(source) {
                // Shorter than it was: that says more than where the reading ended.
                Err(changed) => changed,
                Ok(()) => Finding::unreadable(&error),
            })?;
            out.write_all(&piece).map_err(|error| {
                Finding::error("output", format!("the copy cannot be written: {error}"))
            })?;
            offset = offset.saturating_add(piece.len() as u64);
        }
        check_unchanged(source)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use wheel_synth::{Ends, archive, entry, on_disk, wheel};

    use super::super::{OpenOptions, Wheel};

    #[test]
    fn the_file_that_was_checked_is_copied() {
        let bytes = archive(
            &wheel(&[entry("evil/a.py", "abc".repeat(99_999))]),
            &Ends::default(),
        );
        let disk = on_disk(&bytes);
        let opened = Wheel::open(&disk.path, &OpenOptions::default()).unwrap();
        let copy = || {
            let mut out = tempfile::tempfile().unwrap();
            opened.copy_to(&mut out).map(|()| {
                use std::io::{Read as _, Seek as _};
                let mut copied = Vec::new();
                out.rewind().unwrap();
                out.read_to_end(&mut copied).unwrap();
                copied
            })
        };
        assert_eq!(copy().unwrap(), bytes);
        // Another file under its name is not what was checked.
        let other = disk.path.with_extension("other");
        fs::write(&other, "other").unwrap();
        fs::rename(&other, &disk.path).unwrap();
        #[cfg(unix)]
        assert_eq!(copy().unwrap(), bytes);
    }

    #[test]
    fn a_file_that_changes_is_not_copied() {
        let bytes = archive(&wheel(&[entry("evil/a.py", "abc")]), &Ends::default());
        for change in [&bytes[..40], &[bytes.as_slice(), b"more"].concat()] {
            let disk = on_disk(&bytes);
            let opened = Wheel::open(&disk.path, &OpenOptions::default()).unwrap();
            fs::write(&disk.path, change).unwrap();
            let mut out = tempfile::tempfile().unwrap();
            assert_eq!(opened.copy_to(&mut out).unwrap_err().code, "input-changed");
        }
    }
}
