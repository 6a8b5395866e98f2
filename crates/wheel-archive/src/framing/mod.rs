//! The framing of a wheel: what makes the file one archive and nothing else.
//!
//! Readers of archives disagree: some start at the end, some at the beginning; some
//! believe local headers, some the central directory. A file that passes here reads the
//! same to all of them: records lie end to end from the first byte to the last, and
//! everything that is said twice is said alike. Nothing is inflated here, and no size
//! in a header is believed before the file is seen to be that long.
//!
//! Spec: APPNOTE 6.3.10 <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]
#![expect(
    clippy::as_conversions,
    reason = "usize to u64, which has no From and loses nothing on any target"
)]

mod central;
mod end;
mod extents;
mod extra;
mod fields;
mod local;
mod names;

use std::io;

use self::central::{Entry, UTF8};
use self::extents::Placed;
use self::names::Named;
use crate::finding::Finding;
use crate::finding::problems::Problems;
use crate::member::Member;
use crate::read::source::{Source, Window};

/// More than any archive needs: a million members have half of it.
const LONGEST_DIRECTORY: u64 = 128 << 20;
/// Local headers of small members lie close to each other.
const WINDOW: usize = 4096;
/// The regular files of an archive whose framing is sound.
#[derive(Debug)]
pub(crate) struct Listing {
    /// In the order of the central directory.
    pub(crate) members: Vec<Member>,
    /// Warnings and notes.
    pub(crate) findings: Vec<Finding>,
}

/// Reads and checks the framing. The inner error holds everything that is wrong.
pub(crate) fn read(source: &Source) -> io::Result<Result<Listing, Vec<Finding>>> {
    let mut problems = Problems::default();
    let Some(directory) = end::find(source, &mut problems)? else {
        return Ok(problems.finish().map(no_members));
    };
    if directory.size > LONGEST_DIRECTORY {
        let message = "the central directory is larger than 128 MiB";
        problems.add(Finding::error("zip-limit", message));
    }
    if !central::count_fits(&directory) {
        let message = format!(
            "the end record counts {} entries, the central directory is too small for them",
            directory.count
        );
        problems.add(Finding::error("zip-count", message));
    }
    if problems.any_error() {
        return Ok(problems.finish().map(no_members));
    }
    let bytes = source.bytes_at(directory.offset, directory.size)?;
    let entries = central::parse(&bytes, &directory, &mut problems);
    let placed = check_locals(source, &entries, &mut problems)?;
    if placed.len() == entries.len() {
        extents::check(source, &placed, directory.offset, &mut problems)?;
    }
    let members = members(&placed, &mut problems);
    Ok(problems
        .finish()
        .map(|findings| Listing { members, findings }))
}

fn no_members(findings: Vec<Finding>) -> Listing {
    Listing {
        members: Vec::new(),
        findings,
    }
}

fn check_locals<'a>(
    source: &Source,
    entries: &[Entry<'a>],
    problems: &mut Problems,
) -> io::Result<Vec<Placed<'a>>> {
    let mut window = Window::new(source, WINDOW);
    let mut placed = Vec::with_capacity(entries.len());
    for entry in entries {
        if let Some(data) = local::check(&mut window, entry, problems)? {
            placed.push(Placed {
                entry: *entry,
                data,
            });
        }
    }
    Ok(placed)
}

/// Whether a member can have this path; why not.
pub fn check_path(path: &str) -> Result<(), String> {
    let plain = names::plain_path(path.as_bytes());
    plain.map(|_| ()).map_err(|finding| finding.message)
}

/// Turns entries into members; directories are checked and left out.
fn members(placed: &[Placed<'_>], problems: &mut Problems) -> Vec<Member> {
    let mut members = Vec::with_capacity(placed.len());
    let mut named = Vec::with_capacity(placed.len());
    for Placed { entry, data } in placed {
        let path = match names::plain_path(entry.name) {
            Ok(path) => path,
            Err(finding) => {
                problems.add(finding.at(entry.shown()));
                continue;
            }
        };
        if !path.is_ascii() && entry.flags & UTF8 == 0 {
            let message = "the name is UTF-8 but not marked so: some tools will read another name";
            problems.add(Finding::warning("zip-name-encoding", message).at(path));
        }
        if let Some(finding) = names::check_characters(path) {
            problems.add(finding.at(path));
        }
        named.push(Named {
            path,
            directory: entry.is_directory(),
        });
        if let Some(finding) = check_type(entry) {
            problems.add(finding.at(entry.shown()));
        } else if !entry.is_directory() {
            members.push(member(entry, path, *data));
        }
    }
    names::check_set(&named, problems);
    members
}

fn member(entry: &Entry<'_>, path: &str, data_offset: u64) -> Member {
    const UNIX: u8 = 3;
    const DARWIN: u8 = 19;
    let has_mode = matches!(entry.system, UNIX | DARWIN);
    Member {
        path: path.to_owned(),
        executable: has_mode && entry.mode & 0o111 != 0,
        modified: entry.modified.clamped(),
        method: entry.method,
        crc: entry.crc,
        compressed_size: entry.compressed,
        size: entry.size,
        data_offset,
        sha256: None,
    }
}

/// Only regular files and empty directories may be in a wheel.
fn check_type(entry: &Entry<'_>) -> Option<Finding> {
    const DIRECTORY: u16 = 0o040_000;
    const SYMLINK: u16 = 0o120_000;
    let refuse = |message: &str| Some(Finding::error("zip-type", message));
    // Installers look at these bits whatever system the entry claims to come from.
    match entry.mode & 0o170_000 {
        SYMLINK => {
            let message = "symbolic link: installers write its target's name as a text file";
            let help = "put a copy of the target in its place";
            return Some(Finding::error("zip-symlink", message).help(help));
        }
        DIRECTORY if entry.is_directory() => {}
        DIRECTORY => return refuse("a directory by its type, a regular file by its name"),
        0 | 0o100_000 => {}
        _ => return refuse("special file type: only regular files may be in a wheel"),
    }
    // An empty deflate stream takes two bytes.
    if entry.is_directory() && (entry.size > 0 || entry.compressed > 2) {
        return refuse("a directory entry that holds data");
    }
    if entry.method == 0 && entry.size != entry.compressed {
        let message = "stored, but size and compressed size mismatch";
        return Some(Finding::error("zip-size", message));
    }
    None
}

#[cfg(test)]
mod tests;
