//! Which package a library outside the wheel came from.
//!
//! The databases of dpkg, apk and rpm are read where they lie, under the root that the library is
//! under; no program is run, so a sysroot of any system answers on any machine.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dpkg::Dpkg;
use owners::{Libraries, Owners};

use super::file::{self, NoFile};
use super::{Host, HostLibrary, config};

mod apk;
mod bdb;
mod budget;
pub(super) mod dpkg;
mod header;
mod ndb;
mod owners;
mod rpm;
mod sqlite;

/// Databases list every file of a system; this is several times the largest known.
const LARGEST_DATABASE: u64 = 64 << 20;
const LARGEST_LICENSE: u64 = 4 << 20;

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// The type in package URLs: `deb`, `apk` or `rpm`.
    pub kind: &'static str,
    /// The namespace in package URLs: `ID` of os-release, such as `debian`.
    pub vendor: String,
    /// `ID` and `VERSION_ID` of os-release, such as `debian-12`.
    pub distro: String,
    /// Its name.
    pub name: String,
    /// Its version, with the release; rpm's epoch stands apart.
    pub version: String,
    /// rpm's epoch, if it has one.
    pub epoch: Option<String>,
    /// Its architecture, as the database spells it.
    pub arch: String,
    /// Its licences, as the database or the machine-readable copyright file declares them.
    pub licenses: Vec<String>,
    /// Its licence files, sorted: paths under the root, without it.
    pub license_files: Vec<PathBuf>,
}

impl Package {
    /// The qualifiers of its package URL.
    ///
    /// Spec: <https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst>
    pub fn qualifiers(&self) -> Vec<(&'static str, &str)> {
        let mut qualifiers = vec![("arch", self.arch.as_str()), ("distro", &self.distro)];
        if let Some(epoch) = &self.epoch {
            qualifiers.push(("epoch", epoch));
        }
        qualifiers.retain(|(_, value)| !value.is_empty());
        qualifiers
    }
}

/// The owners of all shared libraries under one root.
#[derive(Debug, Default)]
pub(super) struct Databases {
    root: PathBuf,
    packages: Vec<Package>,
    owners: Owners,
}

impl Databases {
    fn read(root: &Path, dpkg: &Dpkg) -> Self {
        let mut databases = Self {
            root: root.to_path_buf(),
            ..Self::default()
        };
        dpkg.read_all(&mut databases);
        apk::read(root, &mut databases);
        rpm::read(root, &mut databases);
        databases.name_system();
        databases
    }

    /// What is read in a moment and as a rule knows all of `libraries`.
    fn likely<'p>(root: &Path, dpkg: &Dpkg, libraries: impl Iterator<Item = &'p Path>) -> Self {
        let mut databases = Self {
            root: root.to_path_buf(),
            ..Self::default()
        };
        dpkg.read_likely(libraries, &mut databases);
        databases.name_system();
        databases
    }

    fn name_system(&mut self) {
        if self.packages.is_empty() {
            return;
        }
        let system = System::read(&self.root);
        for package in &mut self.packages {
            package.vendor.clone_from(&system.id);
            package.distro.clone_from(&system.name);
        }
    }

    /// Adds a package that brought `libraries`; one without any is no owner of anything.
    fn add(&mut self, package: Package, libraries: &Libraries<'_>) {
        if libraries.is_empty() {
            return;
        }
        self.owners.add(libraries, self.packages.len());
        self.packages.push(package);
    }

    fn owner(&self, path: &Path) -> Option<Package> {
        let index = self.owners.of(path.to_str()?)?;
        let package = self.packages.get(index)?.clone();
        Some(match package.kind {
            "deb" => dpkg::with_licenses(&self.root, package),
            _ => with_license_folder(&self.root, package),
        })
    }
}

/// With the files of its folder of licences, unless the database itself says which they are.
fn with_license_folder(root: &Path, mut package: Package) -> Package {
    if package.license_files.is_empty() {
        package.license_files = files_of(root, &format!("/usr/share/licenses/{}", package.name));
    }
    package
}

/// What os-release says.
#[derive(Debug, Default)]
struct System {
    id: String,
    name: String,
}

impl System {
    /// Spec: os-release(5).
    fn read(root: &Path) -> Self {
        let mut files = ["/etc/os-release", "/usr/lib/os-release"].into_iter();
        let text = files.find_map(|path| read_text(root, path).ok());
        let text = text.unwrap_or_default();
        let value = |key: &str| {
            let mut values = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix(key));
            let value = values.next_back().unwrap_or_default();
            value.trim_matches(['"', '\'']).to_ascii_lowercase()
        };
        let id = value("ID=");
        let version = value("VERSION_ID=");
        let name = match (id.is_empty(), version.is_empty()) {
            (true, _) => String::new(),
            (false, true) => id.clone(),
            (false, false) => format!("{id}-{version}"),
        };
        Self { id, name }
    }
}

fn read_text(root: &Path, path: &str) -> Result<String, NoFile> {
    let path = config::under(root, Path::new(path));
    file::read_text(root, &path, LARGEST_DATABASE)
}

/// The files of a folder under `root`, sorted; paths without the root.
fn files_of(root: &Path, folder: &str) -> Vec<PathBuf> {
    let names = real_folder(root, folder).map(|(_, names)| names);
    let files = names.into_iter().flatten();
    files.map(|name| Path::new(folder).join(name)).collect()
}

/// Where a folder under `root` really is, and the names of its files, sorted.
fn real_folder(root: &Path, folder: &str) -> Option<(PathBuf, Vec<OsString>)> {
    let (real, _) = file::real_path(root, &config::under(root, Path::new(folder))).ok()?;
    let entries = fs::read_dir(&real).ok()?.filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut names: Vec<OsString> = files.map(|entry| entry.file_name()).collect();
    names.sort();
    Some((real, names))
}

impl Host {
    /// The packages that libraries came from, in the order of `libraries`; `None` where no database under
    /// their root says so. What a few likely lists of dpkg know is not looked for in all of them.
    pub fn owners(&self, libraries: &[&HostLibrary]) -> Vec<Option<Package>> {
        let Some(root) = self.package_root() else {
            return vec![None; libraries.len()];
        };
        let dpkg = self.dpkg.get_or_init(|| Dpkg::open(root));
        let files = libraries.iter().map(|library| library.real_path.as_path());
        let likely = Databases::likely(root, dpkg, files);
        let owner = |library: &&HostLibrary| {
            let [file, found] =
                [&library.real_path, &library.path].map(|path| path.strip_prefix(root).ok());
            file.and_then(|file| likely.owner(file)).or_else(|| {
                let all = self.packages.get_or_init(|| Databases::read(root, dpkg));
                // The file first: what it was found by may be a link that somebody made.
                let paths = [file, found].into_iter().flatten();
                paths.into_iter().find_map(|path| all.owner(path))
            })
        };
        libraries.iter().map(owner).collect()
    }

    /// The bytes of one of a package's licence files.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn license_text(&self, path: &Path) -> io::Result<Vec<u8>> {
        let root = self.package_root().ok_or(io::ErrorKind::NotFound)?;
        let enough = LARGEST_LICENSE.saturating_add(1);
        let text = file::read(root, &config::under(root, path), enough);
        let text = text.map_err(NoFile::into_io)?;
        // Half a licence is none.
        if text.len() as u64 > LARGEST_LICENSE {
            let message = "it has more than 4 MiB";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(text)
    }

    fn package_root(&self) -> Option<&Path> {
        match &self.options.sysroot {
            Some(root) => Some(root),
            None if self.options.no_host => None,
            None => Some(Path::new("/")),
        }
    }
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
#[cfg(unix)]
mod tests;
