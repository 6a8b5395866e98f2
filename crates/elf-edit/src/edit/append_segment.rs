//! A new `PT_LOAD`, for files whose last segment cannot grow: it takes a program header,
//! and room for that must be found.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{PF_R, PF_W, pt};
use crate::edit::phdr_room::{Room, make_room};
use crate::edit::place::{Moved, Placement, Spot, Want};
use crate::error::EditError;
use crate::patch::Remark;
use crate::read::header::Segment;
use crate::read::source::{Source, file_end, largest_page, memory_end, round_up};

/// Larger alignments only waste address space; no system has larger pages.
const LARGEST_ALIGN: u64 = 0x1_0000;
/// Alignment of what is placed; enough for entries of either class.
const ALIGN: u64 = 8;
/// Zeros at the start of the segment. If another program header started at the same
/// offset, llvm-strip would take that for the outer one and lay the segment out wrongly.
const LEAD: u64 = 16;

/// Places `want` in a new segment behind all others.
///
/// # Errors
/// [`EditError::Unsafe`] if there is no room for its program header.
pub(crate) fn place(
    source: &Source<'_>,
    want: &Want,
    mut placement: Placement,
) -> Result<Placement, EditError> {
    let room = make_room(source)?;
    let align = alignment(source);
    let end = source.used_end();
    let offset = round_up(end, ALIGN);
    let memory = source
        .view
        .loads()
        .map(memory_end)
        .max()
        .unwrap_or_default();
    let base = round_up(memory, align);
    let into_page = offset.checked_rem(align).unwrap_or_default();
    let start = Spot {
        offset,
        vaddr: base.saturating_add(into_page),
    };
    let mut cursor = Cursor { start, len: LEAD };
    if let Room::Elsewhere = room {
        move_segment_table(source, &mut placement, &mut cursor);
    }
    if let Room::Behind(blocks) = &room {
        for block in blocks {
            let to = cursor.take(block.len, block.align.clamp(ALIGN, 4096));
            placement.moved.push(Moved {
                from: block.spot,
                to,
                len: block.len,
            });
        }
        follow_blocks(&mut placement);
    }
    if let Some(size) = want.dynamic {
        placement.dynamic = Some(cursor.take(size, ALIGN));
    }
    if want.added > 0 {
        placement.strings = cursor.take(want.strings, 1);
        placement.strings_moved = true;
    }
    let flags = if want.dynamic.is_some() {
        PF_R | PF_W
    } else {
        PF_R
    };
    let load = Segment {
        kind: pt::LOAD,
        flags,
        offset: start.offset,
        vaddr: start.vaddr,
        paddr: start.vaddr,
        filesz: cursor.len,
        memsz: cursor.len,
        align,
    };
    insert(source, &mut placement, load, &room);
    placement.insert_at = end;
    placement.insert = file_end(&load).saturating_sub(end);
    Ok(placement)
}

/// Hands out the new segment from its start.
struct Cursor {
    start: Spot,
    len: u64,
}

impl Cursor {
    fn take(&mut self, len: u64, align: u64) -> Spot {
        let vaddr = round_up(self.start.vaddr.saturating_add(self.len), align);
        let into = vaddr.saturating_sub(self.start.vaddr);
        self.len = into.saturating_add(len);
        Spot {
            offset: self.start.offset.saturating_add(into),
            vaddr,
        }
    }
}

/// The table leaves its place, with room for one more header.
fn move_segment_table(source: &Source<'_>, placement: &mut Placement, cursor: &mut Cursor) {
    let (start, end) = source.segment_table();
    let size = end
        .saturating_sub(start)
        .saturating_add(source.view.encoding().segment_size());
    let spot = cursor.take(size, ALIGN);
    placement.segment_table = spot.offset;
    for header in placement.segments.iter_mut().filter(|s| s.kind == pt::PHDR) {
        header.offset = spot.offset;
        header.vaddr = spot.vaddr;
        header.paddr = spot.vaddr;
    }
    placement.remarks.push(Remark::HeadersMoved);
}

/// Program headers of blocks that moved.
fn follow_blocks(placement: &mut Placement) {
    for segment in &mut placement.segments {
        if !matches!(segment.kind, pt::NOTE | pt::INTERP | pt::GNU_PROPERTY) {
            continue;
        }
        for block in &placement.moved {
            let into = segment.offset.checked_sub(block.from.offset);
            if let Some(into) = into.filter(|into| *into < block.len) {
                segment.offset = block.to.offset.saturating_add(into);
                segment.vaddr = block.to.vaddr.saturating_add(into);
                segment.paddr = segment.vaddr;
                break;
            }
        }
    }
}

/// `p_align` of the new segment.
fn alignment(source: &Source<'_>) -> u64 {
    let known = source.view.loads().map(|load| load.align);
    let known = known.filter(|align| align.is_power_of_two() && *align <= LARGEST_ALIGN);
    let page = largest_page(source.view.header.machine);
    known.max().unwrap_or_default().max(page)
}

/// The new header comes behind the last `PT_LOAD`, so that addresses ascend.
fn insert(source: &Source<'_>, placement: &mut Placement, load: Segment, room: &Room) {
    if let Room::Unused(index) = room {
        placement.segments.remove(*index);
    } else {
        let size = source.view.encoding().segment_size();
        for header in placement.segments.iter_mut().filter(|s| s.kind == pt::PHDR) {
            header.filesz = header.filesz.saturating_add(size);
            header.memsz = header.memsz.saturating_add(size);
        }
    }
    let last = placement.segments.iter().rposition(|s| s.kind == pt::LOAD);
    let at = last.map_or(0, |last| last.saturating_add(1));
    placement.segments.insert(at, load);
}
