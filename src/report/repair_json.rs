//! `audit repair --json`.

use serde::Serialize;

use super::{FindingJson, file_name, line};
use crate::finding::Finding;
use crate::repair::{Plan, Repaired, sbom::hex};
use crate::wheel::Wheel;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    wheel: String,
    output: Option<String>,
    sha256: Option<String>,
    tag: &'a str,
    grafted: Vec<GraftJson<'a>>,
    patched: Vec<&'a str>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct GraftJson<'a> {
    soname: &'a str,
    member: &'a str,
    path: String,
    sha256: String,
    size: u64,
    needed_by: &'a [String],
    package: Option<String>,
}

/// The document for a planned (`repaired` is `None`) or finished repair, as one line.
pub fn document(
    wheel: &Wheel,
    findings: &[Finding],
    plan: &Plan,
    repaired: Option<&Repaired>,
) -> String {
    let grafted = plan.grafts.iter().map(|graft| GraftJson {
        soname: graft
            .sonames
            .first()
            .map(String::as_str)
            .unwrap_or_default(),
        member: &graft.member,
        path: graft.library.real_path.display().to_string(),
        sha256: hex(&graft.sha256),
        size: graft.library.size,
        needed_by: &graft.needed_by,
        package: None,
    });
    line(&Document {
        version: 1,
        wheel: file_name(&wheel.path),
        output: repaired.map(|repaired| repaired.path.display().to_string()),
        sha256: repaired.and_then(|repaired| Some(hex(&repaired.sha256().ok()?))),
        tag: &plan.tag,
        grafted: grafted.collect(),
        patched: plan.edits.iter().map(|edit| edit.path.as_str()).collect(),
        findings: findings.iter().map(FindingJson::from).collect(),
    })
}
