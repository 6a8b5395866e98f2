//! Which bytes of the file the loaded program uses, as far as its own tables tell, whatever
//! the section headers say.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::{ControlFlow, Range};

use crate::abi::{STT_TLS, dt, pt};
use crate::error::ElfError;
use crate::read::hash;
use crate::read::source::file_end;
use crate::read::versions;
use crate::read::view::View;

/// Dynamic entries with the address of something, and those with its size in bytes.
const SIZED: [(i64, i64); 8] = [
    (dt::STRTAB, dt::STRSZ),
    (dt::RELA, dt::RELASZ),
    (dt::REL, dt::RELSZ),
    (dt::JMPREL, dt::PLTRELSZ),
    (dt::RELR, dt::RELRSZ),
    (dt::INIT_ARRAY, dt::INIT_ARRAYSZ),
    (dt::FINI_ARRAY, dt::FINI_ARRAYSZ),
    (dt::PREINIT_ARRAY, dt::PREINIT_ARRAYSZ),
];
/// Dynamic entries with the address of something that tells its size itself.
const OPEN: [i64; 9] = [
    dt::HASH,
    dt::GNU_HASH,
    dt::SYMTAB,
    dt::VERSYM,
    dt::VERNEED,
    dt::VERDEF,
    dt::INIT,
    dt::FINI,
    dt::PLTGOT,
];

/// What the headers and the dynamic entries lead to, as ranges of the file: the first byte of
/// what tells its size itself. Every range is mapped.
pub(crate) fn named(view: &View<'_>) -> Vec<Range<u64>> {
    let addresses = addresses(view).into_iter();
    let places = addresses.filter_map(|(vaddr, len)| {
        let place = view.offset_of(vaddr, len)?;
        Some(place..place.saturating_add(len))
    });
    places.collect()
}

/// Counts as read what the loaded program uses by its headers and dynamic entries.
///
/// # Errors
/// Those of the image.
pub(crate) fn count_named(view: &View<'_>) -> Result<(), ElfError> {
    for (vaddr, len) in addresses(view) {
        view.offset_to_read(vaddr, len)?;
    }
    Ok(())
}

/// Address and size, at least 1, of what headers and dynamic entries lead to.
fn addresses(view: &View<'_>) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    for segment in &view.segments {
        let is_table = !matches!(segment.kind, pt::NULL | pt::LOAD | pt::PHDR | pt::GNU_RELRO);
        if is_table && segment.filesz > 0 && segment.memsz > 0 {
            found.push((segment.vaddr, segment.filesz));
        }
    }
    for (start, size) in SIZED {
        let size = view.dynamic_value(size).filter(|size| *size > 0);
        found.extend(view.dynamic_value(start).zip(size));
    }
    let open = OPEN.iter().filter_map(|tag| view.dynamic_value(*tag));
    let entry = Some(view.header.entry).filter(|entry| *entry != 0);
    found.extend(open.chain(entry).map(|start| (start, 1)));
    found
}

/// Whether the loaded program uses anything of `range`, a part of the file: its headers, its
/// tables, what a dynamic symbol is the name of, what a relocation changes.
///
/// # Errors
/// Those of reading the tables.
pub(crate) fn is_used(view: &View<'_>, range: &Range<u64>) -> Result<bool, ElfError> {
    let meets = |other: &Range<u64>| other.start < range.end && range.start < other.end;
    let encoding = view.encoding();
    let table = u64::from(view.header.phnum).saturating_mul(encoding.segment_size());
    let start = view.header.phoff;
    let mut places = named(view);
    places.extend([
        0..encoding.header_size(),
        start..start.saturating_add(table),
    ]);
    let mut loads = view.loads();
    if !loads.any(|load| meets(&(load.offset..file_end(load)))) {
        return Ok(places.iter().any(meets));
    }
    places.extend(hash::places(view)?);
    places.extend(versions::places(view)?);
    let symbols = hash::symbol_count(view)?;
    let sizes = [(dt::SYMTAB, encoding.symbol_size()), (dt::VERSYM, 2)];
    for (tag, size) in sizes {
        let len = symbols.saturating_mul(size);
        let place = view
            .dynamic_value(tag)
            .and_then(|at| view.offset_of(at, len));
        places.extend(place.map(|place| place..place.saturating_add(len)));
    }
    if places.iter().any(meets) {
        return Ok(true);
    }
    let mut addresses = Vec::new();
    for load in view.loads() {
        let start = range.start.max(load.offset);
        let end = range.end.min(file_end(load));
        let shift = load.vaddr.wrapping_sub(load.offset);
        if start < end {
            addresses.push(start.wrapping_add(shift)..end.wrapping_add(shift));
        }
    }
    let meets = |start: u64, len: u64| {
        let end = start.saturating_add(len.max(1));
        let mut addresses = addresses.iter();
        addresses.any(|other| other.start < end && start < other.end)
    };
    Ok(defines_within(view, symbols, meets)? || relocates_within(view, meets)?)
}

/// Whether the address and size of a defined symbol satisfy `meets`.
fn defines_within(
    view: &View<'_>,
    count: u64,
    meets: impl Fn(u64, u64) -> bool,
) -> Result<bool, ElfError> {
    let encoding = view.encoding();
    let size = encoding.symbol_size();
    let len = count.saturating_mul(size);
    let table = view.dynamic_value(dt::SYMTAB);
    let Some(offset) = table.and_then(|table| view.offset_of(table, len)) else {
        return Ok(false);
    };
    let (section, value, length) = if encoding.is_64 {
        (6, 8, 16)
    } else {
        (14, 4, 8)
    };
    let mut found = false;
    view.records(offset, len, size, |bytes| {
        // `SHN_UNDEF`, `SHN_ABS`: no address of this file. Thread-local: no address at all.
        let defined = !matches!(encoding.u16(bytes, section), None | Some(0 | 0xfff1));
        let kind = bytes.get(if encoding.is_64 { 4 } else { 12 });
        let is_local = kind.is_some_and(|kind| kind & 0xf == STT_TLS);
        let word = |at| encoding.word(bytes, at).unwrap_or(0);
        found |= defined && !is_local && meets(word(value), word(length));
        if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    Ok(found)
}

/// Whether the address of a relocation satisfies `meets`.
fn relocates_within(view: &View<'_>, meets: impl Fn(u64, u64) -> bool) -> Result<bool, ElfError> {
    let encoding = view.encoding();
    let word = encoding.word_size();
    let mut found = false;
    hash::each_relocation(view, |bytes| {
        let place = encoding.word(bytes, 0).unwrap_or(0);
        found |= meets(place, word);
    })?;
    let packed = view.dynamic_value(dt::RELR);
    let packed = packed.zip(view.dynamic_value(dt::RELRSZ));
    let packed = packed.and_then(|(start, len)| Some((view.offset_of(start, len)?, len)));
    let Some((offset, len)) = packed else {
        return Ok(found);
    };
    // An even word is an address; each bit but the last of an odd one is a word behind that.
    let bits = word.saturating_mul(8).saturating_sub(1);
    let mut next = 0_u64;
    view.records(offset, len, word, |bytes| {
        let entry = encoding.word(bytes, 0).unwrap_or(0);
        if entry & 1 == 0 {
            found |= meets(entry, word);
            next = entry.saturating_add(word);
        } else {
            for bit in (0..bits).filter(|bit| entry >> bit >> 1 & 1 == 1) {
                found |= meets(next.saturating_add(bit.saturating_mul(word)), word);
            }
            next = next.saturating_add(bits.saturating_mul(word));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
