//! `RECORD`: which files a wheel says it holds.
//!
//! It is data to compare with the members, never a list of paths to open.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>

mod hash;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::hash::Hash;
use crate::finding::tally::Tally;
use crate::finding::{Finding, Severity};
use crate::read::digest::Algorithm;

/// A RECORD that could be read.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its own path in the archive.
    path: String,
    /// By member path; rows of directories are left out.
    rows: BTreeMap<String, Row>,
    /// How much it matters that a row does not fit its file.
    misfit: Severity,
}

/// What a row says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    hash: Option<Hash>,
    size: Option<u64>,
    /// How many rows name the file.
    times: usize,
}

/// A member as it was read, to be held against RECORD.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its path in the archive.
    pub path: &'a str,
    /// Inflated size in bytes.
    pub size: u64,
    /// `None`: hashes are not compared.
    pub sha256: Option<&'a [u8; 32]>,
    /// The hash that [`Record::algorithm`] asked for.
    pub other: Option<&'a [u8]>,
}

impl Record {
    /// Reads RECORD; `path` is where it is in the archive. `fix` accepts rows that cannot be read, as
    /// [`Self::compare`] then accepts those that are wrong.
    ///
    /// # Errors
    /// Everything that makes it unreadable. The findings beside a record are warnings.
    pub fn parse(
        bytes: &[u8],
        path: &str,
        fix: bool,
    ) -> Result<(Self, Vec<Finding>), Vec<Finding>> {
        let mut tally = Tally::default();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map_or(bytes, |rest| {
            tally.push(Finding::warning(
                "record-bom",
                "RECORD begins with a byte order mark",
            ));
            rest
        });
        let Ok(text) = str::from_utf8(bytes) else {
            return Err(vec![
                Finding::error("record-encoding", "RECORD is not UTF-8").at(path),
            ]);
        };
        if has_blank_line(text) {
            let message = "RECORD has an empty line, at which pip fails";
            tally.push(Finding::warning("record-blank-line", message));
        }
        let mut record = Self {
            path: path.to_owned(),
            rows: BTreeMap::new(),
            misfit: if fix {
                Severity::Warning
            } else {
                Severity::Error
            },
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        for row in reader.records() {
            match row {
                Ok(row) => record.take(&row, &mut tally),
                // Of a text in memory whose rows may have any length, this is never said.
                Err(error) => tally.push(Finding::error("record-encoding", error.to_string())),
            }
        }
        let findings: Vec<Finding> = tally
            .finish()
            .into_iter()
            .map(|finding| {
                if finding.member.is_none() {
                    finding.at(path)
                } else {
                    finding
                }
            })
            .collect();
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            return Err(findings);
        }
        Ok((record, findings))
    }

    /// The hash, beside SHA-256, that must be taken of a member to verify its row.
    pub fn algorithm(&self, member: &str) -> Option<Algorithm> {
        let hash = self.rows.get(member)?.hash.as_ref()?;
        Algorithm::from_name(&hash.algorithm)
    }

    /// A finding about a row that does not fit its file.
    fn misfit(&self, code: &'static str, message: impl Into<String>) -> Finding {
        Finding::new(self.misfit, code, message)
    }

    fn take(&mut self, row: &csv::StringRecord, tally: &mut Tally) {
        let (Some(written), Some(hash), Some(size), 3) =
            (row.get(0), row.get(1), row.get(2), row.len())
        else {
            let line = row.position().map_or(0, csv::Position::line);
            let message = format!(
                "line {line} of RECORD has {} columns instead of 3",
                row.len()
            );
            tally.push(self.misfit("record-columns", message));
            return;
        };
        let Some(path) = member_path(written, tally) else {
            return;
        };
        let hash = Hash::parse(hash).unwrap_or_else(|reason| {
            tally.push(self.misfit("record-hash", reason).at(&*path));
            None
        });
        let plain = size.bytes().all(|byte| byte.is_ascii_digit());
        let size = match (size, size.parse()) {
            ("", _) => None,
            (_, Ok(size)) if plain => Some(size),
            _ => {
                let message = format!("RECORD gives the size as `{size}`");
                tally.push(self.misfit("record-size", message).at(&*path));
                None
            }
        };
        let contradiction = self.misfit(
            "record-duplicate",
            "RECORD lists the file twice, with different contents",
        );
        let known = self.rows.entry(path).or_insert_with(|| Row {
            hash: None,
            size: None,
            times: 0,
        });
        known.times = known.times.saturating_add(1);
        if differ(known.hash.as_ref(), hash.as_ref()) || differ(known.size.as_ref(), size.as_ref())
        {
            tally.push(contradiction.at(written));
        }
        known.hash = known.hash.take().or(hash);
        known.size = known.size.or(size);
    }

    /// Holds RECORD against what the archive holds. Unless it was read to be fixed, wrong hashes and
    /// sizes, and unlisted, absent and repeated files are errors.
    pub fn compare(&self, members: &[Seen<'_>]) -> Vec<Finding> {
        let help = "make the wheel again, or write it anew with a RECORD of what the archive holds";
        let misfit = |code, message: &str, path: &str| {
            let finding = self.misfit(code, message).at(path);
            match self.misfit {
                Severity::Error => finding.help(help),
                _ => finding,
            }
        };
        let mut tally = Tally::default();
        let mut absent: BTreeMap<&str, &Row> = self
            .rows
            .iter()
            .map(|(path, row)| (path.as_str(), row))
            .collect();
        for member in members {
            let Some(row) = absent.remove(member.path) else {
                if member.path == self.path {
                    tally.push(
                        Finding::warning("record-self", "RECORD does not list itself")
                            .at(member.path),
                    );
                } else if !is_signature(member.path, &self.path) {
                    tally.push(misfit(
                        "record-unlisted",
                        "the file is not in RECORD",
                        member.path,
                    ));
                }
                continue;
            };
            if row.times > 1 {
                tally.push(misfit(
                    "record-duplicate",
                    "RECORD lists the file more than once",
                    member.path,
                ));
            }
            if member.path == self.path {
                if row.hash.is_some() {
                    tally.push(
                        Finding::warning("record-self", "RECORD gives a hash of itself")
                            .at(member.path),
                    );
                }
            } else {
                tally.extend(row.verify(member, self.misfit));
            }
        }
        for path in absent.into_keys() {
            tally.push(misfit(
                "record-ghost",
                "RECORD lists a file that is not in the archive",
                path,
            ));
        }
        tally.finish()
    }
}

impl Row {
    fn verify(&self, member: &Seen<'_>, misfit: Severity) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(size) = self.size.filter(|size| *size != member.size) {
            let message = format!(
                "size mismatch: RECORD says {size} bytes, the member has {}",
                member.size
            );
            findings.push(Finding::new(misfit, "record-size", message));
        }
        match &self.hash {
            Some(hash) => findings.extend(hash.verify(member, misfit)),
            None => findings.push(Finding::warning(
                "record-no-hash",
                "RECORD has no hash of the file",
            )),
        }
        let at = |finding: Finding| finding.at(member.path);
        findings.into_iter().map(at).collect()
    }
}

/// Whether a line is empty that is no part of a quoted field.
fn has_blank_line(text: &str) -> bool {
    let mut quoted = false;
    text.lines().any(|line| {
        let blank = line.is_empty() && !quoted;
        quoted ^= line.matches('"').count() % 2 == 1;
        blank
    })
}

/// Whether two rows of one file contradict each other.
fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// Whether a path is spelled as members are: nothing to say of it.
fn is_plain(written: &str) -> bool {
    !written.contains('\\')
        && written
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."))
}

/// The member that a row means; `None` for a directory, and for a path that can mean none.
fn member_path(written: &str, tally: &mut Tally) -> Option<String> {
    if is_plain(written) {
        return Some(written.to_owned());
    }
    let slashed = written.replace('\\', "/");
    if slashed != written {
        tally.push(
            Finding::warning("record-path", "RECORD spells the path with a backslash").at(written),
        );
    }
    if slashed.ends_with('/') {
        tally.push(Finding::warning("record-directory", "RECORD lists a directory").at(written));
        return None;
    }
    let parts: Vec<&str> = slashed
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if parts.is_empty() || parts.contains(&"..") {
        tally.push(
            Finding::error("record-path", "RECORD lists a path that no member can have")
                .at(written),
        );
        return None;
    }
    let plain = parts.join("/");
    if plain != slashed {
        let message = format!("RECORD spells the path of `{plain}` as `{written}`");
        tally.push(Finding::warning("record-path", message).at(written));
    }
    Some(plain)
}

/// `RECORD.jws` and `RECORD.p7s`, which cannot be listed and do not survive a change.
pub(crate) fn is_signature(path: &str, record: &str) -> bool {
    path.strip_prefix(record)
        .is_some_and(|rest| matches!(rest, ".jws" | ".p7s"))
}

/// The bytes of a new RECORD: a row for each of `files` (path, SHA-256, size), its own row last.
pub fn render<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8; 32], u64)>,
    record: &str,
) -> Vec<u8> {
    let mut text = String::new();
    for (path, sha256, size) in files {
        let digest = URL_SAFE_NO_PAD.encode(sha256);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},sha256={digest},{size}", quoted(path));
    }
    let _ = writeln!(text, "{},,", quoted(record));
    text.into_bytes()
}

/// A CSV field, in quotes where it must be.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::digest::{Digester, hex};
    use proptest::prelude::*;

    const RECORD: &str = "evil-1.0.dist-info/RECORD";
    const CONTENT: &[u8] = b"print(1)\n";
    const SHA512: &str = "sha512=_JXN_uEOFwC7QL5yO4b0VivOZa7HUi08-dg9W39vxgNan6Tkbr5LwsII4qUIz4cHWGly4x_iPQ86bJhMa8asyw";

    fn sha256(content: &[u8]) -> [u8; 32] {
        let mut digester = Digester::new(None);
        digester.update(content);
        digester.finish().sha256
    }

    fn good_row(path: &str) -> String {
        format!(
            "{path},sha256={},{}\n",
            URL_SAFE_NO_PAD.encode(sha256(CONTENT)),
            CONTENT.len()
        )
    }

    /// The codes that a RECORD with `rows` gives beside a wheel that holds `members`.
    fn judge(rows: &str, members: &[&str], fix: bool) -> Vec<(&'static str, Severity)> {
        let text = format!("{rows}{RECORD},,\n");
        let (record, mut findings) = match Record::parse(text.as_bytes(), RECORD, fix) {
            Ok(read) => read,
            Err(findings) => return codes(&findings),
        };
        let digests: Vec<_> = members
            .iter()
            .map(|path| {
                let mut digester = Digester::new(record.algorithm(path));
                digester.update(CONTENT);
                digester.finish()
            })
            .collect();
        let mut seen: Vec<Seen<'_>> = members
            .iter()
            .zip(&digests)
            .map(|(path, digests)| Seen {
                path,
                size: CONTENT.len() as u64,
                sha256: Some(&digests.sha256),
                other: digests.other.as_deref(),
            })
            .collect();
        seen.push(Seen {
            path: RECORD,
            size: 1,
            sha256: Some(&[0; 32]),
            other: None,
        });
        findings.extend(record.compare(&seen));
        codes(&findings)
    }

    fn codes(findings: &[Finding]) -> Vec<(&'static str, Severity)> {
        assert!(
            findings
                .iter()
                .all(|finding| !finding.message.ends_with('.'))
        );
        findings
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect()
    }

    #[test]
    fn paths_that_no_member_has_are_refused() {
        for path in ["../evil/b.py", "", "evil/.."] {
            let rows = format!("{}{path},,\n", good_row("evil/a.py"));
            for fix in [false, true] {
                let found = judge(&rows, &["evil/a.py"], fix);
                assert_eq!(found, [("record-path", Severity::Error)], "{rows}");
            }
        }
    }

    #[test]
    fn rows_that_may_be_fixed_on_request() {
        let good = good_row("evil/a.py");
        let padded = good.replace(",9\n", "=,9\n");
        let hex = format!("evil/a.py,sha256={},9\n", hex(&sha256(CONTENT)));
        let more = |row: &str| format!("{good}{row}\n");
        let cases = [
            (String::new(), "record-unlisted"),
            (more("evil/ghost.py,,"), "record-ghost"),
            (more("/usr/lib/libc.so.6,,"), "record-ghost"),
            (good.repeat(2), "record-duplicate"),
            (more("./evil/a.py,,"), "record-duplicate"),
            (more("evil/a.py,,8"), "record-duplicate"),
            (good.replace("sha256=", "sha256=x"), "record-hash"),
            (padded.replace("sha256=", "sha256=x"), "record-hash"),
            (
                format!("evil/a.py,{},9\n", SHA512.replace('J', "K")),
                "record-hash",
            ),
            (hex.replace("sha256=", "sha256=0"), "record-hash"),
            (hex.replace("sha256=", "sha512="), "record-hash"),
            ("evil/a.py,nohash,9\n".to_owned(), "record-hash"),
            (good.replace(",9\n", ",8\n"), "record-size"),
            (good.replace(",9\n", ",+9\n"), "record-size"),
            (
                good.replace(",9\n", ",99999999999999999999999\n"),
                "record-size",
            ),
            (good.replace(",9\n", ",9,x\n"), "record-columns"),
            ("evil/a.py\n".to_owned(), "record-columns"),
            (good_row("evil/a,b.py"), "record-columns"),
        ];
        for (rows, code) in cases {
            let found = judge(&rows, &["evil/a.py"], false);
            assert!(
                found.contains(&(code, Severity::Error)),
                "{rows}: {found:?}"
            );
            let found = judge(&rows, &["evil/a.py"], true);
            assert!(
                found.contains(&(code, Severity::Warning)),
                "{rows}: {found:?}"
            );
            let refused = found
                .iter()
                .any(|(_, severity)| *severity == Severity::Error);
            assert!(!refused, "{rows}: {found:?}");
        }
    }

    #[test]
    fn hashes_that_agree_in_another_spelling() {
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
        let (right, note) = (sha256(CONTENT), Severity::Note);
        let sha512 = URL_SAFE_NO_PAD.decode(&SHA512["sha512=".len()..]).unwrap();
        let spelled = ("record-hash-spelling", note);
        let padded = ("record-padding", Severity::Warning);
        let cases = [
            (format!("sha256={}", hex(&right)), vec![spelled]),
            (
                format!("sha256={}", hex(&right).to_uppercase()),
                vec![spelled],
            ),
            (format!("sha512={}", hex(&sha512)), vec![spelled]),
            (
                format!("sha512={}", STANDARD_NO_PAD.encode(&sha512)),
                vec![spelled],
            ),
            (
                format!("sha512={}", STANDARD.encode(&sha512)),
                vec![padded, spelled],
            ),
        ];
        for (hash, expected) in cases {
            let rows = format!("evil/a.py,{hash},9\n");
            assert_eq!(judge(&rows, &["evil/a.py"], false), expected, "{rows}");
        }
    }

    #[test]
    fn rows_that_only_warn() {
        let md5 = "evil/a.py,md5=3uXEaYn17AkjERiPT-gpww,9\n".to_owned();
        let cases = [
            ("evil/a.py,,\n".to_owned(), "record-no-hash"),
            ("evil/a.py,,9\n".to_owned(), "record-no-hash"),
            (md5, "record-weak-hash"),
            (
                good_row("evil/a.py").replace(",9\n", "=,9\n"),
                "record-padding",
            ),
            (
                format!("evil/,,\n{}", good_row("evil/a.py")),
                "record-directory",
            ),
            (good_row("evil\\a.py"), "record-path"),
            (good_row("./evil/a.py"), "record-path"),
            (good_row("/evil//a.py"), "record-path"),
            (format!("\u{feff}{}", good_row("evil/a.py")), "record-bom"),
            (
                format!("{}{RECORD},sha256=x,\n", good_row("evil/a.py")),
                "record-self",
            ),
        ];
        for (rows, code) in cases {
            let found = judge(&rows, &["evil/a.py"], true);
            assert!(
                found.contains(&(code, Severity::Warning)),
                "{rows}: {found:?}"
            );
            assert!(
                found
                    .iter()
                    .all(|(_, severity)| *severity != Severity::Error),
                "{rows}"
            );
        }
    }

    #[test]
    fn rows_that_are_fine() {
        let row = good_row("evil/a.py");
        let cases = [
            row.clone(),
            row.replace('\n', "\r\n"),
            row.replace("evil/a.py", "\"evil/a.py\""),
            format!("evil/a.py,{SHA512},9\n"),
            row.replace(",9\n", ",\n"),
            row.replace("sha256", "SHA256"),
        ];
        for rows in cases {
            assert_eq!(judge(&rows, &["evil/a.py"], false), [], "{rows}");
        }
        let blank = format!("\n\n{row}\r\n\n");
        let told = judge(&blank, &["evil/a.py"], false);
        assert_eq!(told, [("record-blank-line", Severity::Warning)]);
        let signatures = [
            "evil-1.0.dist-info/RECORD.jws",
            "evil-1.0.dist-info/RECORD.p7s",
        ];
        assert_eq!(judge("", &signatures, false), []);
    }

    #[test]
    fn a_record_that_is_not_text_or_does_not_list_itself() {
        let found = Record::parse(b"evil/caf\xe9.py,,\n", RECORD, true).unwrap_err();
        assert_eq!(codes(&found), [("record-encoding", Severity::Error)]);
        let (record, _) = Record::parse(b"", RECORD, false).unwrap();
        let seen = Seen {
            path: RECORD,
            size: 0,
            sha256: None,
            other: None,
        };
        assert_eq!(
            codes(&record.compare(&[seen])),
            [("record-self", Severity::Warning)]
        );
    }

    #[test]
    fn a_new_record_has_quotes_where_needed_and_itself_last() {
        let hash = sha256(CONTENT);
        let files = [
            ("a,b.py", &hash, 9),
            ("say \"x\".py", &hash, 9),
            ("café ☃.txt", &hash, 9),
        ];
        let text = String::from_utf8(render(files, RECORD)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("\"a,b.py\",sha256="), "{text}");
        assert!(
            lines[1].starts_with("\"say \"\"x\"\".py\",sha256="),
            "{text}"
        );
        assert!(
            lines[2].starts_with("café ☃.txt,sha256=") && lines[2].ends_with(",9"),
            "{text}"
        );
        assert_eq!(lines[3], "evil-1.0.dist-info/RECORD,,");
        assert!(text.ends_with(",,\n"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_without_a_finding(names in prop::collection::btree_set("[a-z,\" é\n\r=]{1,6}", 0..6)) {
            let names: Vec<String> = names.into_iter().map(|name| format!("evil/{name}")).collect();
            let hash = sha256(CONTENT);
            let bytes = render(names.iter().map(|name| (name.as_str(), &hash, 9)), RECORD);
            let (record, findings) = Record::parse(&bytes, RECORD, false).unwrap();
            prop_assert_eq!(findings, []);
            let mut seen: Vec<Seen<'_>> = names
                .iter()
                .map(|path| Seen { path, size: 9, sha256: Some(&hash), other: None })
                .collect();
            seen.push(Seen { path: RECORD, size: 1, sha256: None, other: None });
            prop_assert_eq!(record.compare(&seen), []);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Record::parse(&bytes, RECORD, false);
        }

        #[test]
        fn any_rows_are_read_or_refused(text in "([a-z/.\\\\\",\r\n=0-9]{0,8},?){0,6}") {
            if let Ok((record, _)) = Record::parse(text.as_bytes(), RECORD, true) {
                record.compare(&[]);
            }
        }
    }
}
