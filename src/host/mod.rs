//! Where libraries outside the wheel come from: the loader's folders under a root.
//!
//! `file` follows links and opens files without risk, `config` reads the loaders' own
//! configuration, `library` judges candidates. Nothing is run, and only metadata is read
//! of a library to judge it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::elf::arch::Arch;
use crate::elf::{Facts, Platform};
use crate::tag::{CLibrary as _, Libc};

pub(crate) mod config;
mod file;
mod folders;
mod found_by;
mod glob;
mod library;
mod provider;

pub use file::{FileId, FileImage};
pub use folders::Group;
pub use found_by::FoundBy;
pub use library::unfit;
pub use provider::Package;

use file::NoFile;
use folders::Folders;
use library::Known;

/// Which folders may be looked into.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    /// Stands for `/` in every lookup (`--sysroot`).
    pub sysroot: Option<PathBuf>,
    /// `--no-host-libs`: nothing outside the wheel, `lib_paths` and `sysroot` is opened.
    pub no_host: bool,
    /// `--lib-path`: searched before everything else. Not under the sysroot.
    pub lib_paths: Vec<PathBuf>,
    /// `--ldpaths`: replaces the loader's configuration (`Some` even if empty).
    pub ldpaths: Option<Vec<PathBuf>>,
    /// `AUDITWHEEL_LD_LIBRARY_PATH` then `LD_LIBRARY_PATH` (the latter not with a sysroot).
    pub ld_library_path: Vec<PathBuf>,
}

/// A folder to search, and why.
#[derive(Clone, Debug)]
pub struct SearchDir {
    /// The folder, sysroot included.
    pub dir: PathBuf,
    /// Why it is searched.
    pub found_by: FoundBy,
}

/// A library outside the wheel.
#[derive(Debug)]
pub struct HostLibrary {
    /// Where it was found, links not followed.
    pub path: PathBuf,
    /// The file itself.
    pub real_path: PathBuf,
    /// Which file it is, whatever its name.
    pub id: FileId,
    /// Size in bytes.
    pub size: u64,
    /// What was read from it.
    pub facts: Arc<Facts>,
}

impl HostLibrary {
    /// The name that it is loaded by: its soname, or else its file's name.
    pub fn name(&self) -> String {
        let own = self.facts.soname.clone();
        let own = own.filter(|soname| !soname.contains('/') && !soname.is_empty());
        own.unwrap_or_else(|| {
            let file = self.path.file_name().unwrap_or_default();
            file.to_string_lossy().into_owned()
        })
    }
}

/// What a library must be to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The platform of the file that needs it.
    pub platform: Platform,
    /// The wheel's C library; what is built for another does not fit.
    pub libc: Libc,
}

/// The answer for one name in one folder.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A library that fits.
    Found(Arc<HostLibrary>),
    /// No such name.
    Absent,
    /// Something of that name that the loader would skip, and why.
    Skipped(String),
}

type SystemDirs = BTreeMap<(Libc, Arch), Arc<[SearchDir]>>;

/// The host's libraries, read at most once each; shared by all wheels of a run.
#[derive(Debug, Default)]
pub struct Host {
    options: HostOptions,
    folders: Mutex<Folders>,
    known: Mutex<HashMap<FileId, Arc<Known>>>,
    system: Mutex<SystemDirs>,
    dpkg: OnceLock<provider::dpkg::Dpkg>,
    packages: OnceLock<provider::Databases>,
    /// What the process lacked when something could not be looked at.
    shortage: OnceLock<String>,
}

impl Host {
    /// Reads nothing yet. Relative folders are taken from the current one; empty ones are dropped.
    pub fn new(mut options: HostOptions) -> Self {
        let lists = [&mut options.lib_paths, &mut options.ld_library_path];
        for list in lists.into_iter().chain(&mut options.ldpaths) {
            list.retain(|dir| !dir.as_os_str().is_empty());
            list.iter_mut().for_each(make_absolute);
        }
        options.sysroot.iter_mut().for_each(make_absolute);
        Self {
            options,
            ..Self::default()
        }
    }

    /// The options it was made with, folders made absolute.
    pub fn options(&self) -> &HostOptions {
        &self.options
    }

    /// `--lib-path`, in order.
    pub fn lib_dirs(&self) -> impl Iterator<Item = SearchDir> {
        search_dirs(&self.options.lib_paths, &FoundBy::LibPath)
    }

    /// `LD_LIBRARY_PATH` and its like, in order; none if the host may not be looked at.
    pub fn environment_dirs(&self) -> impl Iterator<Item = SearchDir> {
        let dirs = search_dirs(&self.options.ld_library_path, &FoundBy::Environment);
        dirs.filter(|dir| self.may_search(&dir.dir))
    }

    /// The folders searched after RUNPATH: `--ldpaths` or the loader's own, in order. Those that
    /// do not exist are left out.
    pub fn system_dirs(&self, libc: Libc, arch: Arch) -> Arc<[SearchDir]> {
        let mut system = lock(&self.system);
        let dirs = system.entry((libc, arch));
        Arc::clone(dirs.or_insert_with(|| self.read_system_dirs(libc, arch).into()))
    }

    fn read_system_dirs(&self, libc: Libc, arch: Arch) -> Vec<SearchDir> {
        let root = match &self.options.sysroot {
            Some(sysroot) => sysroot.as_path(),
            None if self.options.no_host => return Vec::new(),
            None => Path::new("/"),
        };
        let Some(dirs) = &self.options.ldpaths else {
            return config::system_dirs(root, libc, arch, &|error| self.note(error));
        };
        let dirs = dirs.iter().map(|dir| SearchDir {
            dir: self.in_sysroot(dir),
            found_by: FoundBy::LdPaths,
        });
        config::existing(root, dirs.collect())
    }

    /// The folder that an absolute path of an RPATH means: under the sysroot, if there is one.
    pub fn in_sysroot(&self, dir: &Path) -> PathBuf {
        match &self.options.sysroot {
            Some(root) if !dir.starts_with(root) => config::under(root, dir),
            _ => dir.to_path_buf(),
        }
    }

    /// Where `path` is for someone who has the sysroot as `/`.
    pub fn as_in_sysroot<'a>(&self, path: &'a Path) -> std::borrow::Cow<'a, Path> {
        let root = self.options.sysroot.as_deref();
        match root.and_then(|root| path.strip_prefix(root).ok()) {
            Some(inside) => Path::new("/").join(inside).into(),
            None => path.into(),
        }
    }

    /// Whether files of `dir` may be opened (`--no-host-libs`).
    pub fn may_search(&self, dir: &Path) -> bool {
        let options = &self.options;
        let mut open = options.sysroot.iter().chain(&options.lib_paths);
        // Plain below what was named: `lib/../..` starts with `lib` and leads elsewhere.
        let plain = |below: &Path| !below.components().any(|part| part == Component::ParentDir);
        let in_sysroot = |dir: &Path| {
            options
                .sysroot
                .as_ref()
                .is_some_and(|root| dir.starts_with(root))
        };
        let below = |open: &PathBuf| dir.strip_prefix(open).is_ok_and(plain);
        !options.no_host || in_sysroot(dir) || open.any(below)
    }

    fn root_of<'a>(&'a self, path: &'a Path) -> &'a Path {
        let sysroot = self.options.sysroot.as_deref();
        let top = || path.ancestors().last().unwrap_or(path);
        sysroot
            .filter(|root| path.starts_with(root))
            .unwrap_or_else(top)
    }

    /// The folder with its links followed, if it is one.
    fn folder(&self, dir: &Path) -> Option<PathBuf> {
        let mut folders = lock(&self.folders);
        let id = folders.id(dir, || self.find_folder(dir))?;
        folders.real_path(id).map(Path::to_path_buf)
    }

    fn find_folder(&self, dir: &Path) -> Option<PathBuf> {
        let real = file::real_path(self.root_of(dir), dir).ok();
        let real = real.filter(|(_, metadata)| metadata.is_dir());
        real.map(|(path, _)| path)
    }

    /// A folder with its links followed, if it is one and may be searched.
    pub fn real_folder(&self, dir: &Path) -> Option<PathBuf> {
        Some(dir)
            .filter(|dir| self.may_search(dir))
            .and_then(|dir| self.folder(dir))
    }

    /// Looks for `name`, which has no slash, in `dir`; only shared libraries that fit count.
    pub fn probe(&self, dir: &Path, name: &str, wanted: &Wanted) -> Probe {
        if name.is_empty() || name.contains('/') || !self.may_search(dir) {
            return Probe::Absent;
        }
        let Some(folder) = self.folder_for(dir, name) else {
            return Probe::Absent;
        };
        match self.candidate(dir, &folder, name) {
            Ok(library) => match unfit(&library.facts, Libc::of(&library.facts, name), wanted) {
                None => Probe::Found(Arc::new(library)),
                Some(reason) => Probe::Skipped(reason),
            },
            Err(NoFile::Absent) => Probe::Absent,
            Err(error) => {
                self.note(&error);
                Probe::Skipped(error.into_io().to_string())
            }
        }
    }

    fn candidate(&self, dir: &Path, folder: &Path, name: &str) -> Result<HostLibrary, NoFile> {
        let mut real_path = folder.join(name);
        let mut metadata =
            fs::symlink_metadata(&real_path).map_err(|error| NoFile::from_io(&error))?;
        if metadata.is_symlink() {
            let real = file::real_path(self.root_of(folder), &real_path);
            (real_path, metadata) = real.map_err(|error| match error {
                NoFile::Absent => NoFile::because("a link that leads nowhere"),
                other => other,
            })?;
        }
        let id = FileId::new(&real_path, &metadata);
        let known = Arc::clone(lock(&self.known).entry(id.clone()).or_default());
        let facts = known.facts(&real_path)?;
        // `$ORIGIN/../lib` tells people less than the folder it is.
        let winding = dir.components().any(|part| part == Component::ParentDir);
        Ok(HostLibrary {
            path: if winding { folder } else { dir }.join(name),
            real_path,
            id,
            size: metadata.len(),
            facts,
        })
    }

    fn note(&self, error: &NoFile) {
        if let NoFile::Short(reason) = error {
            self.shortage.get_or_init(|| reason.clone());
        }
    }

    /// What this process lacked, such as `Too many open files`, if anything could not be looked at for
    /// that: then what was not found may be there.
    pub fn shortage(&self) -> Option<&str> {
        self.shortage.get().map(String::as_str)
    }

    /// The names in `dir` that `fits` takes, sorted: for advice, not for resolving.
    pub fn names_in(&self, dir: &Path, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let folder = Some(dir).filter(|dir| self.may_search(dir));
        let folder = folder.and_then(|dir| self.folder(dir));
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok());
        let entries = entries.into_iter().flatten().filter_map(Result::ok);
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| fits(name)).collect();
        names.sort_unstable();
        names
    }

    /// Opens a library that was found earlier.
    ///
    /// # Errors
    /// Those of opening it; an error too if another file has taken its place since.
    pub fn open(&self, library: &HostLibrary) -> io::Result<File> {
        let (file, metadata) = file::open(&library.real_path).map_err(NoFile::into_io)?;
        let same = FileId::new(&library.real_path, &metadata) == library.id;
        if same && metadata.len() == library.size {
            Ok(file)
        } else {
            Err(io::Error::other(Changed))
        }
    }

    /// Whether the file of a library is still the one that was found.
    ///
    /// # Errors
    /// Says that it is not, or why it cannot be asked.
    pub fn check_unchanged(&self, library: &HostLibrary) -> io::Result<()> {
        let metadata = fs::symlink_metadata(&library.real_path)?;
        if FileId::new(&library.real_path, &metadata) == library.id {
            return Ok(());
        }
        Err(io::Error::other(Changed))
    }

    /// The ELF image of a library that was found earlier; only what is asked for is read.
    ///
    /// # Errors
    /// Those of [`Host::open`].
    pub fn image(&self, library: &HostLibrary) -> io::Result<FileImage> {
        let file = self.open(library)?;
        let metadata = file.metadata()?;
        Ok(FileImage::new(file, &metadata))
    }

    /// SHA-256 of a library's file, read once.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn sha256(&self, library: &HostLibrary) -> io::Result<[u8; 32]> {
        let known = Arc::clone(lock(&self.known).entry(library.id.clone()).or_default());
        known.sha256(|| self.open(library))
    }
}

/// A library is not the file any more that it was when it was found.
#[derive(Debug, thiserror::Error)]
#[error("it changed while it was in use")]
struct Changed;

/// Whether that is why a library could not be read.
pub fn has_changed(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<Changed>)
}

fn make_absolute(dir: &mut PathBuf) {
    if let Ok(absolute) = std::path::absolute(&*dir) {
        *dir = absolute;
    }
}

fn search_dirs(dirs: &[PathBuf], found_by: &FoundBy) -> impl Iterator<Item = SearchDir> {
    dirs.iter().map(|dir| SearchDir {
        dir: dir.clone(),
        found_by: found_by.clone(),
    })
}

/// A panic elsewhere leaves these caches as they were: whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
