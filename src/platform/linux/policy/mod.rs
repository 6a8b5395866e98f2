//! What each platform tag allows.
//!
//! A policy is a "since" table: for each library, symbol version and forbidden symbol,
//! the first (oldest) tag that allows it. Tags of one C library and architecture form a
//! ladder, oldest first, and a newer tag allows all that an older one does (PEP 600).
//!
//! The built-in tables are `policy/*.json`, derived from upstream's facts by a script.

use std::collections::BTreeMap;

use crate::elf::arch::Arch;
use crate::tag::{Libc, PlatformTag};

pub mod drivers;
mod file;
pub mod markers;
pub mod modules;
mod nodes;
mod set;
mod validate;

pub use file::PolicyError;
pub use nodes::Known;
pub use set::Policies;

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
    libraries: BTreeMap<String, Since>,
    versions: BTreeMap<String, BTreeMap<String, Since>>,
    symbols: BTreeMap<String, BTreeMap<String, Since>>,
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

impl Since {
    /// Whether the tag at `rung` allows it.
    pub fn allows(self, rung: Rung) -> bool {
        match self {
            Self::Rung(first) => first <= rung,
            Self::Never => false,
        }
    }
}

impl Ladder {
    /// The built-in ladder; `None` if no tag of that C library knows the architecture.
    pub fn builtin(libc: Libc, arch: Arch) -> Option<&'static Self> {
        file::builtin_ref(libc, arch).map(|ladder| &**ladder)
    }

    /// Every ladder that a policy in the form of `policy/*.json` holds, in [`Arch`] order.
    ///
    /// # Errors
    /// If the text is not in that form, or breaks one of its rules.
    pub fn from_json(text: &str) -> Result<Vec<Self>, PolicyError> {
        file::parse(text.as_bytes())
    }

    /// From where on `soname` may stay outside the wheel.
    pub fn library(&self, soname: &str) -> Since {
        self.libraries.get(soname).copied().unwrap_or(Since::Never)
    }

    /// Every library that some tag allows outside the wheel, by name.
    pub fn libraries(&self) -> impl Iterator<Item = (&str, Since)> {
        entries(&self.libraries)
    }

    /// From where on a symbol version such as `GLIBC_2.17` is allowed; `None` for
    /// versions whose prefix (up to the first `_`) no policy knows: they are not judged.
    pub fn version(&self, version: &str) -> Option<Since> {
        let (prefix, rest) = version.split_once('_').unwrap_or((version, ""));
        let known = self.versions.get(prefix)?;
        Some(known.get(rest).copied().unwrap_or(Since::Never))
    }

    /// Every version that some tag allows, as `(prefix, rest, since)`.
    pub fn versions(&self) -> impl Iterator<Item = (&str, &str, Since)> {
        self.versions.iter().flat_map(|(prefix, known)| {
            entries(known).map(|(rest, since)| (prefix.as_str(), rest, since))
        })
    }

    /// From where on `symbol`, undefined in a file that needs `library`, is allowed;
    /// `Since::Rung(0)` if no tag forbids it.
    pub fn symbol(&self, library: &str, symbol: &str) -> Since {
        self.symbols
            .get(library)
            .and_then(|forbidden| forbidden.get(symbol))
            .copied()
            .unwrap_or(Since::Rung(0))
    }

    /// The symbols of `library` that some tag forbids, by name.
    pub fn forbidden(&self, library: &str) -> impl Iterator<Item = (&str, Since)> {
        self.symbols.get(library).into_iter().flat_map(entries)
    }

    /// The libraries of which some tag forbids symbols, by name.
    pub fn watched_libraries(&self) -> impl Iterator<Item = &str> {
        self.symbols.keys().map(String::as_str)
    }

    /// The rung of a tag or alias. `x86_64_v2` and the like stand for `x86_64`, and an Android
    /// tag takes the newest level that is not newer than its own: the table only lists
    /// levels at which something changed.
    pub fn rung(&self, tag: &str) -> Option<Rung> {
        if self.libc == Libc::Android {
            return self.rung_at_or_below(tag);
        }
        let tag = PlatformTag::new(tag).baseline();
        self.tags
            .iter()
            .position(|names| names.name == tag || names.aliases.contains(&tag))
    }

    /// Whether `tag` is the name or an alias of one of the tags.
    pub fn has(&self, tag: &str) -> bool {
        let mut tags = self.tags.iter();
        tags.any(|names| names.name == tag || names.aliases.iter().any(|alias| alias == tag))
    }

    /// The newest rung that is not newer than `tag`: `manylinux_2_29_x86_64`, which no table
    /// lists, promises at least what `manylinux_2_28_x86_64` does.
    pub fn rung_at_or_below(&self, tag: &str) -> Option<Rung> {
        let tag = PlatformTag::new(tag);
        if tag.libc() != Some(self.libc) || tag.arch() != Some(self.arch) {
            return None;
        }
        let version = tag.version()?;
        self.tags.iter().rposition(|names| {
            PlatformTag::new(names.name.as_str())
                .version()
                .is_some_and(|known| known <= version)
        })
    }

    /// Whether some tag forbids symbols of `library`.
    pub fn guards(&self, library: &str) -> bool {
        self.symbols.contains_key(library)
    }

    /// The C library version `(2, N)` that `version` asks for, if it is a `GLIBC_2.N` newer than
    /// the newest tag of this architecture: PEP 600 gives it the name `manylinux_2_N`. `None` for
    /// all else.
    pub fn glibc_beyond(&self, version: &str) -> Option<(u32, u32)> {
        if self.libc != Libc::Glibc || matches!(self.version(version), Some(Since::Rung(_))) {
            return None;
        }
        let mut numbers = version.strip_prefix("GLIBC_")?.splitn(3, '.');
        let asked = (number(numbers.next()?)?, number(numbers.next()?)?);
        if let Some(patch) = numbers.next() {
            number(patch)?;
        }
        let newest = PlatformTag::new(self.tags.last()?.name.as_str()).version()?;
        (asked.0 == newest.0 && asked.1 > newest.1).then_some(asked)
    }
}

fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn entries(table: &BTreeMap<String, Since>) -> impl Iterator<Item = (&str, Since)> {
    table.iter().map(|(name, since)| (name.as_str(), *since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glibc(arch: Arch) -> &'static Ladder {
        Ladder::builtin(Libc::Glibc, arch).unwrap()
    }

    #[test]
    fn every_table_parses_and_its_tags_can_be_read_back() {
        for libc in [Libc::Glibc, Libc::Musl, Libc::Android] {
            for arch in Arch::ALL {
                let Some(ladder) = Ladder::builtin(libc, arch) else {
                    continue;
                };
                for (rung, names) in ladder.tags.iter().enumerate() {
                    for name in std::iter::once(&names.name).chain(&names.aliases) {
                        assert_eq!(ladder.rung(name), Some(rung), "{name}");
                        assert_eq!(ladder.rung_at_or_below(name), Some(rung), "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn architectures_have_the_tags_that_exist_for_them() {
        assert!(Ladder::builtin(Libc::Musl, Arch::Ppc64).is_none());
        assert!(Ladder::builtin(Libc::Android, Arch::S390x).is_none());
        assert_eq!(glibc(Arch::Ppc64).tags.len(), 1);
        assert_eq!(
            glibc(Arch::Riscv64).tags[0].name,
            "manylinux_2_31_riscv64",
            "the first that RISC-V has"
        );
        assert_eq!(glibc(Arch::X86_64).tags[0].aliases, ["manylinux1_x86_64"]);
    }

    #[test]
    fn versions_are_judged_by_prefix() {
        let ladder = glibc(Arch::X86_64);
        let at = |tag: &str| Since::Rung(ladder.rung(tag).unwrap());
        let cases = [
            ("GLIBC_2.2.5", Some(Since::Rung(0))),
            ("GLIBC_2.34", Some(at("manylinux_2_34_x86_64"))),
            ("GLIBC_ABI_DT_RELR", Some(at("manylinux_2_36_x86_64"))),
            ("GLIBC_PRIVATE", Some(Since::Never)),
            ("GLIBC_2.99", Some(Since::Never)),
            ("ZLIB_1.2.9", Some(at("manylinux_2_27_x86_64"))),
            ("OPENSSL_1_1_0", None),
            ("noversion", None),
            ("GLIBC", Some(Since::Never)),
            ("", None),
        ];
        for (version, since) in cases {
            assert_eq!(ladder.version(version), since, "{version}");
        }
    }

    #[test]
    fn tags_between_rungs_and_levels_are_placed() {
        let ladder = glibc(Arch::X86_64);
        assert_eq!(ladder.rung("manylinux_2_29_x86_64"), None);
        assert_eq!(
            ladder.rung_at_or_below("manylinux_2_29_x86_64"),
            ladder.rung("manylinux_2_28_x86_64")
        );
        assert_eq!(ladder.rung_at_or_below("manylinux_2_4_x86_64"), None);
        assert_eq!(ladder.rung_at_or_below("manylinux_2_17_aarch64"), None);
        assert_eq!(ladder.rung_at_or_below("linux_x86_64"), None);
        assert_eq!(
            ladder.rung("manylinux2014_x86_64_v3"),
            ladder.rung("manylinux_2_17_x86_64")
        );
        let android = Ladder::builtin(Libc::Android, Arch::Aarch64).unwrap();
        assert_eq!(android.rung("android_25_arm64_v8a"), Some(1));
        assert_eq!(android.rung("android_35_arm64_v8a"), Some(3));
        assert_eq!(android.rung("android_16_arm64_v8a"), None);
        assert_eq!(android.rung("android_24_x86_64"), None);
    }

    #[test]
    fn a_glibc_newer_than_the_tables_has_a_name() {
        let cases = [
            ("GLIBC_2.45", Some((2, 45))),
            ("GLIBC_2.45.1", Some((2, 45))),
            ("GLIBC_2.44", None),
            ("GLIBC_3.0", None),
            ("GLIBC_2.+50", None),
            ("GLIBC_2.45.x", None),
            ("GLIBC_2", None),
            ("GLIBC_ABI_NEW", None),
            ("GLIBCXX_3.4.99", None),
            ("GLIBC_2.99999999999", None),
        ];
        for (version, beyond) in cases {
            assert_eq!(
                glibc(Arch::X86_64).glibc_beyond(version),
                beyond,
                "{version}"
            );
        }
        // Each architecture by its own newest tag, however old that is.
        for (arch, newest) in [
            (Arch::Armv7l, 43),
            (Arch::Loongarch64, 41),
            (Arch::Ppc64, 17),
        ] {
            let beyond = |minor: u32| glibc(arch).glibc_beyond(&format!("GLIBC_2.{minor}"));
            assert_eq!(beyond(newest), None, "{arch}");
            assert_eq!(beyond(newest + 2), Some((2, newest + 2)), "{arch}");
        }
    }

    /// `manylinux-newer.json`, and the markers that newest linkers set.
    #[test]
    fn the_newest_toolchains_are_known() {
        let x86_64 = glibc(Arch::X86_64);
        let cases = [
            (Arch::X86_64, "GLIBC_2.42", Some("manylinux_2_42_x86_64")),
            (Arch::X86_64, "GLIBC_2.44", Some("manylinux_2_44_x86_64")),
            (
                Arch::X86_64,
                "GLIBCXX_3.4.34",
                Some("manylinux_2_42_x86_64"),
            ),
            (
                Arch::X86_64,
                "GLIBCXX_3.4.35",
                Some("manylinux_2_44_x86_64"),
            ),
            (Arch::X86_64, "CXXABI_1.3.17", Some("manylinux_2_44_x86_64")),
            (Arch::X86_64, "GLIBCXX_3.4.36", None),
            (
                Arch::X86_64,
                "GLIBC_ABI_DT_RELR",
                Some("manylinux_2_36_x86_64"),
            ),
            (
                Arch::X86_64,
                "GLIBC_ABI_GNU2_TLS",
                Some("manylinux_2_43_x86_64"),
            ),
            (
                Arch::X86_64,
                "GLIBC_ABI_DT_X86_64_PLT",
                Some("manylinux_2_43_x86_64"),
            ),
            (Arch::X86_64, "GLIBC_ABI_GNU_TLS", None),
            (Arch::I686, "GLIBC_ABI_GNU_TLS", Some("manylinux_2_43_i686")),
            (Arch::I686, "GLIBC_ABI_DT_X86_64_PLT", None),
            (Arch::Aarch64, "GLIBC_ABI_GNU2_TLS", None),
            (Arch::Aarch64, "GCC_16.0", Some("manylinux_2_44_aarch64")),
            (
                Arch::Riscv64,
                "CXXABI_1.3.16",
                Some("manylinux_2_42_riscv64"),
            ),
        ];
        for (arch, version, tag) in cases {
            let since = match tag {
                Some(tag) => Since::Rung(glibc(arch).rung(tag).unwrap()),
                None => Since::Never,
            };
            assert_eq!(
                glibc(arch).version(version),
                Some(since),
                "{arch} {version}"
            );
        }
        assert_eq!(x86_64.tags.last().unwrap().name, "manylinux_2_44_x86_64");
    }
}
