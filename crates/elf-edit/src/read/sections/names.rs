//! Names of sections, and what they say.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::sections::{Section, Sections};
use crate::read::source::Source;

/// Larger tables of section names are not read.
const MOST_NAMES: u64 = 1 << 24;

/// Debug information by the names that compilers and linkers use; as GNU strip knows it.
const DEBUG_NAMES: [&[u8]; 7] = [
    b".debug",
    b".zdebug",
    b".stab",
    b".line",
    b".gdb_index",
    b".gnu.debuglto_",
    b".gnu.linkonce.wi.",
];
/// Where a stripped file says which file has its debug information.
pub(crate) const DEBUG_LINK: &[u8] = b".gnu_debuglink";

/// The name of `section` in `names`; empty if it lies outside.
pub(crate) fn section_name<'n>(names: &'n [u8], section: &Section) -> &'n [u8] {
    let start = usize::try_from(section.name).unwrap_or(usize::MAX);
    let rest = names.get(start..).unwrap_or_default();
    rest.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Whether debug information has such names.
pub(crate) fn is_debug_name(name: &[u8]) -> bool {
    DEBUG_NAMES.iter().any(|start| name.starts_with(start))
}

/// The section name table.
pub(crate) fn read_names(source: &Source<'_>, sections: &Sections) -> Result<Vec<u8>, ElfError> {
    let Some(table) = sections.headers.get(sections.names) else {
        return Ok(Vec::new());
    };
    if table.file_size() > MOST_NAMES || table.file_end() > source.size() {
        return Ok(Vec::new());
    }
    let image = source.view.image;
    let names = bytes_at(image, table.offset, table.file_size(), "section names")?;
    Ok(names.into_owned())
}
