//! From a request to a verified patch.

use crate::error::EditError;
use crate::image::Image;
use crate::patch::Patch;
use crate::request::Edit;
use crate::strip::debug_file::{self, DebugFile};
use crate::{edit, strip, verify};

/// Plans `edit` of the ELF file in `image` and verifies the result: stripping first, then
/// what changes in the dynamic section. Nothing is written.
///
/// # Errors
/// [`EditError`] for files that cannot be read, for those that cannot be edited safely, and
/// where the result is not exactly what was asked for.
pub fn plan(image: &dyn Image, edit: &Edit) -> Result<Patch, EditError> {
    let mut patch = strip::plan(image, edit)?;
    if patch.is_identity() {
        patch = edit::plan(image, edit)?;
    } else {
        patch = patch.counted_as_stripping();
        let rest = edit::plan(&patch.view(image), edit)?;
        patch = patch.then(rest);
    }
    if !patch.is_identity() {
        verify::verify_patch(image, &patch, edit).map_err(|error| blame(image, error))?;
    }
    Ok(patch)
}

/// The error of a verification: where the tables of the old file lied, that is the reason, and
/// not a fault of the planner.
fn blame(image: &dyn Image, error: EditError) -> EditError {
    match (error, verify::lie(image)) {
        (EditError::Verify(reason), Some(lie)) => {
            EditError::Unsafe(format!("{lie}, and after the edit {reason}"))
        }
        (error, _) => error,
    }
}

/// Plans `edit`, and where that strips something, the file with what is stripped, which the
/// edited file then names in `.gnu_debuglink`.
///
/// # Errors
/// See [`EditError`].
pub fn plan_with_debug_file(
    image: &dyn Image,
    edit: &Edit,
) -> Result<(Patch, Option<DebugFile>), EditError> {
    let debug = debug_file::of_strip(image, edit)?;
    let edit = Edit {
        debug_link: debug.as_ref().map(DebugFile::link),
        ..edit.clone()
    };
    Ok((plan(image, &edit)?, debug))
}

/// Plans a file with the debug information and symbols of the ELF file in `image`: its
/// sections with their indices and addresses, without the contents that are loaded. `None`
/// if it has neither.
///
/// # Errors
/// See [`EditError`].
pub fn split_debug(image: &dyn Image) -> Result<Option<DebugFile>, EditError> {
    debug_file::split(image)
}
