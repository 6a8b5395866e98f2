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
use super::strip::{DEBUG_LINK, is_debug_name, read_names, section_name};
use super::verify::{Case, wrong};
use super::verifybytes::Allowed;
use super::verifysymbols;

/// Checks headers and contents.
pub(crate) fn check(case: &Case<'_>) -> Result<(), EditError> {
    let allowed = Allowed::of(case)?;
    let pairing = Pairing::of(case)?;
    let (before, after) = (case.before.headers(), case.after.headers());
    for (index, old) in before.iter().enumerate() {
        let new = pairing.map.get(index).copied().flatten();
        let Some(new) = new.and_then(|new| after.get(usize::from(new))) else {
            continue;
        };
        pairing.check_links(old, new)?;
        check_header(case, &allowed, old, new)?;
        let is_names = pairing.names == Some(index);
        if matches!(old.kind, sht::SYMTAB | sht::DYNSYM) && case.is_stripped() {
            verifysymbols::check(case, old, new, &pairing.map)?;
        } else if !(old.is_alloc() || is_names && case.is_stripped()) {
            check_content(case, &allowed, old, new)?;
        }
    }
    Ok(())
}

impl Case<'_> {
    /// Whether sections may go.
    pub(crate) fn is_stripped(&self) -> bool {
        self.edit.strip != Strip::None || self.edit.debug_link.is_some()
    }
}

/// Which new section each old one became.
struct Pairing {
    map: Vec<Option<u16>>,
    /// Index of the old section name table.
    names: Option<usize>,
}

impl Pairing {
    fn of(case: &Case<'_>) -> Result<Self, EditError> {
        let (before, after) = (case.before.headers(), case.after.headers());
        let mut pairing = Self {
            map: Vec::with_capacity(before.len()),
            names: case.before.sections.as_ref().map(|table| table.names),
        };
        if !case.is_stripped() {
            if before.len() != after.len() {
                return Err(wrong("section headers came or went"));
            }
            let indices = 0..before.len();
            pairing.map = indices.map(|index| u16::try_from(index).ok()).collect();
            return Ok(pairing);
        }
        let (old_table, new_table) = match (&case.before.sections, &case.after.sections) {
            (Some(old), Some(new)) => (old, new),
            (None, None) => return Ok(pairing),
            _ => return Err(wrong("section headers came or went")),
        };
        let old_names = read_names(&case.before, old_table)?;
        let new_names = read_names(&case.after, new_table)?;
        let mut next = 0_usize;
        for old in before {
            let name = section_name(&old_names, old);
            let found = after.get(next).filter(|new| {
                let same = (new.kind, new.is_alloc()) == (old.kind, old.is_alloc());
                let replaced = name == DEBUG_LINK && case.edit.debug_link.is_some();
                same && section_name(&new_names, new) == name && !replaced
            });
            if found.is_some() {
                pairing.map.push(u16::try_from(next).ok());
                next = next.saturating_add(1);
            } else if may_go(old, name, case) {
                pairing.map.push(None);
            } else {
                return Err(wrong("a section went that must stay"));
            }
        }
        let added = after.get(next..).unwrap_or_default();
        let links = added.iter().all(|new| {
            section_name(&new_names, new) == DEBUG_LINK && case.edit.debug_link.is_some()
        });
        if !links || added.len() > 1 {
            return Err(wrong("a section came"));
        }
        Ok(pairing)
    }

    fn new_index(&self, old: u32) -> u32 {
        let old = usize::try_from(old).unwrap_or(usize::MAX);
        let new = self.map.get(old).copied().flatten();
        new.map_or(0, u32::from)
    }

    fn check_links(&self, old: &Section, new: &Section) -> Result<(), EditError> {
        // A link past the table is left alone, or cleared.
        let wanted = self.new_index(old.link);
        let dangling = usize::try_from(old.link).is_ok_and(|old| old >= self.map.len());
        if new.link == wanted || (dangling && new.link == old.link) {
            return Ok(());
        }
        Err(wrong("sh_link of a section leads elsewhere"))
    }
}

/// What a strip may take: nothing that is loaded.
fn may_go(section: &Section, name: &[u8], case: &Case<'_>) -> bool {
    let symbols = matches!(case.edit.strip, Strip::All | Strip::Unneeded)
        && matches!(section.kind, sht::SYMTAB | sht::STRTAB | sht::SYMTAB_SHNDX);
    let link = name == DEBUG_LINK && case.edit.debug_link.is_some();
    let debug = case.edit.strip != Strip::None
        && (is_debug_name(name) || matches!(section.kind, sht::REL | sht::RELA));
    !section.is_alloc() && (symbols || link || debug)
}

fn check_header(
    case: &Case<'_>,
    allowed: &Allowed<'_>,
    old: &Section,
    new: &Section,
) -> Result<(), EditError> {
    let fixed = |section: &Section| (section.kind, section.flags, section.align, section.entsize);
    let renamed = !case.is_stripped() && old.name != new.name;
    if fixed(old) != fixed(new) || renamed {
        return Err(wrong("a section header became another"));
    }
    let unlinks = !case.edit.remove_needed.is_empty() && old.kind == sht::GNU_VERNEED;
    let recounted = case.is_stripped() && !old.is_alloc();
    if old.info != new.info && !unlinks && !recounted {
        return Err(wrong("sh_info of a section changed"));
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
        let into = run.start.saturating_sub(old.offset);
        if allowed.contains(&run, new.offset.saturating_add(into))? {
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
        let at = new
            .offset
            .saturating_add(run.start.saturating_sub(old.offset));
        if old.kind == sht::SYMTAB && allowed.is_symbol_field(old, &run, at)? {
            return Ok(());
        }
        Err(wrong("the content of a section changed"))
    };
    case.bytes
        .each(old.offset..old.file_end(), new.offset, changed)
}
