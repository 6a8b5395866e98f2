//! Room for one more program header: a header that is not in use, a gap behind the table,
//! or blocks behind it that can be anywhere. `PT_GNU_STACK` and notes are never given up.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{ET_DYN, pt, sht};
use crate::edit::place::Spot;
use crate::error::EditError;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::header::Segment;
use crate::read::sections::Section;
use crate::read::source::Source;

/// Where the room is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// The header with this index is `PT_NULL`.
    Unused(usize),
    /// Behind the table, once these blocks are elsewhere; there may be none.
    Behind(Vec<Block>),
    /// The whole table must go elsewhere.
    Elsewhere,
}

/// Bytes that are found through program headers and dynamic entries only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) spot: Spot,
    pub(crate) len: u64,
    pub(crate) align: u64,
}

/// Finds room.
///
/// # Errors
/// [`EditError::Unsafe`] for executables whose table would have to move: kernels before
/// 5.18 tell the loader a wrong address of it.
pub(crate) fn make_room(source: &Source<'_>) -> Result<Room, EditError> {
    let mut segments = source.view.segments.iter();
    if let Some(index) = segments.position(|segment| segment.kind == pt::NULL) {
        return Ok(Room::Unused(index));
    }
    if let Some(blocks) = behind_table(source)? {
        return Ok(Room::Behind(blocks));
    }
    let mut segments = source.view.segments.iter();
    let is_program = segments.any(|segment| segment.kind == pt::INTERP);
    if is_program || source.view.header.kind != ET_DYN {
        let reason = "the executable has no room for the program header that the change needs";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    Ok(Room::Elsewhere)
}

/// A range of the file that something refers to.
struct Use {
    block: Block,
    movable: bool,
}

impl Use {
    fn start(&self) -> u64 {
        self.block.spot.offset
    }

    fn end(&self) -> u64 {
        self.start().saturating_add(self.block.len)
    }

    fn of_segment(segment: &Segment) -> Option<Self> {
        let ignored = matches!(segment.kind, pt::LOAD | pt::PHDR | pt::NULL);
        (!ignored && segment.filesz > 0).then_some(Self {
            block: Block {
                spot: Spot {
                    offset: segment.offset,
                    vaddr: segment.vaddr,
                },
                len: segment.filesz,
                align: segment.align,
            },
            movable: matches!(segment.kind, pt::NOTE | pt::INTERP | pt::GNU_PROPERTY),
        })
    }

    fn of_section(section: &Section, interpreter: Option<u64>) -> Option<Self> {
        let movable = matches!(
            section.kind,
            sht::NOTE
                | sht::HASH
                | sht::GNU_HASH
                | sht::DYNSYM
                | sht::GNU_VERSYM
                | sht::GNU_VERNEED
                | sht::GNU_VERDEF
        );
        (section.file_size() > 0).then_some(Self {
            block: Block {
                spot: Spot {
                    offset: section.offset,
                    vaddr: section.addr,
                },
                len: section.size,
                align: section.align,
            },
            movable: section.is_alloc() && (movable || interpreter == Some(section.offset)),
        })
    }
}

/// The blocks between the table and the end of one more header, if all can move.
fn behind_table(source: &Source<'_>) -> Result<Option<Vec<Block>>, ElfError> {
    let (_, start) = source.segment_table();
    let end = start.saturating_add(source.view.encoding().segment_size());
    let Some(load) = source.load_of(start, end) else {
        return Ok(None);
    };
    let mut segments = source.view.segments.iter();
    let interpreter = segments.find(|s| s.kind == pt::INTERP).map(|s| s.offset);
    let segments = source.view.segments.iter().filter_map(Use::of_segment);
    let sections = source.headers().iter();
    let sections = sections.filter_map(|section| Use::of_section(section, interpreter));
    let table = source.sections.as_ref().map(|table| Use {
        block: Block {
            spot: Spot {
                offset: table.offset,
                vaddr: 0,
            },
            len: table
                .table_end(source.view.encoding())
                .saturating_sub(table.offset),
            align: 1,
        },
        movable: false,
    });
    let mut uses: Vec<Use> = segments.chain(sections).chain(table).collect();
    uses.retain(|used| used.end() > start);
    uses.sort_by_key(|used| (used.start(), std::cmp::Reverse(used.end())));
    let mut blocks: Vec<Block> = Vec::new();
    let mut taken = end;
    for used in uses {
        if used.start() >= taken {
            break;
        }
        let in_load = source.load_of(used.start(), used.end()) == Some(load);
        if !used.movable || !in_load || used.start() < start {
            return Ok(None);
        }
        taken = taken.max(used.end());
        match blocks.last_mut() {
            Some(last) if used.start() < last.spot.offset.saturating_add(last.len) => {
                let len = used.end().saturating_sub(last.spot.offset);
                last.len = last.len.max(len);
                last.align = last.align.max(used.block.align);
            }
            _ => blocks.push(used.block),
        }
    }
    let free = gaps_are_free(source, &blocks, start, end)?;
    Ok(free.then_some(blocks))
}

/// Whether what the new header covers besides `blocks` is padding. Without section headers,
/// only the few zeros that align a block are known to be.
fn gaps_are_free(
    source: &Source<'_>,
    blocks: &[Block],
    start: u64,
    end: u64,
) -> Result<bool, ElfError> {
    let mut at = start;
    let ends = blocks
        .iter()
        .map(|b| (b.spot.offset, b.spot.offset.saturating_add(b.len)));
    for (from, to) in ends.chain([(end, end)]) {
        let gap = from.min(end).saturating_sub(at);
        if gap > 0 {
            let bytes = bytes_at(source.view.image, at, gap, "gap")?;
            let known = source.sections.is_some() || gap < 8;
            if !known || bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
        }
        at = at.max(to);
    }
    Ok(true)
}
