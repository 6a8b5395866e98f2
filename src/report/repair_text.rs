//! `audit repair` for people.

use std::fmt::Write as _;

use super::{file_name, table::table};
use crate::escape::escape;
use crate::repair::{Plan, Repaired};
use crate::wheel::Wheel;

/// What a plan would do; several lines, each ended.
pub fn plan(wheel: &Wheel, plan: &Plan) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} -> {}",
        escape(&file_name(&wheel.path)),
        escape(&plan.name.to_string())
    );
    let rows: Vec<Vec<String>> = plan
        .grafts
        .iter()
        .map(|graft| {
            vec![
                "graft".to_owned(),
                graft.library.real_path.display().to_string(),
                graft.member.clone(),
                size(graft.library.size),
            ]
        })
        .collect();
    text.push_str(&table("  ", &rows));
    let rows: Vec<Vec<String>> = plan
        .edits
        .iter()
        .map(|edit| vec!["edit".to_owned(), edit.path.clone(), describe(&edit.edit)])
        .collect();
    text.push_str(&table("  ", &rows));
    text
}

/// What a repair did: the plan, and where the result is.
pub fn done(wheel: &Wheel, planned: &Plan, repaired: &Repaired) -> String {
    let mut text = plan(wheel, planned);
    let added: u64 = planned.grafts.iter().map(|graft| graft.library.size).sum();
    let _ = writeln!(
        text,
        "  {}: {} {}, {} grafted from {}, {} edited",
        planned.tag,
        if repaired.unchanged {
            "already at"
        } else {
            "written to"
        },
        escape(&repaired.path.display().to_string()),
        planned.grafts.len(),
        size(added),
        planned.edits.len(),
    );
    text
}

fn describe(edit: &crate::elf::Edit) -> String {
    use crate::elf::RpathEdit;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(
        edit.replace_needed
            .iter()
            .map(|(old, new)| format!("{old} -> {new}")),
    );
    parts.extend(
        edit.remove_needed
            .iter()
            .map(|soname| format!("without {soname}")),
    );
    match &edit.rpath {
        RpathEdit::Keep => {}
        RpathEdit::Remove => parts.push("no search path".to_owned()),
        RpathEdit::Set(_, path) => parts.push(format!("search path {path}")),
    }
    if edit.strip != crate::elf::Strip::None {
        parts.push("stripped".to_owned());
    }
    parts.join("; ")
}

/// Bytes for people, in decimal units.
pub fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in units {
        if bytes >= unit {
            let tenths = bytes.saturating_mul(10) / unit;
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}
