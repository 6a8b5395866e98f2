//! Python's `fnmatch`, the language of `--exclude` and the like.
//!
//! `*` matches anything (slashes too), `?` one character, `[ab-d]` one of a set, `[!ab]` one
//! that is not in it. There is no escape character; case counts.
//!
//! Spec: <https://docs.python.org/3/library/fnmatch.html>

/// A pattern, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `*`
    Anything,
    /// `?`
    One,
    Literal(char),
    Set {
        negated: bool,
        /// Inclusive; `first <= last`.
        ranges: Vec<(char, char)>,
    },
}

impl Pattern {
    /// Reads a pattern; every text is one.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let characters: Vec<char> = text.chars().collect();
        let mut parts = Vec::new();
        let mut rest = characters.as_slice();
        while let Some((first, tail)) = rest.split_first() {
            rest = tail;
            let part = match first {
                '*' => Part::Anything,
                '?' => Part::One,
                '[' => match set(tail) {
                    Some((set, tail)) => {
                        rest = tail;
                        set
                    }
                    None => Part::Literal('['),
                },
                other => Part::Literal(*other),
            };
            if part != Part::Anything || parts.last() != Some(&Part::Anything) {
                parts.push(part);
            }
        }
        Self { text, parts }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has none of `*`, `?` and `[`: it matches only itself.
    pub fn is_literal(&self) -> bool {
        !self.text.contains(['*', '?', '['])
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.parts.as_slice();
        let mut rest = text;
        // Where to go on if what follows the last `*` fails: that `*` takes one character more.
        let mut retry: Option<(&[Part], &str)> = None;
        loop {
            if let Some((Part::Anything, after)) = parts.split_first() {
                parts = after;
                retry = Some((after, rest));
                continue;
            }
            let mut characters = rest.chars();
            match (parts.split_first(), characters.next()) {
                (None, None) => return true,
                (Some((part, after)), Some(character)) if part.takes(character) => {
                    parts = after;
                    rest = characters.as_str();
                }
                _ => {
                    let Some((after, from)) = retry else {
                        return false;
                    };
                    let mut skipped = from.chars();
                    if skipped.next().is_none() {
                        return false;
                    }
                    parts = after;
                    rest = skipped.as_str();
                    retry = Some((after, rest));
                }
            }
        }
    }
}

impl Part {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Anything | Self::One => true,
            Self::Literal(own) => *own == character,
            Self::Set { negated, ranges } => {
                let within = |(first, last): &(char, char)| (*first..=*last).contains(&character);
                ranges.iter().any(within) != *negated
            }
        }
    }
}

/// The set that starts after a `[`, and what follows its `]`; `None` if there is no `]`. The first
/// character of a set, and the one after `!`, may itself be `]`.
fn set(after_bracket: &[char]) -> Option<(Part, &[char])> {
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
    let mut ranges = Vec::new();
    loop {
        match items {
            // A range whose ends are in the wrong order matches nothing.
            [first, '-', last, more @ ..] => {
                if first <= last {
                    ranges.push((*first, *last));
                }
                items = more;
            }
            [only, more @ ..] => {
                ranges.push((*only, *only));
                items = more;
            }
            [] => break,
        }
    }
    let (_, tail) = tail.split_first()?;
    Some((Part::Set { negated, ranges }, tail))
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
