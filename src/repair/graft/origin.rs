//! Where a graft came from, told without telling whose machine it was.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::elf::Facts;
use crate::host::{self, Host, HostLibrary};
use crate::repair::graft::purl::Purl;

/// Folders that belong to the system; others say more of who built than of what was built, and
/// differ from machine to machine.
const SYSTEM: [&str; 9] = [
    "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "system", "usr",
];

/// The path of a library outside the wheel: relative to its `--lib-path` folder, the sysroot or `/`;
/// just the file name outside the system's folders.
pub(crate) fn source_path(host: &Host, path: &Path) -> String {
    let options = host.options();
    let below = options.lib_paths.iter().find_map(|folder| {
        let real = host.real_folder(folder)?;
        let below = path
            .strip_prefix(folder)
            .or_else(|_| path.strip_prefix(real));
        below.ok()
    });
    if let Some(below) = below {
        return slashed(below);
    }
    let inside = host.as_in_sysroot(path);
    let relative = inside.strip_prefix("/").unwrap_or(&inside);
    let first = relative.components().next();
    let system = first.is_some_and(|first| {
        let first = first.as_os_str();
        SYSTEM.iter().any(|folder| first == *folder)
    });
    if system || (options.sysroot.is_some() && *inside != *path) {
        return slashed(relative);
    }
    crate::repair::graft::source::file_name(path)
}

fn slashed(path: &Path) -> String {
    let parts = path.components();
    let parts: Vec<String> = parts
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

/// The package that a library came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its package URL.
    pub purl: String,
    /// The names of its licences, as it declares them.
    pub licenses: Vec<String>,
    /// Its licence files: paths under the root, without it.
    pub license_files: Vec<PathBuf>,
}

/// The packages of libraries, in their order: by the system's database, or by what a library says of itself.
pub(crate) fn packages(host: &Host, libraries: &[&HostLibrary]) -> Vec<Option<Package>> {
    let owners = host.owners(libraries).into_iter();
    let packages = libraries.iter().zip(owners);
    packages
        .map(|(library, owner)| match owner {
            Some(owner) => Some(installed(&owner)),
            None => noted(&library.facts),
        })
        .collect()
}

fn installed(owner: &host::Package) -> Package {
    let purl = Purl {
        kind: owner.kind,
        namespace: &owner.vendor,
        name: &owner.name,
        version: &owner.version,
        qualifiers: &owner.qualifiers(),
    };
    Package {
        name: owner.name.clone(),
        version: owner.version.clone(),
        purl: purl.to_string(),
        licenses: owner.licenses.clone(),
        license_files: owner.license_files.clone(),
    }
}

/// What the library says of itself (`.note.package`).
///
/// Spec: <https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/>
fn noted(facts: &Facts) -> Option<Package> {
    let note: Value = serde_json::from_str(facts.package_note.as_deref()?).ok()?;
    let text = |key: &str| note.get(key).and_then(Value::as_str).unwrap_or_default();
    let (kind, name, version) = (text("type"), text("name"), text("version"));
    let known = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !known || name.is_empty() {
        return None;
    }
    let purl = Purl {
        kind: &kind.to_ascii_lowercase(),
        namespace: text("os"),
        name,
        version,
        qualifiers: &[("arch", text("architecture"))],
    };
    Some(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        purl: purl.to_string(),
        licenses: Vec::new(),
        license_files: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf;
    use elf_synth::Synth;

    #[test]
    fn a_library_can_say_where_it_came_from() {
        let facts = |note: &str| {
            let file = Synth::new(true, false).soname("libx.so.1");
            let mut facts = elf::facts(&file.build()).unwrap();
            facts.package_note = Some(note.to_owned());
            facts
        };
        let note = r#"{"type":"rpm","os":"fedora","name":"zlib","version":"1.2-3.fc40","architecture":"x86_64"}"#;
        let package = noted(&facts(note)).unwrap();
        assert_eq!(package.purl, "pkg:rpm/fedora/zlib@1.2-3.fc40?arch=x86_64");
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"type":"../x","name":"a"}"#,
            r#"{"type":"deb"}"#,
        ] {
            assert_eq!(noted(&facts(bad)), None, "{bad}");
        }
    }
}
