//! The hash column of RECORD: `algorithm=digest`, and whether it is a member's.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::Seen;
use crate::finding::{Finding, Severity};
use crate::read::digest::hex;

/// `algorithm=digest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hash {
    /// In lower case.
    pub(super) algorithm: String,
    /// As RECORD spells it: base64 of the alphabet for URLs, without padding, where it is right.
    digest: String,
}

impl Hash {
    /// What is wrong with it, beside the member; `misfit` is how much that matters.
    pub(super) fn verify(&self, member: &Seen<'_>, misfit: Severity) -> Vec<Finding> {
        let mut findings = Vec::new();
        let algorithm = &self.algorithm;
        if !matches!(algorithm.as_str(), "sha256" | "sha384" | "sha512") {
            let message =
                format!("RECORD uses `{algorithm}`, a hash that is weak or not known here");
            findings.push(Finding::warning("record-weak-hash", message));
        }
        let digest = self.digest.trim_end_matches('=');
        if digest.len() != self.digest.len() {
            let message = "the hash in RECORD has base64 padding";
            findings.push(Finding::warning("record-padding", message));
        }
        let actual = match algorithm.as_str() {
            "sha256" => member.sha256.map(<[u8; 32]>::as_slice),
            _ => member.other,
        };
        match actual.map(|actual| spelling(digest, actual)) {
            None | Some(Some(Spelling::Right)) => {}
            Some(Some(Spelling::Odd(how))) => {
                let message = format!(
                    "RECORD spells the hash {how}, not in base64 for URLs: tools that verify RECORD \
                     take it for another; repair writes it anew"
                );
                findings.push(Finding::note("record-hash-spelling", message));
            }
            Some(None) => findings.push(wrong_hash(algorithm, misfit)),
        }
        findings
    }

    /// `None` for an empty column.
    ///
    /// # Errors
    /// What is wrong with the column, in words.
    pub(super) fn parse(column: &str) -> Result<Option<Self>, String> {
        if column.is_empty() {
            return Ok(None);
        }
        let Some((algorithm, digest)) = column.split_once('=') else {
            return Err(format!("`{column}` in RECORD is not `algorithm=digest`"));
        };
        Ok(Some(Self {
            algorithm: algorithm.to_ascii_lowercase(),
            digest: digest.to_owned(),
        }))
    }
}

fn wrong_hash(algorithm: &str, misfit: Severity) -> Finding {
    let message = format!("{algorithm} mismatch: the member is not what RECORD says");
    let finding = Finding::new(misfit, "record-hash", message);
    match misfit {
        Severity::Error => finding.help(
            "the wheel was changed after it was built: build it again or get it from its source",
        ),
        _ => finding,
    }
}

/// How a digest is written.
enum Spelling {
    /// As the specification wants it.
    Right,
    /// Otherwise; in words.
    Odd(&'static str),
}

/// How `digest`, without padding, spells the bytes of a hash; `None` if it is another hash's.
fn spelling(digest: &str, hash: &[u8]) -> Option<Spelling> {
    if URL_SAFE_NO_PAD.encode(hash) == digest {
        return Some(Spelling::Right);
    }
    if hex(hash).eq_ignore_ascii_case(digest) {
        return Some(Spelling::Odd("in hex"));
    }
    let other_alphabet = STANDARD_NO_PAD.encode(hash) == digest;
    other_alphabet.then_some(Spelling::Odd("in base64 with `+` and `/`"))
}
