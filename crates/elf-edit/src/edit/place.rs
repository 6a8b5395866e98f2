//! Where the new string table and the new dynamic section go.
//!
//! The ladder, cheapest first: into the zeros behind the segment that holds the strings
//! already; behind the last segment, whose zero-initialised memory becomes file bytes; a
//! new `PT_LOAD`. The first two leave the program header table as it is, so that neither
//! the loaders of old systems nor a later `strip` have anything to stumble over.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{PF_W, pt};
use crate::edit::append_segment;
use crate::error::EditError;
use crate::error::ElfError;
use crate::patch::Remark;
use crate::read::header::Segment;
use crate::read::source::{Source, file_end, largest_page, memory_end, round_up};

/// How much zero-initialised memory may become file bytes.
const MOST_ZEROS: u64 = 8 << 20;
/// Alignment of what is placed; enough for entries of either class.
const ALIGN: u64 = 8;

/// What needs a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Want {
    /// Bytes of the string table with the new strings.
    pub(crate) strings: u64,
    /// How many of them are new, and stand at its end.
    pub(crate) added: u64,
    /// Bytes of the dynamic section, if it no longer fits where it is.
    pub(crate) dynamic: Option<u64>,
}

/// A place in the new file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) offset: u64,
    pub(crate) vaddr: u64,
}

/// A block of the image that made room for a program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) from: Spot,
    pub(crate) to: Spot,
    pub(crate) len: u64,
}

/// Where everything goes.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    /// Program headers of the new file.
    pub(crate) segments: Vec<Segment>,
    /// `e_phoff` of the new file.
    pub(crate) segment_table: u64,
    /// The string table as a whole.
    pub(crate) strings: Spot,
    /// Whether the old strings must be written there again.
    pub(crate) strings_moved: bool,
    /// The dynamic section, if it moves.
    pub(crate) dynamic: Option<Spot>,
    /// From this offset on ...
    pub(crate) insert_at: u64,
    /// ... old bytes move by so many.
    pub(crate) insert: u64,
    /// Blocks that made room.
    pub(crate) moved: Vec<Moved>,
    /// What the author of the change should know.
    pub(crate) remarks: Vec<Remark>,
}

impl Placement {
    /// Nothing moves.
    pub(crate) fn as_it_is(source: &Source<'_>, strings: Spot) -> Self {
        Self {
            segments: source.view.segments.clone(),
            segment_table: source.view.header.phoff,
            strings,
            strings_moved: false,
            dynamic: None,
            insert_at: source.size(),
            insert: 0,
            moved: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Where offset `at` of the old file is in the new one.
    pub(crate) fn shifted(&self, at: u64) -> u64 {
        if at >= self.insert_at {
            at.saturating_add(self.insert)
        } else {
            at
        }
    }
}

/// Finds places for `want`.
///
/// # Errors
/// [`EditError::Unsafe`] if there is no safe place.
pub(crate) fn place(
    source: &Source<'_>,
    strings: Spot,
    want: &Want,
) -> Result<Placement, EditError> {
    let mut placement = Placement::as_it_is(source, strings);
    let mut want = *want;
    if want.added > 0 && strings_into_slack(source, &want, &mut placement)? {
        want.added = 0;
    }
    if want.added == 0 && want.dynamic.is_none() {
        return Ok(placement);
    }
    if !behind_last_load(source, &want, &mut placement)? {
        placement = append_segment::place(source, &want, placement)?;
    }
    if let (Some(spot), Some(size)) = (placement.dynamic, want.dynamic) {
        point_to_dynamic(&mut placement.segments, spot, size);
    }
    Ok(placement)
}

fn point_to_dynamic(segments: &mut [Segment], spot: Spot, size: u64) {
    for segment in segments.iter_mut().filter(|s| s.kind == pt::DYNAMIC) {
        let physical = segment.paddr.wrapping_sub(segment.vaddr);
        segment.offset = spot.offset;
        segment.vaddr = spot.vaddr;
        segment.paddr = spot.vaddr.wrapping_add(physical);
        segment.filesz = size;
        segment.memsz = size;
    }
}

/// Puts the strings behind the segment that holds them, without a byte of growth.
fn strings_into_slack(
    source: &Source<'_>,
    want: &Want,
    placement: &mut Placement,
) -> Result<bool, ElfError> {
    let old = want.strings.saturating_sub(want.added);
    let start = placement.strings.offset;
    let end = start.saturating_add(old);
    let Some(index) = source.load_of(start, end) else {
        return Ok(false);
    };
    let Some(segment) = placement.segments.get_mut(index) else {
        return Ok(false);
    };
    if segment.filesz != segment.memsz {
        return Ok(false);
    }
    let room = memory_room(source, segment).min(want.strings);
    let room = source.free_from(file_end(segment), room)?;
    let grow = if file_end(segment) == end && want.added <= room {
        want.added
    } else if want.strings <= room {
        placement.strings = Spot {
            offset: file_end(segment),
            vaddr: memory_end(segment),
        };
        placement.strings_moved = true;
        want.strings
    } else {
        return Ok(false);
    };
    segment.filesz = segment.filesz.saturating_add(grow);
    segment.memsz = segment.memsz.saturating_add(grow);
    Ok(true)
}

/// How far `segment` may grow in memory: not onto a page that systems did not have to map
/// before, not into a page of the next segment.
fn memory_room(source: &Source<'_>, segment: &Segment) -> u64 {
    let end = memory_end(segment);
    let page = round_up(end, largest_page(source.view.header.machine));
    let next = source.view.loads().filter(|load| load.vaddr >= end);
    let next = next.map(page_start).min().unwrap_or(u64::MAX);
    page.min(next).saturating_sub(end)
}

/// `p_vaddr` rounded down to `p_align`.
fn page_start(load: &Segment) -> u64 {
    let below = load.vaddr.checked_rem(load.align.max(1));
    load.vaddr.saturating_sub(below.unwrap_or_default())
}

/// Puts everything behind the last segment: its zero-initialised memory gets file bytes.
fn behind_last_load(
    source: &Source<'_>,
    want: &Want,
    placement: &mut Placement,
) -> Result<bool, ElfError> {
    let Some(index) = extensible(source, want) else {
        return Ok(false);
    };
    let Some(load) = placement.segments.get_mut(index) else {
        return Ok(false);
    };
    let end = file_end(load);
    let zeros = load.memsz.saturating_sub(load.filesz);
    let spot = |vaddr: u64, load: &Segment| Spot {
        vaddr,
        offset: load.offset.saturating_add(vaddr.saturating_sub(load.vaddr)),
    };
    let old_strings = want.strings.saturating_sub(want.added);
    let strings_end = placement.strings.offset.saturating_add(old_strings);
    let mut free = memory_end(load);
    if want.dynamic.is_none() && strings_end == end && zeros == 0 {
        // Our own work, or patchelf's: the strings already end the segment.
        free = free.saturating_add(want.added);
    } else {
        if let Some(size) = want.dynamic {
            free = round_up(free, ALIGN);
            placement.dynamic = Some(spot(free, load));
            free = free.saturating_add(size);
        }
        if want.added > 0 {
            placement.strings = spot(free, load);
            placement.strings_moved = true;
            free = free.saturating_add(want.strings);
        }
    }
    load.filesz = free.saturating_sub(load.vaddr);
    load.memsz = load.filesz;
    let need = file_end(load).saturating_sub(end);
    let gap = source.free_from(end, need)?;
    if gap < need {
        let need = need.saturating_sub(gap);
        placement.insert = round_up(need, tail_alignment(source, end));
        placement.insert_at = end;
        shift_tail(placement, end);
    }
    Ok(true)
}

/// Index of the last segment, if it may grow.
fn extensible(source: &Source<'_>, want: &Want) -> Option<usize> {
    let index = source.last_load()?;
    let load = source.view.segments.get(index)?;
    let end = file_end(load);
    let zeros = load.memsz.checked_sub(load.filesz)?;
    // Newer lld puts zero-initialised memory into a segment of its own, without file bytes:
    // it can have some if its offset suits its address.
    let distance = load.vaddr.wrapping_sub(load.offset);
    let mappable = load.filesz > 0 || distance.checked_rem(load.align.max(4096)) == Some(0);
    if !mappable || load.offset > source.size() || zeros > MOST_ZEROS {
        return None;
    }
    if want.dynamic.is_some() && load.flags & PF_W == 0 {
        return None;
    }
    let others = source.view.segments.iter().enumerate();
    let mut others = others.filter(|(at, segment)| *at != index && segment.filesz > 0);
    let in_the_way = others.any(|(_, segment)| segment.offset < end && file_end(segment) > end);
    let mut sections = source.headers().iter().filter(|s| s.file_size() > 0);
    let section_in_the_way =
        sections.any(|section| section.offset < end && section.file_end() > end);
    let (_, table_end) = source.segment_table();
    let section_table = source.sections.as_ref();
    let table_straddles = section_table
        .is_some_and(|table| table.offset < end && table.table_end(source.view.encoding()) > end);
    let is_last = source.mapped_end() <= end && table_end <= end;
    let free = is_last && !in_the_way && !section_in_the_way && !table_straddles;
    free.then_some(index)
}

/// What the tail must move by a multiple of, so that its sections stay aligned.
fn tail_alignment(source: &Source<'_>, from: u64) -> u64 {
    let tail = source.headers().iter().filter(|s| s.offset >= from);
    let aligns = tail.map(|section| section.align);
    let known = aligns.filter(|align| align.is_power_of_two() && *align <= 4096);
    known.max().unwrap_or(1).max(16)
}

/// Program headers of bytes that are not loaded (`PT_RISCV_ATTRIBUTES`) follow them.
pub(crate) fn shift_tail(placement: &mut Placement, from: u64) {
    let by = placement.insert;
    for segment in &mut placement.segments {
        let has_bytes = segment.kind != pt::LOAD && segment.filesz > 0;
        if has_bytes && segment.offset >= from {
            segment.offset = segment.offset.saturating_add(by);
        }
    }
}
