//! Every hazard of the framing, made on purpose.
#![expect(clippy::too_many_lines, reason = "a table of claims is one thing")]

mod agreement;
mod contents;
mod damage;
mod end;
mod extents;
mod features;
mod sound;

use wheel_synth::{Ends, Entry, Lies, archive, entry, on_disk, wheel};

use super::read;
use crate::finding::Severity;
use crate::read::source::Source;

/// Codes and severities of what is found, errors first if there are any.
fn judge(bytes: &[u8]) -> Vec<(Severity, &'static str)> {
    let disk = on_disk(bytes);
    let source = Source::open(&disk.path).unwrap();
    let findings = match read(&source).unwrap() {
        Ok(listing) => listing.findings,
        Err(findings) => {
            assert_eq!(findings[0].severity, Severity::Error);
            findings
        }
    };
    let mut codes: Vec<_> = findings
        .iter()
        .map(|found| (found.severity, found.code))
        .collect();
    codes.dedup();
    codes
}

fn with(files: &[Entry]) -> Vec<u8> {
    archive(&wheel(files), &Ends::default())
}

fn ending(ends: &Ends) -> Vec<u8> {
    archive(&wheel(&[entry("evil/a.py", "x = 1\n")]), ends)
}

fn assert_error(what: &str, bytes: &[u8], code: &str) {
    let found = judge(bytes);
    assert!(
        found.contains(&(Severity::Error, code)),
        "{what}: {found:?}"
    );
}

fn a() -> Entry {
    entry("evil/a.py", "abcdef".repeat(9))
}

/// `file`, with the same lies in both of its headers.
fn lying_alike(lies: Lies, file: Entry) -> Entry {
    Entry {
        local: lies.clone(),
        central: lies,
        ..file
    }
}
