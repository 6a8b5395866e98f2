//! What the benches work on: the files named on the command line, else shared libraries of this machine.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

/// The contents of the files, each read when its turn comes; `sizes` holds for those not named.
pub(crate) fn files(sizes: Range<u64>) -> impl Iterator<Item = Vec<u8>> {
    let named: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .filter(|path| path.is_file())
        .collect();
    let mut paths = if named.is_empty() {
        libraries(&sizes)
    } else {
        named
    };
    paths.sort();
    paths.into_iter().filter_map(|path| fs::read(path).ok())
}

fn libraries(sizes: &Range<u64>) -> Vec<PathBuf> {
    let folders = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
    ];
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let paths = entries.flatten().flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.to_string_lossy().contains(".so"))
        .filter(|path| {
            path.symlink_metadata()
                .is_ok_and(|data| data.is_file() && sizes.contains(&data.len()))
        })
        .collect()
}
