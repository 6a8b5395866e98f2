//! Whether an edited file is the old one plus the edit, and nothing else.
//!
//! Written against the old file, the new one and the request: it knows nothing of how the
//! planner came to its patch.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub(crate) mod allowed;
pub(crate) mod difference;
pub(crate) mod dynamic_snapshot;
pub(crate) mod faults;
pub(crate) mod rest;
pub(crate) mod second_parser;
pub(crate) mod sections;
pub(crate) mod symbols;

use std::ops::Range;

use crate::abi::{PF_X, pt};
use crate::error::EditError;
use crate::error::ElfError;
use crate::facts::{Facts, facts};
use crate::image::{Image, bytes_at};
use crate::patch::Patch;
use crate::read::header::Segment;
use crate::read::memory::Loader;
use crate::read::source::{Source, file_end};
use crate::request::Edit;
use crate::verify::allowed::Allowed;
use crate::verify::difference::Comparison;
use crate::verify::dynamic_snapshot::Seen;
use crate::verify::faults::faults;

/// Checks that `new` is `old` with exactly `edit` made: names as asked for in the eyes of
/// two parsers, no new fault of layout, every byte of the old memory image in its place but
/// for the dynamic section and the version words, every other section and any payload kept.
///
/// # Errors
/// [`EditError::Verify`] with the first thing that is not as it must be.
pub fn verify(old: &dyn Image, new: &dyn Image, edit: &Edit) -> Result<(), EditError> {
    let patch = None;
    check(&Comparison { old, new, patch }, edit)
}

/// As [`verify`], for the result of a patch: what it copies need not be compared.
pub(crate) fn verify_patch(old: &dyn Image, patch: &Patch, edit: &Edit) -> Result<(), EditError> {
    let new = &patch.view(old);
    let patch = Some(patch);
    check(&Comparison { old, new, patch }, edit)
}

/// A table of a file that says what cannot be: no linker makes such a file.
pub(crate) fn lie(image: &dyn Image) -> Option<&'static str> {
    let known = faults(&Source::read(image).ok()?).ok()?;
    known.into_iter().find(|fault| faults::LIES.contains(fault))
}

/// An [`EditError::Verify`].
pub(crate) fn wrong(reason: impl Into<String>) -> EditError {
    EditError::Verify(reason.into())
}

/// A file before and after, and what was asked for.
pub(crate) struct Case<'a> {
    pub(crate) bytes: &'a Comparison<'a>,
    pub(crate) before: Source<'a>,
    pub(crate) after: Source<'a>,
    pub(crate) edit: &'a Edit,
}

fn check(bytes: &Comparison<'_>, edit: &Edit) -> Result<(), EditError> {
    let unreadable = |error: ElfError| wrong(format!("the result cannot be read: {error}"));
    let case = Case {
        bytes,
        before: Source::read(bytes.old)?,
        after: Source::read(bytes.new).map_err(unreadable)?,
        edit,
    };
    // What an audit reads beyond that: symbols by their hash tables, versions, notes.
    match facts(bytes.new) {
        Ok(after) => check_loaders(bytes.old, &after)?,
        Err(error) if facts(bytes.old).is_ok() => return Err(unreadable(error)),
        Err(_) => {}
    }
    let known = faults(&case.before)?;
    if let Some(fault) = faults(&case.after)?.difference(&known).next() {
        return Err(wrong(*fault));
    }
    case.check_header()?;
    let seen = Seen::read(&case.before.view)?;
    let second = second_parser::opinion(bytes.old)?;
    // Where the readers did not agree before, they cannot vouch for the edit.
    let agreed = second.check(&seen, "goblin").is_ok();
    Seen::read(&case.after.view)
        .map_err(unreadable)?
        .check(&seen.after(edit), "the reader")?;
    let checked = second_parser::opinion(bytes.new)?.check(&second.after(edit), "goblin");
    if !agreed && checked.is_err() {
        let reason = "two readers see different names in it: no linker makes such a file";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    checked?;
    let pairs = case.pair_segments()?;
    for (old, new) in &pairs {
        case.check_segment(old, new)?;
    }
    case.check_images(&pairs)?;
    case.check_strings()?;
    sections::check(&case)?;
    rest::check(&case, &pairs)
}

/// No loader sees other bytes than the next that saw the same before.
fn check_loaders(old: &dyn Image, after: &Facts) -> Result<(), EditError> {
    let differs = |facts: &Facts, loader| facts.difference(loader).is_some();
    let loaders = Loader::ALL.into_iter();
    let mut differing = loaders.filter(|loader| differs(after, *loader)).peekable();
    if differing.peek().is_none() {
        return Ok(());
    }
    let before = facts(old)?;
    match differing.find(|loader| !differs(&before, *loader)) {
        Some(loader) => Err(wrong(format!(
            "the loaders would see different bytes ({loader:?})"
        ))),
        None => Ok(()),
    }
}

impl Case<'_> {
    /// The ELF header stays, but for the places of the tables.
    fn check_header(&self) -> Result<(), EditError> {
        let encoding = self.before.view.encoding();
        let size = encoding.header_size();
        // e_phoff and e_shoff; e_phnum; e_shnum and e_shstrndx.
        let (tables, segments, sections) = if encoding.is_64 {
            (32..48, 56..58, 60..64)
        } else {
            (28..36, 44..46, 48..52)
        };
        let before = bytes_at(self.bytes.old, 0, size, "ELF header")?;
        let after = bytes_at(self.bytes.new, 0, size, "ELF header")?;
        for (at, (old, new)) in before.iter().zip(after.iter()).enumerate() {
            let stripped = self.is_stripped() && sections.contains(&at);
            if old != new && !tables.contains(&at) && !segments.contains(&at) && !stripped {
                return Err(wrong(format!("byte {at} of the ELF header changed")));
            }
        }
        Ok(())
    }

    /// Old and new program headers that belong together: all, but for one new `PT_LOAD`.
    fn pair_segments(&self) -> Result<Vec<(Segment, Segment)>, EditError> {
        let used = |source: &Source<'_>| -> Vec<Segment> {
            let segments = source.view.segments.iter().copied();
            segments.filter(|segment| segment.kind != 0).collect()
        };
        let before = used(&self.before);
        let mut after = used(&self.after);
        if after.len() == before.len().saturating_add(1) {
            let added = after.iter().rposition(|s| s.kind == pt::LOAD);
            after.remove(added.unwrap_or_default());
        }
        if before.len() != after.len() {
            return Err(wrong("program headers came or went"));
        }
        Ok(before.into_iter().zip(after).collect())
    }

    fn check_segment(&self, old: &Segment, new: &Segment) -> Result<(), EditError> {
        let mut flags = old.flags;
        if old.kind == pt::GNU_STACK && self.edit.clear_execstack {
            flags &= !PF_X;
        }
        if (old.kind, flags, old.align) != (new.kind, new.flags, new.align) {
            return Err(wrong("a program header became another"));
        }
        match old.kind {
            // The faults cover these two; their contents are compared as entries.
            pt::DYNAMIC | pt::PHDR => Ok(()),
            pt::LOAD => self.check_load(old, new),
            _ => self.check_content(old, new),
        }
    }

    fn check_load(&self, old: &Segment, new: &Segment) -> Result<(), EditError> {
        if (old.offset, old.vaddr, old.paddr) != (new.offset, new.vaddr, new.paddr) {
            return Err(wrong("a PT_LOAD moved"));
        }
        if (old.filesz, old.memsz) == (new.filesz, new.memsz) {
            return Ok(());
        }
        if new.filesz != new.memsz || new.memsz < old.memsz {
            return Err(wrong("a PT_LOAD grew in a way that loses memory"));
        }
        let end = old.offset.saturating_add(old.memsz);
        if self.bytes.is_zero(file_end(old)..end)? {
            Ok(())
        } else {
            Err(wrong("memory that started as zeros no longer does"))
        }
    }

    /// Segments that only point to bytes: the same bytes, and at the same address unless
    /// they made room for a program header.
    fn check_content(&self, old: &Segment, new: &Segment) -> Result<(), EditError> {
        let movable = matches!(old.kind, pt::INTERP | pt::NOTE | pt::GNU_PROPERTY)
            && self.before.view.segments.len() != self.after.view.segments.len();
        if (old.filesz, old.memsz) != (new.filesz, new.memsz)
            || (old.vaddr != new.vaddr && !movable)
        {
            return Err(wrong("a program header changed that no edit is about"));
        }
        if old.offset == new.offset {
            return Ok(());
        }
        if old.filesz == 0 {
            return Err(wrong("an empty program header moved"));
        }
        let changed = |_| Err(wrong("bytes of a program header changed on their way"));
        let range = old.offset..file_end(old);
        self.bytes.each(range, new.offset, changed)
    }

    fn check_images(&self, pairs: &[(Segment, Segment)]) -> Result<(), EditError> {
        let allowed = Allowed::of(self)?;
        for (old, new) in pairs.iter().filter(|(old, _)| old.kind == pt::LOAD) {
            let changed = |run: Range<u64>| {
                let into = run.start.saturating_sub(old.offset);
                if allowed.contains(&run, new.offset.saturating_add(into))? {
                    return Ok(());
                }
                let offset = run.start;
                Err(wrong(format!("the byte at offset {offset:#x} changed")))
            };
            let range = old.offset..file_end(old);
            self.bytes.each(range, new.offset, changed)?;
        }
        Ok(())
    }

    /// Each old string is where it was in the table, so that all names of symbols and
    /// versions stay what they were.
    fn check_strings(&self) -> Result<(), EditError> {
        let old = self.before.view.string_table("the check");
        let (Ok(old), Ok(new)) = (old, self.after.view.string_table("the check")) else {
            return Ok(());
        };
        if new.size < old.size {
            return Err(wrong("the dynamic string table shrank"));
        }
        let range = old.offset..old.offset.saturating_add(old.size);
        let changed = |_| Err(wrong("a dynamic string changed"));
        self.bytes.each(range, new.offset, changed)
    }
}
