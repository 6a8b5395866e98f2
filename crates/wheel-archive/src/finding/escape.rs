//! Makes text from a wheel safe to print.
//!
//! Member names, sonames and headers are chosen by whoever made the wheel; none
//! of their control, format or bidirectional characters may reach a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every character that a terminal could act on written as an escape
/// (`\n`, `\x1b`, `\u{202e}`); unchanged text is borrowed.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(unsafe_to_print) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if !unsafe_to_print(c) => safe.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(safe, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(safe)
}

/// `bytes` as text: valid UTF-8 is escaped as by [`escape`], other bytes become `\xff`.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        safe.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

/// Control characters (Cc) and the format characters (Cf) that hide or reorder text.
pub fn unsafe_to_print(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_is_borrowed() {
        assert!(matches!(escape("café ☃ a b"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_acts_on_is_spelled_out() {
        assert_eq!(
            escape("a\nb\x1b]0;\u{7}\u{202e}"),
            "a\\nb\\x1b]0;\\x07\\u{202e}"
        );
        assert_eq!(escape_bytes(b"lib\xff\n.so"), "lib\\xff\\n.so");
    }
}
