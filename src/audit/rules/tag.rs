//! The tags that the file name claims, and the one that is deserved.

use super::Case;
use crate::finding::{Finding, Severity};
use crate::policy::Since;
use crate::tag::PlatformTag;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let audit = case.audit;
    let claimed = case.input.claimed();
    // `any` has a finding of its own.
    if claimed.iter().any(PlatformTag::is_any) {
        return Vec::new();
    }
    let undeserved = audit.undeserved(case.input, None).into_iter();
    let mut findings: Vec<Finding> = undeserved
        .map(|finding| finding.with(Severity::Warning))
        .collect();
    if findings.is_empty()
        && let Since::Rung(_) = audit.verdict.as_is
        && !claimed.is_empty()
        && claimed.iter().all(|tag| is_weaker(&audit.tag(), tag))
    {
        let message = format!("deserves {}, a better tag than it claims", audit.tag());
        let help = "repair it to rename it: more machines can then install it";
        findings.push(Finding::note("tag-weak", message).help(help));
    }
    findings
}

/// Whether `claim` promises less than the tag `deserved`.
fn is_weaker(deserved: &str, claim: &PlatformTag) -> bool {
    let deserved = PlatformTag::new(deserved);
    claim.is_linux() || claim.version() > deserved.version()
}
