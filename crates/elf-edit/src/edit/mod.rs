//! Planning an edit of what the loader reads: names, search paths, versions, the stack.
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub(crate) mod append_segment;
pub(crate) mod assemble;
pub(crate) mod entries;
pub(crate) mod phdr_room;
pub(crate) mod place;
pub(crate) mod section_symbols;
pub(crate) mod string_table;
pub(crate) mod version_needs;

use crate::abi::{ET_DYN, ET_EXEC, PF_X, dt, pt, sht};
use crate::edit::assemble::{Decisions, assemble};
use crate::edit::entries::NewEntry;
use crate::edit::place::{Placement, Spot, Want, place};
use crate::edit::string_table::Strings;
use crate::error::EditError;
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::patch::Patch;
use crate::patch::Remark;
use crate::read::dynamic::Dynamic;
use crate::read::header::Segment;
use crate::read::source::Source;
use crate::request::{Edit, RpathEdit};

/// `DT_NULL` entries behind a dynamic section that had to move, for later edits.
const SPARE: u64 = 4;

/// Everything but stripping.
pub(crate) fn plan(image: &dyn Image, edit: &Edit) -> Result<Patch, EditError> {
    let source = Source::read(image)?;
    if !matches!(source.view.header.kind, ET_EXEC | ET_DYN) {
        let reason = "it is neither a shared object nor an executable";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    let Some(mut decisions) = decide(&source, edit)? else {
        return Ok(Patch::identity(source.size()));
    };
    if edit.clear_execstack {
        clear_execstack(&mut decisions.placement.segments);
    }
    let payload_moves = decisions.placement.insert > 0 && source.has_payload()?;
    let patch = assemble(&source, decisions)?;
    if payload_moves {
        return Ok(patch.with_remarks(vec![Remark::PayloadMoved]));
    }
    Ok(patch)
}

/// What changes, and where it goes; `None` if nothing changes.
fn decide(source: &Source<'_>, edit: &Edit) -> Result<Option<Decisions>, EditError> {
    let stack = edit.clear_execstack && has_execstack(&source.view.segments);
    let dynamic = source.view.dynamic.as_ref();
    let dynamic = dynamic.and_then(|dynamic| Some((dynamic, dynamic.offset?)));
    let Some((dynamic, offset)) = dynamic.filter(|_| edit.touches_dynamic()) else {
        if dynamic.is_none() && edit.needs_dynamic() {
            let reason = "it has no dynamic section, as a static executable";
            return Err(EditError::Unsafe(reason.to_owned()));
        }
        return Ok(stack.then(|| Decisions::only_headers(source)));
    };
    let mut strings = Strings::read(&source.view)?;
    let mut list = entries::edited(&source.view, edit, &mut strings)?;
    let versions = version_needs::edited(source, edit, &mut strings, &mut list)?;
    let same = is_same(dynamic, &list) && versions.words.is_empty();
    if same {
        return Ok(stack.then(|| Decisions::only_headers(source)));
    }
    if entries::is_prelinked(&dynamic.entries) {
        let reason = "prelink changed it, and its addresses are recorded elsewhere";
        return Err(EditError::Unsafe(reason.to_owned()));
    }
    let is_library = !source.view.segments.iter().any(|s| s.kind == pt::INTERP);
    let slots = Slots::count(source, dynamic, offset)?;
    if !slots.hold(&list) && is_library {
        entries::drop_debug(&mut list);
    }
    let step = source.view.encoding().dynamic_entry_size();
    let count = u64::try_from(list.len()).unwrap_or(u64::MAX);
    let size = count.saturating_add(1).saturating_add(SPARE);
    let size = size.saturating_mul(step);
    let want = Want {
        strings: strings.size(),
        added: strings.size().saturating_sub(strings.table.size),
        dynamic: (!slots.hold(&list)).then_some(size),
    };
    let spot = Spot {
        offset: strings.table.offset,
        vaddr: dynamic.last(dt::STRTAB).unwrap_or_default(),
    };
    Ok(Some(Decisions {
        placement: place(source, spot, &want)?,
        entries: list,
        strings: Some(strings),
        words: versions.words,
        headers: versions.headers,
        dynamic_size: size,
    }))
}

impl Decisions {
    /// Nothing in the dynamic section changes.
    fn only_headers(source: &Source<'_>) -> Self {
        Self {
            entries: Vec::new(),
            strings: None,
            words: Vec::new(),
            headers: Vec::new(),
            placement: Placement::as_it_is(source, Spot::default()),
            dynamic_size: 0,
        }
    }
}

impl Edit {
    /// Whether the dynamic section may change.
    fn touches_dynamic(&self) -> bool {
        self.needs_dynamic()
            || self.rpath != RpathEdit::Keep
            || !self.replace_needed.is_empty()
            || !self.remove_needed.is_empty()
    }

    /// Whether there must be a dynamic section.
    fn needs_dynamic(&self) -> bool {
        let path = matches!(self.rpath, RpathEdit::Set(..));
        path || self.soname.is_some() || !self.add_needed.is_empty()
    }
}

fn is_same(dynamic: &Dynamic, list: &[NewEntry]) -> bool {
    let pairs = dynamic.entries.iter().zip(list);
    dynamic.entries.len() == list.len()
        && pairs
            .into_iter()
            .all(|(old, new)| old.tag == new.tag && old.value == new.value)
}

/// How many entries the dynamic section holds where it is.
struct Slots {
    /// Entries there are.
    old: u64,
    /// Entries there may be, the final `DT_NULL` included.
    usable: u64,
}

impl Slots {
    /// Only zeros that both `PT_DYNAMIC` and the section header, if there is one, count to
    /// the dynamic section are spare entries.
    fn count(source: &Source<'_>, dynamic: &Dynamic, offset: u64) -> Result<Self, ElfError> {
        let old = u64::try_from(dynamic.entries.len()).unwrap_or(u64::MAX);
        let step = source.view.encoding().dynamic_entry_size();
        let mut capacity = dynamic.capacity;
        let segment = source.view.segments.get(dynamic.segment);
        let vaddr = segment.map(|segment| segment.vaddr).unwrap_or_default();
        let table = source.sections.as_ref();
        let section = table.and_then(|t| t.headers.get(t.loaded_at(sht::DYNAMIC, vaddr)?));
        if let Some(section) = section {
            let held = section.size.checked_div(step).unwrap_or_default();
            capacity = capacity.min(held);
        }
        let start = offset.saturating_add(old.saturating_mul(step));
        let len = capacity.saturating_sub(old).min(64).saturating_mul(step);
        let tail = bytes_at(source.view.image, start, len, "dynamic entries")?;
        let zeros = tail.iter().take_while(|byte| **byte == 0).count();
        let spare = u64::try_from(zeros).unwrap_or_default().checked_div(step);
        let usable = old.saturating_add(spare.unwrap_or_default());
        Ok(Self { old, usable })
    }

    /// Fewer entries than before always fit: the old `DT_NULL` stays where it is.
    fn hold(&self, list: &[NewEntry]) -> bool {
        let count = u64::try_from(list.len()).unwrap_or(u64::MAX);
        count <= self.old || count < self.usable
    }
}

fn has_execstack(segments: &[Segment]) -> bool {
    segments
        .iter()
        .any(|s| s.kind == pt::GNU_STACK && s.flags & PF_X != 0)
}

fn clear_execstack(segments: &mut [Segment]) {
    for segment in segments.iter_mut().filter(|s| s.kind == pt::GNU_STACK) {
        segment.flags &= !PF_X;
    }
}
