//! A second opinion: `goblin`, an independent parser, reads the same file. It gets the
//! bytes of headers and tables only, so that the size of the file does not matter.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use goblin::container::Ctx;
use goblin::elf::Elf;
use goblin::elf::dynamic::{DT_NULL, Dynamic};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{SHT_GNU_VERNEED, SectionHeader};
use goblin::elf::symver::VerneedSection;
use goblin::strtab::Strtab;

use crate::error::EditError;
use crate::image::{Image, bytes_at};
use crate::verify::dynamic_snapshot::{Seen, Versions};

/// Version requirements are read in windows of these sizes until all are there; a larger
/// table would have more entries than there are version indices.
const VERSION_WINDOWS: [u64; 3] = [1 << 12, 1 << 16, 1 << 20];

/// The smallest page that any system maps.
const PAGE: u64 = 4096;

fn fault(error: impl std::fmt::Display) -> EditError {
    EditError::Verify(format!("goblin: {error}"))
}

/// What `goblin` sees in `image`.
///
/// # Errors
/// [`EditError::Verify`] with what `goblin` says, if it cannot read the file.
pub(crate) fn opinion(image: &dyn Image) -> Result<Seen, EditError> {
    let head = bytes_at(image, 0, image.size().min(64), "ELF header")?;
    let header = Elf::parse_header(&head).map_err(fault)?;
    let ctx = Ctx::new(
        header.container().map_err(fault)?,
        header.endianness().map_err(fault)?,
    );
    let count = usize::from(header.e_phnum);
    let len = count.saturating_mul(ProgramHeader::size(ctx));
    let table = window(image, header.e_phoff, len)?;
    let segments = ProgramHeader::parse(&table, 0, count, ctx).map_err(fault)?;
    let mut seen = Seen {
        is_program: segments.iter().any(|s| s.p_type == PT_INTERP),
        ..Seen::default()
    };
    let Some(place) = segments.iter().find(|s| s.p_type == PT_DYNAMIC) else {
        return Ok(seen);
    };
    let len = usize::try_from(place.p_filesz).map_err(fault)?;
    let bytes = window(image, place.p_offset, len)?;
    // The entries come from their own window, everything they lead to from the file.
    let mut local = segments.clone();
    for segment in local.iter_mut().filter(|s| s.p_type == PT_DYNAMIC) {
        segment.p_offset = 0;
    }
    map_whole_pages(&mut local);
    let dynamic = Dynamic::parse(&bytes, &local, ctx).map_err(fault)?;
    let Some(dynamic) = dynamic else {
        return Ok(seen);
    };
    let start = u64::try_from(dynamic.info.strtab).map_err(fault)?;
    let bytes = window(image, start, dynamic.info.strsz)?;
    let strings = Strtab::from_slice_unparsed(&bytes, 0, bytes.len(), 0);
    let string = |at: usize| text(&strings, at);
    for entry in &dynamic.dyns {
        if entry.d_tag == DT_NULL {
            break;
        }
        let tag = entry.d_tag.cast_signed();
        seen.take(tag, entry.d_val, |at| {
            string(usize::try_from(at).map_err(fault)?)
        })?;
    }
    if dynamic.info.verneed != 0 {
        let count = u32::try_from(dynamic.info.verneednum).map_err(fault)?;
        seen.versions = versions(image, dynamic.info.verneed, count, ctx, &string)?;
    }
    Ok(seen)
}

/// Loaders map whole pages: what the file has behind a segment is in memory too, up to the end
/// of the page or the next segment. `goblin` looks into segments only, and gets them as mapped.
fn map_whole_pages(segments: &mut [ProgramHeader]) {
    let starts: Vec<u64> = segments
        .iter()
        .filter(|segment| segment.p_type == PT_LOAD)
        .map(|segment| segment.p_vaddr)
        .collect();
    for segment in segments.iter_mut().filter(|s| s.p_type == PT_LOAD) {
        let end = segment.p_vaddr.saturating_add(segment.p_memsz);
        let page = end.checked_next_multiple_of(PAGE).unwrap_or(end);
        let next = starts.iter().filter(|start| **start >= end).min();
        // Memory that is larger than the file's bytes is zero up to there.
        if segment.p_filesz > 0 && segment.p_filesz == segment.p_memsz {
            let mapped = next.map_or(page, |next| page.min(*next));
            segment.p_memsz = mapped.saturating_sub(segment.p_vaddr);
        }
    }
}

/// `get` is the one look-up that neither panics on foreign bytes nor parses all of them.
#[expect(
    deprecated,
    reason = "the successors panic or take memory for each string"
)]
fn text(strings: &Strtab<'_>, at: usize) -> Result<String, EditError> {
    match strings.get(at) {
        Some(Ok(text)) => Ok(text.to_owned()),
        Some(Err(error)) => Err(fault(error)),
        None => Err(fault("a string lies outside the string table")),
    }
}

fn versions(
    image: &dyn Image,
    start: u64,
    count: u32,
    ctx: Ctx,
    string: &dyn Fn(usize) -> Result<String, EditError>,
) -> Result<Versions, EditError> {
    let mut needs = Vec::new();
    for size in VERSION_WINDOWS {
        let len = image.size().saturating_sub(start).min(size);
        let bytes = bytes_at(image, start, len, "version requirements")?;
        let section = SectionHeader {
            sh_type: SHT_GNU_VERNEED,
            sh_size: len,
            sh_info: count,
            ..SectionHeader::default()
        };
        let section = VerneedSection::parse(&bytes, &[section], ctx).map_err(fault)?;
        needs.clear();
        let mut complete = true;
        for need in section.iter().flatten() {
            let mut names = Vec::new();
            for version in &need {
                names.push((version.vna_other & 0x7fff, string(version.vna_name)?));
            }
            complete &= names.len() == usize::from(need.vn_cnt);
            needs.push((string(need.vn_file)?, names));
        }
        if complete && u32::try_from(needs.len()).ok() == Some(count) {
            break;
        }
    }
    Ok(needs)
}

fn window(
    image: &dyn Image,
    start: u64,
    len: usize,
) -> Result<std::borrow::Cow<'_, [u8]>, EditError> {
    let len = u64::try_from(len).map_err(fault)?;
    Ok(bytes_at(image, start, len, "table that goblin asked for")?)
}
