//! The suffixes that Pythons give their extension modules.

use super::arch::Arch;
use super::platform::Libc;

/// What the suffix that `CPython` gives its extensions says:
/// `.cpython-312-x86_64-linux-musl.so` and the like. `CPython` imports its own suffix, `.abi3.so`
/// and `.so`, so that a suffix of another C library or machine is that of a module that it does
/// not find.
///
/// Source: `PLATFORM_TRIPLET` in `CPython`'s `configure.ac` and `Misc/platform_triplet.c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionSuffix<'a> {
    /// Such as `cpython-312`.
    pub python: &'a str,
    /// Such as `x86_64-linux-musl`.
    pub triplet: &'a str,
    /// The C library that it names. Before `CPython` 3.11 builds for musl said `gnu` too, so that
    /// of those `gnu` says nothing; nor does it of other Pythons.
    pub libc: Option<Libc>,
    /// The architecture that it names, if tags know it.
    pub arch: Option<Arch>,
}

impl<'a> ExtensionSuffix<'a> {
    /// The suffix of a file name; `None` for names without such a one.
    pub fn of(path: &'a str) -> Option<Self> {
        let file = path.rsplit('/').next()?;
        let mut parts = file.strip_suffix(".so")?.rsplit('.');
        let soabi = parts.next()?;
        parts.next()?;
        let (python, rest) = soabi.split_once('-')?;
        let (version, triplet) = rest.split_once('-')?;
        let (machine, system) = triplet.split_once("-linux-")?;
        let libc = if system.starts_with("musl") {
            Some(Libc::Musl)
        } else if system.starts_with("android") {
            Some(Libc::Android)
        } else {
            let tells = system.starts_with("gnu") && python == "cpython" && minor(version) >= 11;
            tells.then_some(Libc::Glibc)
        };
        let python_and_abi = soabi.strip_suffix(triplet)?.strip_suffix('-')?;
        Some(Self {
            python: python_and_abi,
            triplet,
            libc,
            arch: Arch::from_triplet(machine).filter(|_| python == "cpython"),
        })
    }
}

/// `12` of `312`, `312d` and `313t`; 0 if it is none of Python 3.
fn minor(version: &str) -> u32 {
    let digits = version.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let minor = digits
        .strip_prefix('3')
        .and_then(|minor| minor.parse().ok());
    minor.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_an_extension_names_its_c_library() {
        use Arch::{Aarch64, Armv7l, I686, X86_64};
        let (glibc, musl, android) = (Libc::Glibc, Libc::Musl, Libc::Android);
        let cases = [
            ("cpython-312-x86_64-linux-gnu", Some(glibc), Some(X86_64)),
            ("cpython-312-x86_64-linux-musl", Some(musl), Some(X86_64)),
            (
                "cpython-313t-arm-linux-gnueabihf",
                Some(glibc),
                Some(Armv7l),
            ),
            ("cpython-310-arm-linux-musleabihf", Some(musl), Some(Armv7l)),
            ("cpython-311d-i386-linux-gnu", Some(glibc), Some(I686)),
            ("cpython-311-x86_64-linux-gnux32", Some(glibc), Some(X86_64)),
            ("cpython-311-mips64el-linux-gnuabi64", Some(glibc), None),
            (
                "cpython-313-aarch64-linux-android",
                Some(android),
                Some(Aarch64),
            ),
            (
                "cpython-313-arm-linux-androideabi",
                Some(android),
                Some(Armv7l),
            ),
            ("cpython-310-x86_64-linux-gnu", None, Some(X86_64)),
            ("cpython-36m-x86_64-linux-gnu", None, Some(X86_64)),
            ("pypy39-pp73-x86_64-linux-gnu", None, None),
            ("pypy39-pp73-x86_64-linux-musl", Some(musl), None),
        ];
        for (soabi, libc, arch) in cases {
            let path = format!("pkg/x.{soabi}.so");
            let suffix = ExtensionSuffix::of(&path).unwrap();
            assert_eq!((suffix.libc, suffix.arch), (libc, arch), "{path}");
        }
        let others = [
            "x.abi3.so",
            "x.so",
            "libfoo-x86_64-linux-gnu.so",
            "cpython-312-x86_64-linux-gnu.so",
        ];
        for path in others {
            assert_eq!(ExtensionSuffix::of(path), None, "{path}");
        }
    }
}
