//! Candidates for a name: read once, judged for each who asks.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sha2::{Digest as _, Sha256};

use super::Wanted;
use super::file::{self, FileImage, NoFile};
use crate::elf::Kind;
use crate::elf::Tagged as _;
use crate::elf::{self, Facts, Image};
use crate::tag::{CLibrary as _, Libc};

/// What is known about one file.
#[derive(Debug, Default)]
pub(super) struct Known {
    facts: OnceLock<Result<Arc<Facts>, NoFile>>,
    sha256: Mutex<Option<[u8; 32]>>,
}

impl Known {
    /// Its facts, read at the first call.
    pub(super) fn facts(&self, real_path: &Path) -> Result<Arc<Facts>, NoFile> {
        self.facts.get_or_init(|| read(real_path)).clone()
    }

    /// Its digest; the first call reads it, and others wait for that.
    pub(super) fn sha256(&self, open: impl FnOnce() -> io::Result<File>) -> io::Result<[u8; 32]> {
        let mut known = self.sha256.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = *known {
            return Ok(digest);
        }
        let digest = digest(open()?)?;
        *known = Some(digest);
        Ok(digest)
    }
}

fn digest(mut file: File) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn read(real_path: &Path) -> Result<Arc<Facts>, NoFile> {
    let (file, metadata) = file::open(real_path)?;
    let image = FileImage::new(file, &metadata);
    let len = usize::try_from(image.size().min(512)).unwrap_or(0);
    let mut start = vec![0; len];
    image
        .read_at(0, &mut start)
        .map_err(|error| NoFile::from_io(&error))?;
    if !start.starts_with(b"\x7fELF") {
        return Err(NoFile::because(kind_of_other(&start)));
    }
    match elf::facts(&image) {
        Ok(facts) => Ok(Arc::new(facts)),
        Err(error) => Err(NoFile::because(error.to_string())),
    }
}

/// What a file is that is not ELF, by its first bytes.
fn kind_of_other(start: &[u8]) -> &'static str {
    let has = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
    let script = [
        b"GNU ld script".as_slice(),
        b"INPUT",
        b"GROUP",
        b"OUTPUT_FORMAT",
    ];
    if start.is_empty() {
        "an empty file"
    } else if start.starts_with(b"!<arch>") {
        "a static library"
    } else if script.into_iter().any(has) {
        "a linker script, not a library"
    } else {
        "not an ELF file"
    }
}

/// Why a library, linked with `libc`, does not fit; `None` if it does.
pub fn unfit(facts: &Facts, libc: Option<Libc>, wanted: &Wanted) -> Option<String> {
    if facts.kind != Kind::Shared || facts.is_pie() {
        return Some("not a shared library".to_owned());
    }
    if !wanted.platform.is_compatible(&facts.platform) {
        let reason = match facts.arch() {
            _ if same_machine(facts, wanted) => "built for another system or ABI".to_owned(),
            Ok(arch) => format!("built for {arch}"),
            Err(reason) => format!("built for another machine: {reason}"),
        };
        return Some(reason);
    }
    if let Some(address) = facts.difference(wanted.libc.loader_view()) {
        return Some(format!(
            "not the same file for all loaders: they see different bytes at address {address:#x}"
        ));
    }
    match libc {
        Some(libc) if libc != wanted.libc => Some(format!("built for {}", libc.as_str())),
        _ => None,
    }
}

fn same_machine(facts: &Facts, wanted: &Wanted) -> bool {
    let (own, other) = (&wanted.platform, &facts.platform);
    (own.machine, own.is_64, own.big_endian) == (other.machine, other.is_64, other.big_endian)
}
