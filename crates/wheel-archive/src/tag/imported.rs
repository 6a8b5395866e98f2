//! Which Pythons import an extension by its file name, and whether a wheel's tags are for one of
//! them.
//!
//! Specs: <https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>,
//! <https://peps.python.org/pep-3149/>

use super::name::WheelName;

impl WheelName {
    /// Whether one of the tags is for a Python that imports the extensions of `python`, as a suffix
    /// names it: `cpython-312`, `pypy310-pp73`. True too where that cannot be told.
    pub fn is_for(&self, python: &str) -> bool {
        let Some(own) = Python::of(python) else {
            return true;
        };
        let mut pairs = self
            .python
            .iter()
            .flat_map(|python| self.abi.iter().map(move |abi| (python.as_str(), abi)));
        pairs.any(|(python, abi)| own.installs(python, abi))
    }
}

/// A Python, as the suffix of its extensions names it.
enum Python<'a> {
    /// Minor version, and the flags of its ABI but for `d`: a debug build takes what the others do.
    CPython(u32, String),
    /// Python and ABI tag.
    PyPy(&'a str, String),
}

impl<'a> Python<'a> {
    fn of(suffix: &'a str) -> Option<Self> {
        let (python, abi) = suffix.split_once('-')?;
        if python == "cpython" {
            let (minor, flags) = version(abi.strip_prefix('3')?)?;
            return Some(Self::CPython(minor, flags));
        }
        // The first ones were called `pypy3-71`, whatever Python they are.
        let number = python.strip_prefix("pypy")?;
        let tells = number.len() > 1 && number.bytes().all(|byte| byte.is_ascii_digit());
        tells.then(|| Self::PyPy(number, format!("{python}_{abi}")))
    }

    /// Whether installers of this Python take a wheel with these two tags.
    fn installs(&self, python: &str, abi: &str) -> bool {
        if let Some(least) = python.strip_prefix("py3") {
            return least.is_empty() || least.parse().is_ok_and(|least| self.is_at_least(least));
        }
        match self {
            Self::CPython(minor, flags) => {
                let tagged = python.strip_prefix("cp3").and_then(version);
                tagged.is_some_and(|(tagged, _)| match abi {
                    "none" => tagged == *minor,
                    "abi3" => tagged <= *minor && !flags.contains('t'),
                    "abi3t" => tagged <= *minor,
                    _ => abi.strip_prefix("cp3").and_then(version) == Some((*minor, flags.clone())),
                })
            }
            Self::PyPy(number, own) => {
                python.strip_prefix("pp") == Some(number) && (abi == "none" || abi == own)
            }
        }
    }

    /// Whether it is Python 3.`least` or newer.
    fn is_at_least(&self, least: u32) -> bool {
        match self {
            Self::CPython(minor, _) => least <= *minor,
            Self::PyPy(number, _) => {
                let minor = number.strip_prefix('3').and_then(|rest| rest.parse().ok());
                minor.is_some_and(|minor: u32| least <= minor)
            }
        }
    }
}

/// `12` and `t` of `12td`.
fn version(text: &str) -> Option<(u32, String)> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let flags = text.strip_prefix(digits)?.replace('d', "");
    Some((digits.parse().ok()?, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_for_the_pythons_of_its_suffix() {
        let cases = [
            ("cp312-cp312", "cpython-312", true),
            ("cp312-cp312", "cpython-311", false),
            ("cp312-cp312", "cpython-312d", true),
            ("cp313-cp313", "cpython-313t", false),
            ("cp313-cp313t", "cpython-313t", true),
            ("cp313-cp313t", "cpython-313", false),
            ("cp313-cp313t", "cpython-313td", true),
            ("cp37-cp37m", "cpython-37m", true),
            ("cp37-cp37m", "cpython-36m", false),
            ("cp39.cp310-cp39.cp310", "cpython-310", true),
            ("cp39.cp310-cp39.cp310", "cpython-311", false),
            ("cp39-abi3", "cpython-310", true),
            ("cp39-abi3", "cpython-38", false),
            ("cp39-abi3", "cpython-313t", false),
            ("cp315-abi3.abi3t", "cpython-315t", true),
            ("cp312-none", "cpython-312", true),
            ("cp312-none", "cpython-313", false),
            ("py3-none", "cpython-38", true),
            ("py2.py3-none", "cpython-38", true),
            ("py310-none", "cpython-38", false),
            ("py38-none", "cpython-310", true),
            ("py2-none", "cpython-38", false),
            ("cp27-cp27mu", "cpython-38", false),
            ("pp310-pypy310_pp73", "cpython-310", false),
            ("pp310-pypy310_pp73", "pypy310-pp73", true),
            ("pp310-pypy310_pp73", "pypy39-pp73", false),
            ("pp310-none", "pypy310-pp73", true),
            ("py3-none", "pypy310-pp73", true),
            ("cp310-cp310", "pypy310-pp73", false),
            // What is not known is not judged.
            ("pp371-pypy3_71", "pypy3-71", true),
            ("cp310-cp310", "graalpy-38", true),
        ];
        for (tags, python, expected) in cases {
            let name: WheelName = format!("a-1-{tags}-linux_x86_64.whl").parse().unwrap();
            assert_eq!(name.is_for(python), expected, "{python} in {tags}");
        }
    }
}
