//! One line of JSON that a terminal can be shown.

pub mod repair;
pub mod schema;
pub mod show;

use std::fmt::Write as _;

use serde::Serialize;
use wheel_archive::unsafe_to_print;

/// `value` as one line of JSON. What a terminal could act on leaves as `\u` escapes, which are the
/// same text to whoever reads JSON. Serialising our own types cannot fail.
///
/// Spec: <https://www.rfc-editor.org/rfc/rfc8259#section-7>
pub(crate) fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    if !text.chars().any(unsafe_to_print) {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        // Such characters stand only inside of strings.
        if unsafe_to_print(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_left_and_nothing_is_lost() {
        let text = "é☃ \"\\ \u{1b}[0m\u{7f}\u{9b}31m\u{202e}\u{2028}\u{feff}\u{e0041}\n";
        let made = line(&text);
        assert_eq!(
            made,
            "\"é☃ \\\"\\\\ \\u001b[0m\\u007f\\u009b31m\\u202e\\u2028\\ufeff\\udb40\\udc41\\n\""
        );
        let read: String = serde_json::from_str(&made).unwrap();
        assert_eq!(read, text);
    }
}
