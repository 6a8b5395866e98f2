//! Libraries that a repair would have to bring in, and does not find.

use super::Case;
use crate::audit::missing::{findings, missing};
use crate::finding::Finding;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let missing = missing(case.audit, case.input, case.audit.verdict.repaired);
    findings(&missing)
}
