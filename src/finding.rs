//! What was found in an input, and why an input was refused.
//!
//! A finding is a value: rules return all of them. An [`Error`] is a refusal; it
//! carries every finding of the stage that refused.

use std::fmt;

use serde::Serialize;
use wheel_archive::escape;

pub use wheel_archive::Severity;

/// One thing worth telling about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Short and stable, such as `record-hash`; listed in `docs/`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The member it is about, as the archive spells it.
    pub file: Option<String>,
    /// One sentence without a full stop; text from the input is escaped when printed.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// A finding about the whole input.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            file: None,
            message: message.into(),
            help: None,
        }
    }

    /// An error finding.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A warning.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// A note.
    pub fn note(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, message)
    }

    /// The same finding about member `file`.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn with(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What the user says of findings: some codes are not worth telling, some are errors.
///
/// What refuses an input is an [`Error`], which nothing silences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Codes that are not told.
    pub ignore: Vec<String>,
    /// Codes that are errors, whatever their own severity.
    pub error: Vec<String>,
}

impl Levels {
    /// The findings to tell.
    pub fn apply<'a>(&self, findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Finding> {
        let has = |codes: &[String], code: &str| codes.iter().any(|known| known == code);
        let mut told = Vec::new();
        for finding in findings {
            if has(&self.error, finding.code) {
                told.push(finding.clone().with(Severity::Error));
            } else if !has(&self.ignore, finding.code) {
                told.push(finding.clone());
            }
        }
        told
    }
}

/// `member: message [code]`, escaped.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}: ", escape(file))?;
        }
        write!(f, "{} [{}]", escape(&self.message), self.code)
    }
}

/// Why the work on an input ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is bad, or cannot be repaired.
    Refused,
    /// The wheel holds no compiled code for Linux.
    NotPlatform,
    /// The requested tag cannot be reached.
    OutOfReach,
    /// The request makes no sense: a bad option value, an unusable output folder.
    Usage,
    /// A signal asked to stop.
    Interrupted,
    /// A fault of this program.
    Internal,
}

/// One symbol that keeps an input from a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The member, or the soname of a library that would be grafted.
    pub file: String,
    /// For a library that would be grafted, who needs it: a member, then sonames.
    pub chain: Vec<String>,
    /// The symbol, if one is bound to the version.
    pub symbol: Option<String>,
    /// Such as `GLIBC_2.34`; empty for a forbidden symbol.
    pub version: String,
    /// The library that provides it.
    pub library: String,
    /// The tag that it forces.
    pub tag: String,
}

/// A refusal: which input, and everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Error {
    /// Why the work ended.
    pub kind: ErrorKind,
    /// The input, as the caller named it.
    pub input: String,
    /// At least one finding; the first is the reason in short.
    pub findings: Vec<Finding>,
    /// For `OutOfReach`: every symbol that stands in the way, worst first.
    pub evidence: Vec<Evidence>,
}

impl Error {
    /// A refusal for one reason.
    pub fn new(kind: ErrorKind, input: impl Into<String>, finding: Finding) -> Self {
        Self::many(kind, input, vec![finding])
    }

    /// A refusal for several reasons.
    pub fn many(kind: ErrorKind, input: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            kind,
            input: input.into(),
            findings,
            evidence: Vec::new(),
        }
    }

    /// The same refusal with all symbols that stand in the way.
    #[must_use]
    pub fn because(mut self, evidence: Vec<Evidence>) -> Self {
        self.evidence = evidence;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {finding}", escape(&self.input))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_silenced_and_raised() {
        let findings = [
            Finding::warning("execstack", "a"),
            Finding::note("textrel", "b"),
            Finding::warning("load-align", "c"),
        ];
        let levels = Levels {
            ignore: vec!["execstack".to_owned(), "textrel".to_owned()],
            error: vec!["textrel".to_owned()],
        };
        let told: Vec<_> = levels
            .apply(&findings)
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect();
        assert_eq!(
            told,
            [
                ("textrel", Severity::Error),
                ("load-align", Severity::Warning)
            ]
        );
    }
}
