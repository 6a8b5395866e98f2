//! Symbols in sections that move: `STT_SECTION` symbols, `_DYNAMIC`, `__abi_tag`.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::read::sections::symbol::{each, value_field};
use std::collections::BTreeMap;

use crate::abi::sht;
use crate::error::EditError;
use crate::read::sections::Section;
use crate::read::source::Source;

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
