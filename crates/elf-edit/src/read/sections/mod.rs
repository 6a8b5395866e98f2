//! The section header table: optional, never needed to load a file, kept true where it
//! exists.
//!
//! Spec: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

pub(crate) mod names;
pub(crate) mod symbol;

use crate::abi::{SHF_ALLOC, SHF_INFO_LINK, SHN_XINDEX, sht};
use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::encoding::Encoding;
use crate::read::header::Header;
use crate::read::reached;
use crate::read::view::View;

/// No linker output comes near; a table that claims more is not worth its memory.
const MOST_SECTIONS: u64 = 1 << 20;

/// A section header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// `sh_name`: offset into the section name table.
    pub(crate) name: u32,
    /// `sh_type`, see [`sht`].
    pub(crate) kind: u32,
    /// `sh_flags`.
    pub(crate) flags: u64,
    /// `sh_addr`.
    pub(crate) addr: u64,
    /// `sh_offset`.
    pub(crate) offset: u64,
    /// `sh_size`.
    pub(crate) size: u64,
    /// `sh_link`.
    pub(crate) link: u32,
    /// `sh_info`.
    pub(crate) info: u32,
    /// `sh_addralign`.
    pub(crate) align: u64,
    /// `sh_entsize`.
    pub(crate) entsize: u64,
}

impl Section {
    /// Both classes have the same fields in the same order.
    fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Self> {
        let mut at = 0_usize;
        let mut word = |wide: bool| {
            let value = if wide {
                encoding.word(bytes, at)?
            } else {
                encoding.u32(bytes, at)?.into()
            };
            let size = if wide && encoding.is_64 { 8 } else { 4 };
            at = at.saturating_add(size);
            Some(value)
        };
        let half = |value: u64| u32::try_from(value).ok();
        Some(Self {
            name: half(word(false)?)?,
            kind: half(word(false)?)?,
            flags: word(true)?,
            addr: word(true)?,
            offset: word(true)?,
            size: word(true)?,
            link: half(word(false)?)?,
            info: half(word(false)?)?,
            align: word(true)?,
            entsize: word(true)?,
        })
    }

    /// The bytes of this header; `None` if a value does not fit class 32.
    pub(crate) fn encode(&self, encoding: Encoding) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(64);
        bytes.extend(encoding.u32_bytes(self.name));
        bytes.extend(encoding.u32_bytes(self.kind));
        for value in [self.flags, self.addr, self.offset, self.size] {
            bytes.extend(encoding.word_bytes(value)?);
        }
        bytes.extend(encoding.u32_bytes(self.link));
        bytes.extend(encoding.u32_bytes(self.info));
        for value in [self.align, self.entsize] {
            bytes.extend(encoding.word_bytes(value)?);
        }
        Some(bytes)
    }

    /// Whether it holds relocations: `sh_info` is the section that they are for, or 0.
    pub(crate) fn is_relocation(&self) -> bool {
        matches!(self.kind, sht::REL | sht::RELA | sht::CREL)
    }

    /// Whether `sh_info` is the index of another section.
    pub(crate) fn info_is_section(&self) -> bool {
        self.is_relocation() || self.flags & SHF_INFO_LINK != 0
    }

    /// Whether it is part of the loaded image.
    pub(crate) fn is_alloc(&self) -> bool {
        self.flags & SHF_ALLOC != 0
    }

    /// How many bytes of the file it takes.
    pub(crate) fn file_size(&self) -> u64 {
        if self.kind == sht::NOBITS || self.kind == 0 {
            0
        } else {
            self.size
        }
    }

    /// End of its bytes in the file.
    pub(crate) fn file_end(&self) -> u64 {
        self.offset.saturating_add(self.file_size())
    }
}

/// Bytes of a section header.
pub(crate) fn section_size(encoding: Encoding) -> u64 {
    if encoding.is_64 { 64 } else { 40 }
}

/// The section headers of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sections {
    /// `e_shoff`.
    pub(crate) offset: u64,
    /// In table order; the first is the null section.
    pub(crate) headers: Vec<Section>,
    /// Index of the section name table.
    pub(crate) names: usize,
}

impl Sections {
    /// The table of `image`, or `None` where there is none that makes sense: the file may
    /// load perfectly all the same.
    ///
    /// # Errors
    /// Those of the image.
    pub(crate) fn read(image: &dyn Image, header: &Header) -> Result<Option<Self>, ElfError> {
        let encoding = header.encoding;
        let size = section_size(encoding);
        if header.shoff == 0 || u64::from(header.shentsize) != size {
            return Ok(None);
        }
        let decode = |at: u64, count: u64| -> Result<Option<Vec<Section>>, ElfError> {
            let len = count.saturating_mul(size);
            if at.checked_add(len).is_none_or(|end| end > image.size()) {
                return Ok(None);
            }
            let bytes = bytes_at(image, at, len, "section headers")?;
            let entry = usize::try_from(size).unwrap_or(usize::MAX);
            let headers = bytes.chunks_exact(entry);
            Ok(headers
                .map(|chunk| Section::decode(encoding, chunk))
                .collect())
        };
        let Some(&[first]) = decode(header.shoff, 1)?.as_deref() else {
            return Ok(None);
        };
        let count = match header.shnum {
            0 => first.size,
            count => count.into(),
        };
        // The table starts with a null section, and not within the ELF header.
        let is_table = first.kind == 0 && header.shoff >= encoding.header_size();
        if count == 0 || count > MOST_SECTIONS || !is_table {
            return Ok(None);
        }
        let names = match header.shstrndx {
            SHN_XINDEX => first.link,
            index => index.into(),
        };
        let Some(headers) = decode(header.shoff, count)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            offset: header.shoff,
            headers,
            names: usize::try_from(names).unwrap_or(usize::MAX),
        }))
    }

    /// End of the table in the file.
    pub(crate) fn table_end(&self, encoding: Encoding) -> u64 {
        let count = u64::try_from(self.headers.len()).unwrap_or(u64::MAX);
        self.offset
            .saturating_add(count.saturating_mul(section_size(encoding)))
    }

    /// Whether it lies in memory, and there in the place of something that the loaded program
    /// uses. Loaders do not read section headers: patchelf and Go's linker let a segment
    /// cover them.
    ///
    /// # Errors
    /// Those of reading what is loaded.
    pub(crate) fn displaces(&self, view: &View<'_>) -> Result<bool, ElfError> {
        let range = self.offset..self.table_end(view.encoding());
        let meets = |start: u64, end: u64| start < range.end && range.start < end;
        let loaded = self.headers.iter().filter(|section| section.is_alloc());
        let mut loaded = loaded.filter(|section| section.file_size() > 0);
        if loaded.any(|section| meets(section.offset, section.file_end())) {
            return Ok(true);
        }
        reached::is_used(view, &range)
    }

    /// Index of the section of type `kind` that is loaded at `addr`.
    pub(crate) fn loaded_at(&self, kind: u32, addr: u64) -> Option<usize> {
        self.headers
            .iter()
            .position(|section| section.kind == kind && section.is_alloc() && section.addr == addr)
    }
}
