//! Debian's database: `status` (what is installed) and `info/*.list` (the files of each).
//!
//! Spec: dpkg(1), "FILES"; deb-control(5).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use memchr::{memchr, memmem, memrchr};
use rayon::prelude::*;

use super::super::file;
use super::{Databases, LARGEST_DATABASE, Libraries, Package, read_text, real_folder};

const ADMIN: &str = "/var/lib/dpkg";

/// How much of a library's name the names of its package and of that package's list share, as a rule.
const LIKELY: usize = 5;

/// What is installed, and where the lists of files are.
#[derive(Debug, Default)]
pub(in super::super) struct Dpkg {
    folder: PathBuf,
    /// Names of lists, without `.list`, sorted; and the packages that they are of.
    lists: Vec<(String, Package)>,
}

impl Dpkg {
    /// Reads what is installed under `root`; nothing on a system without dpkg.
    pub(super) fn open(root: &Path) -> Self {
        let Ok(status) = read_text(root, &format!("{ADMIN}/status")) else {
            return Self::default();
        };
        let (folder, names) = real_folder(root, &format!("{ADMIN}/info")).unwrap_or_default();
        let lists = names.iter();
        let lists: HashSet<&str> = lists
            .filter_map(|name| name.to_str()?.strip_suffix(".list"))
            .collect();
        let mut packages: HashMap<String, Package> = HashMap::new();
        for stanza in status.split("\n\n") {
            if let Some(package) = package(stanza) {
                // The list of a package that several architectures may have is named with its own.
                let own = format!("{}:{}", package.name, package.arch);
                if lists.contains(own.as_str()) {
                    packages.insert(own, package.clone());
                }
                if lists.contains(package.name.as_str()) {
                    packages.entry(package.name.clone()).or_insert(package);
                }
            }
        }
        let lists = names.iter().filter_map(|name| {
            let name = name.to_str()?.strip_suffix(".list")?;
            Some((name.to_owned(), packages.get(name)?.clone()))
        });
        Self {
            folder,
            lists: lists.collect(),
        }
    }

    /// Adds every package.
    pub(super) fn read_all(&self, databases: &mut Databases) {
        self.read(self.lists.iter().collect(), databases);
    }

    /// Adds the packages whose names are like those of the libraries: a few of a thousand lists, which are
    /// a file each.
    pub(super) fn read_likely<'p>(
        &self,
        libraries: impl Iterator<Item = &'p Path>,
        databases: &mut Databases,
    ) {
        let starts: BTreeSet<String> = libraries.filter_map(start_of_name).collect();
        let likely = self.lists.iter().filter(|(name, _)| {
            let start = name.get(..LIKELY).unwrap_or(name);
            starts.contains(start) && !name.contains("-dev") && !name.contains("-doc")
        });
        self.read(likely.collect(), databases);
    }

    fn read(&self, lists: Vec<&(String, Package)>, databases: &mut Databases) {
        let owned: Vec<(&Package, Vec<String>)> = lists
            .into_par_iter()
            .filter_map(|(name, package)| {
                let path = self.folder.join(format!("{name}.list"));
                let files = file::read_real(&path, LARGEST_DATABASE).ok()?;
                // Most are without a library.
                let libraries = libraries(&files);
                (!libraries.is_empty()).then_some((package, libraries))
            })
            .collect();
        for (package, libraries) in owned {
            let mut owned = Libraries::default();
            for path in &libraries {
                owned.path(path);
            }
            databases.add(package.clone(), &owned);
        }
    }
}

/// How the list of a library's package starts: `libic` for `libicudata.so.72`.
fn start_of_name(library: &Path) -> Option<String> {
    let name = library.file_name()?.to_str()?;
    let stem = name.split(".so").next()?;
    let start = stem.get(..LIKELY).unwrap_or(stem);
    Some(start.to_ascii_lowercase().replace('_', "-"))
}

/// The lines with `.so` in them.
fn libraries(files: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = files;
    while let Some(at) = memmem::find(rest, b".so") {
        let (before, after) = rest.split_at_checked(at).unwrap_or_default();
        let start = memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
        let len = memchr(b'\n', after).unwrap_or(after.len());
        let end = at.saturating_add(len);
        let line = rest.get(start..end).unwrap_or_default();
        lines.push(String::from_utf8_lossy(line).into_owned());
        rest = rest.get(end..).unwrap_or_default();
    }
    lines
}

/// The package of a stanza, if its files are there.
fn package(stanza: &str) -> Option<Package> {
    let field = |name: &str| {
        let mut lines = stanza.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim)
    };
    let here = [
        "installed",
        "unpacked",
        "half-configured",
        "triggers-awaited",
        "triggers-pending",
    ];
    let state = field("Status")?.rsplit(' ').next()?;
    here.contains(&state).then_some(())?;
    Some(Package {
        kind: "deb",
        name: field("Package")?.to_owned(),
        version: field("Version")?.to_owned(),
        arch: field("Architecture").unwrap_or_default().to_owned(),
        ..Package::default()
    })
}

/// Adds what the package's copyright file says.
pub(super) fn with_licenses(root: &Path, mut package: Package) -> Package {
    let path = format!("/usr/share/doc/{}/copyright", package.name);
    if let Ok(text) = read_text(root, &path) {
        package.licenses = declared(&text);
        package.license_files = vec![PathBuf::from(path)];
    }
    package
}

/// The short names of a machine-readable copyright file, in order; none of another one.
///
/// Spec: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>
fn declared(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    if !text.starts_with("Format:") {
        return names;
    }
    let fields = text
        .lines()
        .filter_map(|line| line.strip_prefix("License:"));
    for name in fields.map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
