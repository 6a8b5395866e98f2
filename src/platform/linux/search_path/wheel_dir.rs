//! Folders of the tree that an installer makes of a wheel, and the ways between them.
//!
//! `.data/data` is spread over the prefix of the installation, scripts go to its `bin`, and site-packages
//! lies in it too, under a folder that is named for the version of Python.

use std::fmt;

use crate::wheel::Installed;

/// A folder of the tree that an installer makes of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum WheelDir {
    /// In site-packages, which is `""`.
    Site(String),
    /// In the folder for scripts.
    Scripts(String),
    /// In the folder of another key of `.data`; the key comes first.
    Elsewhere(String, String),
}

impl WheelDir {
    /// The folder of an installed file, and the file's name.
    pub(crate) fn of(installed: &Installed) -> (Self, &str) {
        let split = |path: &'_ str| match path.rsplit_once('/') {
            Some((folder, name)) => (folder.to_owned(), path.len().saturating_sub(name.len())),
            None => (String::new(), 0),
        };
        let (dir, path, at) = match installed {
            Installed::Site(path) => {
                let (folder, at) = split(path);
                (Self::Site(folder), path, at)
            }
            Installed::Script(path) => {
                let (folder, at) = split(path);
                (Self::Scripts(folder), path, at)
            }
            Installed::Elsewhere(key, path) => {
                let (folder, at) = split(path);
                (Self::Elsewhere(key.clone(), folder), path, at)
            }
        };
        (dir, path.get(at..).unwrap_or_default())
    }

    /// Below where it starts; slash-separated.
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Site(path) | Self::Scripts(path) | Self::Elsewhere(_, path) => path,
        }
    }

    /// The folder that `way`, which follows `$ORIGIN`, leads to from here; `None` if it leaves what is
    /// known of the installation. What comes before its first slash is added to this folder's name.
    pub(super) fn join(&self, way: &str) -> Option<Self> {
        let (renamed, way) = match way.find('/') {
            Some(at) => way.split_at_checked(at)?,
            None => (way, ""),
        };
        let mut parts = self.parts();
        let renamed = match parts.last() {
            Some(last) if !renamed.is_empty() => Some(format!("{last}{renamed}")),
            None if !renamed.is_empty() => return None,
            _ => None,
        };
        if let (Some(last), Some(renamed)) = (parts.last_mut(), &renamed) {
            *last = renamed;
        }
        for part in plain_parts(way) {
            if part == ".." {
                parts.pop()?;
            } else {
                parts.push(part);
            }
        }
        match (self, parts.as_slice()) {
            (Self::Elsewhere(key, _), parts) if key != DATA => {
                Some(Self::Elsewhere(key.clone(), parts.join("/")))
            }
            (_, [lib, python, site, inside @ ..]) if is_site(lib, python, site) => {
                Some(Self::Site(inside.join("/")))
            }
            (Self::Scripts(_), ["bin", inside @ ..]) => Some(Self::Scripts(inside.join("/"))),
            (_, parts) if parts.contains(&ANY_PYTHON) => None,
            (_, parts) => Some(Self::Elsewhere(DATA.to_owned(), parts.join("/"))),
        }
    }

    /// The way from the prefix of an installation to where this starts; `.data/data` is spread over the
    /// prefix. Of headers it is not known.
    ///
    /// Spec: <https://docs.python.org/3/library/sysconfig.html#posix-prefix>
    fn root(&self) -> &'static [&'static str] {
        match self {
            Self::Site(_) => &["lib", ANY_PYTHON, "site-packages"],
            Self::Scripts(_) => &["bin"],
            Self::Elsewhere(..) => &[],
        }
    }

    /// As folders from the prefix, or from where the key of `.data` leads.
    fn parts(&self) -> Vec<&str> {
        let inside = plain_parts(self.path());
        self.root().iter().copied().chain(inside).collect()
    }

    /// The entry of a search path that leads from here to `other` in every installation; `None` if
    /// there is none: the way into site-packages has the version of Python in it.
    pub(crate) fn way_to(&self, other: &Self) -> Option<String> {
        let keys = |dir: &Self| match dir {
            Self::Elsewhere(key, _) if key != DATA => Some(key.clone()),
            _ => None,
        };
        let within_site = matches!((self, other), (Self::Site(_), Self::Site(_)));
        if keys(self) != keys(other) || (matches!(other, Self::Site(_)) && !within_site) {
            return None;
        }
        let (from, to) = (self.parts(), other.parts());
        // Some systems have site-packages in `lib64`: from part to part the way leads through the prefix.
        let same_part = std::mem::discriminant(self) == std::mem::discriminant(other);
        let pairs = from.iter().zip(&to).filter(|_| same_part);
        let common = pairs.take_while(|(one, two)| one == two).count();
        let up = std::iter::repeat_n("..", from.len().saturating_sub(common));
        let down = to.iter().skip(common).copied();
        let parts: Vec<&str> = std::iter::once("$ORIGIN").chain(up).chain(down).collect();
        Some(parts.join("/"))
    }

    /// How many leading folders two places share; 0 for different roots.
    pub(crate) fn nearness(&self, other: &Self) -> usize {
        let same_root = match (self, other) {
            (Self::Site(_), Self::Site(_)) | (Self::Scripts(_), Self::Scripts(_)) => true,
            (Self::Elsewhere(one, _), Self::Elsewhere(two, _)) => one == two,
            _ => false,
        };
        let pairs = plain_parts(self.path()).zip(plain_parts(other.path()));
        let shared = pairs.take_while(|(one, two)| one == two).count();
        if same_root {
            shared.saturating_add(1)
        } else {
            0
        }
    }
}

/// The key of `.data` whose files go to the prefix.
const DATA: &str = "data";

/// `python3.12` of the prefix, for whichever version the wheel is installed.
const ANY_PYTHON: &str = "python*";

fn is_site(lib: &str, python: &str, site: &str) -> bool {
    ["lib", "lib64"].contains(&lib) && python.starts_with("python") && site == "site-packages"
}

pub(super) fn plain_parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

/// `<wheel>/pkg`, `<scripts>`, `<data>/lib`.
impl fmt::Display for WheelDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = match self {
            Self::Site(_) => "wheel",
            Self::Scripts(_) => "scripts",
            Self::Elsewhere(key, _) => key,
        };
        write!(f, "<{root}>")?;
        if self.path().is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.path())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.data/data` is spread over the prefix that site-packages lies in.
    #[test]
    fn what_leaves_site_packages_may_lead_to_another_part_of_the_wheel() {
        let site = |path: &str| WheelDir::Site(path.to_owned());
        let scripts = || WheelDir::Scripts(String::new());
        let data = |path: &str| WheelDir::Elsewhere("data".to_owned(), path.to_owned());
        let headers = |path: &str| WheelDir::Elsewhere("headers".to_owned(), path.to_owned());
        let ways = [
            (site("pkg"), "/../../../../lib", Some(data("lib"))),
            (site("pkg"), "/../../../lib", Some(data("lib/lib"))),
            (site("pkg"), "/../../x", None),
            (site("pkg"), "/../../../../../x", None),
            (scripts(), "/../lib", Some(data("lib"))),
            (
                scripts(),
                "/../bin/x",
                Some(WheelDir::Scripts("x".to_owned())),
            ),
            (data("bin"), "/../lib", Some(data("lib"))),
            (
                data("lib"),
                "/python3.11/site-packages/pkg",
                Some(site("pkg")),
            ),
            (headers("x"), "/../lib", Some(headers("lib"))),
            (headers("x"), "/../../lib", None),
        ];
        for (from, way, expected) in ways {
            assert_eq!(from.join(way), expected, "{from}{way}");
        }
        let entries = [
            (site("a"), site("a.libs"), Some("$ORIGIN/../a.libs")),
            (site("a"), data("lib"), Some("$ORIGIN/../../../../lib")),
            (scripts(), data("lib"), Some("$ORIGIN/../lib")),
            (data("lib"), data("lib/x.libs"), Some("$ORIGIN/x.libs")),
            (headers("x"), headers("x.libs"), Some("$ORIGIN/../x.libs")),
            (scripts(), site("pkg"), None),
            (data("lib"), site("pkg"), None),
            (headers("x"), data("lib"), None),
        ];
        for (from, to, expected) in entries {
            assert_eq!(from.way_to(&to).as_deref(), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_place_prints_with_its_root() {
        let cases = [
            (
                Installed::Site("pkg/_x.so".to_owned()),
                "<wheel>/pkg",
                "_x.so",
            ),
            (Installed::Site("_x.so".to_owned()), "<wheel>", "_x.so"),
            (Installed::Script("tool".to_owned()), "<scripts>", "tool"),
            (
                Installed::Elsewhere("data".to_owned(), "lib/x.so".to_owned()),
                "<data>/lib",
                "x.so",
            ),
        ];
        for (installed, expected, file) in cases {
            let (dir, name) = WheelDir::of(&installed);
            assert_eq!((dir.to_string().as_str(), name), (expected, file));
        }
    }
}
