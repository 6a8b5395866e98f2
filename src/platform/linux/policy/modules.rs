//! Libraries that open modules and data by paths which were fixed when they were built: a copy in a
//! wheel comes without those, and looks for them where the build machine had them.
//!
//! The table is `policy/runtime-modules.json` (what it is → its sonames, what it opens, what tells it
//! where). The C library's own modules (gconv, NSS) are not in it: it never comes in.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::fnmatch::Pattern;

/// A library that opens modules at run time.
#[derive(Clone, Debug)]
pub struct Opener {
    /// What it is, such as `OpenSSL 3`.
    pub of: String,
    /// What its sonames match.
    pub libraries: Vec<Pattern>,
    /// What it opens, to follow "opens".
    pub opens: String,
    /// Environment variables and the like that tell it where, to follow "told by".
    pub told_by: String,
}

#[derive(Deserialize)]
struct Row {
    libraries: Vec<String>,
    opens: String,
    told_by: String,
}

/// All that are known, by name.
pub fn openers() -> &'static [Opener] {
    static OPENERS: OnceLock<Vec<Opener>> = OnceLock::new();
    OPENERS.get_or_init(|| {
        let text = include_str!("../../../../policy/runtime-modules.json");
        // A test holds that the table parses.
        let rows: BTreeMap<String, Row> = serde_json::from_str(text).unwrap_or_default();
        let openers = rows.into_iter().map(|(of, row)| Opener {
            of,
            libraries: row.libraries.into_iter().map(Pattern::new).collect(),
            opens: row.opens,
            told_by: row.told_by,
        });
        openers.collect()
    })
}

/// What the library `soname`, without a hash in its name, opens.
pub fn opener(soname: &str) -> Option<&'static Opener> {
    openers().iter().find(|opener| {
        let mut patterns = opener.libraries.iter();
        patterns.any(|pattern| pattern.matches(soname))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_names_are_told_apart() {
        assert!(openers().len() >= 25);
        let of = |soname: &str| opener(soname).map(|opener| opener.of.as_str());
        let cases = [
            ("libcrypto.so.3", Some("OpenSSL 3")),
            ("libcrypto.so.1.1", Some("OpenSSL 1.1")),
            ("libsasl2.so.2", Some("Cyrus SASL")),
            ("libgssapi_krb5.so.2", Some("MIT Kerberos")),
            ("libMagickCore-7.Q16HDRI.so.10", Some("ImageMagick")),
            ("libgio-2.0.so.0", Some("GIO")),
            ("libtcl8.6.so", Some("Tcl and Tk")),
            ("libtk8.6.so", Some("Tcl and Tk")),
            ("libnss3.so", Some("NSS")),
            ("libcryptopp.so.8", None),
            ("libz.so.1", None),
            ("libhdf5_hl.so.200", None),
        ];
        for (soname, expected) in cases {
            assert_eq!(of(soname), expected, "{soname}");
        }
    }
}
