//! ELF files without a wheel: one file, or those of a folder.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ElfMember, Installed};
use crate::elf;
use crate::finding::{Error, ErrorKind, Finding};

/// ELF files that lie in the file system.
#[derive(Debug)]
pub struct LooseFiles {
    /// The file or folder, as the caller named it.
    pub path: PathBuf,
    /// The folder that the paths of `elves` start from.
    pub folder: PathBuf,
    /// The files that could be read, in the order given.
    pub elves: Vec<ElfMember>,
    /// The files that could not.
    pub findings: Vec<Finding>,
}

impl LooseFiles {
    /// Reads `files`, which lie in `path`, or are `path` itself. Files without ELF magic are
    /// passed over.
    ///
    /// # Errors
    /// `ErrorKind::Refused` if `path` is one file and cannot be read as ELF;
    /// `ErrorKind::NotPlatform` if there is no ELF file at all.
    pub fn open(path: &Path, files: &[PathBuf]) -> Result<Self, Error> {
        let single = !path.is_dir();
        let folder = if single { path.parent() } else { Some(path) };
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let mut loose = Self {
            path: path.to_owned(),
            folder: folder.to_owned(),
            elves: Vec::new(),
            findings: Vec::new(),
        };
        for file in files {
            loose.add(file);
        }
        let refused = |kind, findings| Err(Error::many(kind, path.display().to_string(), findings));
        if single && !loose.findings.is_empty() {
            return refused(ErrorKind::Refused, loose.findings);
        }
        if loose.elves.is_empty() {
            let message = if single {
                "is neither a wheel nor an ELF file"
            } else {
                "holds neither wheels nor ELF files"
            };
            let finding = Finding::error("not-platform", message);
            return refused(ErrorKind::NotPlatform, vec![finding]);
        }
        Ok(loose)
    }

    fn add(&mut self, file: &Path) {
        let relative = file.strip_prefix(&self.folder).unwrap_or(file);
        let path = relative.to_string_lossy().into_owned();
        match read(file) {
            Ok(Some(facts)) => self.elves.push(ElfMember {
                member: self.elves.len(),
                installed: Installed::Site(path.clone()),
                path,
                facts: Arc::new(facts),
            }),
            Ok(None) => {}
            Err(error) => {
                let message = match &error {
                    elf::ElfError::Io(_) => error.to_string(),
                    _ => format!("cannot be read: {error}"),
                };
                let finding = Finding::error(elf::code_of(&error), message).at(path);
                self.findings.push(finding);
            }
        }
    }
}

/// The facts of a file with ELF magic. What is no regular file is not opened: a pipe would wait.
fn read(path: &Path) -> Result<Option<elf::Facts>, elf::ElfError> {
    let reason = elf::ElfError::Io;
    if !path.metadata().map_err(reason)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path).map_err(reason)?;
    let mut bytes = Vec::new();
    let mut start = file.by_ref().take(4);
    start.read_to_end(&mut bytes).map_err(reason)?;
    if bytes != b"\x7fELF" {
        return Ok(None);
    }
    file.read_to_end(&mut bytes).map_err(reason)?;
    elf::facts(&bytes).map(Some)
}
