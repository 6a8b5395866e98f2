//! Debian's database: `status` (what is installed) and `info/*.list` (the files of each).
//!
//! Spec: dpkg(1), "FILES"; deb-control(5).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use memchr::memmem;
use rayon::prelude::*;

use super::super::file;
use super::{Databases, LARGEST_DATABASE, Package, read_text, real_folder};

const ADMIN: &str = "/var/lib/dpkg";

pub(super) fn read(root: &Path, databases: &mut Databases) {
    let Ok(status) = read_text(root, &format!("{ADMIN}/status")) else {
        return;
    };
    let mut packages: HashMap<String, Package> = HashMap::new();
    for stanza in status.split("\n\n") {
        if let Some(package) = package(stanza) {
            // The list of a package that several architectures may have is named with its own.
            packages.insert(
                format!("{}:{}", package.name, package.arch),
                package.clone(),
            );
            packages.entry(package.name.clone()).or_insert(package);
        }
    }
    let (folder, names) = real_folder(root, &format!("{ADMIN}/info")).unwrap_or_default();
    // A thousand files, most of them without a library.
    let owned: Vec<(&Package, String)> = names
        .par_iter()
        .filter_map(|name| {
            let package = packages.get(name.to_str()?.strip_suffix(".list")?)?;
            let files = file::read_real(&folder.join(name), LARGEST_DATABASE).ok()?;
            memmem::find(&files, b".so")?;
            Some((package, String::from_utf8_lossy(&files).into_owned()))
        })
        .collect();
    for (package, files) in owned {
        databases.add(package.clone(), files.lines());
    }
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
