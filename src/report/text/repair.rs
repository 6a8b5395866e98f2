//! `audit repair` for people: what is done and why, and what it costs.

use crate::elf::{Edit, RpathEdit, RpathKind, Strip};
use crate::repair::{DryRun, Graft, Plan, Repaired};
use crate::report::text::page::{Layout, Page, Tone};
use crate::report::text::table::rows;
use crate::wheel::Wheel;

/// How many of the largest new members are listed.
const LARGEST: usize = 5;

/// What `--clear-execstack` does to a file.
const NO_EXECSTACK: &str = "stack no longer executable";

/// What a plan would do; several lines, each ended.
pub fn plan(wheel: &Wheel, plan: &Plan, dry_run: &DryRun, layout: Layout) -> String {
    let mut page = Page::new(layout);
    changes(&mut page, wheel, plan);
    if plan.keeps_bytes(wheel) {
        let text = " nothing written; nothing to repair, the result would be the input";
        page.running(
            2,
            (Tone::Good, &format!("{}:", plan.tag)),
            (Tone::Plain, text),
        );
        return page.finish();
    }
    let added: u64 = plan.grafts.iter().map(|graft| graft.library.size).sum();
    let text = format!(
        " nothing written; {} to add, {} before compression, {} to edit",
        files(plan.grafts.len()),
        size(added),
        files(plan.edits.len())
    );
    page.running(
        2,
        (Tone::Good, &format!("{}:", plan.tag)),
        (Tone::Plain, &text),
    );
    let grafts = plan.grafts.iter();
    let sizes = grafts.map(|graft| (graft.library.size, graft.member.as_str()));
    largest(&mut page, sizes);
    if let Some(after) = dry_run.size {
        let text = format!(
            "the wheel would go from {} to {}",
            size(wheel.file_size()),
            size(after)
        );
        page.entry(2, (Tone::Plain, ""), (Tone::Plain, &text));
    }
    if let Some(folder) = &plan.options.debug_dir {
        let text = format!("what is stripped would be kept in {}", folder.display());
        page.entry(2, (Tone::Plain, ""), (Tone::Plain, &text));
    }
    page.finish()
}

/// What a repair did: the plan, where the result is, and what it added.
pub fn done(wheel: &Wheel, planned: &Plan, repaired: &Repaired, layout: Layout) -> String {
    let mut page = Page::new(layout);
    changes(&mut page, wheel, planned);
    let verb = if repaired.unchanged {
        "already at"
    } else {
        "written to"
    };
    let text = format!(" {verb} {}", repaired.path.display());
    let tag = format!("{}:", planned.tag);
    page.running(2, (Tone::Good, &tag), (Tone::Plain, &text));
    if planned.keeps_bytes(wheel) {
        let text = "nothing to repair: the result is the input, byte for byte";
        page.entry(2, (Tone::Plain, ""), (Tone::Plain, text));
        return page.finish();
    }
    let added = repaired.added(wheel);
    let bytes: u64 = added.iter().map(|member| member.size).sum();
    let text = format!(
        "added {}, {}; the wheel went from {} to {}",
        files(added.len()),
        size(bytes),
        size(wheel.file_size()),
        size(repaired.size)
    );
    page.entry(2, (Tone::Plain, ""), (Tone::Plain, &text));
    let members = added.iter();
    largest(
        &mut page,
        members.map(|member| (member.size, member.path.as_str())),
    );
    if let Some(text) = stripped(planned, repaired) {
        page.entry(2, (Tone::Plain, ""), (Tone::Plain, &text));
    }
    page.finish()
}

/// What stripping saved, and where it is kept.
fn stripped(planned: &Plan, repaired: &Repaired) -> Option<String> {
    let stripped = &repaired.stripped;
    if stripped.is_empty() {
        return None;
    }
    let saved: u64 = stripped.iter().map(|file| file.saved).sum();
    let debug = stripped.iter().filter(|file| file.debug_file.is_some());
    let kept = match &planned.options.debug_dir {
        Some(folder) => format!(
            "; {} with what was stripped in {}",
            files(debug.count()),
            folder.display()
        ),
        None => String::new(),
    };
    Some(format!(
        "stripped {}, {} less{kept}",
        files(stripped.len()),
        size(saved)
    ))
}

/// One line for each thing that comes, goes, changes or stays outside.
fn changes(page: &mut Page, wheel: &Wheel, plan: &Plan) {
    let name = format!(" -> {}", plan.name);
    page.running(
        0,
        (Tone::Title, &wheel.path.display().to_string()),
        (Tone::Title, &name),
    );
    let grafts: Vec<Vec<String>> = plan.grafts.iter().map(graft_row).collect();
    rows(page, "  ", &grafts);
    let edits: Vec<Vec<String>> = plan
        .edits
        .iter()
        .map(|edit| {
            let moved = edit.moved_to.iter().map(|path| format!("moved to {path}"));
            let parts: Vec<String> = moved.chain(describe(&edit.edit)).collect();
            vec!["edit".to_owned(), edit.path.clone(), parts.join("; ")]
        })
        .collect();
    rows(page, "  ", &edits);
    let removed: Vec<Vec<String>> = plan
        .removed
        .iter()
        .map(|gone| {
            let reason = format!("the same as {} ({})", gone.kept, size(gone.size));
            vec!["drop".to_owned(), gone.path.clone(), reason]
        })
        .collect();
    rows(page, "  ", &removed);
    let licenses: Vec<Vec<String>> = plan
        .licenses
        .iter()
        .map(|license| {
            let reason = format!("licence of {}", license.package);
            vec!["copy".to_owned(), license.place.clone(), reason]
        })
        .collect();
    rows(page, "  ", &licenses);
    rows(page, "  ", &outside(plan));
}

fn graft_row(graft: &Graft) -> Vec<String> {
    vec![
        "graft".to_owned(),
        graft.library.real_path.display().to_string(),
        graft.member.clone(),
        size(graft.library.size),
        match graft.needed_by.as_slice() {
            [] => "asked for".to_owned(),
            [one] => format!("needed by {one}"),
            [one, more @ ..] => format!("needed by {one} and {} more", more.len()),
        },
        match &graft.package {
            Some(package) => format!("from {} {}", package.name, package.version),
            None => String::new(),
        },
        if graft.edit.clear_execstack {
            NO_EXECSTACK.to_owned()
        } else {
            String::new()
        },
    ]
}

/// What stays outside by request, and what needs not come because of that.
fn outside(plan: &Plan) -> Vec<Vec<String>> {
    let excluded = plan.excluded.iter().map(|excluded| {
        vec![
            "leave".to_owned(),
            excluded.soname.clone(),
            format!(
                "--exclude {}, needed by {}",
                excluded.pattern,
                excluded.needed_by.join(", ")
            ),
        ]
    });
    let spared = plan.spared.iter().map(|spared| {
        vec![
            "spare".to_owned(),
            spared.soname.clone(),
            match spared.size {
                Some(bytes) => format!("only excluded libraries need it ({})", size(bytes)),
                None => "only excluded libraries need it".to_owned(),
            },
        ]
    });
    excluded.chain(spared).collect()
}

fn describe(edit: &Edit) -> Vec<String> {
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
        RpathEdit::Set(RpathKind::Rpath, path) => parts.push(format!("RPATH {path}")),
        RpathEdit::Set(RpathKind::Runpath, path) => parts.push(format!("RUNPATH {path}")),
    }
    if edit.strip != Strip::None {
        parts.push("stripped".to_owned());
    }
    if edit.clear_execstack {
        parts.push(NO_EXECSTACK.to_owned());
    }
    parts
}

/// The largest of several files, if it takes a list to know them.
fn largest<'a>(page: &mut Page, files: impl Iterator<Item = (u64, &'a str)>) {
    let mut files: Vec<(u64, &str)> = files.collect();
    files.sort_by(|left, right| (right.0, left.1).cmp(&(left.0, right.1)));
    let list: Vec<Vec<String>> = files
        .iter()
        .take(LARGEST)
        .map(|(bytes, path)| vec![size(*bytes), (*path).to_owned()])
        .collect();
    rows(page, "    ", &list);
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
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
