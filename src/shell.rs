//! Words of a command line, quoted so that a shell takes them for what they are.
//!
//! Advice is meant to be pasted, and the names in it were chosen by whoever made the wheel:
//! `$(…)` in a soname must stay a name.
//!
//! Spec: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use wheel_archive::unsafe_to_print;

/// `text` as one word of a POSIX shell; printable whatever it holds.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%^".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(unsafe_to_print) {
        // A quote ends the quoted part, stands by itself, and the next part begins.
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut word = String::from("$'");
    for character in text.chars() {
        match character {
            '\'' | '\\' => word.extend(['\\', character]),
            c if unsafe_to_print(c) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    // Three octal digits: what follows cannot be taken for one more.
                    let _ = write!(word, "\\{byte:03o}");
                }
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    Cow::Owned(word)
}

/// How commands of ours are written for people to paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The name of the program.
    pub program: String,
    /// The words that a repair must be given to see what was seen, not quoted.
    pub typed: Vec<String>,
}

impl Default for Advice {
    fn default() -> Self {
        Self {
            program: "audit".to_owned(),
            typed: Vec::new(),
        }
    }
}

impl Advice {
    /// The command that repairs `wheel` with the options `more` beside those that were typed.
    pub fn repair(&self, more: &[&str], wheel: &Path) -> String {
        let typed = self.typed.iter().map(String::as_str);
        let options = typed.chain(more.iter().copied()).map(shell_word);
        let mut words = vec![shell_word(&self.program), "repair".into()];
        words.extend(options);
        let wheel = wheel.display().to_string();
        // What begins like an option must not be taken for one.
        let wheel = if wheel.starts_with('-') {
            format!("./{wheel}")
        } else {
            wheel
        };
        words.push(shell_word(&wheel));
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        let mut advice = Advice::default();
        assert_eq!(
            advice.repair(&[], "dist/a.whl".as_ref()),
            "audit repair dist/a.whl"
        );
        advice.program = "my audit".to_owned();
        advice.typed = vec!["--lib-path".to_owned(), "it's".to_owned()];
        assert_eq!(
            advice.repair(&["--exclude", "lib*"], "-a.whl".as_ref()),
            r"'my audit' repair --lib-path 'it'\''s' --exclude 'lib*' ./-a.whl"
        );
    }

    const WORDS: [(&str, &str); 9] = [
        ("/opt/lib:/x", "/opt/lib:/x"),
        ("libstdc++.so.6", "libstdc++.so.6"),
        ("café.whl", "café.whl"),
        ("", "''"),
        ("my wheels/a.whl", "'my wheels/a.whl'"),
        ("lib*.so?", "'lib*.so?'"),
        ("$(x) `y`; it's", r"'$(x) `y`; it'\''s'"),
        ("a\nb\u{202e}7", r"$'a\012b\342\200\2567'"),
        ("~root", "'~root'"),
    ];

    #[test]
    fn words_are_quoted_where_a_shell_would_act_on_them() {
        for (text, word) in WORDS {
            assert_eq!(shell_word(text), word);
        }
    }
}
