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

use std::ops::ControlFlow;

use super::dynamic::{View, dt};
use super::image::{ElfError, bytes_at};
use crate::arch::em;

const EM_ALPHA: u16 = 0x9026;

/// One more than the highest index of a dynamic symbol that anything refers to.
///
/// # Errors
/// [`ElfError::Malformed`] if a hash table or the relocations reach past their segment.
pub(super) fn symbol_count(view: &View<'_>) -> Result<u64, ElfError> {
    Ok(reached(view)?.symbols)
}

/// What the loader reaches through hash tables and relocations.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    /// One more than the highest index of a dynamic symbol that anything refers to.
    pub(super) symbols: u64,
    /// Whether a relocation calls a function of the file to learn an address (`IRELATIVE`).
    pub(super) resolver: bool,
}

/// As [`symbol_count`], and more.
pub(super) fn reached(view: &View<'_>) -> Result<Reached, ElfError> {
    let Reached {
        symbols: mut count,
        resolver,
    } = relocated_symbols(view)?;
    if let Some(vaddr) = view.dynamic_value(dt::HASH) {
        count = count.max(hashed_symbols(view, vaddr)?);
    }
    if let Some(vaddr) = view.dynamic_value(dt::GNU_HASH) {
        count = count.max(gnu_hashed_symbols(view, vaddr)?);
    }
    Ok(Reached {
        symbols: count,
        resolver,
    })
}

fn past_segment(what: &str) -> ElfError {
    ElfError::malformed(format!("{what} reaches past its segment"))
}

/// `nchain` of `DT_HASH`.
fn hashed_symbols(view: &View<'_>, vaddr: u64) -> Result<u64, ElfError> {
    let encoding = view.encoding();
    // The words are 8 bytes on the 64-bit ABIs of two architectures.
    let wide = encoding.is_64 && matches!(view.header.machine, em::S390 | EM_ALPHA);
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
        Some(size) if size <= len => Ok(chains),
        _ => Err(past()),
    }
}

/// One more than the last index in the chains of `DT_GNU_HASH`, or the first index that it
/// could hold if it is empty.
fn gnu_hashed_symbols(view: &View<'_>, vaddr: u64) -> Result<u64, ElfError> {
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
    let Some(skipped) = last.checked_sub(first).filter(|_| last != 0) else {
        return Ok(first);
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
    if ended { Ok(count) } else { Err(past()) }
}

/// Address tag, size tag, and whether entries have addends.
const RELOCATIONS: [(i64, i64, bool); 2] =
    [(dt::RELA, dt::RELASZ, true), (dt::REL, dt::RELSZ, false)];

/// What the relocations reach.
fn relocated_symbols(view: &View<'_>) -> Result<Reached, ElfError> {
    let mut all = Reached::default();
    let addends = view.dynamic_value(dt::PLTREL) == u64::try_from(dt::RELA).ok();
    let plt = (dt::JMPREL, dt::PLTRELSZ, addends);
    for (table, size, addends) in RELOCATIONS.into_iter().chain([plt]) {
        let found = reached_in(view, table, size, addends)?;
        all.symbols = all.symbols.max(found.symbols);
        all.resolver |= found.resolver;
    }
    Ok(all)
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

fn reached_in(view: &View<'_>, table: i64, size: i64, addends: bool) -> Result<Reached, ElfError> {
    let range = view.dynamic_value(table).zip(view.dynamic_value(size));
    let Some((vaddr, len)) = range.filter(|(_, len)| *len > 0) else {
        return Ok(Reached::default());
    };
    let past = || past_segment("the relocation table");
    let offset = view.offset_of(vaddr, len).ok_or_else(past)?;
    let encoding = view.encoding();
    let words = if addends { 3 } else { 2 };
    let entry = encoding.word_size().saturating_mul(words);
    let (mut highest, mut resolver) = (0, false);
    let machine = view.header.machine;
    view.records(offset, len, entry, |bytes| {
        // r_info: the second word; the symbol is all of it but the type.
        let (symbol, kind) = if encoding.is_64 {
            let (symbol, kind) = if encoding.big_endian {
                (8, 12)
            } else {
                (12, 8)
            };
            let word = |at| encoding.u32(bytes, at).unwrap_or(0);
            (word(symbol), word(kind))
        } else {
            let info = encoding.u32(bytes, 4).unwrap_or(0);
            (info >> 8, info & 0xff)
        };
        highest = highest.max(symbol);
        resolver |= calls_resolver(machine, kind);
        ControlFlow::Continue(())
    })?;
    let symbols = match highest {
        0 => 0,
        highest => u64::from(highest).saturating_add(1),
    };
    Ok(Reached { symbols, resolver })
}
