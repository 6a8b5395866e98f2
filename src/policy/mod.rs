//! What each platform tag allows.
//!
//! A policy is a "since" table: for each library, symbol version and forbidden symbol,
//! the first (oldest) tag that allows it. Tags of one C library and architecture form a
//! ladder, oldest first, and a newer tag allows all that an older one does (PEP 600).

use crate::arch::Arch;
use crate::tag::Libc;

/// A place on a [`Ladder`]; smaller is older, and so better: it runs on more machines.
pub type Rung = usize;

/// The tags of one C library and architecture with all that they allow.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// The C library.
    pub libc: Libc,
    /// The architecture.
    pub arch: Arch,
    /// Oldest first.
    pub tags: Vec<TagNames>,
}

/// A tag and its legacy aliases, architecture included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagNames {
    /// Such as `manylinux_2_17_x86_64`.
    pub name: String,
    /// Such as `manylinux2014_x86_64`.
    pub aliases: Vec<String>,
}

/// From where on something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// From this rung on.
    Rung(Rung),
    /// By no known tag.
    Never,
}

impl Ladder {
    /// The built-in ladder; `None` if no tag of that C library knows the architecture.
    pub fn builtin(libc: Libc, arch: Arch) -> Option<&'static Self> {
        let _ = (libc, arch);
        None
    }

    /// From where on `soname` may stay outside the wheel.
    pub fn library(&self, soname: &str) -> Since {
        let _ = soname;
        Since::Never
    }

    /// From where on a symbol version such as `GLIBC_2.17` is allowed; `None` for
    /// versions whose prefix (up to the first `_`) no policy knows: they are not judged.
    pub fn version(&self, version: &str) -> Option<Since> {
        let _ = version;
        None
    }

    /// From where on `symbol`, undefined in a file that needs `library`, is allowed;
    /// `Since::Rung(0)` if no tag forbids it.
    pub fn symbol(&self, library: &str, symbol: &str) -> Since {
        let _ = (library, symbol);
        Since::Rung(0)
    }

    /// The rung of a tag or alias.
    pub fn rung(&self, tag: &str) -> Option<Rung> {
        let _ = tag;
        None
    }
}
