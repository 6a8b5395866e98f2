//! Reads policy files. Their form is described in `policy/README.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Ladder, Rung, Since, TagNames};
use crate::arch::Arch;
use crate::tag::Libc;

static GLIBC: Builtin = Builtin::new(include_str!("../../policy/glibc.json"));
static MUSL: Builtin = Builtin::new(include_str!("../../policy/musl.json"));
static ANDROID: Builtin = Builtin::new(include_str!("../../policy/android.json"));

/// A table of this program. A run asks for the ladder of one architecture, so the others are not made.
struct Builtin {
    text: &'static str,
    file: OnceLock<Option<PolicyFile>>,
    ladders: [OnceLock<Option<Ladder>>; Arch::ALL.len()],
}

impl Builtin {
    const fn new(text: &'static str) -> Self {
        Self {
            text,
            file: OnceLock::new(),
            ladders: [const { OnceLock::new() }; Arch::ALL.len()],
        }
    }

    /// `None` for an architecture without tags. A test holds that everything parses.
    fn ladder(&self, arch: Arch) -> Option<&Ladder> {
        let place = Arch::ALL.iter().position(|known| *known == arch)?;
        let make = || {
            let file = self
                .file
                .get_or_init(|| serde_json::from_str(self.text).ok());
            let file = file.as_ref()?;
            ladder(file, arch, file.architectures.get(arch.as_str())?).ok()
        };
        self.ladders.get(place)?.get_or_init(make).as_ref()
    }
}

/// What is wrong with a policy file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not JSON, or not of this form.
    #[error("not a policy: {0}")]
    Form(#[from] serde_json::Error),
    /// An architecture that platform tags don't know.
    #[error("unknown architecture `{0}`")]
    Arch(String),
    /// A tag that `tags` does not list.
    #[error("`{0}` is not one of the policy's tags")]
    Tag(String),
    /// No tag at all, or an architecture's tags not in the order of `tags`.
    #[error("the tags of `{0}` are not in order")]
    Order(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    libc: LibcName,
    tags: Vec<Tag>,
    libraries: BySince,
    symbols: BTreeMap<String, BySince>,
    architectures: BTreeMap<String, ArchTable>,
}

/// Tag without its architecture → what it is the first to allow.
type BySince = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LibcName {
    Glibc,
    Musl,
    Android,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchTable {
    tags: Vec<String>,
    #[serde(default)]
    versions: BTreeMap<String, BySince>,
    #[serde(default)]
    libraries: BySince,
}

/// The ladder of this program for a C library and an architecture, if there are such tags.
pub(super) fn builtin(libc: Libc, arch: Arch) -> Option<&'static Ladder> {
    let table = match libc {
        Libc::Glibc => &GLIBC,
        Libc::Musl => &MUSL,
        Libc::Android => &ANDROID,
    };
    table.ladder(arch)
}

/// All ladders of a policy file.
pub(super) fn parse(text: &str) -> Result<Vec<Ladder>, PolicyError> {
    let file: PolicyFile = serde_json::from_str(text)?;
    let mut ladders = Vec::with_capacity(file.architectures.len());
    for (name, table) in &file.architectures {
        let arch = Arch::from_name(name).ok_or_else(|| PolicyError::Arch(name.clone()))?;
        ladders.push(ladder(&file, arch, table)?);
    }
    ladders.sort_by_key(|ladder| ladder.arch);
    Ok(ladders)
}

fn ladder(file: &PolicyFile, arch: Arch, table: &ArchTable) -> Result<Ladder, PolicyError> {
    let libc = match file.libc {
        LibcName::Glibc => Libc::Glibc,
        LibcName::Musl => Libc::Musl,
        LibcName::Android => Libc::Android,
    };
    let places = Places::new(file, arch, table)?;
    let mut libraries = places.invert(&file.libraries)?;
    libraries.extend(places.invert(&table.libraries)?);
    let mut symbols = places.invert_all(&file.symbols)?;
    for forbidden in symbols.values_mut() {
        forbidden.retain(|_, since| *since != Since::Rung(0));
    }
    symbols.retain(|_, forbidden| !forbidden.is_empty());
    let named = |text: &str| format!("{text}_{}", libc.arch_suffix(arch));
    Ok(Ladder {
        libc,
        arch,
        tags: places
            .own
            .iter()
            .filter_map(|&index| file.tags.get(index))
            .map(|tag| TagNames {
                name: named(&tag.name),
                aliases: tag.aliases.iter().map(|alias| named(alias)).collect(),
            })
            .collect(),
        libraries,
        versions: places.invert_all(&table.versions)?,
        symbols,
    })
}

/// Where the tags of one architecture stand among those of the file.
struct Places<'a> {
    all: BTreeMap<&'a str, usize>,
    /// Indices into the file's tags, ascending.
    own: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(file: &'a PolicyFile, arch: Arch, table: &ArchTable) -> Result<Self, PolicyError> {
        let all: BTreeMap<&str, usize> = file
            .tags
            .iter()
            .enumerate()
            .map(|(index, tag)| (tag.name.as_str(), index))
            .collect();
        let own = table
            .tags
            .iter()
            .map(|tag| {
                all.get(tag.as_str())
                    .copied()
                    .ok_or_else(|| PolicyError::Tag(tag.clone()))
            })
            .collect::<Result<Vec<usize>, _>>()?;
        if own.is_empty() || all.len() != file.tags.len() || !own.is_sorted_by(|a, b| a < b) {
            return Err(PolicyError::Order(arch.to_string()));
        }
        Ok(Self { all, own })
    }

    /// The first rung that is at or after the tag `name`.
    fn since(&self, name: &str) -> Result<Since, PolicyError> {
        if name == "never" {
            return Ok(Since::Never);
        }
        let place = self
            .all
            .get(name)
            .copied()
            .ok_or_else(|| PolicyError::Tag(name.to_owned()))?;
        let rung: Rung = self.own.partition_point(|&own| own < place);
        Ok(if rung < self.own.len() {
            Since::Rung(rung)
        } else {
            Since::Never
        })
    }

    fn invert(&self, table: &BySince) -> Result<BTreeMap<String, Since>, PolicyError> {
        let mut since = BTreeMap::new();
        for (tag, names) in table {
            let place = self.since(tag)?;
            since.extend(names.iter().map(|name| (name.clone(), place)));
        }
        Ok(since)
    }

    fn invert_all(
        &self,
        tables: &BTreeMap<String, BySince>,
    ) -> Result<BTreeMap<String, BTreeMap<String, Since>>, PolicyError> {
        tables
            .iter()
            .map(|(name, table)| Ok((name.clone(), self.invert(table)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_table_parses() {
        for (libc, table) in [
            (Libc::Glibc, &GLIBC),
            (Libc::Musl, &MUSL),
            (Libc::Android, &ANDROID),
        ] {
            let ladders = parse(table.text).unwrap();
            let made: Vec<_> = Arch::ALL
                .into_iter()
                .filter_map(|arch| builtin(libc, arch))
                .map(|ladder| (ladder.libc, ladder.arch))
                .collect();
            let meant: Vec<_> = ladders.iter().map(|one| (libc, one.arch)).collect();
            assert_eq!(made, meant);
        }
    }

    const CUSTOM: &str = r#"{"libc": "glibc",
        "tags": [{"name": "manylinux_2_5"}, {"name": "manylinux_2_28", "aliases": ["site9"]}],
        "libraries": {"manylinux_2_28": ["libours.so.1"]},
        "symbols": {"libc.so.6": {"manylinux_2_28": ["late"], "never": ["bad"]}},
        "architectures": {"x86_64": {"tags": ["manylinux_2_5", "manylinux_2_28"],
            "versions": {"OURS": {"manylinux_2_28": ["1"]}}},
            "s390x": {"tags": ["manylinux_2_5"]}}}"#;

    #[test]
    fn a_custom_policy_answers() {
        let ladders = Ladder::from_json(CUSTOM).unwrap();
        let [x86, s390x] = &ladders[..] else {
            panic!("{ladders:?}");
        };
        assert_eq!(x86.rung("site9_x86_64"), Some(1));
        assert_eq!(x86.library("libours.so.1"), Since::Rung(1));
        assert_eq!(x86.version("OURS_1"), Some(Since::Rung(1)));
        assert_eq!(x86.version("OURS_2"), Some(Since::Never));
        assert_eq!(x86.symbol("libc.so.6", "late"), Since::Rung(1));
        assert_eq!(x86.symbol("libc.so.6", "bad"), Since::Never);
        assert_eq!(x86.symbol("libc.so.6", "fine"), Since::Rung(0));
        assert_eq!(s390x.library("libours.so.1"), Since::Never);
        assert_eq!(s390x.symbol("libc.so.6", "late"), Since::Never);
    }

    #[test]
    fn a_bad_policy_is_named() {
        let cases = [
            ("{", "not a policy"),
            (
                &CUSTOM.replace("\"s390x\"", "\"vax\""),
                "unknown architecture `vax`",
            ),
            (
                &CUSTOM.replace(
                    "{\"manylinux_2_28\": [\"libours",
                    "{\"manylinux_9\": [\"libours",
                ),
                "`manylinux_9` is not",
            ),
            (
                &CUSTOM.replace(
                    "[\"manylinux_2_5\", \"manylinux_2_28\"]",
                    "[\"manylinux_2_28\", \"manylinux_2_5\"]",
                ),
                "the tags of `x86_64` are not in order",
            ),
            (
                &CUSTOM.replace("\"libraries\"", "\"librarys\""),
                "unknown field",
            ),
        ];
        for (text, words) in cases {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }
}
