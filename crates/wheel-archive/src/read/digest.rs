//! Hashes of a member, taken while it streams.

use std::fmt::Write as _;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// A hash that RECORD may use beside SHA-256, and that can be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `sha224`; weaker than what the specification asks for.
    Sha224,
    /// `sha384`.
    Sha384,
    /// `sha512`.
    Sha512,
}

impl Algorithm {
    /// The one that Python's `hashlib` calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha224" => Some(Self::Sha224),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// Takes the SHA-256 of a stream, and one hash more where RECORD asks for it.
#[derive(Clone, Debug)]
pub struct Digester {
    sha256: Sha256,
    other: Option<Other>,
}

#[derive(Clone, Debug)]
enum Other {
    Sha224(Sha224),
    Sha384(Sha384),
    Sha512(Sha512),
}

/// The hashes of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: [u8; 32],
    /// What [`Digester::new`] asked for beside it.
    pub other: Option<Vec<u8>>,
}

impl Digester {
    /// `other` is what RECORD uses for this member ([`crate::metadata::record::Record::algorithm`]).
    pub fn new(other: Option<Algorithm>) -> Self {
        Self {
            sha256: Sha256::new(),
            other: other.map(|algorithm| match algorithm {
                Algorithm::Sha224 => Other::Sha224(Sha224::new()),
                Algorithm::Sha384 => Other::Sha384(Sha384::new()),
                Algorithm::Sha512 => Other::Sha512(Sha512::new()),
            }),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        match &mut self.other {
            Some(Other::Sha224(hash)) => hash.update(bytes),
            Some(Other::Sha384(hash)) => hash.update(bytes),
            Some(Other::Sha512(hash)) => hash.update(bytes),
            None => {}
        }
    }

    /// The hashes of all bytes taken.
    pub fn finish(self) -> Digests {
        Digests {
            sha256: self.sha256.finalize().into(),
            other: self.other.map(|other| match other {
                Other::Sha224(hash) => hash.finalize().to_vec(),
                Other::Sha384(hash) => hash.finalize().to_vec(),
                Other::Sha512(hash) => hash.finalize().to_vec(),
            }),
        }
    }
}

/// Two lower-case digits for each of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes_of_abc() {
        let cases = [
            (
                "sha224",
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            ),
            (
                "sha384",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ];
        for (name, expected) in cases {
            let mut digester = Digester::new(Algorithm::from_name(name));
            digester.update(b"a");
            digester.update(b"bc");
            let digests = digester.finish();
            assert_eq!(hex(&digests.other.unwrap()), expected, "{name}");
            assert_eq!(
                hex(&digests.sha256),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            );
        }
        assert_eq!(Digester::new(None).finish().other, None);
        assert_eq!(Algorithm::from_name("md5"), None);
    }
}
