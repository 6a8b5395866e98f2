//! `audit repair --json`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::elf::{Edit, RpathEdit, RpathKind, Strip};
use crate::repair::{Graft, MemberEdit, Plan, Repaired};
use crate::report::identity::Named;
use crate::report::{Carried, FindingJson, Judgement, file_name, line};
use crate::wheel::Wheel;
use crate::wheel::hex;

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
    name: String,
    dry_run: bool,
    size: SizeJson,
    added: Vec<MemberJson<'a>>,
    renamed: BTreeMap<&'a str, &'a str>,
    edits: Vec<EditJson<'a>>,
    removed: Vec<RemovedJson<'a>>,
    licenses: Vec<LicenseJson<'a>>,
    excluded: Vec<ExcludedJson<'a>>,
    spared: Vec<SparedJson<'a>>,
    stripped: Vec<StrippedJson<'a>>,
    #[serde(flatten)]
    named: Named,
}

#[derive(Serialize)]
struct GraftJson<'a> {
    soname: &'a str,
    member: &'a str,
    path: String,
    sha256: String,
    size: u64,
    needed_by: &'a [String],
    package: Option<&'a str>,
    sonames: &'a [String],
    build_id: Option<String>,
    licenses: &'a [String],
    edit: ChangesJson<'a>,
}

/// Size of the wheel in bytes; `after` is not known of a plan without a limit of size.
#[derive(Serialize)]
struct SizeJson {
    before: u64,
    after: Option<u64>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    path: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct EditJson<'a> {
    path: &'a str,
    moved_to: Option<&'a str>,
    #[serde(flatten)]
    changes: ChangesJson<'a>,
}

#[derive(Serialize)]
struct ChangesJson<'a> {
    soname: Option<&'a str>,
    needed_replaced: &'a BTreeMap<String, String>,
    needed_removed: Vec<&'a str>,
    search_path: SearchPathJson<'a>,
    strip: Option<&'static str>,
    clear_execstack: bool,
}

/// `change` is `keep`, `remove`, or the tag that holds the new `path`.
#[derive(Serialize)]
struct SearchPathJson<'a> {
    change: &'static str,
    path: Option<&'a str>,
}

#[derive(Serialize)]
struct RemovedJson<'a> {
    path: &'a str,
    same_as: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct LicenseJson<'a> {
    place: &'a str,
    package: &'a str,
}

#[derive(Serialize)]
struct ExcludedJson<'a> {
    soname: &'a str,
    pattern: &'a str,
    needed_by: &'a [String],
}

#[derive(Serialize)]
struct StrippedJson<'a> {
    member: &'a str,
    saved: u64,
    debug_file: Option<String>,
}

#[derive(Serialize)]
struct SparedJson<'a> {
    soname: &'a str,
    size: Option<u64>,
}

/// The document for a rehearsed or finished repair, as one line.
pub fn document(
    judgement: &Judgement<'_>,
    wheel: &Wheel,
    plan: &Plan,
    carried: Carried<'_>,
) -> String {
    let repaired = carried.out();
    line(&Document {
        version: 1,
        wheel: file_name(&wheel.path),
        output: repaired.map(|repaired| repaired.path.display().to_string()),
        sha256: repaired.and_then(|repaired| Some(hex(&repaired.sha256().ok()?))),
        tag: &plan.tag,
        grafted: plan.grafts.iter().map(graft).collect(),
        patched: plan.edits.iter().map(|edit| edit.path.as_str()).collect(),
        findings: judgement.findings.iter().map(FindingJson::from).collect(),
        name: plan.name.to_string(),
        dry_run: repaired.is_none(),
        size: SizeJson {
            before: wheel.file_size(),
            after: carried.size(),
        },
        added: added(wheel, plan, repaired),
        renamed: plan.renamed(),
        edits: plan.edits.iter().map(edit).collect(),
        removed: plan
            .removed
            .iter()
            .map(|gone| RemovedJson {
                path: &gone.path,
                same_as: &gone.kept,
                size: gone.size,
            })
            .collect(),
        licenses: plan
            .licenses
            .iter()
            .map(|license| LicenseJson {
                place: &license.place,
                package: &license.package,
            })
            .collect(),
        excluded: plan
            .excluded
            .iter()
            .map(|excluded| ExcludedJson {
                soname: &excluded.soname,
                pattern: &excluded.pattern,
                needed_by: &excluded.needed_by,
            })
            .collect(),
        spared: plan
            .spared
            .iter()
            .map(|spared| SparedJson {
                soname: &spared.soname,
                size: spared.size,
            })
            .collect(),
        stripped: stripped(repaired),
        named: Named::judged(&wheel.path, judgement.audit),
    })
}

/// What was saved is known once it is done.
fn stripped(repaired: Option<&Repaired>) -> Vec<StrippedJson<'_>> {
    let files = repaired.into_iter().flat_map(|repaired| &repaired.stripped);
    files
        .map(|file| StrippedJson {
            member: &file.member,
            saved: file.saved,
            debug_file: file
                .debug_file
                .as_ref()
                .map(|path| path.display().to_string()),
        })
        .collect()
}

/// New members, the largest first; of a plan only the grafts are known, with their sizes before
/// the edit.
fn added<'a>(wheel: &Wheel, plan: &'a Plan, repaired: Option<&'a Repaired>) -> Vec<MemberJson<'a>> {
    let Some(repaired) = repaired else {
        let mut grafts: Vec<MemberJson<'_>> = plan
            .grafts
            .iter()
            .map(|graft| MemberJson {
                path: &graft.member,
                size: graft.library.size,
            })
            .collect();
        grafts.sort_by_key(|member| std::cmp::Reverse(member.size));
        return grafts;
    };
    let members = repaired.added(wheel).into_iter();
    members
        .map(|member| MemberJson {
            path: &member.path,
            size: member.size,
        })
        .collect()
}

fn graft(graft: &Graft) -> GraftJson<'_> {
    GraftJson {
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
        package: graft.package.as_ref().map(|package| package.purl.as_str()),
        sonames: &graft.sonames,
        build_id: graft.library.facts.build_id.as_deref().map(hex),
        licenses: graft
            .package
            .as_ref()
            .map(|package| package.licenses.as_slice())
            .unwrap_or_default(),
        edit: changes(&graft.edit),
    }
}

fn edit(member: &MemberEdit) -> EditJson<'_> {
    EditJson {
        path: &member.path,
        moved_to: member.moved_to.as_deref(),
        changes: changes(&member.edit),
    }
}

fn changes(edit: &Edit) -> ChangesJson<'_> {
    let (change, path) = match &edit.rpath {
        RpathEdit::Keep => ("keep", None),
        RpathEdit::Remove => ("remove", None),
        RpathEdit::Set(RpathKind::Rpath, path) => ("rpath", Some(path.as_str())),
        RpathEdit::Set(RpathKind::Runpath, path) => ("runpath", Some(path.as_str())),
    };
    ChangesJson {
        soname: edit.soname.as_deref(),
        needed_replaced: &edit.replace_needed,
        needed_removed: edit.remove_needed.iter().map(String::as_str).collect(),
        search_path: SearchPathJson { change, path },
        strip: match edit.strip {
            Strip::None => None,
            Strip::Debug => Some("debug"),
            Strip::Unneeded => Some("unneeded"),
            Strip::All => Some("all"),
        },
        clear_execstack: edit.clear_execstack,
    }
}
