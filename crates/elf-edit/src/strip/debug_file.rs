//! The debug information of a file, as a file of its own: what `objcopy --only-keep-debug`
//! makes, for any architecture.
//!
//! Section headers keep their indices, names and addresses, which is what debuggers go by;
//! what is loaded becomes `SHT_NOBITS`, but for the notes, which hold the build-id.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{pt, sht};
use crate::error::EditError;
use crate::image::{Image, bytes_at};
use crate::patch::Patch;
use crate::patch::draft::Draft;
use crate::read::header::Segment;
use crate::read::notes::Notes;
use crate::read::sections::Section;
use crate::read::sections::names::{is_debug_name, read_names, section_name};
use crate::read::source::{Source, file_end};
use crate::request::{DebugLink, Edit};
use crate::strip;

/// How much is read at a time for the checksum.
const WINDOW: u64 = 64 * 1024;

/// Longer build-ids, in bytes, name no file: elfutils and debuginfod take no longer one, and
/// the name would be longer than a file system allows (255 bytes, with encryption 143).
const LONGEST_BUILD_ID: usize = 64;

/// The debug information of a file, as a file of its own.
#[derive(Clone, Debug)]
pub struct DebugFile {
    /// `NT_GNU_BUILD_ID` of the file that it belongs to.
    pub build_id: Option<Vec<u8>>,
    /// Makes it from that file.
    pub patch: Patch,
    /// The CRC-32 of its bytes.
    pub crc32: u32,
}

impl DebugFile {
    /// Its path below a folder for debug files, as debuggers look for it:
    /// `.build-id/12/34….debug`, or a name by checksum for files without a build-id and for
    /// those with one that no debugger asks for.
    pub fn path(&self) -> String {
        match self.build_id.as_deref() {
            Some(id @ [first, rest @ ..]) if !rest.is_empty() && id.len() <= LONGEST_BUILD_ID => {
                format!(".build-id/{first:02x}/{}.debug", hex(rest))
            }
            _ => format!("{:08x}.debug", self.crc32),
        }
    }

    /// What the stripped file must say about it.
    pub fn link(&self) -> DebugLink {
        let path = self.path();
        let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let crc32 = self.crc32;
        DebugLink { file, crc32 }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
        text
    })
}

/// Plans the debug file of `image` if `edit` strips something. What an earlier strip left is
/// less than what went with it then, and must not take the place of that.
pub(crate) fn of_strip(image: &dyn Image, edit: &Edit) -> Result<Option<DebugFile>, EditError> {
    let strip_only = Edit {
        strip: edit.strip,
        ..Edit::default()
    };
    if strip::plan(image, &strip_only)?.is_identity() {
        return Ok(None);
    }
    split(image)
}

/// Plans the debug file of `image`; `None` if it has neither debug information nor symbols.
pub(crate) fn split(image: &dyn Image) -> Result<Option<DebugFile>, EditError> {
    let source = Source::read(image)?;
    let Some(sections) = &source.sections else {
        return Ok(None);
    };
    let names = read_names(&source, sections)?;
    let is_wanted = |section: &Section| {
        let name = section_name(&names, section);
        !section.is_alloc() && (section.kind == sht::SYMTAB || is_debug_name(name))
    };
    if !sections.headers.iter().any(is_wanted) {
        return Ok(None);
    }
    let patch = lay_out(&source)?;
    Ok(Some(DebugFile {
        build_id: Notes::read(&source.view)?.build_id,
        crc32: checksum(&patch.view(image))?,
        patch,
    }))
}

fn lay_out(source: &Source<'_>) -> Result<Patch, EditError> {
    let too_large = || EditError::Unsafe("an offset would not fit into 32 bits".to_owned());
    let encoding = source.view.encoding();
    let mut draft = Draft::default();
    draft.copy(0..encoding.header_size());
    let (table, table_end) = source.segment_table();
    draft.align(encoding.word_size());
    let segment_table = draft.size();
    draft.zero(table_end.saturating_sub(table));
    let mut headers = source.headers().to_vec();
    copy_contents(source, &mut headers, &mut draft)?;
    draft.align(encoding.word_size());
    let section_table = draft.size();
    let mut at = segment_table;
    for segment in &source.view.segments {
        let bytes = emptied(source, segment, &headers).encode(encoding);
        draft.overlay(at, bytes.ok_or_else(too_large)?);
        at = at.saturating_add(encoding.segment_size());
    }
    let mut bytes = Vec::new();
    for header in &headers {
        bytes.extend(header.encode(encoding).ok_or_else(too_large)?);
    }
    draft.bytes(bytes);
    let (first, second) = if encoding.is_64 { (32, 40) } else { (28, 32) };
    for (field, value) in [(first, segment_table), (second, section_table)] {
        draft.overlay(field, encoding.word_bytes(value).ok_or_else(too_large)?);
    }
    Ok(draft.finish(source.size()))
}

/// Copies notes and what is not loaded, in file order, and sets the places in `headers`.
fn copy_contents(
    source: &Source<'_>,
    headers: &mut [Section],
    draft: &mut Draft,
) -> Result<(), EditError> {
    let mut order: Vec<(u64, usize)> = headers
        .iter()
        .enumerate()
        .map(|(index, section)| (section.offset, index))
        .collect();
    order.sort_unstable();
    let mut done = 0_u64;
    for (_, index) in order {
        let Some(section) = headers.get_mut(index).filter(|s| s.kind != 0) else {
            continue;
        };
        if section.is_alloc() && section.kind != sht::NOTE {
            section.kind = sht::NOBITS;
        }
        draft.align(section.align.clamp(1, 4096));
        let range = section.offset..section.file_end();
        section.offset = draft.size();
        if range.start == range.end {
            continue;
        }
        if range.start < done || range.end > source.size() {
            let reason = "its sections overlap or reach past the end of the file";
            return Err(EditError::Unsafe(reason.to_owned()));
        }
        done = range.end;
        draft.copy(range);
    }
    Ok(())
}

/// The program header without its bytes, which are not in the debug file; those of a note
/// that one section holds are.
fn emptied(source: &Source<'_>, segment: &Segment, headers: &[Section]) -> Segment {
    let mut segment = *segment;
    let pairs = source.headers().iter().zip(headers);
    let mut notes = pairs.filter(|(_, new)| new.kind == sht::NOTE);
    let holder =
        notes.find(|(old, _)| old.offset <= segment.offset && file_end(&segment) <= old.file_end());
    match holder {
        Some((old, new)) if segment.kind == pt::NOTE => {
            let into = segment.offset.saturating_sub(old.offset);
            segment.offset = new.offset.saturating_add(into);
        }
        // Its old offset may lie behind the end of this file, which is much smaller.
        _ => {
            segment.filesz = 0;
            segment.offset = 0;
        }
    }
    segment
}

fn checksum(image: &dyn Image) -> Result<u32, EditError> {
    let mut hasher = crc32fast::Hasher::new();
    let mut at = 0_u64;
    while let Some(left) = image.size().checked_sub(at).filter(|left| *left > 0) {
        let now = left.min(WINDOW);
        hasher.update(&bytes_at(image, at, now, "debug file")?);
        at = at.saturating_add(now);
    }
    Ok(hasher.finalize())
}
