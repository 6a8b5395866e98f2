//! Member names: plain relative paths, one file each, on every file system.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::finding::Finding;
use crate::finding::escape::unsafe_to_print;
use crate::finding::problems::Problems;

/// Bytes of a path component; the limit of most file systems.
const LONGEST_COMPONENT: usize = 255;
/// Bytes of a path; `PATH_MAX` of Linux.
const LONGEST_PATH: usize = 4096;

/// The path in `name`, without the slash that marks a directory, or what is wrong with it.
pub(super) fn plain_path(name: &[u8]) -> Result<&str, Finding> {
    let bad = |message: &str| Err(Finding::error("zip-name", message));
    let Ok(name) = std::str::from_utf8(name) else {
        return bad("the name is not UTF-8");
    };
    let path = name.strip_suffix('/').unwrap_or(name);
    if path.is_empty() {
        return bad(if name.is_empty() {
            "the name is empty"
        } else {
            "unsafe path: absolute"
        });
    }
    if path.len() > LONGEST_PATH {
        return bad("the name is too long: over 4096 bytes");
    }
    if has_unsafe(path) {
        return bad("unprintable character in the name: control or invisible formatting");
    }
    if path.contains('\\') {
        return bad("unsafe path: backslash in the name");
    }
    if path.starts_with('/') || has_drive(path) {
        return bad("unsafe path: absolute");
    }
    for component in path.split('/') {
        match component {
            ".." => return bad("unsafe path: a `..` component"),
            "." | "" => return bad("not a canonical path: a `.` or empty component (`//`)"),
            long if long.len() > LONGEST_COMPONENT => {
                return bad("the name is too long: a component of over 255 bytes");
            }
            _ => {}
        }
    }
    Ok(path)
}

/// Nearly all names are ASCII, where few characters are unsafe.
fn has_unsafe(path: &str) -> bool {
    if path.is_ascii() {
        return path.bytes().any(|byte| byte.is_ascii_control());
    }
    path.chars().any(unsafe_to_print)
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// A path and whether it is a directory entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) path: &'a str,
    pub(super) directory: bool,
}

/// Reports names that would meet on a file system.
pub(super) fn check_set(names: &[Named<'_>], problems: &mut Problems) {
    let mut ordered = names.to_vec();
    ordered.sort_by(|a, b| by_component(a.path, b.path));
    for pair in ordered.windows(2) {
        let [first, second] = pair else { continue };
        if first.path == second.path {
            let finding = if first.directory == second.directory {
                Finding::error("zip-duplicate-name", "duplicate member name")
            } else {
                clash()
            };
            problems.add(finding.at(second.path));
        } else if !first.directory && is_below(second.path, first.path) {
            problems.add(clash().at(first.path));
        }
    }
    check_twins(names, problems);
}

fn clash() -> Finding {
    let message = "name conflict: both a file and a directory in the archive";
    Finding::error("zip-name-clash", message)
}

/// Byte order, but a directory's contents come right after its own name.
fn by_component(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((b'/', _)) => Ordering::Less,
        Some((_, b'/')) => Ordering::Greater,
        Some((a, b)) => a.cmp(&b),
        None => a.len().cmp(&b.len()),
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Characters that uv refuses in names, though they are neither controls nor formatting: those for
/// private use, and those that are none.
fn private_or_none(character: char) -> bool {
    let code = u32::from(character);
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
        || matches!(character, '\u{fdd0}'..='\u{fdef}')
        || code & 0xfffe == 0xfffe
}

/// A path that this program reads, and others do not.
pub(super) fn check_characters(path: &str) -> Option<Finding> {
    let message = "a character for private use, or none at all, in the name: uv refuses it";
    (!path.is_ascii() && path.chars().any(private_or_none))
        .then(|| Finding::warning("zip-name-private", message))
}

/// Names that are one on a file system that ignores case or normalises Unicode.
fn check_twins(names: &[Named<'_>], problems: &mut Problems) {
    let mut known: HashMap<String, &str> = HashMap::with_capacity(names.len());
    let mut told: HashSet<&str> = HashSet::new();
    for name in names.iter().filter(|name| !name.directory) {
        for path in itself_and_folders(name.path) {
            match known.entry(folded(path)) {
                Entry::Vacant(place) => {
                    place.insert(path);
                }
                // A folder that was met before, and with it all above it.
                Entry::Occupied(first) if *first.get() == path => break,
                Entry::Occupied(first) => {
                    if told.insert(path) {
                        problems.add(twin(first.get(), path));
                    }
                }
            }
        }
    }
}

/// `a/b/c`, `a/b`, `a`.
fn itself_and_folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.rsplit_once('/').map(|(folder, _)| folder)
    })
}

fn twin(first: &str, path: &str) -> Finding {
    if folded_case(first) == folded_case(path) {
        let message = "the name differs from another only in case: one on macOS and Windows";
        return Finding::warning("zip-case-twins", message).at(path);
    }
    let message = "the name differs from another only in Unicode normalization: one on macOS";
    Finding::warning("zip-unicode-twins", message).at(path)
}

fn folded_case(path: &str) -> String {
    path.chars().flat_map(char::to_lowercase).collect()
}

fn folded(path: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfd().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_pass() {
        let good = [
            "a",
            "a/b.py",
            "a/b/",
            "café ☃.txt",
            "a,b",
            "ab:c/d",
            "..a/b..",
            "...",
            "-x",
        ];
        for name in good {
            assert!(plain_path(name.as_bytes()).is_ok(), "{name}");
        }
        let long = "a/".repeat(2050);
        let component = "b".repeat(256);
        let bad: [(&[u8], &str); 18] = [
            (b"", "empty"),
            (b"/", "absolute"),
            (b"/etc/passwd", "absolute"),
            (b"C:/x", "absolute"),
            (b"c:x", "absolute"),
            (b"../x", ".."),
            (b"a/../x", ".."),
            (b"a/..", ".."),
            (b"./a", "canonical"),
            (b"a//b", "canonical"),
            (b"a//", "canonical"),
            (b"a\\b", "backslash"),
            (b"a\0b", "control"),
            (b"a\nb", "control"),
            ("a\u{202e}b".as_bytes(), "unprintable"),
            (b"caf\xe9", "UTF-8"),
            (long.as_bytes(), "long"),
            (component.as_bytes(), "long"),
        ];
        for (name, word) in bad {
            let message = plain_path(name).unwrap_err().message;
            assert!(message.contains(word), "{name:?}: {message}");
        }
    }

    fn codes(names: &[&str]) -> Vec<&'static str> {
        let set: Vec<_> = names
            .iter()
            .map(|name| Named {
                path: name.strip_suffix('/').unwrap_or(name),
                directory: name.ends_with('/'),
            })
            .collect();
        let mut problems = Problems::default();
        check_set(&set, &mut problems);
        let findings = problems.finish().unwrap_or_else(|findings| findings);
        findings.into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn names_that_meet_are_found() {
        let cases: [(&[&str], &[&str]); 14] = [
            (&["a", "b", "a-b", "a.b/c"], &[]),
            (&["a/", "a/b", "a/c/d"], &[]),
            (&["a", "b", "a"], &["zip-duplicate-name"]),
            (&["a/", "b", "a/"], &["zip-duplicate-name"]),
            (&["a", "a-b", "a.b", "a/b", "a0"], &["zip-name-clash"]),
            (&["a/b/c/d", "x", "a/b"], &["zip-name-clash"]),
            (&["a", "a/"], &["zip-name-clash"]),
            (&["a/Data", "a/data"], &["zip-case-twins"]),
            (&["caf\u{e9}", "cafe\u{301}"], &["zip-unicode-twins"]),
            (&["\u{c9}", "\u{e9}"], &["zip-case-twins"]),
            (&["a/Sub/x", "a/sub/y"], &["zip-case-twins"]),
            (&["A/b/x", "a/b/y", "A/b/z", "a/c"], &["zip-case-twins"; 2]),
            (&["a/Data", "a/data/x"], &["zip-case-twins"]),
            (&["a/sub/x", "a/sub/y", "a/z"], &[]),
        ];
        for (names, expected) in cases {
            assert_eq!(codes(names), expected, "{names:?}");
        }
    }
}
