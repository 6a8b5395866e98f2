//! Debian's database: `status` (what is installed) and `info/*.list` (the files of each).
//!
//! Spec: dpkg(1), "FILES"; deb-control(5).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Databases, Package, files_of, read_text};

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
    for list in files_of(root, &format!("{ADMIN}/info")) {
        let name = list.file_name().map(|name| name.to_string_lossy());
        let name = name.as_deref().and_then(|name| name.strip_suffix(".list"));
        let Some(package) = name.and_then(|name| packages.get(name)) else {
            continue;
        };
        let files = read_text(root, &list.to_string_lossy()).unwrap_or_default();
        let is_library = |line: &str| line.contains(".so");
        if files.lines().any(is_library) {
            databases.add(package.clone(), files.lines());
        }
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
