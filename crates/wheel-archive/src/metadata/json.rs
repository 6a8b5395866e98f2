//! JSON that somebody else wrote: read into types, and complaints that name the key they are about.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};

/// What is wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadJson {
    /// Where, such as `architectures.x86_64.tags[2]`; empty for the text as a whole.
    pub key: String,
    /// What, with line and column.
    pub reason: String,
}

/// Reads one value, and nothing behind it. Depth is bounded: 128 levels.
///
/// # Errors
/// If the text is no JSON, or not of this type.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, BadJson> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let key = error.path().to_string();
        BadJson {
            key: if key == "." { String::new() } else { key },
            reason: error.inner().to_string(),
        }
    })?;
    json.end().map_err(|error| BadJson {
        key: String::new(),
        reason: error.to_string(),
    })?;
    Ok(value)
}

/// An object whose keys are all different. JSON lets a key repeat, and readers differ in which they
/// take: such a text means two things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique<V>(pub BTreeMap<String, V>);

impl<V> Default for Unique<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Unique<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor(PhantomData))
    }
}

struct UniqueVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for UniqueVisitor<V> {
    type Value = Unique<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("`{key}` is there twice")));
            }
            let value = entries.next_value()?;
            map.insert(key, value);
        }
        Ok(Unique(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Table = Unique<Unique<Vec<String>>>;

    #[test]
    fn complaints_name_the_key() {
        let cases = [
            (
                r#"{"a": {"b": ["c", 7]}}"#,
                "a.b[1]",
                "invalid type: integer",
            ),
            (r#"{"a": {"b": ["c"], "b": []}}"#, "a", "`b` is there twice"),
            (r#"{"a": []}"#, "a", "expected an object"),
            (
                r#"{"a": {}} x"#,
                "",
                "trailing characters at line 1 column 11",
            ),
            ("", "", "EOF"),
            ("\u{feff}{}", "", "expected value"),
        ];
        for (text, key, reason) in cases {
            let bad = read::<Table>(text.as_bytes()).unwrap_err();
            assert_eq!(bad.key, key, "{text}");
            assert!(bad.reason.contains(reason), "{text}: {}", bad.reason);
        }
        let deep = "[".repeat(100_000);
        let bad = read::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert!(bad.reason.contains("recursion limit"), "{}", bad.reason);
        let table: Table = read(br#"{"a": {"b": ["c"]}}"#).unwrap();
        assert_eq!(table.0["a"].0["b"], ["c"]);
    }
}
