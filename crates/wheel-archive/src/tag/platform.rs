//! Platform tags: `manylinux_2_17_x86_64`, `musllinux_1_2_aarch64`, `linux_armv7l` …
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>

use std::fmt;

use super::arch::{Arch, IsaLevel};

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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Glibc, Self::Musl, Self::Android];

    /// `glibc`, `musl` or `android`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Android => "android",
        }
    }

    /// How tags of this family end for an architecture: Android has its own names (PEP 738), all
    /// else is as in [`Arch::as_str`].
    pub fn arch_suffix(self, arch: Arch) -> &'static str {
        match (self, arch) {
            (Self::Android, Arch::Aarch64) => "arm64_v8a",
            (Self::Android, Arch::Armv7l) => "armeabi_v7a",
            (Self::Android, Arch::I686) => "x86",
            _ => arch.as_str(),
        }
    }
}

/// One platform tag, its text kept as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlatformTag(String);

/// The levels that end a tag, and the x86-64 baseline without one.
const LEVELS: [(&str, IsaLevel); 3] = [
    ("_v2", IsaLevel::V2),
    ("_v3", IsaLevel::V3),
    ("_v4", IsaLevel::V4),
];

/// Legacy names and what PEP 600 calls them.
const LEGACY: [(&str, (u32, u32)); 3] = [
    ("manylinux1_", (2, 5)),
    ("manylinux2010_", (2, 12)),
    ("manylinux2014_", (2, 17)),
];

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

    /// `linux_*`: built for one machine, promised to no other.
    pub fn is_linux(&self) -> bool {
        self.0.starts_with("linux_")
    }

    /// The C library the tag promises; `None` for `linux_*`, `any` and other systems.
    pub fn libc(&self) -> Option<Libc> {
        self.promise().map(|(libc, _, _)| libc)
    }

    /// The version that the tag promises: `(2, 17)` for glibc and its legacy names, `(1, 2)`
    /// for musl, `(24, 0)` for an Android level.
    pub fn version(&self) -> Option<(u32, u32)> {
        self.promise().map(|(_, version, _)| version)
    }

    /// The architecture at its end (levels such as `x86_64_v3` count as their base; Android's
    /// `arm64_v8a` is `aarch64`, its `armeabi_v7a` `armv7l` and its `x86` `i686`).
    pub fn arch(&self) -> Option<Arch> {
        let (suffix, android) = match self.promise() {
            Some((libc, _, suffix)) => (suffix, libc == Libc::Android),
            None => (self.0.strip_prefix("linux_")?, false),
        };
        if android {
            return [Arch::X86_64, Arch::I686, Arch::Aarch64, Arch::Armv7l]
                .into_iter()
                .find(|&arch| Libc::Android.arch_suffix(arch) == suffix);
        }
        Arch::from_name(split_level(suffix).0)
    }

    /// The x86-64 level that the tag asks of the machine; [`IsaLevel::V1`] without one.
    pub fn isa_level(&self) -> IsaLevel {
        split_level(&self.0).1
    }

    /// The text without an x86-64 level: `manylinux_2_17_x86_64` for `…_x86_64_v3`.
    pub fn baseline(&self) -> String {
        split_level(&self.0).0.to_owned()
    }

    /// Family, version and what follows them, of a tag that promises a C library.
    fn promise(&self) -> Option<(Libc, (u32, u32), &str)> {
        for (prefix, version) in LEGACY {
            if let Some(suffix) = self.0.strip_prefix(prefix) {
                return Some((Libc::Glibc, version, suffix));
            }
        }
        if let Some(rest) = self.0.strip_prefix("android_") {
            let (level, suffix) = leading_number(rest)?;
            return Some((Libc::Android, (level, 0), suffix));
        }
        let (libc, rest) = if let Some(rest) = self.0.strip_prefix("manylinux_") {
            (Libc::Glibc, rest)
        } else {
            (Libc::Musl, self.0.strip_prefix("musllinux_")?)
        };
        let (major, rest) = leading_number(rest)?;
        let (minor, suffix) = leading_number(rest)?;
        Some((libc, (major, minor), suffix))
    }
}

/// `17_x86_64` → 17 and `x86_64`.
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_once('_')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((
        if plain {
            digits.parse().ok()?
        } else {
            return None;
        },
        rest,
    ))
}

/// Cuts an x86-64 level off the end.
fn split_level(text: &str) -> (&str, IsaLevel) {
    LEVELS
        .into_iter()
        .find_map(|(suffix, level)| {
            let base = text.strip_suffix(suffix)?;
            base.ends_with("x86_64").then_some((base, level))
        })
        .unwrap_or((text, IsaLevel::V1))
}

impl fmt::Display for PlatformTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tags_mean() {
        use Arch::{Aarch64, Armv7l, Ppc64le, S390x, X86_64};
        let glibc = |version| Some((Libc::Glibc, version));
        let cases = [
            ("manylinux_2_17_x86_64", glibc((2, 17)), Some(X86_64)),
            ("manylinux_2_17_x86_64_v3", glibc((2, 17)), Some(X86_64)),
            ("manylinux1_x86_64", glibc((2, 5)), Some(X86_64)),
            ("manylinux2010_i686", glibc((2, 12)), Some(Arch::I686)),
            ("manylinux2014_ppc64le", glibc((2, 17)), Some(Ppc64le)),
            ("manylinux_2_99_vax", glibc((2, 99)), None),
            ("manylinux_2_x86_64", None, None),
            ("manylinux_2__x86_64", None, None),
            ("manylinux2020_x86_64", None, None),
            (
                "musllinux_1_2_s390x",
                Some((Libc::Musl, (1, 2))),
                Some(S390x),
            ),
            (
                "android_24_arm64_v8a",
                Some((Libc::Android, (24, 0))),
                Some(Aarch64),
            ),
            (
                "android_24_x86_64",
                Some((Libc::Android, (24, 0))),
                Some(X86_64),
            ),
            ("android_24_aarch64", Some((Libc::Android, (24, 0))), None),
            (
                "android_24_armeabi_v7a",
                Some((Libc::Android, (24, 0))),
                Some(Armv7l),
            ),
            (
                "android_21_x86",
                Some((Libc::Android, (21, 0))),
                Some(Arch::I686),
            ),
            ("android_24_ppc64le", Some((Libc::Android, (24, 0))), None),
            ("linux_armv7l", None, Some(Armv7l)),
            ("linux_x86_64_v2", None, Some(X86_64)),
            ("linux_armv6l", None, None),
            ("any", None, None),
            ("win_amd64", None, None),
            ("macosx_11_0_x86_64", None, None),
            ("", None, None),
        ];
        for (text, promise, arch) in cases {
            let tag = PlatformTag::new(text);
            assert_eq!(tag.libc().zip(tag.version()), promise, "{text}");
            assert_eq!(tag.arch(), arch, "{text}");
            assert_eq!(tag.to_string(), text);
        }
    }

    #[test]
    fn levels_are_cut_from_x86_64_only() {
        let level = |text: &str| PlatformTag::new(text).isa_level();
        assert_eq!(level("linux_x86_64_v4"), IsaLevel::V4);
        assert_eq!(level("linux_x86_64"), IsaLevel::V1);
        assert_eq!(level("linux_mips_v2"), IsaLevel::V1);
        assert_eq!(
            PlatformTag::new("linux_x86_64_v2").baseline(),
            "linux_x86_64"
        );
    }
}
