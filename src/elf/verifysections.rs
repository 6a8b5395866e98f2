//! Whether the sections of an edited file are those of the old one.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::Range;

use super::dynamic::dt;
use super::edit::{EditError, Strip};
use super::sections::{Section, sht};
use super::verify::{Case, wrong};
use super::verifybytes::Allowed;

/// Checks headers and contents.
pub(crate) fn check(case: &Case<'_>) -> Result<(), EditError> {
    if case.edit.strip != Strip::None {
        return Ok(());
    }
    let (before, after) = (case.before.headers(), case.after.headers());
    if before.len() != after.len() {
        return Err(wrong("section headers came or went"));
    }
    let allowed = Allowed::of(case)?;
    for (old, new) in before.iter().zip(after) {
        check_header(case, &allowed, old, new)?;
        if !old.is_alloc() {
            check_content(case, &allowed, old, new)?;
        }
    }
    Ok(())
}

fn check_header(
    case: &Case<'_>,
    allowed: &Allowed<'_>,
    old: &Section,
    new: &Section,
) -> Result<(), EditError> {
    let fixed = |section: &Section| {
        let place = (section.name, section.kind, section.flags, section.link);
        (place, section.align, section.entsize)
    };
    let unlinks = !case.edit.remove_needed.is_empty() && old.kind == sht::GNU_VERNEED;
    if fixed(old) != fixed(new) || (old.info != new.info && !unlinks) {
        return Err(wrong("a section header became another"));
    }
    let strings = case.before.view.dynamic_value(dt::STRTAB);
    let is_edited = unlinks
        || old.kind == sht::DYNAMIC
        || (old.kind == sht::STRTAB && old.is_alloc() && strings == Some(old.addr));
    if is_edited || !old.is_alloc() {
        return Ok(());
    }
    let place = |section: &Section| (section.addr, section.offset, section.size);
    if place(old) == place(new) {
        return Ok(());
    }
    let grown = case.before.view.segments.len() != case.after.view.segments.len();
    if !grown || old.size != new.size {
        return Err(wrong("a section moved that no edit is about"));
    }
    let changed = |run: Range<u64>| {
        if allowed.contains(&run)? {
            return Ok(());
        }
        Err(wrong("a section changed on its way"))
    };
    case.bytes
        .each(old.offset..old.file_end(), new.offset, changed)
}

/// Contents of sections that are not loaded.
fn check_content(
    case: &Case<'_>,
    allowed: &Allowed<'_>,
    old: &Section,
    new: &Section,
) -> Result<(), EditError> {
    if old.file_size() == 0 || old.file_end() > case.before.size() {
        return Ok(());
    }
    if old.size != new.size {
        return Err(wrong("the size of a section changed"));
    }
    let changed = |run: Range<u64>| {
        if old.kind == sht::SYMTAB && allowed.is_symbol_field(old, &run)? {
            return Ok(());
        }
        Err(wrong("the content of a section changed"))
    };
    case.bytes
        .each(old.offset..old.file_end(), new.offset, changed)
}
