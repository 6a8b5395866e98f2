//! rpm's databases: the same headers in one of three containers.

use std::path::Path;

use super::{Databases, header};
use super::{bdb, ndb, sqlite};
use crate::host::config;
use crate::host::file::{self, FileImage};

/// Before rpm 4.16 `/var/lib/rpm`; newer systems moved it.
const FOLDERS: [&str; 3] = ["/usr/lib/sysimage/rpm", "/usr/share/rpm", "/var/lib/rpm"];

/// A longer header is passed over: the longest known have a few MiB.
pub(super) const LONGEST_HEADER: usize = 32 << 20;
/// Databases of whole distributions stay below; a longer file is none.
const LARGEST: u64 = 512 << 20;

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
        if metadata.len() > LARGEST {
            continue;
        }
        let image = FileImage::new(file, &metadata);
        let known = databases.packages.len();
        let _ = headers(&image, &mut |header| add(header, databases));
        if databases.packages.len() > known {
            return;
        }
    }
}

fn add(blob: &[u8], databases: &mut Databases) {
    if let Some((package, libraries)) = header::package(blob) {
        databases.add(package, &libraries);
    }
}
