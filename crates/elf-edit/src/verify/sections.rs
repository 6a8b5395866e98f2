//! Whether the sections of an edited file are those of the old one.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::Range;

use crate::abi::{dt, sht};
use crate::error::EditError;
use crate::read::sections::names::{DEBUG_LINK, is_debug_name, read_names, section_name};
use crate::read::sections::{Section, Sections};
use crate::read::view::View;
use crate::request::Strip;
use crate::verify::allowed::Allowed;
use crate::verify::symbols;
use crate::verify::{Case, wrong};

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
        if index == 0 {
            pairing.check_first(case, old, new)?;
            continue;
        }
        pairing.check_links(old, new)?;
        check_header(case, &allowed, old, new)?;
        let is_names = pairing.names == Some(index);
        if matches!(old.kind, sht::SYMTAB | sht::DYNSYM) && case.is_stripped() {
            let locals = symbols::check(case, old, new, &pairing.map)?;
            if u64::from(new.info) != locals {
                return Err(wrong("a symbol table counts its local symbols wrongly"));
            }
        } else {
            pairing.check_info(case, old, new)?;
            if !(old.is_alloc() || is_names && case.is_stripped()) {
                check_content(case, &allowed, old, new)?;
            }
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

    /// Whether `new` is `old`, an index into the section headers, after the change. An index
    /// past the table is left alone, or cleared.
    fn is_index(&self, old: u32, new: u32) -> bool {
        let index = usize::try_from(old).unwrap_or(usize::MAX);
        let wanted = self.map.get(index).copied().flatten();
        let dangling = index >= self.map.len() && new == old;
        dangling || new == wanted.map_or(0, u32::from)
    }

    fn check_links(&self, old: &Section, new: &Section) -> Result<(), EditError> {
        if self.is_index(old.link, new.link) {
            return Ok(());
        }
        Err(wrong("sh_link of a section leads elsewhere"))
    }

    fn check_info(&self, case: &Case<'_>, old: &Section, new: &Section) -> Result<(), EditError> {
        let kept = if old.info_is_section() {
            self.is_index(old.info, new.info)
        } else if is_unlinked(case, old) {
            let count = case.after.view.dynamic_value(dt::VERNEEDNUM);
            count.unwrap_or(0) == u64::from(new.info)
        } else {
            old.info == new.info
        };
        if kept {
            return Ok(());
        }
        Err(wrong("sh_info of a section changed"))
    }

    /// The null section, which counts the headers where the ELF header cannot, and the
    /// section of names.
    fn check_first(&self, case: &Case<'_>, old: &Section, new: &Section) -> Result<(), EditError> {
        let uncounted = Section {
            size: 0,
            link: 0,
            ..*old
        };
        if new != old && !(case.is_stripped() && *new == uncounted) {
            return Err(wrong("the null section changed"));
        }
        let names = |table: Option<&Sections>| table.map(|table| table.names);
        let index = |names: Option<usize>| names.and_then(|names| u32::try_from(names).ok());
        let old_names = index(names(case.before.sections.as_ref()));
        let new_names = index(names(case.after.sections.as_ref()));
        match old_names.zip(new_names) {
            Some((old, new)) if !self.is_index(old, new) => {
                Err(wrong("another section became that of the section names"))
            }
            _ => Ok(()),
        }
    }
}

/// Whether version requirements were taken out of `section`.
fn is_unlinked(case: &Case<'_>, section: &Section) -> bool {
    let vaddr = case.before.view.dynamic_value(dt::VERNEED);
    !case.edit.remove_needed.is_empty()
        && section.kind == sht::GNU_VERNEED
        && section.is_alloc()
        && vaddr == Some(section.addr)
}

/// What a strip may take: nothing that is loaded.
fn may_go(section: &Section, name: &[u8], case: &Case<'_>) -> bool {
    let symbols = matches!(case.edit.strip, Strip::All | Strip::Unneeded)
        && matches!(section.kind, sht::SYMTAB | sht::STRTAB | sht::SYMTAB_SHNDX);
    let link = name == DEBUG_LINK && case.edit.debug_link.is_some();
    let debug = case.edit.strip != Strip::None && (is_debug_name(name) || section.is_relocation());
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
    if !old.is_alloc() {
        return check_unloaded_place(case, old, new);
    }
    if new_places(case, old).contains(&place(new)) {
        return Ok(());
    }
    let grown = case.before.view.segments.len() != case.after.view.segments.len();
    let mapped = case.after.view.offset_of(new.addr, new.file_size());
    if !grown || old.size != new.size || mapped != Some(new.offset) {
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

/// Address, file offset and size of a section.
type Place = (u64, u64, u64);

fn place(section: &Section) -> Place {
    (section.addr, section.offset, section.size)
}

/// Where a section that is loaded may be after the edit: where it was, unless the loader
/// finds its content elsewhere now.
fn new_places(case: &Case<'_>, old: &Section) -> Vec<Place> {
    let (before, after) = (&case.before.view, &case.after.view);
    let moved = |tag, size: u64| {
        let vaddr = after.dynamic_value(tag)?;
        Some((vaddr, after.offset_of(vaddr, size)?, size))
    };
    let segment = |view: &View<'_>| {
        let dynamic = view.dynamic.as_ref()?;
        view.segments.get(dynamic.segment).copied()
    };
    match old.kind {
        sht::STRTAB if before.dynamic_value(dt::STRTAB) == Some(old.addr) => {
            let size = after.dynamic_value(dt::STRSZ).unwrap_or_default();
            let same = [dt::STRTAB, dt::STRSZ]
                .iter()
                .all(|tag| before.dynamic_value(*tag) == after.dynamic_value(*tag));
            let old = same.then(|| place(old));
            moved(dt::STRTAB, size).into_iter().chain(old).collect()
        }
        sht::DYNAMIC => match segment(before).zip(segment(after)) {
            Some((one, other)) if one.vaddr != other.vaddr && one.vaddr == old.addr => {
                vec![(other.vaddr, other.offset, other.filesz)]
            }
            _ => vec![place(old)],
        },
        sht::GNU_VERNEED if is_unlinked(case, old) => {
            let start = after.dynamic_value(dt::VERNEED).unwrap_or(old.addr);
            let skipped = start.saturating_sub(old.addr);
            let size = old.size.saturating_sub(skipped);
            vec![(start, old.offset.saturating_add(skipped), size)]
        }
        _ => vec![place(old)],
    }
}

/// What is not loaded may move with what is behind the loaded part, or anywhere in a strip.
fn check_unloaded_place(case: &Case<'_>, old: &Section, new: &Section) -> Result<(), EditError> {
    let shift = case.after.size().saturating_sub(case.before.size());
    let known = [old.offset, old.offset.saturating_add(shift)].contains(&new.offset);
    let same = old.size == new.size && known;
    if old.addr == new.addr && (same || case.is_stripped()) {
        return Ok(());
    }
    Err(wrong("a section moved that no edit is about"))
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
