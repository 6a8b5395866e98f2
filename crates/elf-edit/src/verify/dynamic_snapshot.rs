//! What an edit is about, as a reader sees it: to compare a file before and after.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use crate::abi::{dt, pt};
use crate::error::EditError;
use crate::error::ElfError;
use crate::read::dynamic::strings::LONGEST_SEARCH_PATH;
use crate::read::versions;
use crate::read::view::View;
use crate::request::{Edit, RpathEdit, RpathKind};

/// Version requirements: library, and index and name of each version.
pub(crate) type Versions = Vec<(String, Vec<(u16, String)>)>;

/// Names, search path, version requirements, and every other dynamic entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) needed: Vec<String>,
    pub(crate) soname: Vec<String>,
    pub(crate) rpath: Vec<String>,
    pub(crate) runpath: Vec<String>,
    pub(crate) versions: Versions,
    /// Other entries that hold strings.
    pub(crate) strings: Vec<(i64, String)>,
    /// Entries that no edit changes.
    pub(crate) numbers: Vec<(i64, u64)>,
    /// Whether there is a `PT_INTERP`.
    pub(crate) is_program: bool,
}

impl Seen {
    /// Sorts one dynamic entry in; `string` looks an offset up.
    pub(crate) fn take<E>(
        &mut self,
        tag: i64,
        value: u64,
        string: impl Fn(u64) -> Result<String, E>,
    ) -> Result<(), E> {
        match tag {
            dt::NEEDED => self.needed.push(string(value)?),
            dt::SONAME => self.soname.push(string(value)?),
            dt::RPATH => self.rpath.push(string(value)?),
            dt::RUNPATH => self.runpath.push(string(value)?),
            dt::AUXILIARY | dt::FILTER | dt::AUDIT | dt::DEPAUDIT | dt::CONFIG => {
                self.strings.push((tag, string(value)?));
            }
            // What they lead to is compared instead.
            dt::STRTAB
            | dt::STRSZ
            | dt::HASH
            | dt::GNU_HASH
            | dt::SYMTAB
            | dt::VERSYM
            | dt::VERNEED
            | dt::VERNEEDNUM
            | dt::VERDEF
            | dt::MIPS_RLD_MAP_REL => {}
            dt::DEBUG if !self.is_program => {}
            _ => self.numbers.push((tag, value)),
        }
        Ok(())
    }

    /// Reads `view`.
    pub(crate) fn read(view: &View<'_>) -> Result<Self, ElfError> {
        let mut seen = Self {
            is_program: view.segments.iter().any(|s| s.kind == pt::INTERP),
            ..Self::default()
        };
        let string = |at| -> Result<String, ElfError> {
            let bytes = view.string(at, LONGEST_SEARCH_PATH, "a dynamic string")?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        for entry in view.dynamic.iter().flat_map(|dynamic| &dynamic.entries) {
            seen.take(entry.tag, entry.value, string)?;
        }
        for record in versions::needs(view)? {
            let versions = record.need.versions.into_iter();
            let versions = versions.map(|version| (version.index, version.name));
            seen.versions
                .push((record.need.library, versions.collect()));
        }
        Ok(seen)
    }

    /// What must be seen after `edit`.
    pub(crate) fn after(&self, edit: &Edit) -> Self {
        let mut seen = self.clone();
        let stays = |name: &String| !edit.remove_needed.contains(name);
        let renamed = |name: &String| edit.replace_needed.get(name).unwrap_or(name).clone();
        let kept: Vec<String> = self
            .needed
            .iter()
            .filter(|n| stays(n))
            .map(renamed)
            .collect();
        seen.needed.clear();
        for name in &edit.add_needed {
            if !kept.contains(name) && !seen.needed.contains(name) {
                seen.needed.push(name.clone());
            }
        }
        seen.needed.extend(kept);
        seen.versions.retain(|(library, _)| stays(library));
        for (library, _) in &mut seen.versions {
            *library = renamed(library);
        }
        if let Some(soname) = &edit.soname {
            seen.soname = vec![soname.clone(); self.soname.len().max(1)];
        }
        match &edit.rpath {
            RpathEdit::Keep => {}
            RpathEdit::Remove => {
                seen.rpath.clear();
                seen.runpath.clear();
            }
            RpathEdit::Set(RpathKind::Rpath, path) => {
                seen.rpath = vec![path.clone()];
                seen.runpath.clear();
            }
            RpathEdit::Set(RpathKind::Runpath, path) => {
                seen.rpath.clear();
                seen.runpath = vec![path.clone()];
            }
        }
        seen
    }

    /// Checks that `self` is what `expected` says.
    ///
    /// # Errors
    /// [`EditError::Verify`] naming the first difference; `reader` is who saw it.
    pub(crate) fn check(&self, expected: &Self, reader: &str) -> Result<(), EditError> {
        let differs = |what: &str, seen: &dyn std::fmt::Debug, wanted: &dyn std::fmt::Debug| {
            let reason = format!("{reader} sees {what} {seen:?}, not {wanted:?}");
            Err(EditError::Verify(reason))
        };
        let lists = [
            ("DT_NEEDED", &self.needed, &expected.needed),
            ("DT_SONAME", &self.soname, &expected.soname),
            ("DT_RPATH", &self.rpath, &expected.rpath),
            ("DT_RUNPATH", &self.runpath, &expected.runpath),
        ];
        for (what, seen, wanted) in lists {
            if seen != wanted {
                return differs(what, seen, wanted);
            }
        }
        if self.versions != expected.versions {
            return differs("versions", &self.versions, &expected.versions);
        }
        if self.strings != expected.strings {
            return differs("strings", &self.strings, &expected.strings);
        }
        if self.numbers != expected.numbers || self.is_program != expected.is_program {
            return differs("entries", &self.numbers, &expected.numbers);
        }
        Ok(())
    }
}
