//! The paths that an `include` of `ld.so.conf` means: as glob(7), within bounds.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::config::under;
use super::file;
use crate::fnmatch::Pattern;

/// What may be spent on all includes of a configuration: characters of names times characters of
/// patterns. A system's own take some ten thousand.
const MOST_WORK: usize = 1 << 27;
/// What walking a folder counts as.
const FOLDER: usize = 1 << 12;

/// Finds paths under a root; gives up when it has worked too much.
#[derive(Debug)]
pub(super) struct Glob<'a> {
    root: &'a Path,
    left: usize,
}

impl<'a> Glob<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self {
            root,
            left: MOST_WORK,
        }
    }

    /// The paths that match `pattern` (absolute), sorted; a pattern without wildcards is itself. Of
    /// several paths to one folder the first counts: links make more of them than anyone could walk.
    pub(super) fn paths(&mut self, pattern: &Path) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::from("/")];
        for part in pattern.components() {
            let Component::Normal(part) = part else {
                if part == Component::ParentDir {
                    found = joined(&found, Path::new(".."));
                }
                continue;
            };
            let pattern = Pattern::new(part.to_string_lossy());
            if pattern.is_literal() {
                found = joined(&found, Path::new(part));
                continue;
            }
            let mut walked = BTreeSet::new();
            let mut longer = Vec::new();
            for folder in &found {
                longer.extend(self.matches_in(folder, &pattern, &mut walked));
            }
            found = longer;
        }
        found
    }

    fn matches_in(
        &mut self,
        folder: &Path,
        pattern: &Pattern,
        walked: &mut BTreeSet<PathBuf>,
    ) -> Vec<PathBuf> {
        if !self.may_spend(FOLDER) {
            return Vec::new();
        }
        let real = file::real_path(self.root, &under(self.root, folder));
        let Some(real) = real.ok().map(|(real, _)| real) else {
            return Vec::new();
        };
        if walked.contains(&real) {
            return Vec::new();
        }
        let entries = fs::read_dir(&real).ok();
        walked.insert(real);
        let mut names: Vec<OsString> = Vec::new();
        for entry in entries.into_iter().flatten().filter_map(Result::ok) {
            let name = entry.file_name();
            let len = folder.as_os_str().len().saturating_add(name.len());
            // Names come in no order, so part of a folder would be another part each time.
            if !self.may_spend(len.saturating_mul(pattern.as_str().len())) {
                return Vec::new();
            }
            if fits(&name, pattern) {
                names.push(name);
            }
        }
        names.sort();
        names.iter().map(|name| folder.join(name)).collect()
    }

    /// Whether so much may be spent yet; it is spent then, and else all that is left.
    fn may_spend(&mut self, work: usize) -> bool {
        let left = self.left.checked_sub(work);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

fn fits(name: &OsStr, pattern: &Pattern) -> bool {
    let name = name.to_string_lossy();
    let hidden = pattern.as_str().starts_with('.');
    (hidden || !name.starts_with('.')) && pattern.matches(&name)
}

fn joined(folders: &[PathBuf], part: &Path) -> Vec<PathBuf> {
    folders.iter().map(|folder| folder.join(part)).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_folder_is_walked_once_for_each_star() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir(root.join("etc")).unwrap();
        for link in 0..12 {
            symlink(".", root.join(format!("etc/l{link:02}"))).unwrap();
        }
        let mut glob = Glob::new(root);
        let found = glob.paths(Path::new(&format!("/etc/{}x", "*/".repeat(9))));
        let first = format!("/etc/{}l00/x", "l00/".repeat(8));
        assert_eq!((found.len(), &found[0]), (12, &PathBuf::from(first)));
        // Every star sees twelve ways, and walks one of them.
        assert!(MOST_WORK - glob.left < (1 + 8 * 12) * FOLDER * 2);
    }

    #[test]
    fn what_costs_too_much_is_given_up_whole() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        (0..100).for_each(|name| fs::write(root.join(format!("{name:03}")), "").unwrap());
        let mut glob = Glob::new(root);
        assert_eq!(glob.paths(Path::new("/0*")).len(), 100);
        glob.left = FOLDER + 100;
        assert_eq!(glob.paths(Path::new("/0*")), [""; 0].map(PathBuf::from));
        assert_eq!((glob.left, glob.paths(Path::new("/x")).len()), (0, 1));
    }
}
