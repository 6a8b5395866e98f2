//! Project versions: is it one, and are two spellings the same version?
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/version-specifiers/>

use std::fmt;

/// A version, its text forgotten: two spellings of one version are equal, and [`fmt::Display`]
/// writes the normal form. Numbers may have any length; they are compared, not ordered.
#[derive(Clone, Debug)]
pub struct Version {
    epoch: String,
    release: Vec<String>,
    /// `a`, `b` or `rc` and its number.
    pre: Option<(&'static str, String)>,
    post: Option<String>,
    dev: Option<String>,
    /// Lower case, parts joined by `.`.
    local: Option<String>,
}

impl Version {
    /// `None` if `text` is not a version. Space around it is not skipped.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (public, local) = match lower.split_once('+') {
            Some((public, local)) => (public, Some(local_parts(local)?)),
            None => (lower.as_str(), None),
        };
        let mut rest = Rest(public.strip_prefix('v').unwrap_or(public));
        let first = rest.digits()?;
        let (epoch, first) = if rest.take("!") {
            (first, rest.digits()?)
        } else {
            ("0".to_owned(), first)
        };
        let mut release = vec![first];
        while let Some(part) = rest.dotted_digits() {
            release.push(part);
        }
        let pre = rest.segment(&PRE);
        let post = rest.post();
        let dev = rest.segment(&[("dev", "dev")]).map(|(_, number)| number);
        rest.0.is_empty().then_some(Self {
            epoch,
            release,
            pre,
            post,
            dev,
            local,
        })
    }

    /// The release without trailing zeros: `1.0` and `1.0.0` are one version.
    fn significant(&self) -> &[String] {
        let end = self.release.iter().rposition(|part| part != "0");
        self.release.get(..=end.unwrap_or(0)).unwrap_or_default()
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.significant() == other.significant()
            && self.pre == other.pre
            && self.post == other.post
            && self.dev == other.dev
            && self.local == other.local
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != "0" {
            write!(f, "{}!", self.epoch)?;
        }
        f.write_str(&self.release.join("."))?;
        if let Some((kind, number)) = &self.pre {
            write!(f, "{kind}{number}")?;
        }
        if let Some(number) = &self.post {
            write!(f, ".post{number}")?;
        }
        if let Some(number) = &self.dev {
            write!(f, ".dev{number}")?;
        }
        if let Some(local) = &self.local {
            write!(f, "+{local}")?;
        }
        Ok(())
    }
}

/// Spellings of pre-releases and the normal one; a spelling comes after those it begins with.
const PRE: [(&str, &str); 8] = [
    ("alpha", "a"),
    ("a", "a"),
    ("beta", "b"),
    ("b", "b"),
    ("preview", "rc"),
    ("pre", "rc"),
    ("rc", "rc"),
    ("c", "rc"),
];

const POST: [(&str, &str); 3] = [("post", "post"), ("rev", "post"), ("r", "post")];

/// What is still to be read.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, prefix: &str) -> bool {
        let Some(rest) = self.0.strip_prefix(prefix) else {
            return false;
        };
        self.0 = rest;
        true
    }

    fn separator(&mut self) {
        if let Some(rest) = self.0.strip_prefix(['-', '_', '.']) {
            self.0 = rest;
        }
    }

    /// A number without leading zeros.
    fn digits(&mut self) -> Option<String> {
        let end = self
            .0
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then(|| significant_digits(digits).to_owned())
    }

    /// `.` and a number; nothing is taken if the number is missing.
    fn dotted_digits(&mut self) -> Option<String> {
        let mut ahead = Self(self.0.strip_prefix('.')?);
        let digits = ahead.digits()?;
        self.0 = ahead.0;
        Some(digits)
    }

    /// A word of `spellings` with its number (`0` if there is none), separators before both.
    fn segment(&mut self, spellings: &[(&str, &'static str)]) -> Option<(&'static str, String)> {
        let mut ahead = Self(self.0);
        ahead.separator();
        let (_, normal) = spellings
            .iter()
            .find(|(spelling, _)| ahead.take(spelling))?;
        // The separator may stand there without a number: `1.0a.` is `1.0a0`.
        ahead.separator();
        let digits = ahead.digits();
        self.0 = ahead.0;
        Some((normal, digits.unwrap_or_else(|| "0".to_owned())))
    }

    /// `-1` or a post-release word.
    fn post(&mut self) -> Option<String> {
        if let Some(rest) = self.0.strip_prefix('-') {
            let mut ahead = Self(rest);
            if let Some(digits) = ahead.digits() {
                self.0 = ahead.0;
                return Some(digits);
            }
        }
        self.segment(&POST).map(|(_, number)| number)
    }
}

fn significant_digits(digits: &str) -> &str {
    match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    }
}

/// The normal form of a local version.
fn local_parts(local: &str) -> Option<String> {
    let parts: Vec<&str> = local.split(['-', '_', '.']).collect();
    let plain =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !parts.iter().all(plain) {
        return None;
    }
    let normal = parts.iter().map(|part| {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            significant_digits(part)
        } else {
            part
        }
    });
    Some(normal.collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_the_specification_and_their_normal_form() {
        let cases = [
            ("1.0", "1.0"),
            ("1.0.dev456", "1.0.dev456"),
            ("1.0a1", "1.0a1"),
            ("1.0a2.dev456", "1.0a2.dev456"),
            ("1.0b2.post345.dev456", "1.0b2.post345.dev456"),
            ("1.0rc1", "1.0rc1"),
            ("1.0+abc.5", "1.0+abc.5"),
            ("1.0.post456.dev34", "1.0.post456.dev34"),
            ("2012.04", "2012.4"),
            ("1!1.0", "1!1.0"),
            ("0!1.0", "1.0"),
            ("1.1RC1", "1.1rc1"),
            ("00.01", "0.1"),
            ("1.1.a1", "1.1a1"),
            ("1.1-a1", "1.1a1"),
            ("1.1_a1", "1.1a1"),
            ("1.1a.1", "1.1a1"),
            ("1.1alpha1", "1.1a1"),
            ("1.1beta2", "1.1b2"),
            ("1.1c3", "1.1rc3"),
            ("1.1pre3", "1.1rc3"),
            ("1.1preview", "1.1rc0"),
            ("1.2a", "1.2a0"),
            ("1.2a.", "1.2a0"),
            ("1.2a.-1", "1.2a0.post1"),
            ("1.2-post2", "1.2.post2"),
            ("1.2post-2", "1.2.post2"),
            ("1.0-r4", "1.0.post4"),
            ("1.0rev4", "1.0.post4"),
            ("1.2.post", "1.2.post0"),
            ("1.0-1", "1.0.post1"),
            ("1.2-dev2", "1.2.dev2"),
            ("1.2dev", "1.2.dev0"),
            ("1.0+ubuntu-1", "1.0+ubuntu.1"),
            ("1.0+CU_118.007", "1.0+cu.118.7"),
            ("v1.0", "1.0"),
            ("1.0a1-1.dev2+x", "1.0a1.post1.dev2+x"),
            ("99999999999999999999999.1", "99999999999999999999999.1"),
        ];
        for (text, normal) in cases {
            let version = Version::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(version.to_string(), normal, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_version() {
        let cases = [
            "",
            "v",
            "1.",
            ".1",
            "1..0",
            "1.0.bad+",
            "1.0+",
            "1.0+a..b",
            "1.0+é",
            "french toast",
            "1.0 ",
            " 1.0",
            "1.0\n",
            "1!",
            "!1",
            "1!!1",
            "1.0.x",
            "1.0dev1post1",
            "1.0--1",
            "1.0a1b1",
            "1.0+a+b",
            "1.0_1",
            "vv1",
            "1.0-",
            "1.0.post1-2",
            "١.0",
        ];
        for text in cases {
            assert!(Version::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn trailing_zeros_do_not_count() {
        let equal = |a: &str, b: &str| Version::parse(a).unwrap() == Version::parse(b).unwrap();
        assert!(equal("1.0", "1.0.0"));
        assert!(equal("1", "1.0"));
        assert!(equal("0", "0.0"));
        assert!(!equal("0.1", "0.0.1"));
        assert!(!equal("1.0", "1.0+local"));
        assert!(!equal("1.0", "1!1.0"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_the_normal_form_is_stable(text in "[v0-9a-c.!+_rcdevpost-]{0,20}") {
            if let Some(version) = Version::parse(&text) {
                let normal = version.to_string();
                let again = Version::parse(&normal).unwrap();
                prop_assert_eq!(again.to_string(), normal);
                prop_assert_eq!(again, version);
            }
        }
    }
}
