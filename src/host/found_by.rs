//! How a library was found, in words too: everything that tells it, tells it so.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How a library was found; printed as provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `--lib-path`.
    LibPath,
    /// `DT_RPATH` of this file (the requester or one that loaded it).
    Rpath(Arc<str>),
    /// `DT_RUNPATH` of the requester.
    Runpath(Arc<str>),
    /// `LD_LIBRARY_PATH` or `AUDITWHEEL_LD_LIBRARY_PATH`.
    Environment,
    /// `--ldpaths`.
    LdPaths,
    /// `ld.so.conf` or a musl path file: that file.
    LoaderConfig(PathBuf),
    /// A folder that the loader always searches.
    Trusted,
    /// Its soname, elsewhere in the wheel, where nothing points.
    WheelSoname,
    /// The name has a slash: a path.
    Path,
}

impl FoundBy {
    /// Whether every program finds the library so: not worth telling people.
    pub fn is_usual(&self) -> bool {
        matches!(self, Self::LoaderConfig(_) | Self::Trusted)
    }
}

/// How a library was found, or why a folder was searched.
impl fmt::Display for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LibPath => f.write_str("--lib-path"),
            Self::Rpath(file) => write!(f, "RPATH of {file}"),
            Self::Runpath(file) => write!(f, "RUNPATH of {file}"),
            Self::Environment => f.write_str("LD_LIBRARY_PATH"),
            Self::LdPaths => f.write_str("--ldpaths"),
            Self::LoaderConfig(file) => file.display().fmt(f),
            Self::Trusted => f.write_str("default folder"),
            Self::WheelSoname => f.write_str("soname in the wheel"),
            Self::Path => f.write_str("path"),
        }
    }
}
