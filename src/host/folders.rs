//! Folders that are searched: links followed once, names listed once when many are looked for.
//!
//! To ask for one name is cheaper than to list a folder of thousands, and to ask for ten thousand
//! names in each of five hundred folders is dearer than anything. So a folder is listed when it has
//! been asked often, and from then on a name leads to the folders that hold it.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Host, lock};

/// So many names are asked for one by one before a folder is listed.
const PATIENCE: usize = 200;
/// A folder with more names is never listed, nor are folders when so many names are known.
const MOST_NAMES: usize = 1 << 18;

/// Number of a folder; folders of different names that are one have one.
type FolderId = usize;
/// Number of a listing: the order in which folders were listed.
type ListingId = usize;

/// All folders that were asked about.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// By the name it is searched under; `None` for what is no folder.
    by_name: HashMap<PathBuf, Option<FolderId>>,
    by_real_path: HashMap<PathBuf, FolderId>,
    all: Vec<Folder>,
    /// The folder of each listing.
    listed: Vec<FolderId>,
    /// By name: the listings that hold it, ascending.
    names: HashMap<OsString, Vec<ListingId>>,
    kept: usize,
}

#[derive(Debug)]
struct Folder {
    real_path: PathBuf,
    asked: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unlisted,
    Listed(ListingId),
    /// It cannot be listed, or has too many names.
    Unlistable,
}

/// Folders that are searched one after the other.
#[derive(Debug, Default)]
pub struct Group {
    /// By place: the folder, if it may be searched.
    folders: Vec<Option<FolderId>>,
    /// The first place of each folder.
    places: HashMap<FolderId, usize>,
    /// All of them are listed.
    listed: AtomicBool,
}

impl Group {
    /// Whether no folder of it may be searched.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

impl Folders {
    /// The folder called `dir`; `find` follows its links.
    pub(super) fn id(
        &mut self,
        dir: &Path,
        find: impl FnOnce() -> Option<PathBuf>,
    ) -> Option<FolderId> {
        if let Some(known) = self.by_name.get(dir) {
            return *known;
        }
        let id = find().map(|real_path| {
            *self
                .by_real_path
                .entry(real_path)
                .or_insert_with_key(|real_path| {
                    self.all.push(Folder {
                        real_path: real_path.clone(),
                        asked: 0,
                        state: State::Unlisted,
                    });
                    self.all.len().saturating_sub(1)
                })
        });
        self.by_name.insert(dir.to_path_buf(), id);
        id
    }

    /// Where a folder really is.
    pub(super) fn real_path(&self, id: FolderId) -> Option<&Path> {
        self.all.get(id).map(|folder| folder.real_path.as_path())
    }

    /// Puts folders together, in order.
    pub(super) fn group(folders: Vec<Option<FolderId>>) -> Group {
        let mut places = HashMap::new();
        for (place, folder) in folders.iter().enumerate() {
            if let Some(folder) = folder {
                places.entry(*folder).or_insert(place);
            }
        }
        Group {
            folders,
            places,
            listed: AtomicBool::new(false),
        }
    }

    /// Whether a folder may hold `name`: not if it was listed and had none.
    pub(super) fn may_have(&mut self, id: FolderId, name: &OsStr) -> bool {
        match self.asked(id) {
            State::Listed(listing) => {
                let listings = self.names.get(name);
                listings.is_some_and(|listings| listings.binary_search(&listing).is_ok())
            }
            State::Unlisted | State::Unlistable => true,
        }
    }

    /// The places of a group that may hold `name`, in order.
    pub(super) fn places(&mut self, group: &Group, name: &OsStr) -> Vec<usize> {
        if !group.listed.load(Ordering::Relaxed) {
            return self.asked_one_by_one(group, name);
        }
        let holders = self.names.get(name).map_or(&[][..], Vec::as_slice);
        if holders.len() > group.places.len() {
            return self.asked_one_by_one(group, name);
        }
        let folders = holders
            .iter()
            .filter_map(|listing| self.listed.get(*listing));
        let mut places: Vec<usize> = folders
            .filter_map(|folder| group.places.get(folder).copied())
            .collect();
        places.sort_unstable();
        places
    }

    fn asked_one_by_one(&mut self, group: &Group, name: &OsStr) -> Vec<usize> {
        let mut all_listed = true;
        let mut places = Vec::new();
        for (place, folder) in group.folders.iter().enumerate() {
            let Some(id) = *folder else { continue };
            if self.may_have(id, name) {
                places.push(place);
            }
            let state = self.all.get(id).map(|folder| folder.state);
            all_listed &= matches!(state, Some(State::Listed(_)));
        }
        group.listed.store(all_listed, Ordering::Relaxed);
        places
    }

    /// Counts a question, and lists the folder if there were many.
    fn asked(&mut self, id: FolderId) -> State {
        let Some(folder) = self.all.get_mut(id) else {
            return State::Unlistable;
        };
        folder.asked = folder.asked.saturating_add(1);
        if folder.state != State::Unlisted || folder.asked <= PATIENCE {
            return folder.state;
        }
        let left = MOST_NAMES.saturating_sub(self.kept);
        folder.state = match names(&folder.real_path, left) {
            Some(names) => {
                let listing = self.listed.len();
                self.listed.push(id);
                self.kept = self.kept.saturating_add(names.len());
                for name in names {
                    self.names.entry(name).or_default().push(listing);
                }
                State::Listed(listing)
            }
            None => State::Unlistable,
        };
        folder.state
    }
}

impl Host {
    /// Puts folders together that are searched one after the other.
    pub fn group<'d>(&self, dirs: impl Iterator<Item = &'d Path>) -> Group {
        let mut folders = lock(&self.folders);
        let ids = dirs.map(|dir| {
            let dir = Some(dir).filter(|dir| self.may_search(dir))?;
            folders.id(dir, || self.find_folder(dir))
        });
        Folders::group(ids.collect())
    }

    /// The places of `group` in which [`Host::probe`] may find `name`, in order: all that were not listed,
    /// and of those that were the ones that hold it.
    pub fn places(&self, group: &Group, name: &str) -> Vec<usize> {
        lock(&self.folders).places(group, name.as_ref())
    }

    /// The folder with its links followed, unless it is known that it holds no `name`.
    pub(super) fn folder_for(&self, dir: &Path, name: &str) -> Option<PathBuf> {
        let mut folders = lock(&self.folders);
        let id = folders.id(dir, || self.find_folder(dir))?;
        let folder = folders.may_have(id, name.as_ref()).then_some(id)?;
        folders.real_path(folder).map(Path::to_path_buf)
    }
}

/// All names in a folder, if there are at most `most`.
fn names(folder: &Path, most: usize) -> Option<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        if names.len() >= most {
            return None;
        }
        names.push(entry.ok()?.file_name());
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten folders, of which each holds one name that is its own and all hold one.
    fn ten() -> (tempfile::TempDir, Folders, Group) {
        let root = tempfile::tempdir().unwrap();
        let mut folders = Folders::default();
        let ids = (0..10).map(|number| {
            let dir = root.path().join(number.to_string());
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("all"), "").unwrap();
            fs::write(dir.join(format!("own{number}")), "").unwrap();
            folders.id(&dir, || Some(dir.clone()))
        });
        let group = Folders::group(ids.chain([None]).collect());
        (root, folders, group)
    }

    #[test]
    fn a_name_leads_to_its_folders_once_they_have_been_asked_often() {
        let (_root, mut folders, group) = ten();
        let everywhere: Vec<usize> = (0..10).collect();
        for _ in 0..PATIENCE {
            let places = folders.places(&group, "none".as_ref());
            assert_eq!(places, everywhere, "nothing is known yet");
        }
        assert_eq!(folders.listed.len(), 0);
        assert_eq!(folders.places(&group, "own7".as_ref()), [7]);
        assert_eq!(folders.listed.len(), 10);
        let asked = |folders: &Folders| -> usize { folders.all.iter().map(|it| it.asked).sum() };
        let before = asked(&folders);
        assert_eq!(folders.places(&group, "none".as_ref()), [0; 0]);
        assert_eq!(folders.places(&group, "own3".as_ref()), [3]);
        assert_eq!(folders.places(&group, "all".as_ref()), everywhere);
        assert_eq!(asked(&folders), before, "no folder is asked any more");
    }

    #[test]
    fn a_folder_that_many_groups_ask_is_listed_for_all() {
        let (_root, mut folders, group) = ten();
        for _ in 0..=PATIENCE {
            assert!(folders.may_have(4, "all".as_ref()));
        }
        assert!(!folders.may_have(4, "own5".as_ref()));
        assert_eq!(
            folders.places(&group, "own5".as_ref()),
            [0, 1, 2, 3, 5, 6, 7, 8, 9]
        );
    }

    #[test]
    fn what_cannot_be_listed_is_asked_each_time() {
        let mut folders = Folders::default();
        let gone = Path::new("/no/such/folder");
        let id = folders.id(gone, || Some(gone.to_path_buf()));
        let group = Folders::group(vec![id, id]);
        for _ in 0..PATIENCE * 2 {
            assert_eq!(folders.places(&group, "x".as_ref()), [0, 1]);
        }
        assert_eq!(folders.listed.len(), 0);
    }

    #[test]
    fn a_folder_of_too_many_names_is_not_listed() {
        let (root, ..) = ten();
        assert_eq!(names(root.path(), 9), None);
        assert_eq!(names(root.path(), 10).map(|names| names.len()), Some(10));
    }
}
