//! What the name of a library says by itself: its stem, its hash, whether it is Python's.

/// What comes before `.so`: `libfoo-1.2` for `libfoo-1.2.so.3`.
pub(crate) fn base(name: &str) -> &str {
    name.split_once(".so").map_or(name, |(base, _)| base)
}

/// The name without its folder and without what tells releases apart: `libfoo` for `libfoo.so.1`,
/// `libfoo-1.2.so` and the grafted `libfoo-0a1b2c3d.so.1`.
pub(crate) fn stem(name: &str) -> &str {
    let base = base(name.rsplit('/').next().unwrap_or(name));
    match base.rsplit_once('-') {
        Some((stem, end)) if !stem.is_empty() && (is_hash(end) || is_version(end)) => stem,
        _ => base,
    }
}

/// `libfoo.so.1` for `libfoo-1a2b3c4d.so.1`, and whether there was a hash; a copy of a copy has two.
pub(crate) fn without_hash(soname: &str) -> (String, bool) {
    let (base, rest) = match soname.find('.') {
        Some(at) => soname.split_at_checked(at).unwrap_or((soname, "")),
        None => (soname, ""),
    };
    let mut plain = base;
    while let Some((shorter, hash)) = plain.rsplit_once('-')
        && is_hash(hash)
    {
        plain = shorter;
    }
    (format!("{plain}{rest}"), plain != base)
}

/// As the names of grafts have it; see [`with_hash`].
fn is_hash(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `libfoo-1a2b3c4d.so.1` for `libfoo.so.1` and the hash `1a2b3c4d`. A name that already has it stays.
pub(crate) fn with_hash(file_name: &str, hash: &str) -> String {
    let (base, rest) = match file_name.split_once('.') {
        Some((base, rest)) => (base, format!(".{rest}")),
        None => (file_name, String::new()),
    };
    if base.ends_with(&format!("-{hash}")) {
        return file_name.to_owned();
    }
    format!("{base}-{hash}{rest}")
}

/// libpython, whatever its version and build: `libpython3.so`, `libpython3.11.so.1.0`,
/// `libpython3.13t.so.1.0`, `libpython2.7dmu.so`.
pub(crate) fn is_libpython(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("libpython") else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((version, so_version)) = rest.split_once(".so") else {
        return false;
    };
    let version = version.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let (major, minor) = version
        .split_once('.')
        .map_or((version, None), |(major, minor)| (major, Some(minor)));
    let of_library = match so_version.strip_prefix('.') {
        Some(parts) => parts.split('.').all(digits),
        None => so_version.is_empty(),
    };
    major.len() == 1 && digits(major) && minor.is_none_or(digits) && of_library
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_libpython_is_one() {
        let yes = [
            "libpython3.so",
            "libpython3.11.so",
            "libpython3.11.so.1.0",
            "libpython3.13t.so.1.0",
            "libpython3.13td.so.1.0",
            "libpython3t.so",
            "libpython2.7.so.1.0",
            "libpython3.7m.so.1.0",
        ];
        let no = [
            "libpython.so",
            "libpython3.11.a",
            "libpython3.11-foo.so",
            "libpython3.11.so.1.x",
            "libpython3.11.so.",
            "libpython3.11.sox",
            "libpythonic3.so",
            "libboost_python311.so.1",
            "libpython3..so",
        ];
        for name in yes {
            assert!(is_libpython(name), "{name}");
        }
        for name in no {
            assert!(!is_libpython(name), "{name}");
        }
    }

    #[test]
    fn a_stem_is_what_releases_share() {
        let cases = [
            ("libfoo.so.1", "libfoo"),
            ("libfoo.so", "libfoo"),
            ("libfoo-1.2.so.3", "libfoo"),
            ("libfoo-0a1b2c3d.so.1.2", "libfoo"),
            ("libfoo-bar.so", "libfoo-bar"),
            ("libstdc++.so.6", "libstdc++"),
            ("libicudata.so.72", "libicudata"),
            ("plain", "plain"),
            ("-1.so", "-1"),
            ("pkg.libs/libfoo-0a1b2c3d.so.1", "libfoo"),
        ];
        for (name, expected) in cases {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn hashes_come_and_go() {
        for (name, hashed) in [
            ("libfoo.so.1", "libfoo-1a2b3c4d.so.1"),
            ("libglib-2.0.so.0", "libglib-2-1a2b3c4d.0.so.0"),
            ("plain", "plain-1a2b3c4d"),
        ] {
            assert_eq!(with_hash(name, "1a2b3c4d"), hashed);
            assert_eq!(with_hash(hashed, "1a2b3c4d"), hashed);
            assert_eq!(without_hash(hashed), (name.to_owned(), true));
            assert_eq!(without_hash(name), (name.to_owned(), false));
        }
    }
}
