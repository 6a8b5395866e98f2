//! Symbols in sections that move: `STT_SECTION` symbols, `_DYNAMIC`, `__abi_tag`.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::collections::BTreeMap;

use super::edit::EditError;
use super::encoding::Encoding;
use super::image::bytes_at;
use super::sections::{Section, sht};
use super::source::Source;

/// How much of a symbol table is read at a time.
const WINDOW: u64 = 64 * 1024;

/// What the editor needs of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) kind: u8,
    pub(crate) section: u16,
    pub(crate) value: u64,
}

impl Symbol {
    pub(crate) fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Self> {
        let (info, section, value) = if encoding.is_64 {
            (4, 6, 8)
        } else {
            (12, 14, 4)
        };
        Some(Self {
            kind: bytes.get(info)? & 0xf,
            section: encoding.u16(bytes, section)?,
            value: encoding.word(bytes, value)?,
        })
    }
}

/// Offset of `st_shndx` in a symbol.
pub(crate) fn section_field(encoding: Encoding) -> u64 {
    if encoding.is_64 { 6 } else { 14 }
}

/// Offset of `st_value`.
pub(crate) fn value_field(encoding: Encoding) -> u64 {
    if encoding.is_64 { 8 } else { 4 }
}

/// New values, at offsets of the old file, of the symbols whose sections are elsewhere in
/// `headers`.
pub(crate) fn follow(
    source: &Source<'_>,
    headers: &[Section],
) -> Result<Vec<(u64, Vec<u8>)>, EditError> {
    let mut moved = BTreeMap::new();
    for (index, (old, new)) in source.headers().iter().zip(headers).enumerate() {
        if old.is_alloc() && old.addr != new.addr {
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            moved.insert(index, (old, new));
        }
    }
    let mut values = Vec::new();
    if moved.is_empty() {
        return Ok(values);
    }
    let encoding = source.view.encoding();
    let field = value_field(encoding);
    let dynamic_moved = moved.values().any(|(old, _)| old.kind == sht::DYNAMIC);
    for table in source.headers() {
        // Such symbols are local, but for `_DYNAMIC` in some dynamic symbol tables.
        let local = u64::from(table.info).saturating_mul(encoding.symbol_size());
        let len = match table.kind {
            sht::DYNSYM if dynamic_moved => table.size,
            sht::SYMTAB | sht::DYNSYM => local.min(table.size),
            _ => continue,
        };
        if table.offset.saturating_add(len) > source.size() {
            continue;
        }
        each(source, table.offset, len, |at, symbol| {
            let Some((old, new)) = moved.get(&symbol.section) else {
                return Some(());
            };
            let into = symbol.value.checked_sub(old.addr);
            if let Some(into) = into.filter(|into| *into <= old.size) {
                let value = new.addr.saturating_add(into);
                values.push((at.saturating_add(field), encoding.word_bytes(value)?));
            }
            Some(())
        })?;
    }
    Ok(values)
}

/// Calls `visit` with file offset and symbol for each symbol of the table; `None` from it
/// means that a value does not fit.
pub(crate) fn each(
    source: &Source<'_>,
    start: u64,
    len: u64,
    mut visit: impl FnMut(u64, Symbol) -> Option<()>,
) -> Result<(), EditError> {
    let encoding = source.view.encoding();
    let size = encoding.symbol_size();
    let step = usize::try_from(size).unwrap_or(usize::MAX);
    let window = WINDOW.saturating_sub(WINDOW.checked_rem(size).unwrap_or_default());
    let mut done = 0_u64;
    while let Some(left) = len.checked_sub(done).filter(|left| *left >= size) {
        let from = start.saturating_add(done);
        let bytes = bytes_at(source.view.image, from, left.min(window), "symbols")?;
        let mut at = from;
        for chunk in bytes.chunks_exact(step) {
            let visited = Symbol::decode(encoding, chunk).and_then(|symbol| visit(at, symbol));
            if visited.is_none() {
                let reason = "an address would not fit into 32 bits".to_owned();
                return Err(EditError::Unsafe(reason));
            }
            at = at.saturating_add(size);
        }
        done = done.saturating_add(window);
    }
    Ok(())
}
