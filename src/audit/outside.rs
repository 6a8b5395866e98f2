//! Which libraries may stay outside the wheel: by the policy, by what they are, by request.

use super::scale::Scale;
use crate::deps::{Edge, Graph, Origin, Target};
use crate::fnmatch::Pattern;
use crate::policy::{Since, drivers::driver_of};
use crate::tag::Libc;

/// What becomes of an external library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It may stay outside from there on.
    Outside(Since),
    /// It is brought in whatever the policy says (`--vendor`).
    Vendored,
    /// It belongs to a driver of the machine: no tag allows it, and no copy would work.
    Driver,
}

/// The boundary of the wheel.
#[derive(Debug)]
pub struct Outside<'a> {
    scale: &'a Scale,
    libc: Libc,
    vendor: Vec<Pattern>,
}

impl<'a> Outside<'a> {
    /// The boundary that `--vendor` patterns move.
    pub fn new(scale: &'a Scale, libc: Libc, vendor: &[String]) -> Self {
        Self {
            scale,
            libc,
            vendor: vendor
                .iter()
                .map(|pattern| Pattern::new(pattern.as_str()))
                .collect(),
        }
    }

    /// Where the library behind `edge` belongs.
    pub fn place(&self, edge: &Edge, graph: &Graph) -> Place {
        if self.vendored(edge, graph) {
            return Place::Vendored;
        }
        let since = self.scale.library(&edge.soname);
        if since == Since::Never && driver_of(&edge.soname).is_some() {
            return Place::Driver;
        }
        Place::Outside(since)
    }

    fn vendored(&self, edge: &Edge, graph: &Graph) -> bool {
        if self.vendor.is_empty() || is_c_library(&edge.soname, self.libc) {
            return false;
        }
        let matches = |text: &str| self.vendor.iter().any(|pattern| pattern.matches(text));
        matches(&edge.soname)
            || real_path(&edge.target, graph).is_some_and(|path| matches(&path.to_string_lossy()))
    }
}

/// The file of a library outside the wheel.
fn real_path<'a>(target: &Target, graph: &'a Graph) -> Option<&'a std::path::Path> {
    let Target::Node(node, _) = target else {
        return None;
    };
    match &graph.nodes.get(*node)?.origin {
        Origin::Host(library) => Some(&library.real_path),
        Origin::Member(_) => None,
    }
}

/// Parts of the C library, which must be of one piece with the loader. Beside those that every
/// program has, glibc's rarer ones: they share its private symbols.
pub fn is_c_library(soname: &str, libc: Libc) -> bool {
    const GLIBC: [&str; 13] = [
        "libBrokenLocale.so.1",
        "libanl.so.1",
        "libc.so.6",
        "libdl.so.2",
        "libm.so.6",
        "libmvec.so.1",
        "libnsl.so.1",
        "libpthread.so.0",
        "libresolv.so.2",
        "librt.so.1",
        "libthread_db.so.1",
        "libutil.so.1",
        "libc_malloc_debug.so.0",
    ];
    const ANDROID: [&str; 5] = [
        "libandroid.so",
        "libc.so",
        "libdl.so",
        "liblog.so",
        "libm.so",
    ];
    let loader = soname.starts_with("ld-") || soname.starts_with("ld64.so");
    let part = match libc {
        Libc::Glibc => GLIBC.contains(&soname) || soname.starts_with("libnss_"),
        Libc::Musl => soname == "libc.so" || soname.starts_with("libc.musl-"),
        Libc::Android => ANDROID.contains(&soname),
    };
    loader || part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_is_one_piece() {
        let cases = [
            ("libc.so.6", Libc::Glibc, true),
            ("libnss_dns.so.2", Libc::Glibc, true),
            ("libcrypt.so.1", Libc::Glibc, false),
            ("libstdc++.so.6", Libc::Glibc, false),
            ("ld-linux-x86-64.so.2", Libc::Glibc, true),
            ("ld64.so.2", Libc::Glibc, true),
            ("libc.musl-x86_64.so.1", Libc::Musl, true),
            ("ld-musl-x86_64.so.1", Libc::Musl, true),
            ("libz.so.1", Libc::Musl, false),
            ("libc.so", Libc::Android, true),
            ("libz.so", Libc::Android, false),
        ];
        for (soname, libc, expected) in cases {
            assert_eq!(is_c_library(soname, libc), expected, "{soname}");
        }
    }
}
