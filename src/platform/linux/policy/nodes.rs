//! Which versions the libraries define that may stay outside.
//!
//! The tables of tags know versions by their name alone. The loader wants them of the library that the
//! requirement names: `GLIBC_2.36` of libm.so.6 is nowhere, though libc.so.6 has it.
//!
//! Table: `policy/nodes.json`. Source of the rule: `match_symbol` in glibc's `elf/dl-version.c`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Ladder, Since};
use crate::elf::arch::LinuxArch as _;
use crate::tag::Libc;

/// How many releases after the newest one in the table a version may name and count as that of
/// a glibc to come: five years of releases.
const NEAR_FUTURE: u32 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nodes {
    /// The newest `2.N` of the table.
    newest: String,
    /// The newest `2.N` whose libraries themselves were read. Later ones rest on lists of symbols,
    /// which miss versions without a symbol.
    verified: String,
    /// Library of glibc (the loader as `ld`) → architecture → `2.17` and such.
    glibc: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Those of them that no release adds to.
    merged: Vec<String>,
    /// Other library → how its versions begin.
    others: BTreeMap<String, Vec<String>>,
}

/// `None` for a table that does not parse, which a test excludes.
fn table() -> Option<&'static Nodes> {
    static TABLE: OnceLock<Option<Nodes>> = OnceLock::new();
    let parse = || serde_json::from_str(include_str!("../../../../policy/nodes.json")).ok();
    TABLE.get_or_init(parse).as_ref()
}

/// What is known of a version that a file requires of a library outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Some release defines it, or may soon, or nothing is known of the library's versions.
    Defined,
    /// `GLIBC_2.N` of a release that is years ahead of the newest one known.
    TooNew,
    /// No release defines it: a loader refuses the file.
    Never,
}

impl Ladder {
    /// Whether `library` defines `version` (such as `GLIBC_2.17`).
    pub fn knows(&self, library: &str, version: &str) -> Known {
        let Some(table) = table().filter(|_| self.libc == Libc::Glibc) else {
            return Known::Defined;
        };
        if let Some(beginnings) = table.others.get(library) {
            let known = beginnings
                .iter()
                .any(|known| match known.strip_suffix('_') {
                    Some(_) => version.starts_with(known.as_str()),
                    None => version == known,
                });
            return if known { Known::Defined } else { Known::Never };
        }
        let name = if library == self.arch.glibc_loader() {
            "ld"
        } else {
            library
        };
        let by_arch = table.glibc.get(name);
        let Some(own) = by_arch.and_then(|archs| archs.get(self.arch.as_str())) else {
            return Known::Defined;
        };
        let Some(number) = version.strip_prefix("GLIBC_") else {
            return Known::Never;
        };
        // Marks of what a whole glibc can do stand in libc.so.6; the tags judge them.
        let marker = number == "PRIVATE" || (number.starts_with("ABI_") && name == "libc.so.6");
        if marker || own.iter().any(|known| known == number) {
            return Known::Defined;
        }
        // A table that may lack something refuses nothing that the tags allow.
        let unverified = minor(number).zip(minor(&table.verified));
        if name == "libc.so.6"
            && unverified.is_some_and(|(minor, verified)| minor > verified)
            && matches!(self.version(version), Some(Since::Rung(_)))
        {
            return Known::Defined;
        }
        let merged = table.merged.iter().any(|merged| merged == name);
        match minor(number).zip(minor(&table.newest)) {
            Some((minor, newest)) if minor > newest && !merged => {
                if minor <= newest.saturating_add(NEAR_FUTURE) {
                    Known::Defined
                } else {
                    Known::TooNew
                }
            }
            _ => Known::Never,
        }
    }

    /// The newest glibc whose versions are known, such as `2.44`.
    pub fn newest_glibc() -> &'static str {
        table().map_or("", |table| table.newest.as_str())
    }
}

/// N of `2.N` and of `2.N.M`.
fn minor(number: &str) -> Option<u32> {
    let mut numbers = number.strip_prefix("2.")?.split('.');
    let minor = super::number(numbers.next()?)?;
    numbers
        .all(|patch| super::number(patch).is_some())
        .then_some(minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::arch::Arch;

    fn knows(arch: Arch, library: &str, version: &str) -> Known {
        let ladder = Ladder::builtin(Libc::Glibc, arch).unwrap();
        ladder.knows(library, version)
    }

    #[test]
    fn every_version_of_the_tags_is_one_of_libc() {
        assert_eq!(table().unwrap().glibc.len(), 14);
        for arch in Arch::ALL {
            let Some(ladder) = Ladder::builtin(Libc::Glibc, arch) else {
                continue;
            };
            for (prefix, rest, _) in ladder.versions() {
                let version = format!("{prefix}_{rest}");
                let libraries = [
                    "libc.so.6",
                    "libm.so.6",
                    "libpthread.so.0",
                    "libgcc_s.so.1",
                    "libstdc++.so.6",
                    "libz.so.1",
                    "libatomic.so.1",
                    // loongarch64 has a version of libmvec alone.
                    "libmvec.so.1",
                ];
                let known = |library: &&str| ladder.knows(library, &version) == Known::Defined;
                assert!(libraries.iter().any(known), "{version} on {arch}");
            }
        }
    }

    #[test]
    fn a_version_is_that_of_one_library() {
        use Known::{Defined, Never, TooNew};
        let x86 = [
            ("libc.so.6", "GLIBC_2.36", Defined),
            ("libc.so.6", "GLIBC_2.31", Defined),
            ("libc.so.6", "GLIBC_PRIVATE", Defined),
            ("libc.so.6", "GLIBC_ABI_DT_RELR", Defined),
            ("libc.so.6", "GLIBC_2.37", Never),
            ("libc.so.6", "GLIBC_2.40", Defined),
            ("libc.so.6", "GLIBC_2.0", Never),
            ("libc.so.6", "XYZ_1", Never),
            ("libc.so.6", "glibc_2.36", Never),
            ("libc.so.6", "GLIBCXX_3.4", Never),
            ("libc.so.6", "GLIBC_2.45", Defined),
            ("libc.so.6", "GLIBC_2.54", Defined),
            ("libc.so.6", "GLIBC_2.55", TooNew),
            ("libc.so.6", "GLIBC_2.99", TooNew),
            ("libc.so.6", "GLIBC_2.x", Never),
            ("libc.so.6", "GLIBC_3.0", Never),
            ("libm.so.6", "GLIBC_2.36", Never),
            ("libm.so.6", "GLIBC_2.35", Defined),
            ("libm.so.6", "GLIBC_2.45", Defined),
            ("libm.so.6", "GLIBC_ABI_DT_RELR", Never),
            ("libpthread.so.0", "GLIBC_2.31", Defined),
            ("libpthread.so.0", "GLIBC_2.45", Never),
            ("ld-linux-x86-64.so.2", "GLIBC_2.35", Defined),
            ("ld-linux-x86-64.so.2", "GLIBC_2.34", Defined),
            ("ld-linux-x86-64.so.2", "GLIBC_2.36", Never),
            ("ld-linux-x86-64.so.2", "GLIBC_2.99", TooNew),
            ("libstdc++.so.6", "GLIBCXX_3.4.99", Defined),
            ("libstdc++.so.6", "GLIBC_2.5", Never),
            ("libgcc_s.so.1", "GLIBC_2.0", Defined),
            ("libgcc_s.so.1", "GLIBC_2.36", Never),
            ("libssl.so.3", "OPENSSL_3.0.0", Defined),
        ];
        for (library, version, known) in x86 {
            assert_eq!(
                knows(Arch::X86_64, library, version),
                known,
                "{version} of {library}"
            );
        }
        assert_eq!(knows(Arch::Aarch64, "libc.so.6", "GLIBC_2.5"), Never);
        assert_eq!(knows(Arch::Aarch64, "libgcc_s.so.1", "GLIBC_2.0"), Defined);
        assert_eq!(knows(Arch::S390x, "ld64.so.1", "GLIBC_2.35"), Defined);
        assert_eq!(knows(Arch::S390x, "ld-linux.so.2", "GLIBC_2.99"), Defined);
    }

    #[test]
    fn musl_and_android_have_no_versions() {
        let ladder = Ladder::builtin(Libc::Musl, Arch::X86_64).unwrap();
        assert_eq!(ladder.knows("libc.so.6", "XYZ_1"), Known::Defined);
    }
}
