//! Alpine's database: one text file, a stanza a package.
//!
//! Spec: <https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2>

use std::path::Path;

use super::{Databases, Libraries, Package, read_text};

pub(super) fn read(root: &Path, databases: &mut Databases) {
    let mut places = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"].into_iter();
    let Some(text) = places.find_map(|path| read_text(root, path).ok()) else {
        return;
    };
    for stanza in text.split("\n\n") {
        add(stanza, databases);
    }
}

fn add(stanza: &str, databases: &mut Databases) {
    let mut package = Package {
        kind: "apk",
        ..Package::default()
    };
    let mut libraries = Libraries::default();
    for line in stanza.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        match key {
            "P" => value.clone_into(&mut package.name),
            "V" => value.clone_into(&mut package.version),
            "A" => value.clone_into(&mut package.arch),
            "L" if !value.is_empty() => package.licenses.push(value.to_owned()),
            "F" => libraries.folder(value),
            "R" => libraries.file(value),
            _ => {}
        }
    }
    if !package.name.is_empty() {
        databases.add(package, &libraries);
    }
}
