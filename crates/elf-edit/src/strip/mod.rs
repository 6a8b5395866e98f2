//! Stripping: sections that no loader needs go, everything that is loaded stays where it
//! is. Works on any architecture, and on files that GNU strip breaks because another tool
//! moved their program headers.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub(crate) mod debug_file;
pub(crate) mod layout;
pub(crate) mod tables;

use crate::abi::{SHN_LORESERVE, sht};
use crate::error::EditError;
use crate::image::{Image, bytes_at};
use crate::patch::Patch;
use crate::read::sections::names::{DEBUG_LINK, is_debug_name, read_names, section_name};
use crate::read::sections::{Section, Sections};
use crate::read::source::Source;
use crate::request::{Edit, Strip};

/// Which sections stay.
#[derive(Debug)]
pub(crate) struct Selection {
    /// By section index.
    pub(crate) keeps: Vec<bool>,
    /// The section name table.
    pub(crate) names: Vec<u8>,
}

impl Selection {
    /// Whether section `index` stays.
    pub(crate) fn keeps(&self, index: usize) -> bool {
        self.keeps.get(index).copied().unwrap_or(false)
    }

    /// The name of a section.
    pub(crate) fn name(&self, section: &Section) -> &[u8] {
        section_name(&self.names, section)
    }
}

/// Plans the stripping that `edit` asks for.
///
/// # Errors
/// [`EditError::Unsafe`] for files with data behind them, which a strip would lose, and for
/// section headers that contradict each other.
pub(crate) fn plan(image: &dyn Image, edit: &Edit) -> Result<Patch, EditError> {
    let unchanged = || Ok(Patch::identity(image.size()));
    if edit.strip == Strip::None && edit.debug_link.is_none() {
        return unchanged();
    }
    let source = Source::read(image)?;
    let Some(sections) = &source.sections else {
        return unchanged();
    };
    let selection = select(&source, sections, edit)?;
    let links = edit.debug_link.as_ref();
    let stays = !selection.keeps.contains(&false) || has_link(&source, &selection, edit)?;
    if stays && (links.is_none() || has_link(&source, &selection, edit)?) {
        return unchanged();
    }
    if source.has_payload()? {
        let reason = "data is appended to the file, which stripping would have to move or lose";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    layout::lay_out(&source, sections, &selection, edit)
}

fn select(source: &Source<'_>, sections: &Sections, edit: &Edit) -> Result<Selection, EditError> {
    let names = read_names(source, sections)?;
    let headers = &sections.headers;
    if headers.iter().any(|section| section.kind == sht::GROUP) {
        let reason = "it has section groups, as an object file that is not linked yet";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    if headers.len() >= usize::from(SHN_LORESERVE) {
        let reason = "it has more sections than symbols can refer to";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    let mut keeps: Vec<bool> = headers
        .iter()
        .map(|section| {
            let name = section_name(&names, section);
            let replaced = edit.debug_link.is_some() && name == DEBUG_LINK;
            let debug = edit.strip != Strip::None && is_debug_name(name);
            section.is_alloc() || section.kind == 0 || !(debug || replaced)
        })
        .collect();
    // Whatever a section that went had kept goes too, or a second strip would take it.
    loop {
        let before = keeps.clone();
        drop_relocations(headers, &mut keeps, edit.strip == Strip::All);
        if matches!(edit.strip, Strip::All | Strip::Unneeded) {
            drop_symbols(headers, sections.names, &mut keeps);
        }
        // Section 0 describes nothing: an index of 0 means "none".
        if let Some(first) = keeps.first_mut() {
            *first = true;
        }
        if keeps == before {
            return Ok(Selection { keeps, names });
        }
    }
}

/// Relocations that linkers leave on request: of sections that go, or all.
fn drop_relocations(headers: &[Section], keeps: &mut [bool], all: bool) {
    let before = keeps.to_vec();
    for (section, keep) in headers.iter().zip(keeps) {
        if section.is_alloc() || !section.is_relocation() {
            continue;
        }
        let target = usize::try_from(section.info).unwrap_or(usize::MAX);
        *keep &= !all && before.get(target).copied().unwrap_or(false);
    }
}

/// The symbol table, unless a section that stays refers to it, and then its names.
fn drop_symbols(headers: &[Section], section_names: usize, keeps: &mut [bool]) {
    for (index, section) in headers.iter().enumerate().skip(1) {
        let is_symbols = section.kind == sht::SYMTAB && !section.is_alloc();
        if !is_symbols || has_user(headers, keeps, index) {
            continue;
        }
        let position = u32::try_from(index).unwrap_or(u32::MAX);
        for (other, keep) in headers.iter().zip(keeps.iter_mut()) {
            if other.kind == sht::SYMTAB_SHNDX && other.link == position && !other.is_alloc() {
                *keep = false;
            }
        }
        if let Some(keep) = keeps.get_mut(index) {
            *keep = false;
        }
        let names = usize::try_from(section.link).unwrap_or(usize::MAX);
        let is_plain = headers
            .get(names)
            .is_some_and(|names| names.kind == sht::STRTAB && !names.is_alloc());
        if is_plain
            && names != section_names
            && !has_user(headers, keeps, names)
            && let Some(keep) = keeps.get_mut(names)
        {
            *keep = false;
        }
    }
}

/// Whether a section that stays, other than itself, refers to section `index`.
fn has_user(headers: &[Section], keeps: &[bool], index: usize) -> bool {
    let mut users = headers.iter().zip(keeps).enumerate();
    users.any(|(user, (section, keep))| {
        let link = usize::try_from(section.link).unwrap_or(usize::MAX);
        *keep && user != index && section.kind != sht::SYMTAB_SHNDX && link == index
    })
}

/// Whether nothing but the link to the debug file would change, and that is there already.
fn has_link(source: &Source<'_>, selection: &Selection, edit: &Edit) -> Result<bool, EditError> {
    let Some(link) = &edit.debug_link else {
        return Ok(false);
    };
    let mut there = false;
    for (index, section) in source.headers().iter().enumerate() {
        if selection.keeps(index) {
            continue;
        }
        let content = tables::link_content(source, link);
        let same_size = u64::try_from(content.len()).ok() == Some(section.file_size());
        if selection.name(section) != DEBUG_LINK || !same_size {
            return Ok(false);
        }
        let image = source.view.image;
        let bytes = bytes_at(image, section.offset, section.file_size(), "debug link")?;
        if *bytes != *content {
            return Ok(false);
        }
        there = true;
    }
    Ok(there)
}
