//! How many dynamic symbols there are.
//!
//! `DT_HASH` says it, `DT_GNU_HASH` says it of the symbols that are defined; imports are
//! also known to the relocations that use them, and a table made to hide one cannot hide
//! it there.
//!
//! Spec: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html#hash>,
//! <https://sourceware.org/ml/binutils/2006-10/msg00377.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::{ControlFlow, Range};

use crate::abi::{dt, em};
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::encoding::Encoding;
use crate::read::view::View;

/// One more than the highest index of a dynamic symbol that anything refers to.
///
/// # Errors
/// [`ElfError::Malformed`] if a hash table or the relocations reach past their segment.
pub(crate) fn symbol_count(view: &View<'_>) -> Result<u64, ElfError> {
    Ok(reached(view)?.symbols)
}

/// What the loader reaches through hash tables and relocations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    /// One more than the highest index of a dynamic symbol that anything refers to.
    pub(crate) symbols: u64,
    /// Whether a relocation calls a function of the file to learn an address (`IRELATIVE`).
    pub(crate) resolver: bool,
    /// Whether a relocation wants the place of a thread-local variable at a fixed distance from the thread
    /// pointer.
    pub(crate) initial_exec: bool,
}

/// As [`symbol_count`], and more.
pub(crate) fn reached(view: &View<'_>) -> Result<Reached, ElfError> {
    let mut all = relocated_symbols(view)?;
    let mut count = all.symbols;
    if let Some(vaddr) = view.dynamic_value(dt::HASH) {
        count = count.max(hashed_symbols(view, vaddr)?.symbols);
    }
    if let Some(vaddr) = view.dynamic_value(dt::GNU_HASH) {
        count = count.max(gnu_hashed_symbols(view, vaddr)?.symbols);
    }
    if view.header.machine == em::MIPS {
        // The global offset table has an entry for each symbol from some index on.
        count = count.max(view.dynamic_value(dt::MIPS_SYMTABNO).unwrap_or(0));
    }
    all.symbols = count;
    Ok(all)
}

/// A hash table.
struct Table {
    /// One more than the highest index of a symbol that it holds.
    symbols: u64,
    /// Where it is in the file.
    place: Range<u64>,
}

/// Where the hash tables are in the file.
///
/// # Errors
/// As [`symbol_count`].
pub(crate) fn places(view: &View<'_>) -> Result<Vec<Range<u64>>, ElfError> {
    let mut places = Vec::new();
    if let Some(vaddr) = view.dynamic_value(dt::HASH) {
        places.push(hashed_symbols(view, vaddr)?.place);
    }
    if let Some(vaddr) = view.dynamic_value(dt::GNU_HASH) {
        places.push(gnu_hashed_symbols(view, vaddr)?.place);
    }
    Ok(places)
}

fn past_segment(what: &str) -> ElfError {
    ElfError::malformed(format!("{what} reaches past its segment"))
}

/// `nchain` of `DT_HASH`.
fn hashed_symbols(view: &View<'_>, vaddr: u64) -> Result<Table, ElfError> {
    let encoding = view.encoding();
    // The words are 8 bytes on the 64-bit ABIs of two architectures.
    let wide = encoding.is_64 && matches!(view.header.machine, em::S390 | em::ALPHA);
    let word: u64 = if wide { 8 } else { 4 };
    let past = || past_segment("the hash table (DT_HASH)");
    let (offset, len) = view.span_from(vaddr).ok_or_else(past)?;
    let head = word.saturating_mul(2);
    if len < head {
        return Err(past());
    }
    let bytes = bytes_at(view.image, offset, head, "hash table")?;
    let read = |at| {
        if wide {
            encoding.u64(&bytes, at)
        } else {
            encoding.u32(&bytes, at).map(u64::from)
        }
    };
    let second = if wide { 8 } else { 4 };
    let (buckets, chains) = read(0).zip(read(second)).ok_or_else(past)?;
    let words = buckets
        .checked_add(chains)
        .and_then(|sum| sum.checked_add(2));
    let size = words.and_then(|words| words.checked_mul(word));
    match size {
        Some(size) if size <= len => {
            view.count_read(vaddr, size)?;
            Ok(Table {
                symbols: chains,
                place: offset..offset.saturating_add(size),
            })
        }
        _ => Err(past()),
    }
}

/// One more than the last index in the chains of `DT_GNU_HASH`, or the first index that it
/// could hold if it is empty.
fn gnu_hashed_symbols(view: &View<'_>, vaddr: u64) -> Result<Table, ElfError> {
    let encoding = view.encoding();
    let past = || past_segment("the hash table (DT_GNU_HASH)");
    let (offset, len) = view.span_from(vaddr).ok_or_else(past)?;
    if len < 16 {
        return Err(past());
    }
    let head = bytes_at(view.image, offset, 16, "hash table")?;
    let word = |at| encoding.u32(&head, at).map(u64::from).ok_or_else(past);
    let (buckets, first, bloom) = (word(0)?, word(4)?, word(8)?);
    let buckets_at = bloom
        .saturating_mul(encoding.word_size())
        .saturating_add(16);
    let buckets_size = buckets.saturating_mul(4);
    let chains_at = buckets_at.saturating_add(buckets_size);
    if chains_at > len {
        return Err(past());
    }
    let mut last = 0;
    let at = offset.saturating_add(buckets_at);
    view.records(at, buckets_size, 4, |bytes| {
        last = last.max(encoding.u32(bytes, 0).unwrap_or(0));
        ControlFlow::Continue(())
    })?;
    let last = u64::from(last);
    let table = |symbols, size| -> Result<Table, ElfError> {
        view.count_read(vaddr, size)?;
        Ok(Table {
            symbols,
            place: offset..offset.saturating_add(size),
        })
    };
    let Some(skipped) = last.checked_sub(first).filter(|_| last != 0) else {
        return table(first, chains_at);
    };
    // The chain of the highest bucket is the last; its last word is odd.
    let last_chain = skipped.saturating_mul(4).saturating_add(chains_at);
    let left = len.checked_sub(last_chain).ok_or_else(past)?;
    let mut count = last;
    let mut ended = false;
    view.records(offset.saturating_add(last_chain), left, 4, |bytes| {
        count = count.saturating_add(1);
        ended = encoding.u32(bytes, 0).is_some_and(|word| word & 1 == 1);
        if ended {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let chain = count.saturating_sub(last).saturating_mul(4);
    if ended {
        table(count, last_chain.saturating_add(chain))
    } else {
        Err(past())
    }
}

/// Address tag, size tag, and whether entries have addends.
const RELOCATIONS: [(i64, i64, bool); 2] =
    [(dt::RELA, dt::RELASZ, true), (dt::REL, dt::RELSZ, false)];

/// What the relocations reach.
fn relocated_symbols(view: &View<'_>) -> Result<Reached, ElfError> {
    let encoding = view.encoding();
    let machine = view.header.machine;
    let (mut highest, mut resolver, mut initial_exec) = (0, false, false);
    let own_tls = view.tls().is_some();
    each_relocation(view, |bytes| {
        let (symbol, kind) = symbol_and_kind(encoding, machine, bytes);
        highest = highest.max(symbol);
        resolver |= calls_resolver(machine, kind);
        initial_exec |= is_initial_exec(machine, kind) && (own_tls || symbol != 0);
    })?;
    let symbols = match highest {
        0 => 0,
        highest => u64::from(highest).saturating_add(1),
    };
    Ok(Reached {
        symbols,
        resolver,
        initial_exec,
    })
}

/// Calls `each` with every relocation, of which the first word is the address that it is for.
///
/// # Errors
/// [`ElfError::Malformed`] if a table reaches past its segment.
pub(crate) fn each_relocation(
    view: &View<'_>,
    mut each: impl FnMut(&[u8]),
) -> Result<(), ElfError> {
    let addends = view.dynamic_value(dt::PLTREL) == u64::try_from(dt::RELA).ok();
    let plt = (dt::JMPREL, dt::PLTRELSZ, addends);
    for (table, size, addends) in RELOCATIONS.into_iter().chain([plt]) {
        let range = view.dynamic_value(table).zip(view.dynamic_value(size));
        let Some((vaddr, len)) = range.filter(|(_, len)| *len > 0) else {
            continue;
        };
        let past = || past_segment("the relocation table");
        let offset = view.offset_to_read(vaddr, len)?.ok_or_else(past)?;
        let words = if addends { 3 } else { 2 };
        let entry = view.encoding().word_size().saturating_mul(words);
        view.records(offset, len, entry, |bytes| {
            each(bytes);
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

/// `r_info`, the second word of a relocation: the symbol, and the type. That of 64-bit MIPS is
/// no number, but the symbol in 32 bits and four bytes, in either byte order.
fn symbol_and_kind(encoding: Encoding, machine: u16, bytes: &[u8]) -> (u32, u32) {
    let word = |at| encoding.u32(bytes, at).unwrap_or(0);
    if !encoding.is_64 {
        let info = word(4);
        (info >> 8, info & 0xff)
    } else if encoding.big_endian || machine == em::MIPS {
        (word(8), word(12))
    } else {
        (word(12), word(8))
    }
}

/// `R_*_IRELATIVE`, and `R_PPC64_JMP_IREL`.
fn calls_resolver(machine: u16, kind: u32) -> bool {
    match machine {
        em::X86_64 => kind == 37,
        em::I386 => kind == 42,
        em::AARCH64 => kind == 1032,
        em::ARM => kind == 160,
        em::PPC64 => matches!(kind, 247 | 248),
        em::S390 => kind == 61,
        em::RISCV => kind == 58,
        em::LOONGARCH => kind == 12,
        _ => false,
    }
}

/// `R_*_TPOFF` and `R_*_TPREL`, which ask for the initial-exec model.
fn is_initial_exec(machine: u16, kind: u32) -> bool {
    match machine {
        em::X86_64 => kind == 18,
        em::I386 => matches!(kind, 14 | 37),
        em::AARCH64 => kind == 1030,
        em::ARM => kind == 19,
        em::PPC64 => kind == 73,
        em::S390 => kind == 56,
        em::RISCV | em::LOONGARCH => kind == 11,
        _ => false,
    }
}
