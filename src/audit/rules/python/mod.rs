//! What Python asks of extensions.

pub(super) mod libpython;
pub(super) mod py_suffix;
