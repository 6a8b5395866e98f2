//! The ELF header and the program headers, whatever their class and byte order.
//!
//! The only module that knows the raw structs of `object` and the numbers in them:
//! everything above works with owned values in which 32-bit words are widened.
//!
//! Spec: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
#![warn(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

use std::ops::Range;

use object::elf::{
    self, Dyn32, Dyn64, FileHeader32, FileHeader64, ProgramHeader32, ProgramHeader64, Sym32, Sym64,
};
use object::endian::{Endianness, U32, U64};
use object::pod::{bytes_of, from_bytes};
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Sym};

use crate::error::ElfError;
use crate::image::{Image, bytes_at};
use crate::read::encoding::Encoding;
use crate::read::platform::Platform;

/// The ELF header. Fields about sections are as written: nothing has checked them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Word size and byte order.
    pub encoding: Encoding,
    /// `EI_OSABI`.
    pub osabi: u8,
    /// `e_type`.
    pub kind: u16,
    /// `e_machine`.
    pub machine: u16,
    /// `e_flags`.
    pub flags: u32,
    /// `e_entry`.
    pub entry: u64,
    /// `e_phoff`: checked to be in the file, with all program headers.
    pub phoff: u64,
    /// `e_phnum`.
    pub phnum: u16,
    /// `e_shoff`.
    pub shoff: u64,
    /// `e_shentsize`.
    pub shentsize: u16,
    /// `e_shnum`.
    pub shnum: u16,
    /// `e_shstrndx`.
    pub shstrndx: u16,
}

/// A program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// `p_type`, see [`pt`](crate::pt).
    pub kind: u32,
    /// `p_flags`.
    pub flags: u32,
    /// `p_offset`.
    pub offset: u64,
    /// `p_vaddr`.
    pub vaddr: u64,
    /// `p_paddr`.
    pub paddr: u64,
    /// `p_filesz`.
    pub filesz: u64,
    /// `p_memsz`.
    pub memsz: u64,
    /// `p_align`.
    pub align: u64,
}

/// Hands the 32- or 64-bit form of a record to one generic function.
macro_rules! by_class {
    ($encoding:expr, $bytes:expr, $short:ident, $long:ident, $decode:expr) => {
        if $encoding.is_64 {
            let (raw, _) = from_bytes::<$long<Endianness>>($bytes).ok()?;
            Some($decode(raw, $encoding))
        } else {
            let (raw, _) = from_bytes::<$short<Endianness>>($bytes).ok()?;
            Some($decode(raw, $encoding))
        }
    };
}

impl Header {
    /// Reads the header of `image` and checks what the loader checks.
    ///
    /// # Errors
    /// [`ElfError::Malformed`] for what is no ELF file, is cut short, or has program headers
    /// that the loader refuses.
    pub fn read(image: &dyn Image) -> Result<Self, ElfError> {
        let cut_short = || ElfError::malformed("the file ends within its ELF header");
        let head = bytes_at(image, 0, image.size().min(64), "bytes of the ELF header")?;
        let encoding = encoding(head.get(..16).ok_or_else(cut_short)?)?;
        let (header, phentsize) = Self::decode(encoding, &head).ok_or_else(cut_short)?;
        header.check(image, phentsize)?;
        Ok(header)
    }

    /// What the header of `image` says, unchecked: enough to tell whom a file that cannot be read
    /// further is for. `None` for what is no ELF file or ends within its header.
    pub fn glance(image: &dyn Image) -> Option<Self> {
        let head = bytes_at(image, 0, image.size().min(64), "bytes of the ELF header").ok()?;
        let (header, _) = Self::decode(encoding(head.get(..16)?).ok()?, &head)?;
        Some(header)
    }

    /// The header and `e_phentsize`.
    fn decode(encoding: Encoding, bytes: &[u8]) -> Option<(Self, u16)> {
        by_class!(encoding, bytes, FileHeader32, FileHeader64, Self::of)
    }

    fn of<Raw: FileHeader<Endian = Endianness>>(raw: &Raw, encoding: Encoding) -> (Self, u16) {
        let e = encoding.endian();
        let header = Self {
            encoding,
            osabi: raw.e_ident().os_abi.0,
            kind: raw.e_type(e).0,
            machine: raw.e_machine(e).0,
            flags: raw.e_flags(e).0,
            entry: raw.e_entry(e).into(),
            phoff: raw.e_phoff(e).into(),
            phnum: raw.e_phnum(e),
            shoff: raw.e_shoff(e).into(),
            shentsize: raw.e_shentsize(e),
            shnum: raw.e_shnum(e),
            shstrndx: raw.e_shstrndx(e).0,
        };
        (header, raw.e_phentsize(e))
    }

    /// Where the section headers say they are; unchecked, and empty where there are none.
    pub fn section_table(&self) -> Range<u64> {
        let size = u64::from(self.shentsize).saturating_mul(self.shnum.into());
        self.shoff..self.shoff.saturating_add(size)
    }

    /// What must match for two files to load into one process.
    pub fn platform(&self) -> Platform {
        Platform {
            is_64: self.encoding.is_64,
            big_endian: self.encoding.big_endian,
            machine: self.machine,
            osabi: self.osabi,
            flags: self.flags,
        }
    }

    /// Whether a loader takes it: `ET_EXEC` and `ET_DYN`.
    pub fn is_loaded(&self) -> bool {
        matches!(elf::FileType(self.kind), elf::ET_EXEC | elf::ET_DYN)
    }

    /// `ET_DYN`: a shared object, or an executable that can be placed anywhere.
    pub fn is_shared(&self) -> bool {
        elf::FileType(self.kind) == elf::ET_DYN
    }

    fn check(&self, image: &dyn Image, phentsize: u16) -> Result<(), ElfError> {
        if self.phnum == 0 {
            return Ok(());
        }
        if self.phnum == elf::PN_XNUM {
            return Err(ElfError::malformed(
                "it has more program headers than the loader reads (e_phnum is 0xffff)",
            ));
        }
        let expected = self.encoding.segment_size();
        if u64::from(phentsize) != expected {
            return Err(ElfError::malformed(format!(
                "e_phentsize is {phentsize}, not {expected}"
            )));
        }
        let end = u64::from(self.phnum)
            .checked_mul(expected)
            .and_then(|size| size.checked_add(self.phoff));
        if end.is_none_or(|end| end > image.size()) {
            return Err(ElfError::malformed(
                "the program headers reach past the end of the file",
            ));
        }
        Ok(())
    }

    /// All program headers, in table order.
    pub fn segments(&self, image: &dyn Image) -> Result<Vec<Segment>, ElfError> {
        let size = self.encoding.segment_size();
        let len = u64::from(self.phnum).saturating_mul(size);
        let bytes = bytes_at(image, self.phoff, len, "program headers")?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let segments = bytes.chunks_exact(size);
        Ok(segments
            .filter_map(|chunk| Segment::decode(self.encoding, chunk))
            .collect())
    }
}

fn encoding(ident: &[u8]) -> Result<Encoding, ElfError> {
    let [0x7f, b'E', b'L', b'F', class, data, version, ..] = ident else {
        return Err(ElfError::malformed("no ELF magic"));
    };
    let is_64 = match elf::FileClass(*class) {
        elf::ELFCLASS32 => false,
        elf::ELFCLASS64 => true,
        other => {
            let reason = format!("EI_CLASS is {}, neither 32- nor 64-bit", other.0);
            return Err(ElfError::Malformed(reason));
        }
    };
    let big_endian = match elf::DataEncoding(*data) {
        elf::ELFDATA2LSB => false,
        elf::ELFDATA2MSB => true,
        other => {
            let reason = format!("EI_DATA is {}, no known byte order", other.0);
            return Err(ElfError::Malformed(reason));
        }
    };
    if *version != elf::EV_CURRENT.0 {
        let reason = format!("EI_VERSION is {version}, not 1");
        return Err(ElfError::Malformed(reason));
    }
    Ok(Encoding { is_64, big_endian })
}

impl Segment {
    /// Decodes a program header.
    pub fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Self> {
        by_class!(encoding, bytes, ProgramHeader32, ProgramHeader64, Self::of)
    }

    fn of<Raw: ProgramHeader<Endian = Endianness>>(raw: &Raw, encoding: Encoding) -> Self {
        let e = encoding.endian();
        Self {
            kind: raw.p_type(e).0,
            flags: raw.p_flags(e).0,
            offset: raw.p_offset(e).into(),
            vaddr: raw.p_vaddr(e).into(),
            paddr: raw.p_paddr(e).into(),
            filesz: raw.p_filesz(e).into(),
            memsz: raw.p_memsz(e).into(),
            align: raw.p_align(e).into(),
        }
    }

    /// The bytes of this header; `None` if a value does not fit class 32.
    pub fn encode(&self, encoding: Encoding) -> Option<Vec<u8>> {
        let e = encoding.endian();
        let kind = U32::new(e, elf::ProgramType(self.kind));
        let flags = U32::new(e, elf::ProgramFlags(self.flags));
        if encoding.is_64 {
            let word = |value| U64::new(e, value);
            return Some(
                bytes_of(&ProgramHeader64 {
                    p_type: kind,
                    p_flags: flags,
                    p_offset: word(self.offset),
                    p_vaddr: word(self.vaddr),
                    p_paddr: word(self.paddr),
                    p_filesz: word(self.filesz),
                    p_memsz: word(self.memsz),
                    p_align: word(self.align),
                })
                .to_vec(),
            );
        }
        let word = |value: u64| u32::try_from(value).ok().map(|value| U32::new(e, value));
        Some(
            bytes_of(&ProgramHeader32 {
                p_type: kind,
                p_offset: word(self.offset)?,
                p_vaddr: word(self.vaddr)?,
                p_paddr: word(self.paddr)?,
                p_filesz: word(self.filesz)?,
                p_memsz: word(self.memsz)?,
                p_flags: flags,
                p_align: word(self.align)?,
            })
            .to_vec(),
        )
    }

    /// Whether `offset` .. `offset + len` lies in the part that comes from the file.
    pub fn holds_file_bytes(&self, vaddr: u64, len: u64) -> bool {
        let end = vaddr.checked_add(len);
        let own_end = self.vaddr.checked_add(self.filesz);
        vaddr >= self.vaddr && end.is_some_and(|end| own_end.is_some_and(|own| end <= own))
    }
}

/// Decodes a dynamic entry to tag and value; tags of class 32 are sign-extended.
pub(crate) fn decode_dynamic_entry(encoding: Encoding, bytes: &[u8]) -> Option<(i64, u64)> {
    fn of<Raw: Dyn<Endian = Endianness>>(raw: &Raw, encoding: Encoding) -> (i64, u64) {
        let e = encoding.endian();
        (raw.d_tag(e).0, raw.d_val(e).into())
    }
    by_class!(encoding, bytes, Dyn32, Dyn64, of)
}

/// What matters of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// `st_name`: offset in the string table.
    pub name: u32,
    /// `STB_*`.
    pub bind: u8,
    /// `STT_*`.
    pub kind: u8,
    /// Whether it is defined here (`st_shndx` is not `SHN_UNDEF`).
    pub defined: bool,
}

impl Symbol {
    /// Whether other files can see it: `STB_GLOBAL`, `STB_WEAK`, `STB_GNU_UNIQUE`.
    pub(crate) fn is_global(self) -> bool {
        self.bind != elf::STB_LOCAL.0
    }

    /// `STB_WEAK`.
    pub(crate) fn is_weak(self) -> bool {
        self.bind == elf::STB_WEAK.0
    }

    /// `STT_FUNC` or `STT_GNU_IFUNC`.
    pub(crate) fn is_function(self) -> bool {
        self.kind == elf::STT_FUNC.0 || self.kind == elf::STT_GNU_IFUNC.0
    }

    /// `STT_GNU_IFUNC`: calling it gives the function.
    pub(crate) fn is_resolver(self) -> bool {
        self.kind == elf::STT_GNU_IFUNC.0
    }

    /// `STT_NOTYPE`: how linkers write most undefined functions.
    pub(crate) fn is_untyped(self) -> bool {
        self.kind == elf::STT_NOTYPE.0
    }
}

/// Decodes a symbol.
pub(crate) fn decode_symbol(encoding: Encoding, bytes: &[u8]) -> Option<Symbol> {
    fn of<Raw: Sym<Endian = Endianness>>(raw: &Raw, encoding: Encoding) -> Symbol {
        let e = encoding.endian();
        Symbol {
            name: raw.st_name(e),
            bind: raw.st_bind().0,
            kind: raw.st_type().0,
            defined: raw.st_shndx(e) != elf::SHN_UNDEF,
        }
    }
    by_class!(encoding, bytes, Sym32, Sym64, of)
}
