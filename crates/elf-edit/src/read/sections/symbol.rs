//! Symbols as tools see them, who care for the section that one is in.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::error::EditError;
use crate::image::bytes_at;
use crate::read::encoding::Encoding;
use crate::read::source::Source;

/// How much of a symbol table is read at a time.
const WINDOW: u64 = 64 * 1024;

/// A symbol, with the section that it is in.
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
