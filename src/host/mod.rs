//! Where libraries outside the wheel come from: the loader's folders under a root.

use std::path::PathBuf;
use std::sync::Arc;

use crate::arch::Arch;
use crate::elf::{Facts, facts::Platform};
use crate::tag::Libc;

/// Which folders may be looked into.
#[derive(Clone, Debug, Default)]
pub struct HostOptions {
    /// Stands for `/` in every lookup (`--sysroot`).
    pub sysroot: Option<PathBuf>,
    /// `--no-host-libs`: nothing outside the wheel, `lib_paths` and `sysroot` is opened.
    pub no_host: bool,
    /// `--lib-path`: searched before everything else. Not under the sysroot.
    pub lib_paths: Vec<PathBuf>,
    /// `--ldpaths`: replaces the loader's configuration (`Some` even if empty).
    pub ldpaths: Option<Vec<PathBuf>>,
    /// `AUDITWHEEL_LD_LIBRARY_PATH` then `LD_LIBRARY_PATH` (the latter not with a sysroot).
    pub ld_library_path: Vec<PathBuf>,
}

/// How a library was found; printed as provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// `--lib-path`.
    LibPath,
    /// `DT_RPATH` of this file (the requester or one that loaded it).
    Rpath(String),
    /// `DT_RUNPATH` of the requester.
    Runpath(String),
    /// `LD_LIBRARY_PATH` or `AUDITWHEEL_LD_LIBRARY_PATH`.
    Environment,
    /// `--ldpaths`.
    LdPaths,
    /// `ld.so.conf` or a musl path file: that file.
    LoaderConfig(PathBuf),
    /// A folder that the loader always searches.
    Trusted,
    /// Its soname, elsewhere in the wheel, where nothing points.
    WheelSoname,
    /// The name has a slash: a path.
    Path,
}

/// A folder to search, and why.
#[derive(Clone, Debug)]
pub struct SearchDir {
    /// The folder, sysroot included.
    pub dir: PathBuf,
    /// Why it is searched.
    pub found_by: FoundBy,
}

/// A library outside the wheel.
#[derive(Debug)]
pub struct HostLibrary {
    /// Where it was found, links not followed.
    pub path: PathBuf,
    /// The file itself.
    pub real_path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// What was read from it.
    pub facts: Facts,
}

/// The answer for one name in one folder.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A library that fits.
    Found(Arc<HostLibrary>),
    /// No such name.
    Absent,
    /// Something of that name that the loader would skip, and why.
    Skipped(String),
}

/// The host's libraries, read at most once each; shared by all wheels of a run.
#[derive(Debug, Default)]
pub struct Host {
    options: HostOptions,
}

impl Host {
    /// Reads nothing yet.
    pub fn new(options: HostOptions) -> Self {
        Self { options }
    }

    /// The options it was made with.
    pub fn options(&self) -> &HostOptions {
        &self.options
    }

    /// The folders searched after RUNPATH: `--ldpaths` or the loader's own, in order.
    pub fn system_dirs(&self, libc: Libc, arch: Arch) -> Arc<[SearchDir]> {
        let _ = (libc, arch);
        Arc::new([])
    }

    /// Looks for `name` in `dir`; only regular ELF files of that platform fit.
    pub fn probe(&self, dir: &std::path::Path, name: &str, platform: &Platform) -> Probe {
        let _ = (dir, name, platform);
        Probe::Absent
    }

    /// SHA-256 of a library's file, read once.
    ///
    /// # Errors
    /// Those of reading the file.
    pub fn sha256(&self, library: &HostLibrary) -> std::io::Result<[u8; 32]> {
        let _ = library;
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
