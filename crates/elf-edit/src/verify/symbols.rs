//! Whether the symbols of a stripped file are those of the old one, but for symbols of
//! sections that went.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;

use crate::abi::{SHN_ABS, SHN_LORESERVE};
use crate::error::EditError;
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::encoding::Encoding;
use crate::read::sections::Section;
use crate::read::sections::symbol::{Symbol, section_field, value_field};
use crate::verify::{Case, wrong};

/// How much is read at a time, in symbols.
const WINDOW: u64 = 4096;

/// Compares two symbol tables; `map` gives the new index of each section that stays. Tells how
/// many of the local symbols stayed.
pub(crate) fn check(
    case: &Case<'_>,
    old: &Section,
    new: &Section,
    map: &[Option<u16>],
) -> Result<u64, EditError> {
    let encoding = case.before.view.encoding();
    let mut before = Table::new(case.bytes.old, encoding, old);
    let mut after = Table::new(case.bytes.new, encoding, new);
    let mut next = 0_u64;
    let mut locals = u64::from(old.info).saturating_sub(before.count);
    for index in 0..before.count {
        let symbol = before.read(index)?.to_vec();
        let section = Symbol::decode(encoding, &symbol).map_or(0, |symbol| symbol.section);
        let place = if section == 0 || section >= SHN_LORESERVE {
            Some(section)
        } else {
            map.get(usize::from(section)).copied().flatten()
        };
        if next >= after.count {
            if place.is_none() {
                continue;
            }
            return Err(wrong("a symbol went missing"));
        }
        let same = {
            let found = after.read(next)?;
            is_same(case, &symbol, found, place.unwrap_or(SHN_ABS))
        };
        match (same, place) {
            (true, _) => {
                next = next.saturating_add(1);
                locals = locals.saturating_add(u64::from(index < u64::from(old.info)));
            }
            (false, None) => {}
            (false, Some(_)) => return Err(wrong(format!("symbol {index} changed"))),
        }
    }
    if next == after.count {
        Ok(locals)
    } else {
        Err(wrong("symbols came"))
    }
}

/// Whether the value of `new` is that of `old`, or as far from the start of its section,
/// which is elsewhere now.
pub(crate) fn follows(case: &Case<'_>, old: Symbol, new: Symbol) -> bool {
    if old.value == new.value {
        return true;
    }
    let before = case.before.headers().get(usize::from(old.section));
    let after = case.after.headers().get(usize::from(new.section));
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    let into = |symbol: Symbol, section: &Section| symbol.value.wrapping_sub(section.addr);
    before.kind == after.kind && before.is_alloc() && into(old, before) == into(new, after)
}

/// Equal but for the section index, which must be `section`, and the value, which follows it.
fn is_same(case: &Case<'_>, old: &[u8], new: &[u8], section: u16) -> bool {
    let encoding = case.before.view.encoding();
    let field = |at: u64, len: u64| {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        start..start.saturating_add(len)
    };
    let index = field(section_field(encoding), 2);
    let value = field(value_field(encoding), encoding.word_size());
    let pairs = old.iter().zip(new).enumerate();
    let mut others = pairs.filter(|(at, _)| !index.contains(at) && !value.contains(at));
    let symbols = Symbol::decode(encoding, old).zip(Symbol::decode(encoding, new));
    old.len() == new.len()
        && others.all(|(_, (old, new))| old == new)
        && symbols.is_some_and(|(old, new)| new.section == section && follows(case, old, new))
}

/// A symbol table that is read a window at a time.
struct Table<'a> {
    image: &'a dyn Image,
    step: u64,
    start: u64,
    count: u64,
    window: Cow<'a, [u8]>,
    first: u64,
}

impl<'a> Table<'a> {
    fn new(image: &'a dyn Image, encoding: Encoding, section: &Section) -> Self {
        let step = encoding.symbol_size();
        Self {
            image,
            step,
            start: section.offset,
            count: section.size.checked_div(step).unwrap_or_default(),
            window: Cow::Borrowed(&[]),
            first: 0,
        }
    }

    fn read(&mut self, index: u64) -> Result<&[u8], ElfError> {
        let held = u64::try_from(self.window.len()).unwrap_or_default();
        let held = held.checked_div(self.step).unwrap_or_default();
        if index < self.first || index >= self.first.saturating_add(held) {
            let at = self.start.saturating_add(index.saturating_mul(self.step));
            let count = self.count.saturating_sub(index).min(WINDOW);
            let len = count.saturating_mul(self.step);
            self.window = bytes_at(self.image, at, len, "symbols")?;
            self.first = index;
        }
        let into = index.saturating_sub(self.first).saturating_mul(self.step);
        let start = usize::try_from(into).unwrap_or(usize::MAX);
        let len = usize::try_from(self.step).unwrap_or_default();
        let symbol = self.window.get(start..start.saturating_add(len));
        symbol.ok_or_else(|| ElfError::malformed("a symbol lies outside its table"))
    }
}
