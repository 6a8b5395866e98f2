//! Wheel file names.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>

use std::fmt;
use std::str::FromStr;

use super::platform::PlatformTag;
use super::version::Version;

/// What a file name may hold on every file system that wheels meet, in bytes.
pub const MAX_NAME: usize = 255;

/// `{distribution}-{version}(-{build})?-{python}-{abi}-{platform}(-{variant})?.whl`, every part kept as
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// As written, not normalised.
    pub distribution: String,
    /// As written; a valid PEP 440 version.
    pub version: String,
    /// Digits first, as `1abc`.
    pub build: Option<String>,
    /// `cp311` …, in order.
    pub python: Vec<String>,
    /// `abi3` …, in order.
    pub abi: Vec<String>,
    /// `linux_x86_64` …, in order.
    pub platform: Vec<PlatformTag>,
    /// Such as `x86_64_v3`: which machines of those tags it is for (PEP 825).
    pub variant: Option<String>,
}

/// Why a file name is not a wheel's.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct NameError(pub String);

impl WheelName {
    /// Every `python-abi-platform` tag that the name stands for, sorted.
    pub fn expanded_tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for python in &self.python {
            for abi in &self.abi {
                for platform in &self.platform {
                    tags.push(format!("{python}-{abi}-{platform}"));
                }
            }
        }
        tags.sort();
        tags.dedup();
        tags
    }

    /// The same name with other platform tags, sorted and without repetition.
    #[must_use]
    pub fn with_platforms(&self, platforms: impl IntoIterator<Item = PlatformTag>) -> Self {
        let mut platform: Vec<PlatformTag> = platforms.into_iter().collect();
        platform.sort();
        platform.dedup();
        Self {
            platform,
            ..self.clone()
        }
    }

    /// Whether the only platform is `any`.
    pub fn is_any(&self) -> bool {
        self.platform.iter().all(PlatformTag::is_any)
    }

    /// How `.dist-info` and `.data` folders of this wheel begin if they are spelled as the name:
    /// `{distribution}-{version}`.
    pub fn stem(&self) -> String {
        format!("{}-{}", self.distribution, self.version)
    }

    /// Whether `stem` (`{distribution}-{version}` of a folder) is this project and version, in any
    /// spelling.
    pub fn is_stem(&self, stem: &str) -> bool {
        stem.split_once('-').is_some_and(|(name, version)| {
            normalized_name(name) == normalized_name(&self.distribution)
                && same_version(version, &self.version)
        })
    }
}

/// A project name in the one spelling that compares equal for all: lower case, `-` for every run
/// of `-`, `_` and `.`.
///
/// Spec: <https://packaging.python.org/en/latest/specifications/name-normalization/>
pub fn normalized_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        if !matches!(character, '-' | '_' | '.') {
            normal.extend(character.to_lowercase());
        } else if !normal.ends_with('-') {
            normal.push('-');
        }
    }
    normal
}

/// Whether two texts are the same version; texts that are no versions must be equal.
pub fn same_version(one: &str, other: &str) -> bool {
    one == other
        || match (Version::parse(one), Version::parse(other)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        }
}

impl FromStr for WheelName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_NAME {
            return bad(format!("the file name is longer than {MAX_NAME} bytes"));
        }
        let Some(stem) = text.strip_suffix(".whl") else {
            return bad("the file name of a wheel ends with `.whl`".to_owned());
        };
        let Parts {
            project: [distribution, version],
            build,
            tags,
            variant,
        } = Parts::of(stem)?;
        if !is_distribution(distribution) {
            return bad(format!(
                "`{distribution}` in the file name is not a project name"
            ));
        }
        if Version::parse(version).is_none() {
            return bad(format!(
                "`{version}` in the file name is not a PEP 440 version"
            ));
        }
        if let Some(build) = build.filter(|build| !is_build(build)) {
            return bad(format!(
                "`{build}` in the file name is not a build tag: those begin with a digit and hold letters, digits, `_`, `.` and `+`"
            ));
        }
        if let Some(label) = variant.filter(|label| !is_variant_label(label)) {
            return bad(format!(
                "`{label}` in the file name is not a variant label: those hold a-z, 0-9, `_` and `.`"
            ));
        }
        let [python, abi, platform] = tags;
        Ok(Self {
            distribution: distribution.to_owned(),
            version: version.to_owned(),
            build: build.map(str::to_owned),
            python: tag_set("Python", python)?,
            abi: tag_set("ABI", abi)?,
            platform: tag_set("platform", platform)?
                .into_iter()
                .map(PlatformTag::new)
                .collect(),
            variant: variant.map(str::to_owned),
        })
    }
}

/// What stands between the dashes of a name.
struct Parts<'a> {
    project: [&'a str; 2],
    build: Option<&'a str>,
    tags: [&'a str; 3],
    variant: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Of six parts, the third is a build tag if it begins with a digit, as no Python tag does; else
    /// the last is a variant label.
    fn of(stem: &'a str) -> Result<Self, NameError> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (project, build, tags, variant) = match parts[..] {
            [name, version, python, abi, platform] => {
                ([name, version], None, [python, abi, platform], None)
            }
            [name, version, build, python, abi, platform]
                if build.starts_with(|first: char| first.is_ascii_digit())
                    || (is_platform(platform) && !is_platform(abi)) =>
            {
                ([name, version], Some(build), [python, abi, platform], None)
            }
            [name, version, python, abi, platform, label] => {
                ([name, version], None, [python, abi, platform], Some(label))
            }
            [_, _, _, _, _, platform, last] if is_platform(last) && !is_platform(platform) => {
                return bad(
                    "the file name has one part too many before its platform tag".to_owned(),
                );
            }
            [name, version, build, python, abi, platform, label] => {
                let tags = [python, abi, platform];
                ([name, version], Some(build), tags, Some(label))
            }
            _ => {
                return bad(format!(
                    "a wheel's file name has 5 to 7 parts between dashes, this one has {}",
                    parts.len()
                ));
            }
        };
        Ok(Self {
            project,
            build,
            tags,
            variant,
        })
    }
}

/// Whether a part of a name can be nothing but a set of platform tags.
fn is_platform(part: &str) -> bool {
    let known = [
        "linux_",
        "manylinux",
        "musllinux_",
        "android_",
        "macosx_",
        "win_",
        "ios_",
    ];
    part.split('.').any(|tag| {
        matches!(tag, "any" | "win32") || known.iter().any(|family| tag.starts_with(family))
    })
}

fn bad<T>(reason: String) -> Result<T, NameError> {
    Err(NameError(reason))
}

/// Letters and digits of any script, `_` and `.`; `__` would be a normalised run of two.
fn is_distribution(name: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '.');
    !name.is_empty() && name.chars().all(plain) && !name.contains("__")
}

/// A to Z in lower case, digits, `_` and `.`.
pub(crate) fn is_variant_label(label: &str) -> bool {
    let plain = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.')
    };
    !label.is_empty() && label.bytes().all(plain)
}

fn is_build(build: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'+');
    build.starts_with(|first: char| first.is_ascii_digit()) && build.bytes().all(plain)
}

fn tag_set(kind: &str, set: &str) -> Result<Vec<String>, NameError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    for atom in set.split('.') {
        if atom.is_empty() {
            return bad(format!("an empty {kind} tag in the file name"));
        }
        if !atom.bytes().all(plain) {
            return bad(format!(
                "`{atom}` in the file name is no {kind} tag: those hold letters, digits and `_`"
            ));
        }
    }
    Ok(set.split('.').map(str::to_owned).collect())
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.distribution, self.version)?;
        if let Some(build) = &self.build {
            write!(f, "-{build}")?;
        }
        write!(f, "-{}-{}-", self.python.join("."), self.abi.join("."))?;
        for (index, platform) in self.platform.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            write!(f, "{dot}{platform}")?;
        }
        if let Some(label) = &self.variant {
            write!(f, "-{label}")?;
        }
        f.write_str(".whl")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> WheelName {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn published_names_are_read_and_printed_without_loss() {
        let names = [
            "numpy-2.2.1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "cryptography-44.0.0-cp39-abi3-musllinux_1_2_aarch64.whl",
            "evil-1.0-1abc-cp311-cp311-linux_x86_64.whl",
            "torch-2.5.1+cu118-cp311-cp311-linux_x86_64.whl",
            "evil-1!2.0-cp311-cp311-linux_x86_64.whl",
            "Evil.Pkg-1.0-cp311-cp311-linux_x86_64.whl",
            "six-1.16.0-py2.py3-none-any.whl",
            "pkg-1.0.post1.dev2-cp313-cp313t-manylinux_2_28_x86_64_v3.whl",
            "ca_fé-1.0-py3-none-any.whl",
            "zlib_ng-0.5.1-pp310-pypy310_pp73-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        ];
        for name in names {
            assert_eq!(parse(name).to_string(), name);
        }
        let numpy = parse(names[0]);
        assert_eq!(numpy.platform.len(), 2);
        assert_eq!(parse(names[2]).build.as_deref(), Some("1abc"));
    }

    #[test]
    fn what_is_not_a_wheel_name_is_named() {
        let cases = [
            ("evil-1.0-cp311-cp311-linux_x86_64.zip", ".whl"),
            ("evil-1.0-cp311-cp311-linux_x86_64.whl\n", ".whl"),
            ("evil-1.0-cp311-cp311-linux_x86_64.WHL", ".whl"),
            ("evil-1.0.whl", "this one has 2"),
            (
                "evil-1.0-1-cp311-cp311-linux_x86_64-x-y.whl",
                "this one has 8",
            ),
            (
                "evil-1.0-cp311-cp311-linux_x86_64 (1).whl",
                "no platform tag",
            ),
            (
                "evil-1.0-cp311-cp311-linux_x86_64..manylinux1_x86_64.whl",
                "empty",
            ),
            ("evil-1.0-cp311--linux_x86_64.whl", "empty ABI tag"),
            (
                "evil-1.0.bad+-cp311-cp311-linux_x86_64.whl",
                "not a PEP 440 version",
            ),
            (
                "evil-1.0-abc-cp311-cp311-linux_x86_64.whl",
                "not a build tag",
            ),
            (
                "evil-1.0-1/x-cp311-cp311-linux_x86_64.whl",
                "not a build tag",
            ),
            ("-1.0-cp311-cp311-linux_x86_64.whl", "not a project name"),
            (
                "e vil-1.0-cp311-cp311-linux_x86_64.whl",
                "not a project name",
            ),
            (
                "e__vil-1.0-cp311-cp311-linux_x86_64.whl",
                "not a project name",
            ),
            (
                "../evil-1.0-cp311-cp311-linux_x86_64.whl",
                "not a project name",
            ),
            ("", ".whl"),
            (".whl", "this one has 1"),
        ];
        for (name, words) in cases {
            let error = name.parse::<WheelName>().unwrap_err().to_string();
            assert!(error.contains(words), "{name:?}: {error}");
        }
        let long = format!("{}-1.0-py3-none-any.whl", "e".repeat(250));
        assert!(long.parse::<WheelName>().unwrap_err().0.contains("longer"));
    }

    #[test]
    fn a_variant_label_stands_behind_the_tags() {
        let cases = [
            (
                "numpy-2.3.2-cp313-cp313t-musllinux_1_2_x86_64-x86_64_v3",
                None,
                "x86_64_v3",
            ),
            (
                "numpy-2.3.2-1abc-cp313-cp313-linux_x86_64-null",
                Some("1abc"),
                "null",
            ),
            // Whatever it looks like.
            (
                "torch-2.9-cp313-cp313-manylinux_2_28_x86_64-linux_x86_64",
                None,
                "linux_x86_64",
            ),
            ("torch-2.9-py3-none-any-cu12.8", None, "cu12.8"),
            (
                "torch-2.9-cp313-cp313-acme_1_x86_64-00000000",
                None,
                "00000000",
            ),
        ];
        for (stem, build, label) in cases {
            let text = format!("{stem}.whl");
            let name = parse(&text);
            assert_eq!(name.build.as_deref(), build, "{text}");
            assert_eq!(name.variant.as_deref(), Some(label), "{text}");
            assert_eq!(name.to_string(), text);
            let tags = name.with_platforms([PlatformTag::new("linux_i686")]);
            assert!(
                tags.to_string()
                    .ends_with(&format!("-linux_i686-{label}.whl"))
            );
        }
        assert_eq!(parse("a-1-1-py3-none-any.whl").variant, None);
        let wrong = [
            (
                "evil-1.0-cp311-cp311-linux_x86_64-X86",
                "not a variant label",
            ),
            ("evil-1.0-cp311-cp311-linux_x86_64-", "not a variant label"),
            ("evil-1.0-cp311-cp311-linux_x86_64-é", "not a variant label"),
            (
                "evil-1.0-x-cp311-cp311-linux_x86_64-v3",
                "`x` in the file name is not a build tag",
            ),
            (
                "evil-1.0-x-cp311-cp311-linux_x86_64",
                "`x` in the file name is not a build tag",
            ),
            ("evil-1.0-1-2-cp311-cp311-linux_x86_64", "one part too many"),
        ];
        for (stem, words) in wrong {
            let error = format!("{stem}.whl").parse::<WheelName>().unwrap_err();
            assert!(error.0.contains(words), "{stem}: {error}");
        }
    }

    #[test]
    fn tags_are_the_product_of_the_sets() {
        let name = parse("a-1-py3.py2-none-linux_i686.any.whl");
        assert_eq!(
            name.expanded_tags(),
            [
                "py2-none-any",
                "py2-none-linux_i686",
                "py3-none-any",
                "py3-none-linux_i686"
            ]
        );
    }

    #[test]
    fn new_platforms_are_sorted_and_the_rest_is_kept() {
        let name = parse("Evil.Pkg-1.0-1abc-cp39.cp310-abi3-linux_x86_64.whl");
        let platforms = [
            "manylinux_2_17_x86_64",
            "manylinux2014_x86_64",
            "manylinux_2_17_x86_64",
        ];
        assert_eq!(
            name.with_platforms(platforms.map(PlatformTag::new))
                .to_string(),
            "Evil.Pkg-1.0-1abc-cp39.cp310-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
        );
    }

    #[test]
    fn stems_are_compared_in_normal_form() {
        let name = parse("Evil.Pkg-1.0-cp311-cp311-linux_x86_64.whl");
        for stem in [
            "Evil.Pkg-1.0",
            "evil_pkg-1.0",
            "evil__pkg-1.0.0",
            "EVIL.PKG-1",
        ] {
            assert!(name.is_stem(stem), "{stem}");
        }
        for stem in [
            "evilpkg-1.0",
            "Evil.Pkg-1.1",
            "Evil.Pkg",
            "",
            "other-1.0",
            "evil-pkg-1.0",
        ] {
            assert!(!name.is_stem(stem), "{stem}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_prints_itself(
            text in "[A-Za-z_.]{1,6}-[0-9a.+!]{1,6}(-[0-9][a-z]?)?-[a-z0-9.]{1,6}-[a-z_.]{1,6}-[a-z0-9_. ]{1,9}(-[a-z0-9_.]{1,5})?(\\.whl)?"
        ) {
            if let Ok(name) = text.parse::<WheelName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,40}(-\\PC{0,4}){0,6}\\.whl") {
            let _ = text.parse::<WheelName>();
        }
    }
}
