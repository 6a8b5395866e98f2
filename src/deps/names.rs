//! What a name in `DT_NEEDED` says by itself.

/// libpython, whatever its version and build: `libpython3.so`, `libpython3.11.so.1.0`,
/// `libpython3.13t.so.1.0`, `libpython2.7dmu.so`.
pub fn is_libpython(name: &str) -> bool {
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

/// The name without what tells releases apart: `libfoo` for `libfoo.so.1`, `libfoo-1.2.so` and
/// the grafted `libfoo-0a1b2c3d.so.1`.
pub fn stem(name: &str) -> &str {
    let base = match name.find(".so") {
        Some(at) => name.get(..at).unwrap_or(name),
        None => name,
    };
    let Some((stem, suffix)) = base.rsplit_once('-') else {
        return base;
    };
    let version = suffix.starts_with(|c: char| c.is_ascii_digit())
        && suffix
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let hash = suffix.len() == 8 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if (version || hash) && !stem.is_empty() {
        stem
    } else {
        base
    }
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
        ];
        for (name, expected) in cases {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
