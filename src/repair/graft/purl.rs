//! Package URLs.
//!
//! Spec: <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst>

use std::fmt::Write as _;

/// `pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS`. Empty parts are left out; qualifiers are sorted
/// by key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Purl<'a> {
    /// Such as `deb` or `pypi`.
    pub kind: &'a str,
    /// Such as `debian`.
    pub namespace: &'a str,
    /// The package's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Keys and values.
    pub qualifiers: &'a [(&'a str, &'a str)],
}

impl std::fmt::Display for Purl<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", encoded(self.namespace))?;
        }
        f.write_str(&encoded(self.name))?;
        if !self.version.is_empty() {
            write!(f, "@{}", encoded(self.version))?;
        }
        let mut qualifiers: Vec<_> = self
            .qualifiers
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        qualifiers.sort();
        for (place, (key, value)) in qualifiers.into_iter().enumerate() {
            let mark = if place == 0 { '?' } else { '&' };
            write!(f, "{mark}{key}={}", encoded(value))?;
        }
        Ok(())
    }
}

/// Percent-encodes what may not stand plainly.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte);
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_as_the_specification_writes_them() {
        let cases = [
            (
                Purl {
                    kind: "deb",
                    namespace: "debian",
                    name: "attr",
                    version: "1:2.4.47-2+b1",
                    qualifiers: &[("distro", "bookworm"), ("arch", "amd64")],
                },
                "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=bookworm",
            ),
            (
                Purl {
                    kind: "pypi",
                    name: "django",
                    version: "1.11.1",
                    qualifiers: &[("file_name", "")],
                    ..Purl::default()
                },
                "pkg:pypi/django@1.11.1",
            ),
            (
                Purl {
                    kind: "generic",
                    name: "a b/c",
                    ..Purl::default()
                },
                "pkg:generic/a%20b%2Fc",
            ),
        ];
        for (purl, expected) in cases {
            assert_eq!(purl.to_string(), expected);
        }
    }
}
