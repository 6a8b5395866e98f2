//! Whether the section headers tell of other tables than the loader uses.
//!
//! A file loads whatever they say, and this reader follows the loader. But tools that go by
//! sections see another file, which its author should know.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{dt, pt, sht};
use crate::read::sections::{Section, Sections};
use crate::read::view::View;

/// Section type, the dynamic entry that leads to the same table, and the message.
const TABLES: [(u32, i64, &str); 4] = [
    (
        sht::DYNSYM,
        dt::SYMTAB,
        "section headers that show other dynamic symbols than the loader uses",
    ),
    (
        sht::GNU_VERSYM,
        dt::VERSYM,
        "section headers that show other symbol versions than the loader uses",
    ),
    (
        sht::GNU_VERDEF,
        dt::VERDEF,
        "section headers that show other defined versions than the loader uses",
    ),
    (
        sht::GNU_VERNEED,
        dt::VERNEED,
        "section headers that show other needed versions than the loader uses",
    ),
];

/// What the section headers say that the loader's tables deny. `None` where they agree or
/// there are none.
pub(crate) fn of(view: &View<'_>) -> Option<&'static str> {
    let dynamic = view.dynamic.as_ref()?;
    // Files that hold only debug information have sections whose contents are elsewhere.
    if view.header.shoff == 0 || view.header.shnum == 0 || dynamic.entries.is_empty() {
        return None;
    }
    let Some(sections) = Sections::read(view.image, &view.header).ok()? else {
        return Some("section headers outside the file or of an unknown size");
    };
    if sections.displaces(view).ok()? {
        return Some("section headers in the place of something that the loaded program uses");
    }
    let segment = view.segments.iter().find(|s| s.kind == pt::DYNAMIC)?;
    let of_kind = |kind| sections.headers.iter().find(move |s| s.kind == kind);
    let same =
        |section: &Section| section.addr == segment.vaddr && section.offset == segment.offset;
    if of_kind(sht::DYNAMIC).is_none_or(|section| !same(section)) {
        return Some("section headers that show other dynamic entries than the loader uses");
    }
    let mut tables = TABLES.iter();
    let wrong = tables
        .find(|(kind, tag, _)| of_kind(*kind).map(|section| section.addr) != dynamic.last(*tag));
    wrong.map(|(_, _, message)| *message)
}
