//! Notes: GNU properties, build id, and the JSON that packagers leave.
//!
//! The loader skips notes that it cannot read, and so does this.
//!
//! Specs: <https://gitlab.com/x86-psABIs/Linux-ABI>,
//! <https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/>,
//! <https://uapi-group.org/specifications/specs/elf_dlopen_metadata/>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::abi::em;
use crate::abi::pt;
use crate::error::ElfError;
use crate::image::bytes_at;
use crate::read::encoding::Encoding;
use crate::read::header::Segment;
use crate::read::view::View;

/// More bytes of notes are refused: every note counts, and linkers write hundreds of bytes.
const BUDGET: u64 = 16 << 20;

const NT_GNU_BUILD_ID: u32 = 3;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED: u32 = 0xc000_8002;
/// `NT_FDO_PACKAGING_METADATA`.
const FDO_PACKAGE: u32 = 0xcafe_1a7e;
/// `NT_FDO_DLOPEN_METADATA`.
const FDO_DLOPEN: u32 = 0x407c_0c0a;

/// What the notes of a file say.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) build_id: Option<Vec<u8>>,
    pub(crate) package: Option<String>,
    pub(crate) dlopen: Vec<String>,
    isa_needed: Option<u32>,
}

impl Notes {
    /// Reads the segments of type `PT_NOTE` and `PT_GNU_PROPERTY`.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] for more notes than anything writes; [`ElfError::Io`].
    pub(crate) fn read(view: &View<'_>) -> Result<Self, ElfError> {
        let mut notes = Self::default();
        let mut seen = BTreeSet::new();
        let mut budget = BUDGET;
        for segment in &view.segments {
            let of_notes = matches!(segment.kind, pt::NOTE | pt::GNU_PROPERTY);
            // PT_GNU_PROPERTY is a second header for one of the notes.
            if of_notes && seen.insert((segment.offset, segment.filesz)) {
                let bytes = contents(view, segment)?;
                let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                budget = budget.checked_sub(len).ok_or_else(|| {
                    ElfError::malformed("its notes are longer, together, than any linker writes")
                })?;
                notes.add_all(view.encoding(), &bytes, segment.align);
            }
        }
        Ok(notes)
    }

    /// All `GNU_PROPERTY_X86_ISA_1_NEEDED` together. On other machines than x86-64 that type of
    /// property means something else.
    pub(crate) fn x86_isa_needed(&self, machine: u16) -> Option<u32> {
        self.isa_needed.filter(|_| machine == em::X86_64)
    }

    fn add_all(&mut self, encoding: Encoding, bytes: &[u8], align: u64) {
        let align = if align == 8 { 8 } else { 4 };
        let mut rest = bytes;
        while let Some((note, after)) = Note::split(encoding, rest, align) {
            self.add(encoding, &note);
            rest = after;
        }
    }

    fn add(&mut self, encoding: Encoding, note: &Note<'_>) {
        match (note.owner, note.kind) {
            (b"GNU\0", NT_GNU_BUILD_ID) => self.build_id = Some(note.content.to_vec()),
            (b"GNU\0", NT_GNU_PROPERTY_TYPE_0) => self.add_properties(encoding, note.content),
            (b"FDO\0", FDO_PACKAGE) => self.package = Some(json(note.content)),
            (b"FDO\0", FDO_DLOPEN) => self.dlopen.push(json(note.content)),
            _ => (),
        }
    }

    fn add_properties(&mut self, encoding: Encoding, content: &[u8]) {
        let align = if encoding.is_64 { 8 } else { 4 };
        let mut rest = content;
        while let (Some(kind), Some(len)) = (encoding.u32(rest, 0), encoding.u32(rest, 4)) {
            let Some((value, after)) = split_aligned(rest.get(8..), len, align) else {
                return;
            };
            if kind == GNU_PROPERTY_X86_ISA_1_NEEDED
                && len == 4
                && let Some(bits) = encoding.u32(value, 0)
            {
                self.isa_needed = Some(self.isa_needed.unwrap_or(0) | bits);
            }
            rest = after;
        }
    }
}

/// One note.
struct Note<'a> {
    /// With its NUL.
    owner: &'a [u8],
    kind: u32,
    content: &'a [u8],
}

impl<'a> Note<'a> {
    /// The first note of `bytes`, and what follows it.
    fn split(encoding: Encoding, bytes: &'a [u8], align: usize) -> Option<(Self, &'a [u8])> {
        let owner_len = encoding.u32(bytes, 0)?;
        let content_len = encoding.u32(bytes, 4)?;
        let kind = encoding.u32(bytes, 8)?;
        // The content is aligned from the start of the note, the header of 12 bytes included.
        let owner_len = usize::try_from(owner_len).ok()?;
        let owner_end = owner_len.checked_add(12)?;
        let owner = bytes.get(12..owner_end)?;
        let content_at = owner_end.checked_next_multiple_of(align)?;
        let (content, after) = split_aligned(bytes.get(content_at..), content_len, align)?;
        let note = Self {
            owner,
            kind,
            content,
        };
        Some((note, after))
    }
}

/// The first `len` bytes, and what follows their padding.
fn split_aligned(bytes: Option<&[u8]>, len: u32, align: usize) -> Option<(&[u8], &[u8])> {
    let bytes = bytes?;
    let len = usize::try_from(len).ok()?;
    let padded = len.checked_next_multiple_of(align)?;
    // The last padding may be missing.
    Some((bytes.get(..len)?, bytes.get(padded..).unwrap_or_default()))
}

/// The bytes of a note segment, as far as they are in the file.
fn contents<'a>(view: &View<'a>, segment: &Segment) -> Result<Cow<'a, [u8]>, ElfError> {
    let mapped = view.offset_to_read(segment.vaddr, segment.filesz)?;
    let offset = mapped.unwrap_or(segment.offset);
    let in_file = view.image.size().saturating_sub(offset);
    let len = segment.filesz.min(in_file).min(BUDGET.saturating_add(1));
    if len == 0 {
        return Ok(Cow::Borrowed(&[]));
    }
    bytes_at(view.image, offset, len, "notes")
}

/// The text of a note, without the NULs that end it.
fn json(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    text.trim_end_matches('\0').to_owned()
}
