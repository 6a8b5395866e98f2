//! What is judged: a wheel, or ELF files without one.

use std::path::Path;

use crate::finding::Finding;
use crate::tag::PlatformTag;
use crate::wheel::{ElfMember, LooseFiles, Wheel};

/// Something to judge. A wheel gives one with [`From`], so do loose ELF files.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The file or folder, as the caller named it.
    pub path: &'a Path,
    /// Its ELF files.
    pub elves: &'a [ElfMember],
    /// The wheel, where there is one.
    pub wheel: Option<&'a Wheel>,
    /// What was found when it was opened.
    pub findings: &'a [Finding],
    /// The real folder that the paths of `elves` start from; a wheel has none.
    pub folder: Option<&'a Path>,
}

impl<'a> From<&'a Wheel> for Input<'a> {
    fn from(wheel: &'a Wheel) -> Self {
        Self {
            path: &wheel.path,
            elves: &wheel.elves,
            wheel: Some(wheel),
            findings: &wheel.findings,
            folder: None,
        }
    }
}

impl<'a> From<&'a LooseFiles> for Input<'a> {
    fn from(files: &'a LooseFiles) -> Self {
        Self {
            path: &files.path,
            elves: &files.elves,
            wheel: None,
            findings: &files.findings,
            folder: Some(&files.folder),
        }
    }
}

impl<'a> Input<'a> {
    /// The platform tags of a wheel's file name; nothing for loose files.
    pub fn claimed(&self) -> &'a [PlatformTag] {
        self.wheel.map_or(&[], |wheel| &wheel.name.platform)
    }

    /// `wheel`, `file` or `folder`: how messages call it.
    pub fn noun(&self) -> &'static str {
        match (self.wheel, self.folder) {
            (Some(_), _) => "wheel",
            (None, Some(folder)) if folder == self.path => "folder",
            _ => "file",
        }
    }
}
