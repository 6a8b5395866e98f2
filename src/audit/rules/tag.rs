//! The tags that the file name claims, and the one that is deserved.

use super::Case;
use crate::audit::verdict::claimed_tags::{Claims, blocks_repair};
use crate::finding::{Finding, Severity};
use crate::platform::linux::policy::Since;
use crate::tag::PlatformTag;

/// `found` is what the other rules say.
pub(super) fn check(case: &Case<'_>, found: &[Finding]) -> Vec<Finding> {
    let audit = case.audit;
    let claimed = case.input.claimed();
    // `any` has a finding of its own.
    if claimed.iter().any(PlatformTag::is_any) {
        return Vec::new();
    }
    let claims = Claims {
        input: case.input,
        plat: None,
        advice: &case.options.advice,
    };
    let own = case.input.findings.iter().chain(found);
    let known: Vec<Finding> = own.filter(|one| blocks_repair(one)).cloned().collect();
    let undeserved = audit.undeserved(&claims, &known).into_iter();
    let mut findings: Vec<Finding> = undeserved
        .map(|finding| finding.with(Severity::Warning))
        .collect();
    if findings.is_empty()
        && let Since::Rung(_) = audit.verdict.as_is
        && !claimed.is_empty()
        && claimed.iter().all(|tag| is_weaker(&audit.tag(), tag))
    {
        let message = format!("deserves {}, a better tag than it claims", audit.tag());
        let finding = Finding::note("tag-weak", message);
        findings.push(
            match (case.input.wheel, audit.obstacle(case.input, &known)) {
                (Some(_), None) => {
                    let command = case.options.advice.repair(&[], case.input.path);
                    finding.help(format!(
                        "a repair renames it, and more machines can install it: {command}"
                    ))
                }
                _ => finding,
            },
        );
    }
    findings
}

/// Whether `claim` promises less than the tag `deserved`.
fn is_weaker(deserved: &str, claim: &PlatformTag) -> bool {
    let deserved = PlatformTag::new(deserved);
    let newer = |(claim, deserved)| claim > deserved;
    // A tag of somebody's own policy has no number to compare.
    claim.is_linux() || claim.version().zip(deserved.version()).is_some_and(newer)
}
