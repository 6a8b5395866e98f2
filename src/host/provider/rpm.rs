//! rpm's databases: the same headers in one of three containers.

use std::path::Path;

use super::{Databases, files_of, header};
use super::{bdb, ndb, sqlite};
use crate::host::config;
use crate::host::file::{self, FileImage};

/// Before rpm 4.16 `/var/lib/rpm`; newer systems moved it.
const FOLDERS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/rpm"];

/// Takes one header at a time.
pub(super) type Sink<'s> = dyn FnMut(&[u8]) + 's;
/// Hands every header of a database to a sink; stops where the database makes no sense.
type Reader = fn(&FileImage, &mut Sink<'_>) -> Option<()>;

pub(super) fn read(root: &Path, databases: &mut Databases) {
    let formats: [(&str, Reader); 3] = [
        ("rpmdb.sqlite", sqlite::headers),
        ("Packages.db", ndb::headers),
        ("Packages", bdb::headers),
    ];
    for (folder, (name, headers)) in FOLDERS
        .iter()
        .flat_map(|f| formats.iter().map(move |n| (f, n)))
    {
        let path = config::under(root, &Path::new(folder).join(name));
        let opened = file::real_path(root, &path);
        let opened = opened.and_then(|(real, _)| file::open(&real));
        let Ok((file, metadata)) = opened else {
            continue;
        };
        let image = FileImage::new(file, &metadata);
        let known = databases.packages.len();
        let _ = headers(&image, &mut |header| add(root, header, databases));
        if databases.packages.len() > known {
            return;
        }
    }
}

fn add(root: &Path, blob: &[u8], databases: &mut Databases) {
    let Some((mut package, files)) = header::package(blob) else {
        return;
    };
    if !files.iter().any(|path| path.contains(".so")) {
        return;
    }
    if package.license_files.is_empty() {
        package.license_files = files_of(root, &format!("/usr/share/licenses/{}", package.name));
    }
    databases.add(package, files.iter().map(String::as_str));
}
