//! What was found in a wheel: told as values, all of one stage together.

use std::fmt;

pub(crate) mod escape;
pub(crate) mod problems;
pub(crate) mod tally;

use self::escape::escape;

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused because of it.
    Error,
    /// Something that its author should mend.
    Warning,
    /// Something worth knowing.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`, as in text and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing worth telling about a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Short and stable, such as `record-hash`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The member it is about, as the archive spells it.
    pub member: Option<String>,
    /// One sentence without a full stop; text from the wheel is escaped when printed.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// A finding about the whole wheel.
    pub fn new(severity: Severity, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            member: None,
            message: message.into(),
            help: None,
        }
    }

    /// An error: the wheel is refused.
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

    /// The same finding about `member`.
    #[must_use]
    pub fn at(mut self, member: impl Into<String>) -> Self {
        self.member = Some(member.into());
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// `member: message [code]`, escaped.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(member) = &self.member {
            write!(f, "{}: ", escape(member))?;
        }
        write!(f, "{} [{}]", escape(&self.message), self.code)
    }
}

/// A finding where one error ends the work, such as the writing of a wheel.
impl std::error::Error for Finding {}

/// A refusal: everything that is wrong with a wheel, as far as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// At least one is an error, and errors come first; the first is the reason in short.
    pub findings: Vec<Finding>,
}

/// A line for each finding.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

impl From<Vec<Finding>> for Refused {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings }
    }
}

impl From<Finding> for Refused {
    fn from(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
        }
    }
}
