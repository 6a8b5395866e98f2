//! Libraries that a repair would have to bring in, and does not find.

use crate::audit::libraries::missing::{findings, missing};
use crate::audit::rules::Case;
use crate::finding::Finding;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let missing = missing(case.audit, case.input, case.audit.verdict.repaired);
    findings(&missing)
}
