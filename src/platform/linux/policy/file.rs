//! Reads policy files. Their form is described in `policy/README.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use wheel_archive::json::{self, Unique};

use super::validate::{self, NEVER};
use super::{Ladder, Rung, Since, TagNames};
use crate::elf::arch::Arch;
use crate::tag::Libc;

static GLIBC: Builtin = Builtin::new(include_str!("../../../../policy/glibc.json"));
static MUSL: Builtin = Builtin::new(include_str!("../../../../policy/musl.json"));
static ANDROID: Builtin = Builtin::new(include_str!("../../../../policy/android.json"));

/// A table of this program. A run asks for the ladder of one architecture, so the others are not made.
struct Builtin {
    text: &'static str,
    file: OnceLock<Option<PolicyFile>>,
    ladders: [OnceLock<Option<Arc<Ladder>>>; Arch::ALL.len()],
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
    fn ladder(&self, arch: Arch) -> Option<&Arc<Ladder>> {
        let place = Arch::ALL.iter().position(|known| *known == arch)?;
        let make = || {
            let file = self
                .file
                .get_or_init(|| serde_json::from_str(self.text).ok());
            let file = file.as_ref()?;
            let table = file.architectures.0.get(arch.as_str())?;
            ladder(file, arch, table).ok().map(Arc::new)
        };
        self.ladders.get(place)?.get_or_init(make).as_ref()
    }
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyError {
    /// Where, such as `architectures.x86_64.tags[2]`; empty for the text as a whole.
    pub key: String,
    /// What, in a sentence without a full stop.
    pub reason: String,
}

impl PolicyError {
    pub(super) fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "`{}`: ", self.key)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for PolicyError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    libc: LibcName,
    pub(super) tags: Vec<Tag>,
    #[serde(default)]
    pub(super) libraries: BySince,
    #[serde(default)]
    pub(super) symbols: Unique<BySince>,
    pub(super) architectures: Unique<ArchTable>,
}

/// Tag without its architecture → what it is the first to allow.
pub(super) type BySince = Unique<Vec<String>>;

impl PolicyFile {
    pub(super) fn libc(&self) -> Libc {
        match self.libc {
            LibcName::Glibc => Libc::Glibc,
            LibcName::Musl => Libc::Musl,
            LibcName::Android => Libc::Android,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LibcName {
    Glibc,
    Musl,
    Android,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    pub(super) name: String,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchTable {
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) versions: Unique<BySince>,
    #[serde(default)]
    pub(super) libraries: BySince,
}

/// The ladder of this program for a C library and an architecture, if there are such tags.
pub(super) fn builtin_ref(libc: Libc, arch: Arch) -> Option<&'static Arc<Ladder>> {
    let table = match libc {
        Libc::Glibc => &GLIBC,
        Libc::Musl => &MUSL,
        Libc::Android => &ANDROID,
    };
    table.ladder(arch)
}

/// The same, to be shared.
pub(super) fn builtin(libc: Libc, arch: Arch) -> Option<Arc<Ladder>> {
    builtin_ref(libc, arch).cloned()
}

/// All ladders of a policy file.
///
/// # Errors
/// Where it is not of the form, or breaks one of its rules.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Ladder>, PolicyError> {
    let file: PolicyFile = json::read(text).map_err(|bad| PolicyError::new(bad.key, bad.reason))?;
    validate::check(&file)?;
    let mut ladders = Vec::with_capacity(file.architectures.0.len());
    for (name, table) in &file.architectures.0 {
        if let Some(arch) = Arch::from_name(name) {
            ladders.push(ladder(&file, arch, table)?);
        }
    }
    ladders.sort_by_key(|ladder| ladder.arch);
    Ok(ladders)
}

fn ladder(file: &PolicyFile, arch: Arch, table: &ArchTable) -> Result<Ladder, PolicyError> {
    let libc = file.libc();
    let at = |key: &str| format!("architectures.{arch}.{key}");
    let places = Places::new(file, &at("tags"), table)?;
    let mut libraries = places.invert("libraries", &file.libraries)?;
    libraries.extend(places.invert(&at("libraries"), &table.libraries)?);
    let mut symbols = places.invert_all("symbols", &file.symbols)?;
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
        versions: places.invert_all(&at("versions"), &table.versions)?,
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
    /// `key` is where the tags of the architecture are.
    fn new(file: &'a PolicyFile, key: &str, table: &ArchTable) -> Result<Self, PolicyError> {
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
                    .ok_or_else(|| no_such_tag(key, tag))
            })
            .collect::<Result<Vec<usize>, _>>()?;
        if own.is_empty() {
            return Err(PolicyError::new(key, "there is none"));
        }
        if !own.is_sorted_by(|a, b| a < b) {
            let reason = "not in the order of the policy's `tags`, or one is there twice";
            return Err(PolicyError::new(key, reason));
        }
        Ok(Self { all, own })
    }

    /// The first rung that is at or after the tag `name`, which is a key at `key`.
    fn since(&self, key: &str, name: &str) -> Result<Since, PolicyError> {
        if name == NEVER {
            return Ok(Since::Never);
        }
        let place = self
            .all
            .get(name)
            .copied()
            .ok_or_else(|| no_such_tag(key, name))?;
        let rung: Rung = self.own.partition_point(|&own| own < place);
        Ok(if rung < self.own.len() {
            Since::Rung(rung)
        } else {
            Since::Never
        })
    }

    fn invert(&self, key: &str, table: &BySince) -> Result<BTreeMap<String, Since>, PolicyError> {
        let mut since = BTreeMap::new();
        for (tag, names) in &table.0 {
            let place = self.since(key, tag)?;
            since.extend(names.iter().map(|name| (name.clone(), place)));
        }
        Ok(since)
    }

    fn invert_all(
        &self,
        key: &str,
        tables: &Unique<BySince>,
    ) -> Result<BTreeMap<String, BTreeMap<String, Since>>, PolicyError> {
        let tables = tables.0.iter();
        tables
            .map(|(name, table)| {
                let inverted = self.invert(&format!("{key}.{name}"), table)?;
                Ok((name.clone(), inverted))
            })
            .collect()
    }
}

fn no_such_tag(key: &str, tag: &str) -> PolicyError {
    PolicyError::new(key, format!("`{tag}` is not one of the policy's `tags`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::linux::policy::Policies;

    #[test]
    fn every_builtin_table_parses() {
        for (libc, table) in [
            (Libc::Glibc, &GLIBC),
            (Libc::Musl, &MUSL),
            (Libc::Android, &ANDROID),
        ] {
            let ladders = parse(table.text.as_bytes()).unwrap();
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

    /// What is said of `text` names the key and the reason.
    fn refused(text: &str, words: &str) {
        let message = parse(text.as_bytes()).unwrap_err().to_string();
        assert!(message.contains(words), "{words}: {message}");
    }

    const BOTH: &str = r#"["manylinux_2_5", "manylinux_2_28"]"#;
    const FIRST: &str = r#"{"manylinux_2_28": ["libours"#;
    const OURS: &str = "architectures.x86_64.versions.OURS";

    #[test]
    fn a_bad_policy_is_named_with_its_key() {
        let cases = [
            ("s390x", "vax", "`architectures.vax`: no such architecture"),
            (
                FIRST,
                r#"{"acme": ["libours"#,
                "`libraries`: `acme` is not one of",
            ),
            (
                FIRST,
                r#"{"never": ["libours"#,
                "`libraries.never`: what no tag allows",
            ),
            (r#""OURS": {"manylinux_2_28""#, r#""OURS": {"site9""#, OURS),
            (r#""OURS""#, r#""OUR_S""#, "holds none"),
            (r#"["1"]"#, r#""1""#, "OURS.manylinux_2_28`: invalid type"),
            (r#"["1"]"#, r#"["1", "1"]"#, "`1` is there twice"),
            (r#"["1"]"#, r#"[""]"#, "an empty name"),
            (
                BOTH,
                r#"["manylinux_2_28", "manylinux_2_5"]"#,
                "not in the order",
            ),
            (BOTH, "[]", "`architectures.x86_64.tags`: there is none"),
            (r#""libraries""#, r#""librarys""#, "unknown field"),
            (r#""symbols""#, r#""libraries""#, "duplicate field"),
            (r#""s390x""#, r#""x86_64""#, "`x86_64` is there twice"),
            (
                "glibc",
                "musl",
                "`tags[0].name`: `manylinux_2_5` is a tag for glibc",
            ),
            ("glibc", "uclibc", "`libc`: unknown variant"),
        ];
        for (old, new, words) in cases {
            refused(&CUSTOM.replacen(old, new, 1), words);
        }
        refused("{", "EOF while parsing");
        refused("[]", "invalid");
        refused(&"[".repeat(1 << 20), "expected value");
    }

    const TAGS: &str =
        r#"{"name": "manylinux_2_5"}, {"name": "manylinux_2_28", "aliases": ["site9"]}"#;

    #[test]
    fn tags_ascend_and_have_names_of_their_own() {
        let many: Vec<String> = (0..201)
            .map(|n| format!(r#"{{"name": "acme_{n}"}}"#))
            .collect();
        let backwards = r#"{"name": "manylinux_2_28"}, {"name": "manylinux_2_5"}"#;
        let twice = r#"{"name": "acme"}, {"name": "acme"}"#;
        let cases = [
            (backwards, "`tags[1].name`: manylinux_2_5 stands behind"),
            (twice, "`tags[1].name`: `acme` is there twice"),
            ("", "`tags`: 0 tags"),
            (&many.join(","), "`tags`: 201 tags"),
        ];
        for (tags, words) in cases {
            refused(&CUSTOM.replace(TAGS, tags), words);
        }
        let long = "a".repeat(65);
        let names = [
            (
                "manylinux2014",
                "`tags[1].aliases[0]`: `manylinux2014` is another tag",
            ),
            ("manylinux_2", "no tag of its family"),
            ("manylinux_2_28_extra", "no tag of its family"),
            ("musllinux_1_2", "is a tag for musl"),
            ("acme-1", "cannot be part of a file name"),
            ("caf\u{e9}", "cannot be part of a file name"),
            ("", "cannot be part of a file name"),
            (&long, "cannot be part of a file name"),
            ("acme_x86_64", "ends with an architecture"),
            ("linux", "means something else"),
            ("macosx_11_0", "means something else"),
            ("never", "means something else"),
        ];
        for (name, words) in names {
            refused(&CUSTOM.replace("site9", name), words);
        }
    }

    #[test]
    fn a_tag_belongs_to_one_policy() {
        let mut policies = Policies::default();
        assert!(policies.is_builtin());
        policies.add("one.json", CUSTOM.as_bytes()).unwrap();
        let error = policies.add("two.json", CUSTOM.as_bytes()).unwrap_err();
        assert!(error.reason.contains("is a tag of one.json too"), "{error}");
        let other = CUSTOM
            .replace("manylinux_2_28", "acme_1")
            .replace("manylinux_2_5", "acme_0")
            .replace("site9", "acme");
        policies.add("two.json", other.as_bytes()).unwrap();
        let ladders = policies.ladders(Libc::Glibc, Arch::X86_64);
        let newest: Vec<&str> = ladders
            .iter()
            .map(|one| one.tags.last().unwrap().name.as_str())
            .collect();
        assert_eq!(
            newest,
            [
                "manylinux_2_28_x86_64",
                "acme_1_x86_64",
                "manylinux_2_44_x86_64"
            ]
        );
        assert_eq!(policies.ladders(Libc::Musl, Arch::X86_64).len(), 1);
        assert_eq!(policies.libc_of("acme"), Some(Libc::Glibc));
        assert_eq!(policies.libc_of("manylinux_2_17"), None);
        let sources: Vec<Option<&str>> = policies.all().map(|(source, _)| source).collect();
        assert_eq!(
            sources[..4],
            [
                Some("one.json"),
                Some("one.json"),
                Some("two.json"),
                Some("two.json")
            ]
        );
        assert!(sources[4..].iter().all(Option::is_none));
    }
}
