//! Reads the file, and inflates its members: each once, on all cores, in bounded memory.

pub(crate) mod bytes;
pub(crate) mod digest;
pub(crate) mod examiner;
pub(crate) mod large_member;
pub(crate) mod reader;
pub(crate) mod scan;
pub(crate) mod source;
pub(crate) mod stored;
pub(crate) mod whole;
