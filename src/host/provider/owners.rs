//! Which package brought which library.
//!
//! By folder: a database may hold one long folder name and many files in it, and then the name is kept,
//! and looked at, once.

use std::borrow::Cow;
use std::collections::HashMap;

/// So many libraries are kept at most: several times what the largest systems have.
pub(super) const MOST_LIBRARIES: usize = 1 << 19;

/// The libraries that one package brought: folders, and the names in each.
#[derive(Debug, Default)]
pub(super) struct Libraries<'a> {
    folders: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
}

impl<'a> Libraries<'a> {
    /// Adds a folder, the one that names are of from now on.
    pub(super) fn folder(&mut self, folder: impl Into<Cow<'a, str>>) {
        match self.folders.last_mut() {
            // Nothing came of the one before.
            Some((last, names)) if names.is_empty() => *last = folder.into(),
            _ => self.folders.push((folder.into(), Vec::new())),
        }
    }

    /// Adds a file of the folder that was added last, if it is a library.
    pub(super) fn file(&mut self, name: impl Into<Cow<'a, str>>) {
        let name = name.into();
        if !is_library(&name) {
            return;
        }
        if self.folders.is_empty() {
            self.folder("");
        }
        if let Some((_, names)) = self.folders.last_mut() {
            names.push(name);
        }
    }

    /// Adds a path.
    pub(super) fn path(&mut self, path: &'a str) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.folders.last().is_none_or(|(last, _)| last != folder) {
            self.folder(folder);
        }
        self.file(name);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.iter().all(|(_, names)| names.is_empty())
    }
}

/// Whether a file of this name may be a library.
pub(super) fn is_library(name: &str) -> bool {
    name.contains(".so")
}

/// The owners of all libraries, by number.
#[derive(Debug, Default)]
pub(super) struct Owners {
    folders: HashMap<String, HashMap<String, usize>>,
    count: usize,
}

impl Owners {
    /// Says that `owner` brought `libraries`; who came first stays the owner.
    pub(super) fn add(&mut self, libraries: &Libraries<'_>, owner: usize) {
        for (folder, names) in &libraries.folders {
            let folder = self.folders.entry(key(folder).to_owned()).or_default();
            for name in names {
                if self.count >= MOST_LIBRARIES {
                    return;
                }
                if !folder.contains_key(&**name) {
                    folder.insert(name.clone().into_owned(), owner);
                    self.count = self.count.saturating_add(1);
                }
            }
        }
    }

    /// Who brought the library at `path`.
    pub(super) fn of(&self, path: &str) -> Option<usize> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.folders.get(key(folder))?.get(name).copied()
    }
}

/// A folder without what is only a matter of when `/lib` became a link to `/usr/lib`.
fn key(folder: &str) -> &str {
    let folder = folder.trim_matches('/');
    if folder == "usr" {
        return "";
    }
    folder.strip_prefix("usr/").unwrap_or(folder)
}

#[cfg(test)]
impl Libraries<'_> {
    /// How many folder names it holds.
    pub(super) fn folders(&self) -> usize {
        self.folders.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_kept_once_however_many_files_it_has() {
        let folder = format!("/usr/{}/", "d".repeat(1000));
        let mut libraries = Libraries::default();
        libraries.folder(folder.as_str());
        for number in 0..1000 {
            libraries.file(format!("lib{number}.so"));
            libraries.file(format!("lib{number}.a"));
        }
        libraries.path("/usr/lib64/libz.so.1");
        libraries.path("libtop.so");
        let mut owners = Owners::default();
        owners.add(&libraries, 7);
        let kept: usize = owners.folders.keys().map(String::len).sum();
        assert_eq!((owners.folders.len(), kept), (3, 1000 + "lib64".len()));
        assert_eq!(owners.count, 1002);
        assert_eq!(owners.of(&format!("{folder}lib3.so")), Some(7));
        assert_eq!(owners.of("lib64/libz.so.1"), Some(7));
        assert_eq!(owners.of("/usr/libtop.so"), Some(7));
        assert_eq!(owners.of("/lib64/libtop.so"), None);
    }

    #[test]
    fn who_came_first_stays_the_owner_and_there_is_an_end() {
        let mut libraries = Libraries::default();
        (0..MOST_LIBRARIES + 10).for_each(|number| libraries.file(format!("{number}.so")));
        let mut owners = Owners::default();
        owners.add(&libraries, 0);
        owners.add(&libraries, 1);
        assert_eq!(owners.count, MOST_LIBRARIES);
        assert_eq!(owners.of("5.so"), Some(0));
    }
}
