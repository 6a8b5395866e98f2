//! Words of a command line, quoted so that a shell takes them for what they are.
//!
//! Advice is meant to be pasted, and the names in it were chosen by whoever made the wheel:
//! `$(…)` in a soname must stay a name.
//!
//! Spec: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02>

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::escape::unsafe_to_print;

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

#[cfg(test)]
mod tests {
    use super::*;

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
