//! What one pass over a wheel found: reported together, and a refusal if any of it is an error.

use crate::finding::tally::Tally;
use crate::finding::{Finding, Severity};

/// Findings of one pass.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    tally: Tally,
    any_error: bool,
}

impl Problems {
    /// Adds a finding.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.any_error |= finding.severity == Severity::Error;
        self.tally.push(finding);
    }

    /// Adds all.
    pub(crate) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.add(finding);
        }
    }

    /// Whether anything is wrong enough to refuse the wheel.
    pub(crate) fn any_error(&self) -> bool {
        self.any_error
    }

    /// `Err` if anything refuses the wheel; errors come first then, because the first
    /// finding is the reason in short.
    pub(crate) fn finish(self) -> Result<Vec<Finding>, Vec<Finding>> {
        let mut findings = self.tally.finish();
        if !self.any_error {
            return Ok(findings);
        }
        findings.sort_by_key(|finding| finding.severity);
        Err(findings)
    }
}
