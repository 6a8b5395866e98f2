//! Python's `fnmatch`, the language of `--exclude` and the like, translated to a regular expression.
//!
//! `*` matches anything (slashes too), `?` one character, `[ab-d]` one of a set, `[!ab]` one
//! that is not in it. There is no escape character; case counts. The crate `regex` takes time in
//! proportion to pattern and text, whatever they are.
//!
//! Spec: <https://docs.python.org/3/library/fnmatch.html>

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};

use crate::finding::Finding;

/// The longest pattern, in bytes: no path of a file is longer on Linux. What it is translated to
/// stays below [`LARGEST`].
const LONGEST: usize = 4096;
/// The most memory that a translated pattern may take, in bytes.
const LARGEST: usize = 64 << 20;

/// A pattern, read once.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    /// What every match starts with: most texts are told apart by that.
    start: usize,
    /// `None`: the pattern has no wildcards, or [`Pattern::check`] refuses it.
    regex: Option<Regex>,
}

impl Pattern {
    /// Reads a pattern. One that [`Pattern::check`] refuses matches only itself.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let start = text.find(WILDCARDS).unwrap_or(text.len());
        let regex = if start == text.len() {
            None
        } else {
            translated(&text).ok()
        };
        Self { text, start, regex }
    }

    /// Why `text` cannot be a pattern.
    ///
    /// # Errors
    /// The reason, to follow the pattern: it is too long.
    pub fn check(text: &str) -> Result<(), String> {
        if text.contains(WILDCARDS) {
            translated(text).map(|_| ())
        } else {
            Ok(())
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has none of `*`, `?` and `[`: it matches only itself.
    pub fn is_literal(&self) -> bool {
        !self.text.contains(WILDCARDS)
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        match &self.regex {
            Some(regex) => {
                let start = self.text.get(..self.start).unwrap_or_default();
                text.starts_with(start) && regex.is_match(text)
            }
            None => self.text == text,
        }
    }
}

/// One finding for each pattern of an option that cannot be one.
pub(crate) fn refused(option: &str, patterns: &[String]) -> Vec<Finding> {
    let refused = patterns.iter().filter_map(|text| {
        let reason = Pattern::check(text).err()?;
        let start: String = text.chars().take(20).collect();
        let message = format!("{option} {start}… {reason}");
        Some(Finding::error("pattern", message).help("give several shorter ones"))
    });
    refused.collect()
}

const WILDCARDS: [char; 3] = ['*', '?', '['];

fn translated(text: &str) -> Result<Regex, String> {
    if text.len() > LONGEST {
        return Err(format!(
            "has {} bytes; a pattern may have {LONGEST}",
            text.len()
        ));
    }
    let mut builder = RegexBuilder::new(&expression(text));
    let regex = builder.size_limit(LARGEST).build();
    regex.map_err(|_| {
        format!(
            "needs more than {} MiB of memory to be matched",
            LARGEST >> 20
        )
    })
}

/// The regular expression that says the same.
fn expression(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut expression = String::from(r"(?s)\A");
    let mut rest = characters.as_slice();
    let mut last = None;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            '*' if last == Some('*') => {}
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => match set(tail) {
                Some((set, tail)) => {
                    rest = tail;
                    expression.push_str(&set);
                }
                None => expression.push_str(r"\["),
            },
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
        last = Some(*first);
    }
    expression.push_str(r"\z");
    expression
}

/// The set that starts after a `[`, and what follows its `]`; `None` if there is no `]`. The first
/// character of a set, and the one after `!`, may itself be `]`.
fn set(after_bracket: &[char]) -> Option<(String, &[char])> {
    let (negated, body) = match after_bracket.split_first() {
        Some(('!', body)) => (true, body),
        _ => (false, after_bracket),
    };
    let end = body
        .iter()
        .skip(1)
        .position(|c| *c == ']')?
        .checked_add(1)?;
    let (mut items, tail) = body.split_at_checked(end)?;
    let mut ranges = String::new();
    let mut add = |first: &char, last: &char| {
        let (first, last) = (u32::from(*first), u32::from(*last));
        // A range whose ends are in the wrong order matches nothing. Writing to a string does not fail.
        if first <= last {
            let _ = write!(ranges, r"\x{{{first:x}}}-\x{{{last:x}}}");
        }
    };
    loop {
        match items {
            [first, '-', last, more @ ..] => {
                add(first, last);
                items = more;
            }
            [only, more @ ..] => {
                add(only, only);
                items = more;
            }
            [] => break,
        }
    }
    let (_, tail) = tail.split_first()?;
    let set = match (negated, ranges.as_str()) {
        (false, "") => "[a&&b]".to_owned(),
        (true, "") => ".".to_owned(),
        (false, ranges) => format!("[{ranges}]"),
        (true, ranges) => format!("[^{ranges}]"),
    };
    Some((set, tail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_mean_what_python_says() {
        let cases = [
            ("libcuda.so*", "libcuda.so.1", true),
            ("libcuda.so", "libcuda.so.1", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("/usr/*.so", "/usr/lib/x.so", true),
            ("*/libfoo*", "/opt/lib/libfoo.so.1", true),
            ("lib?.so", "libé.so", true),
            ("lib?.so", "lib.so", false),
            ("lib[a-c].so", "libb.so", true),
            ("lib[!a-c].so", "libb.so", false),
            ("lib[!a-c].so", "libd.so", true),
            ("[]]x", "]x", true),
            ("[!]]x", "ax", true),
            ("[!]]x", "]x", false),
            ("[!]", "[!]", true),
            ("[]", "[]", true),
            ("[a", "[a", true),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[--a]", "5", true),
            ("[a-c-e]", "d", false),
            ("[a-c-e]", "-", true),
            ("[b-a]", "a", false),
            ("[!b-a]", "a", true),
            ("[^a]", "^", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("a\\*", "a\\x", true),
            ("LIB*", "libx", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b", false),
            ("lib*.so", "lib\n.so", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Pattern::new("*a".repeat(200));
        assert!(!pattern.matches(&"a".repeat(199)));
        assert!(!pattern.matches(&"ab".repeat(20_000)));
    }

    #[test]
    fn the_largest_pattern_can_be_matched_and_a_longer_one_is_refused() {
        for unit in ["?", "[!a]", "[\u{80}-\u{ffff}]", "*x"] {
            let text = unit.repeat(LONGEST / unit.len());
            assert_eq!(Pattern::check(&text), Ok(()), "{unit}");
            let longer = unit.repeat(LONGEST);
            if unit.len() > 1 {
                assert!(Pattern::check(&longer).unwrap_err().contains("4096"));
                assert!(!Pattern::new(longer).matches("x"));
            }
        }
        assert_eq!(Pattern::check(&"a".repeat(10_000)), Ok(()));
    }

    proptest! {
        #[test]
        fn a_text_without_wildcards_matches_itself(text in "[^*?\\[]*") {
            prop_assert!(Pattern::new(text.as_str()).matches(&text));
        }

        #[test]
        fn any_pattern_can_be_asked(pattern in ".*", text in ".*") {
            Pattern::new(pattern).matches(&text);
        }
    }
}
