//! `WHEEL` and `METADATA`: headers in the form of an e-mail, then a body.
//!
//! Read as Python's `email` parser reads them, because installers do: a line ends at `\n`,
//! `\r\n` or `\r`, a line that starts with space or tab continues the one before, and the first
//! line that is neither header nor continuation begins the body.
//! What is not edited is written as it was, but for line ends, which become `\n`.

use std::borrow::Cow;

/// Headers in order, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<Field>,
    /// What follows the headers, the empty line included; lines end in `\n`.
    body: Vec<u8>,
}

/// One header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    /// Empty for a line that Python skips: a name is missing, or the line before it.
    name: String,
    /// After the colon, up to the line end; folded lines included, lines joined by `\n`.
    value: Vec<u8>,
}

impl Headers {
    /// Any bytes are headers, if only a body.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            let folded = line.starts_with(b" ") || line.starts_with(b"\t");
            if let Some(field) = fields.last_mut().filter(|_| folded) {
                field.value.push(b'\n');
                field.value.extend_from_slice(line);
            } else if folded || line.starts_with(b":") || line.starts_with(b"From ") {
                fields.push(Field {
                    name: String::new(),
                    value: line.to_vec(),
                });
            } else if let Some((name, value)) = split_header(line) {
                fields.push(Field {
                    name,
                    value: value.to_vec(),
                });
            } else {
                break;
            }
            rest = after;
        }
        Self {
            fields,
            body: with_lf(rest),
        }
    }

    /// The first value of `name` (in any case), unfolded, without space around it.
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).next()
    }

    /// Every value of `name`, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        self.fields
            .iter()
            .filter(move |field| field.is(name))
            .map(Field::text)
    }

    /// Puts `values` where the first `name` is, and removes all others of that name; behind
    /// the last header if there is none.
    pub fn set(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let first = self.fields.iter().position(|field| field.is(name));
        let spelled = first
            .and_then(|index| self.fields.get(index))
            .map_or_else(|| name.to_owned(), |field| field.name.clone());
        self.fields.retain(|field| !field.is(name));
        let place = first.unwrap_or(self.fields.len());
        let new = values.into_iter().map(|value| Field {
            name: spelled.clone(),
            value: format!(" {value}").into_bytes(),
        });
        self.fields.splice(place..place, new);
    }

    /// The file: line ends are `\n`, and the last line has one.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.fields {
            if !field.name.is_empty() {
                bytes.extend_from_slice(field.name.as_bytes());
                bytes.push(b':');
            }
            bytes.extend_from_slice(&field.value);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(&self.body);
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        bytes
    }
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.value);
        let lines = text.split('\n').map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(Cow::Borrowed)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The first line, without its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
        return (bytes, &[]);
    };
    let (line, rest) = bytes.split_at(end);
    let rest = rest
        .strip_prefix(b"\r\n")
        .or_else(|| rest.get(1..))
        .unwrap_or_default();
    (line, rest)
}

/// `Name: value`; a name is printable ASCII without space.
fn split_header(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let name = String::from_utf8(name.to_vec()).ok()?;
    Some((name, value.get(1..).unwrap_or_default()))
}

/// Every line end as `\n`.
fn with_lf(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if_eq(&b'\n');
            plain.push(b'\n');
        } else {
            plain.push(byte);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: café ☃\nroot-is-purelib: TRUE\nTag:\n  cp311-cp311-linux_x86_64\n\
                         X-Custom:keep me \nTag: b\n\nbody: text\n";

    fn rewritten(text: &str, edit: impl FnOnce(&mut Headers)) -> String {
        let mut headers = Headers::parse(text.as_bytes());
        edit(&mut headers);
        String::from_utf8(headers.to_bytes()).unwrap()
    }

    #[test]
    fn values_are_found_in_any_case_and_unfolded() {
        let headers = Headers::parse(WHEEL.as_bytes());
        assert_eq!(headers.get("Root-Is-Purelib").unwrap(), "TRUE");
        assert_eq!(headers.get("generator").unwrap(), "café ☃");
        assert_eq!(
            headers.all("Tag").collect::<Vec<_>>(),
            ["cp311-cp311-linux_x86_64", "b"]
        );
        assert_eq!(headers.get("body"), None);
        assert_eq!(headers.get("Build"), None);
    }

    #[test]
    fn an_edit_changes_its_header_only() {
        assert_eq!(rewritten(WHEEL, |_| ()), WHEEL);
        let edited = rewritten(WHEEL, |headers| {
            headers.set("Tag", ["x", "y"].map(str::to_owned));
            headers.set("Root-Is-Purelib", ["false".to_owned()]);
            headers.set("Build", ["1".to_owned()]);
        });
        assert_eq!(
            edited,
            "Wheel-Version: 1.0\nGenerator: café ☃\nroot-is-purelib: false\nTag: x\nTag: y\n\
             X-Custom:keep me \nBuild: 1\n\nbody: text\n"
        );
    }

    #[test]
    fn lines_end_as_python_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let headers = Headers::parse(format!("A: 1{end}B: 2{end}{end}x{end}").as_bytes());
            assert_eq!(headers.get("B").unwrap(), "2", "{end:?}");
            assert_eq!(headers.to_bytes(), b"A: 1\nB: 2\n\nx\n", "{end:?}");
        }
        assert_eq!(rewritten("A: 1", |_| ()), "A: 1\n");
        assert_eq!(rewritten("", |_| ()), "\n");
    }

    #[test]
    fn what_is_no_header_begins_the_body() {
        for text in [
            "A: 1\nno colon\nB: 2\n",
            "A: 1\nB c: 2\nB: 2\n",
            "A: 1\né: 2\nB: 2\n",
        ] {
            let headers = Headers::parse(text.as_bytes());
            assert_eq!(headers.fields.len(), 1, "{text:?}");
            assert_eq!(headers.get("B"), None, "{text:?}");
            assert_eq!(headers.to_bytes(), text.as_bytes());
        }
        assert_eq!(Headers::parse(b"\xef\xbb\xbfA: 1\n").get("A"), None);
    }

    #[test]
    fn lines_that_python_skips_are_kept() {
        for line in ["  folded first", ":", ": 2\n folded", "From me", "From: x"] {
            let text = format!("{line}\nA: 1\n");
            assert_eq!(rewritten(&text, |_| ()), text);
            let edited = rewritten(&text, |headers| headers.set("A", ["2".to_owned()]));
            assert_eq!(edited, format!("{line}\nA: 2\n"));
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_kept() {
        let text = b"Generator: \xff\xfe\nA: 1\n";
        assert_eq!(Headers::parse(text).to_bytes(), text);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes in "[A-C: \t\r\nx]{0,40}") {
            let headers = Headers::parse(bytes.as_bytes());
            let written = headers.to_bytes();
            let again = Headers::parse(&written);
            prop_assert_eq!(again.to_bytes(), written);
            let values = |headers: &Headers| headers.all("A").collect::<Vec<_>>();
            prop_assert_eq!(values(&again), values(&headers));
        }

        #[test]
        fn a_set_value_is_the_only_one(text in "([ABb]: [xy]\n( z\n)?){0,6}(\nB: body\n)?", value in "[a-z]{1,5}") {
            let mut headers = Headers::parse(text.as_bytes());
            headers.set("B", [value.clone()]);
            let again = Headers::parse(&headers.to_bytes());
            prop_assert_eq!(again.all("b").collect::<Vec<_>>(), [value]);
            let others = |text: &str| Headers::parse(text.as_bytes()).all("A").collect::<Vec<_>>();
            prop_assert_eq!(again.all("A").collect::<Vec<_>>(), others(&text));
        }
    }
}
