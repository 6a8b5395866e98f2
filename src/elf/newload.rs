//! A new `PT_LOAD`, for files whose last segment cannot grow.

use super::edit::EditError;
use super::place::{Placement, Want};
use super::source::Source;

pub(crate) fn place(
    source: &Source<'_>,
    want: &Want,
    placement: Placement,
) -> Result<Placement, EditError> {
    let _ = (source, want, placement);
    Err(EditError::Unsafe(
        "its last segment cannot grow and a new one cannot be added".to_owned(),
    ))
}
