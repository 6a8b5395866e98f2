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

/// The dynamic loader, or the library that the kernel brings: in every process already.
pub fn is_loader(name: &str) -> bool {
    let versioned = |stem: &str| {
        let rest = name.strip_prefix(stem);
        rest.is_some_and(|rest| rest.starts_with(['-', '.']))
    };
    versioned("ld-linux")
        || versioned("ld64.so")
        || name == "ld.so.1"
        || name.starts_with("ld-musl-")
        || name.starts_with("ld-android.so")
        || versioned("linux-vdso")
        || versioned("linux-vdso32")
        || versioned("linux-vdso64")
        || versioned("linux-gate")
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
    fn every_loader_is_one() {
        let yes = [
            "ld-linux-x86-64.so.2",
            "ld-linux.so.2",
            "ld-linux-armhf.so.3",
            "ld64.so.1",
            "ld64.so.2",
            "ld-musl-aarch64.so.1",
            "linux-vdso.so.1",
            "linux-gate.so.1",
            "linux-vdso64.so.1",
        ];
        let no = [
            "libc.so.6",
            "ld-linuxish.so",
            "libld-linux.so",
            "libc.musl-x86_64.so.1",
        ];
        for name in yes {
            assert!(is_loader(name), "{name}");
        }
        for name in no {
            assert!(!is_loader(name), "{name}");
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
