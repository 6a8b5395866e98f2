//! Judgements and repairs as text and as JSON; one format a file.

pub mod codes;
pub mod github;
pub mod json;
pub mod policies;
pub mod text;
pub mod tree;

mod identity;

use serde::Serialize;

pub(crate) use json::line;
pub use text::page::Layout;

use crate::audit::{Audit, Input};
use crate::finding::Finding;
use crate::repair::{DryRun, Repaired};

/// A judged input, as the formats of `audit show` take it.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'a> {
    /// What was judged.
    pub input: &'a Input<'a>,
    /// The judgement.
    pub audit: &'a Audit,
    /// All findings to show.
    pub findings: &'a [Finding],
}

/// How far a repair was carried.
#[derive(Clone, Copy, Debug)]
pub enum Carried<'a> {
    /// It was gone through; nothing was left.
    DryRun(&'a DryRun),
    /// The wheel is written.
    Out(&'a Repaired),
}

impl<'a> Carried<'a> {
    /// What was found while editing.
    pub fn findings(self) -> &'a [Finding] {
        match self {
            Self::DryRun(dry_run) => &dry_run.findings,
            Self::Out(repaired) => &repaired.findings,
        }
    }

    /// Size of the repaired wheel in bytes, if it is known.
    pub fn size(self) -> Option<u64> {
        match self {
            Self::DryRun(dry_run) => dry_run.size,
            Self::Out(repaired) => Some(repaired.size),
        }
    }

    fn out(self) -> Option<&'a Repaired> {
        match self {
            Self::DryRun(_) => None,
            Self::Out(repaired) => Some(repaired),
        }
    }
}

/// A finding as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct FindingJson<'a> {
    /// Short and stable.
    pub code: &'a str,
    /// `error`, `warning` or `note`.
    pub severity: &'a str,
    /// The member.
    pub file: Option<&'a str>,
    /// One sentence.
    pub message: &'a str,
    /// Advice.
    pub help: Option<&'a str>,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity.as_str(),
            file: finding.file.as_deref(),
            message: &finding.message,
            help: finding.help.as_deref(),
        }
    }
}

/// The file name of a wheel; of `.` and `..`, which have none, the path.
pub(crate) fn file_name(path: &std::path::Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
