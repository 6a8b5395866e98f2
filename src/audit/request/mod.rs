//! `--plat`: a tag with or without its architecture.

pub(in crate::audit) mod asked_tag;
pub(in crate::audit) mod policy_file;

use crate::elf::arch::{Arch, IsaLevel};
use crate::tag::{Libc, PlatformTag};

/// A tag that somebody asked for, such as `manylinux2014` or `musllinux_1_2_aarch64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatRequest {
    /// The tag without its architecture.
    pub base: String,
    /// The architecture, if it was given.
    pub arch: Option<Arch>,
    /// The x86-64 level, if it was given.
    pub isa: Option<IsaLevel>,
}

/// Suffixes that name a level of x86-64.
const LEVELS: [(&str, IsaLevel); 3] = [
    ("_x86_64_v2", IsaLevel::V2),
    ("_x86_64_v3", IsaLevel::V3),
    ("_x86_64_v4", IsaLevel::V4),
];

impl PlatRequest {
    /// Splits `text`; `auto` asks for nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "auto" {
            return None;
        }
        for (suffix, level) in LEVELS {
            if let Some(base) = text.strip_suffix(suffix) {
                return Some(Self::new(base, Some(Arch::X86_64), Some(level)));
            }
        }
        if text.starts_with("android") {
            let mut arches = [Arch::X86_64, Arch::I686, Arch::Aarch64, Arch::Armv7l].into_iter();
            let found = arches.find_map(|arch| {
                let suffix = Libc::Android.arch_suffix(arch);
                let base = text.strip_suffix(suffix)?.strip_suffix('_')?;
                Some(Self::new(base, Some(arch), None))
            });
            return Some(found.unwrap_or_else(|| Self::new(text, None, None)));
        }
        let found = Arch::ALL.into_iter().find_map(|arch| {
            let base = text.strip_suffix(arch.as_str())?.strip_suffix('_')?;
            Some(Self::new(base, Some(arch), None))
        });
        Some(found.unwrap_or_else(|| Self::new(text, None, None)))
    }

    fn new(base: &str, arch: Option<Arch>, isa: Option<IsaLevel>) -> Self {
        Self {
            base: base.to_owned(),
            arch,
            isa,
        }
    }

    /// The C library that the tag promises; `None` for `linux` and what is no tag.
    pub fn libc(&self) -> Option<Libc> {
        let families = [
            ("manylinux", Libc::Glibc),
            ("musllinux", Libc::Musl),
            ("android", Libc::Android),
        ];
        let (_, libc) = families
            .iter()
            .find(|(prefix, _)| self.base.starts_with(prefix))?;
        Some(*libc)
    }

    /// The whole tag, for a wheel of `arch` where the request names none.
    pub fn tag(&self, arch: Arch) -> PlatformTag {
        let arch = self.arch.unwrap_or(arch);
        let suffix = self
            .libc()
            .map_or(arch.as_str(), |libc| libc.arch_suffix(arch));
        let level = self.isa.map_or("", IsaLevel::suffix);
        PlatformTag::new(format!("{}_{suffix}{level}", self.base))
    }

    /// Whether the request is for `linux_*`: graft, promise nothing.
    pub fn is_linux(&self) -> bool {
        self.base == "linux"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_taken_apart() {
        let cases = [
            ("manylinux2014", "manylinux2014", None, None),
            (
                "manylinux_2_28_aarch64",
                "manylinux_2_28",
                Some(Arch::Aarch64),
                None,
            ),
            (
                "manylinux_2_28_x86_64_v3",
                "manylinux_2_28",
                Some(Arch::X86_64),
                Some(IsaLevel::V3),
            ),
            (
                "manylinux_2_17_ppc64le",
                "manylinux_2_17",
                Some(Arch::Ppc64le),
                None,
            ),
            (
                "android_24_arm64_v8a",
                "android_24",
                Some(Arch::Aarch64),
                None,
            ),
        ];
        for (text, base, arch, isa) in cases {
            let request = PlatRequest::parse(text).unwrap();
            assert_eq!(
                (request.base.as_str(), request.arch, request.isa),
                (base, arch, isa),
                "{text}"
            );
        }
        for (text, arch) in [
            ("android_24_armeabi_v7a", Some(Arch::Armv7l)),
            ("android_24_x86", Some(Arch::I686)),
            ("android_24_x86_64", Some(Arch::X86_64)),
            ("android_24", None),
        ] {
            let request = PlatRequest::parse(text).unwrap();
            assert_eq!((request.base.as_str(), request.arch), ("android_24", arch));
        }
        assert_eq!(PlatRequest::parse("auto"), None);
    }
}
