//! Reads back what was written, before it gets its name: a wheel that fails is not published.
//!
//! Two readers that share no code must agree on it: ours, and the `zip` crate's, which
//! starts from the other end of every question (it maps names to entries and looks for
//! what nobody lists). New data is inflated; what was copied was verified in the input.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use super::Written;
use crate::finding::{Finding, Severity};
use crate::framing;
use crate::member::Member;
use crate::metadata::record::{Record, Seen};
use crate::read::examiner::Examiner;
use crate::read::scan::{ScanRequest, read_small, scan};
use crate::read::source::Source;
use crate::wheel::largest_record;

/// Checks the archive at `path` against what its writer says is in it, RECORD last. Says of each member
/// that was not copied, in archive order, what `examiner` made of it.
///
/// # Errors
/// A finding with code `self-check`: it is not exactly that.
pub fn check_written<E: Examiner>(
    path: &Path,
    written: &[Written],
    examiner: &E,
) -> Result<Vec<Option<E::Value>>, Finding> {
    check(path, written, examiner).map_err(|reason| {
        let message = format!("the result failed its verification and was not kept: {reason}");
        Finding::error("self-check", message)
            .help("please report this wheel as a fault of wheel-archive")
    })
}

fn check<E: Examiner>(
    path: &Path,
    written: &[Written],
    examiner: &E,
) -> Result<Vec<Option<E::Value>>, String> {
    let unreadable = |error: io::Error| error.to_string();
    let source = Arc::new(Source::open(path).map_err(unreadable)?);
    let listing = framing::read(&source).map_err(unreadable)?;
    let listing = listing.map_err(|findings| first(&findings))?;
    // Names that other systems and tools do not take are the wheel's own affair, and were told.
    let theirs = ["zip-case-twins", "zip-unicode-twins", "zip-name-private"];
    let ours = |finding: &&Finding| !theirs.contains(&finding.code);
    if let Some(finding) = listing.findings.iter().find(ours) {
        return Err(finding.to_string());
    }
    check_members(&listing.members, written)?;
    second_reader(path, written).map_err(|error| format!("second reader: {error}"))?;
    check_record(&source, &listing.members, written)?;
    check_new_data(&source, &listing.members, written, examiner)
}

fn first(findings: &[Finding]) -> String {
    findings
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn check_members(members: &[Member], written: &[Written]) -> Result<(), String> {
    let differs = members
        .iter()
        .zip(written)
        .find(|(member, row)| member.path != row.path || member.size != row.size);
    match differs {
        Some((member, row)) => Err(format!("{} is in the place of {}", member.path, row.path)),
        None if members.len() == written.len() => Ok(()),
        None => Err(format!("{} members, not {}", members.len(), written.len())),
    }
}

fn second_reader(path: &Path, written: &[Written]) -> zip::result::ZipResult<()> {
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut archive = ZipArchive::with_config(config, BufReader::new(File::open(path)?))?;
    archive.validate_header_consistency()?;
    let mut pairs = archive.file_names().zip(written);
    let same = pairs.all(|(name, row)| name.is_ok_and(|name| name == row.path));
    if same && archive.len() == written.len() {
        return Ok(());
    }
    let other = io::Error::new(io::ErrorKind::InvalidData, "other members");
    Err(other.into())
}

/// RECORD as it was written must list every member with its hash and size.
fn check_record(source: &Source, members: &[Member], written: &[Written]) -> Result<(), String> {
    let record = members.last().ok_or("no members")?;
    let limit = largest_record(members);
    let bytes = read_small(source, record, limit).map_err(|error| error.to_string())?;
    let (parsed, findings) =
        Record::parse(&bytes, &record.path, false).map_err(|findings| first(&findings))?;
    let seen: Vec<Seen<'_>> = written
        .iter()
        .map(|row| Seen {
            path: &row.path,
            size: row.size,
            sha256: Some(&row.sha256),
            other: None,
        })
        .collect();
    let findings = [findings, parsed.compare(&seen)].concat();
    if findings.is_empty() {
        Ok(())
    } else {
        Err(first(&findings))
    }
}

/// Inflates what was compressed here, which checks its CRC and size.
fn check_new_data<E: Examiner>(
    source: &Arc<Source>,
    members: &[Member],
    written: &[Written],
    examiner: &E,
) -> Result<Vec<Option<E::Value>>, String> {
    let new: Vec<Member> = members
        .iter()
        .zip(written)
        .filter(|(_, row)| !row.copied)
        .map(|(member, _)| member.clone())
        .collect();
    let request = ScanRequest {
        verify: true,
        hash: false,
        keep: 0,
        examiner,
        other_hash: &|_| None,
    };
    let scanned = scan(source, &new, &request);
    let mut found = scanned.iter().filter_map(|one| one.finding.as_ref());
    if let Some(finding) = found.find(|one| one.severity == Severity::Error) {
        return Err(finding.to_string());
    }
    Ok(scanned.into_iter().map(|one| one.value).collect())
}

#[cfg(test)]
mod tests {
    use wheel_synth::{Ends, Entry, archive, entry, on_disk, wheel};

    use super::*;
    use crate::read::digest::Digester;

    fn rows(entries: &[Entry]) -> Vec<Written> {
        let row = |entry: &Entry| {
            let mut digester = Digester::new(None);
            digester.update(&entry.data);
            Written {
                path: String::from_utf8(entry.name.clone()).unwrap(),
                size: entry.data.len() as u64,
                sha256: digester.finish().sha256,
                copied: false,
            }
        };
        entries.iter().map(row).collect()
    }

    fn failure(bytes: &[u8], rows: &[Written]) -> String {
        let disk = on_disk(bytes);
        check_written(&disk.path, rows, &()).unwrap_err().message
    }

    #[test]
    fn only_what_was_meant_passes() {
        let entries = wheel(&[
            entry("evil/a.py", "abc".repeat(99)),
            entry("evil/b.py", "b"),
        ]);
        let good = archive(&entries, &Ends::default());
        let meant = rows(&entries);
        assert!(check_written(&on_disk(&good).path, &meant, &()).is_ok());

        // Names that meet elsewhere are the input's, not the writer's.
        let twins = wheel(&[
            entry("evil/A.py", "1"),
            entry("evil/a.py", "2"),
            entry("evil/caf\u{e9}.py", "3"),
            entry("evil/cafe\u{301}.py", "4"),
        ]);
        let twins_archive = archive(&twins, &Ends::default());
        assert!(check_written(&on_disk(&twins_archive).path, &rows(&twins), &()).is_ok());

        assert!(failure(&good[..good.len() - 1], &meant).contains("zip"));
        assert!(failure(&good, &meant[1..]).contains("in the place of"));
        assert!(failure(&good, &meant[..meant.len() - 1]).contains("members"));
        let described: Vec<Entry> = entries
            .iter()
            .map(|e| e.clone().described(true, false))
            .collect();
        assert!(failure(&archive(&described, &Ends::default()), &meant).contains("descriptor"));
        let mut other = meant.clone();
        other[0].sha256[0] ^= 1;
        assert!(failure(&good, &other).contains("record-hash"));
        let mut damaged = entries.clone();
        let mut raw = damaged[0].raw();
        raw[9] ^= 0x10;
        damaged[0].raw = Some(raw);
        let message = failure(&archive(&damaged, &Ends::default()), &meant);
        assert!(message.contains("evil/a.py"), "{message}");
    }

    /// Whatever damages the bytes on their way to the disk: nothing gets the name.
    #[test]
    fn a_damaged_result_is_not_published() {
        use std::io::Write as _;
        let entries = wheel(&[entry("evil/a.py", "abc".repeat(99))]);
        let good = archive(&entries, &Ends::default());
        let meant = rows(&entries);
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("out/x.whl");
        let publish = |bytes: &[u8]| {
            let write = |file: &mut File| {
                file.write_all(bytes).unwrap();
                Ok(())
            };
            let check = |path: &Path, (): &()| check_written(path, &meant, &()).map(|_| ());
            super::super::publish::publish(&destination, write, check, |()| Ok(()))
        };
        let (mut caught, mut passed) = (0, 0);
        for at in (0..good.len()).step_by(5) {
            let mut damaged = good.clone();
            damaged[at] ^= 0x15;
            // Dates, modes and the like are not what is verified here.
            if let Err(finding) = publish(&damaged) {
                assert_eq!(finding.code, "self-check", "byte {at}");
                assert!(!folder.path().join("out").exists(), "byte {at}");
                caught += 1;
            } else {
                passed += 1;
                std::fs::remove_dir_all(folder.path().join("out")).unwrap();
            }
        }
        assert!(caught > 4 * passed, "{caught} caught, {passed} not");
        let data = good.len() / 4;
        assert!(publish(&good[..good.len() - 1]).is_err());
        assert!(publish(&[&good[..data], &[0], &good[data..]].concat()).is_err());
        assert!(publish(&good).is_ok());
        assert!(destination.exists());
    }
}
