//! Word sizes, byte orders and program headers, on their own: what reads files must not also make those that test it.

/// Word size and byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// `true` for `ELFCLASS64`.
    pub is_64: bool,
    /// `true` for `ELFDATA2MSB`.
    pub big_endian: bool,
}

impl Encoding {
    /// The word of 32 bits at `at`.
    pub fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let field = *bytes[at..].first_chunk().unwrap();
        if self.big_endian {
            u32::from_be_bytes(field)
        } else {
            u32::from_le_bytes(field)
        }
    }

    /// The word of this class at `at`: 4 or 8 bytes.
    pub fn word(self, bytes: &[u8], at: usize) -> u64 {
        if !self.is_64 {
            return self.u32(bytes, at).into();
        }
        let field = *bytes[at..].first_chunk().unwrap();
        if self.big_endian {
            u64::from_be_bytes(field)
        } else {
            u64::from_le_bytes(field)
        }
    }

    /// `value` in this byte order.
    pub fn u16_bytes(self, value: u16) -> [u8; 2] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// `value` in this byte order.
    pub fn u32_bytes(self, value: u32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// `value` in this byte order.
    pub fn u64_bytes(self, value: u64) -> [u8; 8] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    /// `value` as a word of this class.
    pub fn word_bytes(self, value: u64) -> Vec<u8> {
        if self.is_64 {
            self.u64_bytes(value).to_vec()
        } else {
            self.u32_bytes(value.try_into().unwrap()).to_vec()
        }
    }

    /// Bytes of a word of this class.
    pub fn word_size(self) -> u64 {
        if self.is_64 { 8 } else { 4 }
    }

    /// Bytes of the ELF header.
    pub fn header_size(self) -> u64 {
        if self.is_64 { 64 } else { 52 }
    }

    /// Bytes of a program header.
    pub fn segment_size(self) -> u64 {
        if self.is_64 { 56 } else { 32 }
    }

    /// Bytes of a dynamic entry.
    pub fn dynamic_entry_size(self) -> u64 {
        if self.is_64 { 16 } else { 8 }
    }

    /// Bytes of a symbol.
    pub fn symbol_size(self) -> u64 {
        if self.is_64 { 24 } else { 16 }
    }
}

/// A program header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// `p_type`.
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

impl Segment {
    /// Reads the program header at the start of `bytes`.
    pub fn decode(encoding: Encoding, bytes: &[u8]) -> Self {
        let size = usize::try_from(encoding.word_size()).unwrap();
        // Class 64 has the flags second, class 32 last but one.
        let (flags, align) = if encoding.is_64 { (4, 6) } else { (24, 7) };
        let word = |index: usize| encoding.word(bytes, index * size);
        Self {
            kind: encoding.u32(bytes, 0),
            flags: encoding.u32(bytes, flags),
            offset: word(1),
            vaddr: word(2),
            paddr: word(3),
            filesz: word(4),
            memsz: word(5),
            align: word(align),
        }
    }

    /// The bytes of this header.
    pub fn encode(&self, encoding: Encoding) -> Vec<u8> {
        let kind = encoding.u32_bytes(self.kind).to_vec();
        let flags = encoding.u32_bytes(self.flags).to_vec();
        let places = [self.offset, self.vaddr, self.paddr, self.filesz, self.memsz];
        let places = places.map(|value| encoding.word_bytes(value)).concat();
        let align = encoding.word_bytes(self.align);
        if encoding.is_64 {
            [kind, flags, places, align].concat()
        } else {
            [kind, places, flags, align].concat()
        }
    }
}

/// The types of program headers that are made, and their neighbours.
pub(crate) mod pt {
    use object::elf;

    pub(crate) const LOAD: u32 = elf::PT_LOAD.0;
    pub(crate) const DYNAMIC: u32 = elf::PT_DYNAMIC.0;
    pub(crate) const INTERP: u32 = elf::PT_INTERP.0;
    pub(crate) const NOTE: u32 = elf::PT_NOTE.0;
    pub(crate) const GNU_STACK: u32 = elf::PT_GNU_STACK.0;
}

/// The dynamic entries that are made.
pub(crate) mod dt {
    use object::elf;

    pub(crate) const GNU_HASH: i64 = elf::DT_GNU_HASH.0;
    pub(crate) const HASH: i64 = elf::DT_HASH.0;
    pub(crate) const NEEDED: i64 = elf::DT_NEEDED.0;
    pub(crate) const NULL: i64 = elf::DT_NULL.0;
    pub(crate) const REL: i64 = elf::DT_REL.0;
    pub(crate) const RELA: i64 = elf::DT_RELA.0;
    pub(crate) const RELAENT: i64 = elf::DT_RELAENT.0;
    pub(crate) const RELASZ: i64 = elf::DT_RELASZ.0;
    pub(crate) const RELENT: i64 = elf::DT_RELENT.0;
    pub(crate) const RELSZ: i64 = elf::DT_RELSZ.0;
    pub(crate) const RPATH: i64 = elf::DT_RPATH.0;
    pub(crate) const RUNPATH: i64 = elf::DT_RUNPATH.0;
    pub(crate) const SONAME: i64 = elf::DT_SONAME.0;
    pub(crate) const STRSZ: i64 = elf::DT_STRSZ.0;
    pub(crate) const STRTAB: i64 = elf::DT_STRTAB.0;
    pub(crate) const SYMENT: i64 = elf::DT_SYMENT.0;
    pub(crate) const SYMTAB: i64 = elf::DT_SYMTAB.0;
    pub(crate) const VERDEF: i64 = elf::DT_VERDEF.0;
    pub(crate) const VERDEFNUM: i64 = elf::DT_VERDEFNUM.0;
    pub(crate) const VERNEED: i64 = elf::DT_VERNEED.0;
    pub(crate) const VERNEEDNUM: i64 = elf::DT_VERNEEDNUM.0;
    pub(crate) const VERSYM: i64 = elf::DT_VERSYM.0;
}
