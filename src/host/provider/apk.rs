//! Alpine's database: one text file, a stanza a package.
//!
//! Spec: <https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2>

use std::path::Path;

use super::{Databases, Package, files_of, read_text};

pub(super) fn read(root: &Path, databases: &mut Databases) {
    let mut places = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"].into_iter();
    let Some(text) = places.find_map(|path| read_text(root, path).ok()) else {
        return;
    };
    for stanza in text.split("\n\n") {
        add(root, stanza, databases);
    }
}

fn add(root: &Path, stanza: &str, databases: &mut Databases) {
    let mut package = Package {
        kind: "apk",
        ..Package::default()
    };
    let mut folder = "";
    let mut files = Vec::new();
    for line in stanza.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        match key {
            "P" => value.clone_into(&mut package.name),
            "V" => value.clone_into(&mut package.version),
            "A" => value.clone_into(&mut package.arch),
            "L" if !value.is_empty() => package.licenses.push(value.to_owned()),
            "F" => folder = value,
            "R" => files.push(format!("{folder}/{value}")),
            _ => {}
        }
    }
    let is_library = |path: &String| path.contains(".so");
    if !package.name.is_empty() && files.iter().any(is_library) {
        package.license_files = files_of(root, &format!("/usr/share/licenses/{}", package.name));
        databases.add(package, files.iter().map(String::as_str));
    }
}
