//! What PATH arguments stand for: wheels, ELF files, folders of either.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;
use wheel_audit::{Error, Input, LooseFiles, OpenOptions, Wheel};

/// Something to open.
#[derive(Debug)]
pub(crate) enum Source {
    /// A wheel, or what was named as one.
    Wheel(PathBuf),
    /// ELF files: the one that was named, or those of the folder that was named.
    Loose(PathBuf, Vec<PathBuf>),
}

/// Something opened.
#[derive(Debug)]
pub(crate) enum Opened {
    Wheel(Box<Wheel>),
    Loose(LooseFiles),
}

impl Source {
    /// The path to name in messages.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Wheel(path) | Self::Loose(path, _) => path,
        }
    }

    pub(crate) fn open(&self, options: &OpenOptions) -> Result<Opened, Error> {
        match self {
            Self::Wheel(path) => {
                Wheel::open(path, options).map(|wheel| Opened::Wheel(Box::new(wheel)))
            }
            Self::Loose(path, files) => LooseFiles::open(path, files).map(Opened::Loose),
        }
    }
}

impl Opened {
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Wheel(wheel) => Input::from(wheel.as_ref()),
            Self::Loose(files) => Input::from(files),
        }
    }
}

/// What `paths` stand for. A folder gives its wheels, and as one more input its ELF files.
pub(crate) fn sources(paths: &[PathBuf]) -> Vec<Source> {
    paths.iter().flat_map(|path| of_path(path)).collect()
}

fn of_path(path: &Path) -> Vec<Source> {
    if path.is_dir() {
        return of_folder(path);
    }
    if !is_wheel(path) && is_elf(path) {
        return vec![Source::Loose(path.to_owned(), vec![path.to_owned()])];
    }
    vec![Source::Wheel(path.to_owned())]
}

fn of_folder(folder: &Path) -> Vec<Source> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    // A link leads to a file that is here already, or that is not ours to judge.
    let files = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file());
    let (wheels, others): (Vec<PathBuf>, Vec<PathBuf>) = files
        .map(walkdir::DirEntry::into_path)
        .partition(|path| is_wheel(path));
    let elves: Vec<PathBuf> = others.into_iter().filter(|path| is_elf(path)).collect();
    let mut sources: Vec<Source> = wheels.into_iter().map(Source::Wheel).collect();
    if sources.is_empty() || !elves.is_empty() {
        sources.push(Source::Loose(folder.to_owned(), elves));
    }
    sources
}

fn is_wheel(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "whl")
}

/// Whether a regular file starts as ELF files do.
fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    path.is_file()
        && File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok())
        && &magic == b"\x7fELF"
}
