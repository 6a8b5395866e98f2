//! Platform tags: `manylinux_2_17_x86_64`, `musllinux_1_2_aarch64`, `linux_armv7l` …
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use std::fmt;

use crate::arch::Arch;

/// The C library that a family of tags promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Libc {
    /// `manylinux_*`.
    Glibc,
    /// `musllinux_*`.
    Musl,
    /// `android_*` (bionic).
    Android,
}

impl Libc {
    /// `glibc`, `musl` or `android`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Android => "android",
        }
    }
}

/// One platform tag, its text kept as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformTag(String);

impl PlatformTag {
    /// Takes any tag; [`PlatformTag::libc`] and [`PlatformTag::arch`] say what it means.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `any`.
    pub fn is_any(&self) -> bool {
        self.0 == "any"
    }

    /// The C library the tag promises; `None` for `linux_*`, `any` and other systems.
    pub fn libc(&self) -> Option<Libc> {
        None
    }

    /// The architecture at its end (levels such as `x86_64_v3` count as their base;
    /// Android's `arm64_v8a` is `aarch64`).
    pub fn arch(&self) -> Option<Arch> {
        None
    }
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
