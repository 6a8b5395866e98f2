//! RECORD is data to compare with, never a list of paths to open.

use std::fs;

use crate::craft::judge::{Case, End, audit, hold};
use crate::craft::wheel::{Maker, extension, row};

const FILE: &str = "evil/a.py";
const CONTENT: &[u8] = b"print(1)\n";

fn maker() -> Maker {
    Maker::default().file(FILE, CONTENT)
}

fn sha256_hex(content: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(content);
    wheel_archive::hex(&digest)
}

/// The row of `evil/a.py` replaced.
fn with_row(row: &str) -> Maker {
    maker().with(|maker| maker.rows = vec![(FILE.to_owned(), row.to_owned())])
}

fn with_record(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Maker {
    maker().with(|maker| {
        let entries = maker.entries();
        let record = maker.record_of(&entries[..entries.len() - 1]);
        maker.record = Some(change(record));
    })
}

fn right() -> String {
    row(FILE, CONTENT)
}

#[test]
fn rows_that_are_refused() {
    let tampered = row(FILE, b"print(2)\n");
    let size = right().replace(",9", ",8");
    let hex = sha256_hex(b"print(2)\n");
    let upper = right()
        .to_uppercase()
        .replace("EVIL/A.PY,SHA256", "evil/a.py,sha256");
    let cases = [
        ("hash", tampered, "record-hash"),
        ("hash-other-case", upper, "record-hash"),
        ("hash-empty", format!("{FILE},sha256=,9"), "record-hash"),
        (
            "hex-of-another",
            format!("{FILE},sha256={hex},9"),
            "record-hash",
        ),
        (
            "hex-cut",
            format!("{FILE},sha256={},9", &sha256_hex(CONTENT)[..63]),
            "record-hash",
        ),
        (
            "hash-cut",
            right().replace(",9", "").trim_end_matches(|_| false)[..40].to_owned() + ",9",
            "record-hash",
        ),
        ("no-algorithm", format!("{FILE},abc,9"), "record-hash"),
        ("size", size, "record-size"),
        ("size-negative", right().replace(",9", ",-9"), "record-size"),
        ("size-words", right().replace(",9", ",nine"), "record-size"),
        (
            "size-huge",
            right().replace(",9", ",99999999999999999999999"),
            "record-size",
        ),
        ("size-signed", right().replace(",9", ",+9"), "record-size"),
        ("four-columns", right() + ",x", "record-columns"),
        ("two-columns", FILE.to_owned() + ",", "record-columns"),
        ("one-column", FILE.to_owned(), "record-columns"),
        ("parent", row("evil/../evil/a.py", CONTENT), "record-path"),
        ("parent-first", row("../evil/a.py", CONTENT), "record-path"),
        ("other-case", row("evil/A.py", CONTENT), "record-unlisted"),
    ]
    .map(|(id, row, code)| Case::refused(id, &with_row(&row), &[code]));
    hold(&cases);
}

#[test]
fn rows_that_are_told() {
    let cases = [
        (
            "md5",
            format!("{FILE},md5=rzZaYMd85MBCawrgB65kxg,9"),
            "record-weak-hash",
        ),
        ("sha1", format!("{FILE},sha1=abc,9"), "record-weak-hash"),
        ("no-hash", format!("{FILE},,9"), "record-no-hash"),
        ("no-hash-no-size", format!("{FILE},,"), "record-no-hash"),
        ("padding", right().replace(",9", "=,9"), "record-padding"),
        ("backslash", row("evil\\a.py", CONTENT), "record-path"),
        ("dot", row("./evil/a.py", CONTENT), "record-path"),
        ("leading-slash", row("/evil/a.py", CONTENT), "record-path"),
        ("double-slash", row("evil//a.py", CONTENT), "record-path"),
    ]
    .map(|(id, row, code)| Case::told(id, &with_row(&row), &[code]));
    // A weak hash is not an integrity check, but a wrong one is still wrong.
    let silent = cases.map(|case| {
        let wrong = case.id == "md5" || case.id == "sha1";
        if wrong {
            Case {
                show: End::Any,
                repair: End::Any,
                ..case
            }
        } else {
            case
        }
    });
    hold(&silent);
    let directory = maker().with(|maker| maker.more_rows.push("evil/,,".to_owned()));
    hold(&[Case::told("directory", &directory, &["record-directory"])]);
}

#[test]
fn forms_that_are_fine_or_told() {
    let swap = |from: &'static str, to: &'static str| {
        with_record(move |record| {
            String::from_utf8(record)
                .unwrap()
                .replace(from, to)
                .into_bytes()
        })
    };
    let quoted = with_row(&format!(
        "\"{FILE}\"{}",
        right().strip_prefix(FILE).unwrap()
    ));
    let sorted_first = with_record(|record| {
        let text = String::from_utf8(record).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.reverse();
        lines.join("\n").into_bytes()
    });
    let cases = [
        Case::sound("crlf", &swap("\n", "\r\n")),
        Case::told("blank-lines", &swap("\n", "\n\n"), &["record-blank-line"]),
        Case::told(
            "blank-line-crlf",
            &swap("\n", "\r\n\r\n"),
            &["record-blank-line"],
        ),
        Case::sound(
            "no-newline-at-end",
            &with_record(|record| record[..record.len() - 1].to_vec()),
        ),
        Case::sound("quoted", &quoted),
        Case::sound("another-order", &sorted_first),
        Case::told(
            "bom",
            &with_record(|record| [b"\xef\xbb\xbf", record.as_slice()].concat()),
            &["record-bom"],
        ),
        Case::told(
            "does-not-list-itself",
            &swap("evil-1.0.dist-info/RECORD,,\n", ""),
            &["record-self"],
        ),
    ];
    hold(&cases);
}

#[test]
fn records_that_cannot_be_read() {
    let cases = [
        Case::refused(
            "not-utf8",
            &with_record(|record| [b"caf\xe9,,\n", record.as_slice()].concat()),
            &["record-encoding"],
        ),
        Case::refused(
            "utf16",
            &with_record(|record| record.iter().flat_map(|byte| [*byte, 0]).collect()),
            &["record-columns"],
        )
        .repair(End::Refused),
        Case::refused("empty", &with_record(|_| Vec::new()), &["record-unlisted"]),
        Case::refused(
            "quote-open",
            &with_record(|record| [record.as_slice(), b"\"evil/x.py"].concat()),
            &["record-columns"],
        ),
        Case::refused(
            "nul",
            &with_record(|record| [b"\0,,\n", record.as_slice()].concat()),
            &["record-ghost"],
        ),
        Case::refused(
            "escape",
            &with_record(|record| [b"\x1b]0;x\x07,,\n", record.as_slice()].concat()),
            &["record-ghost"],
        ),
    ];
    hold(&cases);
}

/// Fifty rows that are only odd do not hide one that leads out.
#[test]
fn warnings_hide_no_error() {
    let odd = with_record(|record| {
        let mut rows = "./evil/odd.py,,
"
        .repeat(50);
        rows.push_str("../../outside,,\n");
        [record.as_slice(), rows.as_bytes()].concat()
    });
    hold(&[Case::refused("hidden", &odd, &["record-path"]).repair_option("--fix-record")]);
}

#[test]
fn members_and_rows_that_do_not_meet() {
    let second = "evil/second.cpython-311-x86_64-linux-gnu.so";
    let unlisted = Maker::default()
        .file(second, extension(&[]))
        .with(|maker| maker.unlisted.push(second.to_owned()));
    let ghost = maker().with(|maker| maker.more_rows.push(row("evil/ghost.py", b"x")));
    let twice = maker().with(|maker| maker.more_rows.push(right()));
    let twice_otherwise = maker().with(|maker| maker.more_rows.push(row(FILE, b"x")));
    let comma = Maker::default().file("evil/a,b.py", "x").with(|maker| {
        let plain = row("evil/a,b.py", b"x").replace('"', "");
        maker.rows = vec![("evil/a,b.py".to_owned(), plain)];
    });
    let cases = [
        Case::refused("unlisted", &unlisted, &["record-unlisted"]),
        Case::refused("ghost", &ghost, &["record-ghost"]),
        Case::refused("twice", &twice, &["record-duplicate"]),
        Case::refused("twice-otherwise", &twice_otherwise, &["record-duplicate"]),
        Case::refused("comma-unquoted", &comma, &["record-columns"]),
    ];
    let fixed = cases.clone().map(fixed);
    hold(&cases);
    hold(&fixed);
}

/// The same case, which a repair mends on request.
fn fixed(case: Case) -> Case {
    let mut case = case.repair(End::Done).repair_option("--fix-record");
    case.repair_codes = case.codes.clone();
    case
}

/// Wrong hashes and sizes: refused, and mended where the user says so. `written` then finds a right RECORD.
#[test]
fn rows_that_are_wrong_are_mended_on_request() {
    let wrong =
        |id: &str, row: &str, code: &'static str| fixed(Case::refused(id, &with_row(row), &[code]));
    let hex = format!("{FILE},sha256={},9", sha256_hex(b"print(2)\n"));
    let cases = [
        wrong("hash", &row(FILE, b"print(2)\n"), "record-hash"),
        wrong("hex", &hex, "record-hash"),
        wrong("no-algorithm", &format!("{FILE},abc,9"), "record-hash"),
        wrong("size", &right().replace(",9", ",8"), "record-size"),
        wrong("size-words", &right().replace(",9", ",nine"), "record-size"),
        wrong("four-columns", &(right() + ",x"), "record-columns"),
        wrong("one-column", FILE, "record-columns"),
        wrong("other-case", &row("evil/A.py", CONTENT), "record-unlisted"),
    ];
    hold(&cases);
    let outside = Case::refused("outside", &with_row("../evil/a.py,,"), &["record-path"]);
    hold(&[outside.repair_option("--fix-record")]);
}

/// Only a repair writes a RECORD.
#[test]
fn what_only_looks_has_no_option_to_mend() {
    for verb in ["show", "tree"] {
        let output = audit(verb)
            .args(["--fix-record", "x.whl"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{verb}");
    }
}

#[test]
fn hashes_that_agree_in_another_spelling() {
    let hex = sha256_hex(CONTENT);
    let noted = |id: &str, hash: &str| {
        let maker = with_row(&format!("{FILE},{hash},9"));
        Case::sound(id, &maker).noted(&["record-hash-spelling"])
    };
    let every = maker().with(|maker| {
        let entries = maker.entries();
        let listed = entries[..entries.len() - 1].iter();
        maker.rows = listed
            .map(|entry| {
                let path = String::from_utf8(entry.name.clone()).unwrap();
                let hash = sha256_hex(&entry.content);
                let row = format!("{path},sha256={hash},{}", entry.content.len());
                (path, row)
            })
            .collect();
    });
    hold(&[
        Case::sound("every-row", &every).noted(&["record-hash-spelling"]),
        noted("hex", &format!("sha256={hex}")),
        noted("hex-upper-case", &format!("SHA256={}", hex.to_uppercase())),
    ]);
}

/// Rows that name files and pipes of the machine: neither opened nor changed.
#[cfg(unix)]
#[test]
fn rows_of_the_host() {
    let place = tempfile::tempdir().unwrap();
    let victim = place.path().join("libvictim.so");
    let bytes = extension(&["libgraft.so.1"]);
    fs::write(&victim, &bytes).unwrap();
    let fifo = place.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(
        made.unwrap().success(),
        "mkfifo is needed: apt-get install coreutils"
    );
    let with = |row: String| maker().with(|maker| maker.more_rows.push(row));
    let cases = [
        Case::refused(
            "victim",
            &with(row(victim.to_str().unwrap(), &bytes)),
            &["record-ghost"],
        ),
        Case::refused(
            "pipe",
            &with(format!("{},,", fifo.display())),
            &["record-ghost"],
        ),
        fixed(Case::refused(
            "pipe-fixed",
            &with(format!("{},,", fifo.display())),
            &["record-ghost"],
        )),
        Case::refused(
            "passwd",
            &with("../../../../../../etc/passwd,,".to_owned()),
            &["record-path"],
        ),
    ];
    hold(&cases);
    assert_eq!(fs::read(&victim).unwrap(), bytes);
}

#[test]
fn stronger_hashes_are_verified() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let digest =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha512::digest(CONTENT));
    let wrong = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(sha2::Sha512::digest(b"x"));
    let cases = [
        Case::sound("sha512", &with_row(&format!("{FILE},sha512={digest},9"))),
        Case::refused(
            "sha512-wrong",
            &with_row(&format!("{FILE},sha512={wrong},9")),
            &["record-hash"],
        ),
    ];
    hold(&cases);
}
