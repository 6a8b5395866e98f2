//! The numbers of the specification, by the names that it has for them.
//!
//! They are those of `object`, as plain integers: a file may hold any value.

use object::elf;

/// Types of program headers (`p_type`).
#[expect(missing_docs, reason = "the names are those of the specification")]
pub mod pt {
    use object::elf;

    pub const NULL: u32 = elf::PT_NULL.0;
    pub const LOAD: u32 = elf::PT_LOAD.0;
    pub const DYNAMIC: u32 = elf::PT_DYNAMIC.0;
    pub const INTERP: u32 = elf::PT_INTERP.0;
    pub const NOTE: u32 = elf::PT_NOTE.0;
    pub const TLS: u32 = elf::PT_TLS.0;
    pub const GNU_STACK: u32 = elf::PT_GNU_STACK.0;
    pub const GNU_PROPERTY: u32 = elf::PT_GNU_PROPERTY.0;
    pub const PHDR: u32 = elf::PT_PHDR.0;
    pub const GNU_RELRO: u32 = elf::PT_GNU_RELRO.0;
}

/// Tags of dynamic entries (`d_tag`).
#[expect(missing_docs, reason = "the names are those of the specification")]
pub mod dt {
    use object::elf;

    pub const NULL: i64 = elf::DT_NULL.0;
    pub const NEEDED: i64 = elf::DT_NEEDED.0;
    pub const PLTRELSZ: i64 = elf::DT_PLTRELSZ.0;
    pub const PLTGOT: i64 = elf::DT_PLTGOT.0;
    pub const HASH: i64 = elf::DT_HASH.0;
    pub const STRTAB: i64 = elf::DT_STRTAB.0;
    pub const SYMTAB: i64 = elf::DT_SYMTAB.0;
    pub const RELA: i64 = elf::DT_RELA.0;
    pub const RELASZ: i64 = elf::DT_RELASZ.0;
    pub const RELAENT: i64 = elf::DT_RELAENT.0;
    pub const STRSZ: i64 = elf::DT_STRSZ.0;
    pub const SYMENT: i64 = elf::DT_SYMENT.0;
    pub const INIT: i64 = elf::DT_INIT.0;
    pub const FINI: i64 = elf::DT_FINI.0;
    pub const SONAME: i64 = elf::DT_SONAME.0;
    pub const RPATH: i64 = elf::DT_RPATH.0;
    pub const REL: i64 = elf::DT_REL.0;
    pub const RELSZ: i64 = elf::DT_RELSZ.0;
    pub const RELENT: i64 = elf::DT_RELENT.0;
    pub const PLTREL: i64 = elf::DT_PLTREL.0;
    pub const DEBUG: i64 = elf::DT_DEBUG.0;
    pub const TEXTREL: i64 = elf::DT_TEXTREL.0;
    pub const JMPREL: i64 = elf::DT_JMPREL.0;
    pub const BIND_NOW: i64 = elf::DT_BIND_NOW.0;
    pub const INIT_ARRAY: i64 = elf::DT_INIT_ARRAY.0;
    pub const FINI_ARRAY: i64 = elf::DT_FINI_ARRAY.0;
    pub const INIT_ARRAYSZ: i64 = elf::DT_INIT_ARRAYSZ.0;
    pub const FINI_ARRAYSZ: i64 = elf::DT_FINI_ARRAYSZ.0;
    pub const RUNPATH: i64 = elf::DT_RUNPATH.0;
    pub const FLAGS: i64 = elf::DT_FLAGS.0;
    pub const PREINIT_ARRAY: i64 = elf::DT_PREINIT_ARRAY.0;
    pub const PREINIT_ARRAYSZ: i64 = elf::DT_PREINIT_ARRAYSZ.0;
    pub const RELRSZ: i64 = elf::DT_RELRSZ.0;
    pub const RELR: i64 = elf::DT_RELR.0;
    pub const ANDROID_REL: i64 = elf::DT_ANDROID_REL.0;
    pub const ANDROID_RELA: i64 = elf::DT_ANDROID_RELA.0;
    pub const ANDROID_RELR: i64 = elf::DT_ANDROID_RELR.0;
    pub const GNU_HASH: i64 = elf::DT_GNU_HASH.0;
    pub const DEPAUDIT: i64 = elf::DT_DEPAUDIT.0;
    pub const AUDIT: i64 = elf::DT_AUDIT.0;
    pub const VERSYM: i64 = elf::DT_VERSYM.0;
    pub const FLAGS_1: i64 = elf::DT_FLAGS_1.0;
    pub const VERDEF: i64 = elf::DT_VERDEF.0;
    pub const VERDEFNUM: i64 = elf::DT_VERDEFNUM.0;
    pub const VERNEED: i64 = elf::DT_VERNEED.0;
    pub const VERNEEDNUM: i64 = elf::DT_VERNEEDNUM.0;
    pub const AUXILIARY: i64 = elf::DT_AUXILIARY.0;
    pub const FILTER: i64 = elf::DT_FILTER.0;
    pub const MIPS_RLD_MAP_REL: i64 = elf::DT_MIPS_RLD_MAP_REL.0;
    pub const MIPS_SYMTABNO: i64 = elf::DT_MIPS_SYMTABNO.0;
    pub const CONFIG: i64 = elf::DT_CONFIG.0;
}

/// Types of sections (`sh_type`).
pub(crate) mod sht {
    use object::elf;

    pub(crate) const SYMTAB: u32 = elf::SHT_SYMTAB.0;
    pub(crate) const STRTAB: u32 = elf::SHT_STRTAB.0;
    pub(crate) const RELA: u32 = elf::SHT_RELA.0;
    pub(crate) const HASH: u32 = elf::SHT_HASH.0;
    pub(crate) const DYNAMIC: u32 = elf::SHT_DYNAMIC.0;
    pub(crate) const NOTE: u32 = elf::SHT_NOTE.0;
    pub(crate) const NOBITS: u32 = elf::SHT_NOBITS.0;
    pub(crate) const REL: u32 = elf::SHT_REL.0;
    pub(crate) const DYNSYM: u32 = elf::SHT_DYNSYM.0;
    pub(crate) const GROUP: u32 = elf::SHT_GROUP.0;
    pub(crate) const SYMTAB_SHNDX: u32 = elf::SHT_SYMTAB_SHNDX.0;
    pub(crate) const CREL: u32 = elf::SHT_CREL.0;
    pub(crate) const GNU_HASH: u32 = elf::SHT_GNU_HASH.0;
    pub(crate) const GNU_VERDEF: u32 = elf::SHT_GNU_VERDEF.0;
    pub(crate) const GNU_VERNEED: u32 = elf::SHT_GNU_VERNEED.0;
    pub(crate) const GNU_VERSYM: u32 = elf::SHT_GNU_VERSYM.0;
    pub(crate) const PROGBITS: u32 = elf::SHT_PROGBITS.0;
}

/// Machines (`e_machine`).
#[expect(missing_docs, reason = "the names are those of the specification")]
pub mod em {
    use object::elf;

    pub const I386: u16 = elf::EM_386.0;
    pub const X86_64: u16 = elf::EM_X86_64.0;
    pub const MIPS: u16 = elf::EM_MIPS.0;
    pub const PPC: u16 = elf::EM_PPC.0;
    pub const PPC64: u16 = elf::EM_PPC64.0;
    pub const S390: u16 = elf::EM_S390.0;
    pub const ARM: u16 = elf::EM_ARM.0;
    pub const AARCH64: u16 = elf::EM_AARCH64.0;
    pub const RISCV: u16 = elf::EM_RISCV.0;
    pub const LOONGARCH: u16 = elf::EM_LOONGARCH.0;
    pub const ALPHA: u16 = elf::EM_ALPHA.0;
}

/// `ET_EXEC`.
pub(crate) const ET_EXEC: u16 = elf::ET_EXEC.0;
/// `ET_DYN`.
pub(crate) const ET_DYN: u16 = elf::ET_DYN.0;
/// `PF_X`: the segment is executable.
pub(crate) const PF_X: u32 = elf::PF_X.0;
/// `PF_W`: the segment is writable.
pub(crate) const PF_W: u32 = elf::PF_W.0;
/// `PF_R`: the segment is readable.
pub(crate) const PF_R: u32 = elf::PF_R.0;
/// `SHN_ABS`: the value of a symbol is no address.
pub(crate) const SHN_ABS: u16 = elf::SHN_ABS.0;
/// From here on, section indices in 16-bit fields have special meanings.
pub(crate) const SHN_LORESERVE: u16 = elf::SHN_LORESERVE;
/// `SHN_XINDEX`: the index stands elsewhere.
pub(crate) const SHN_XINDEX: u16 = elf::SHN_XINDEX.0;
/// `SHF_ALLOC`: the section is part of the loaded image.
pub(crate) const SHF_ALLOC: u64 = elf::SHF_ALLOC.0;
/// `SHF_INFO_LINK`: `sh_info` holds a section index.
pub(crate) const SHF_INFO_LINK: u64 = elf::SHF_INFO_LINK.0;
/// `STT_TLS`: the value of a symbol is an offset in thread-local storage.
pub(crate) const STT_TLS: u8 = elf::STT_TLS.0;
/// `VER_NDX_GLOBAL`: bound to no version.
pub(crate) const VER_NDX_GLOBAL: u16 = elf::VER_NDX_GLOBAL.0;
/// `VER_FLG_WEAK`: the loader only warns where the version is absent.
pub(crate) const VER_FLG_WEAK: u16 = elf::VER_FLG_WEAK.0;
/// `DF_TEXTREL` of `DT_FLAGS`.
pub(crate) const DF_TEXTREL: u64 = elf::DF_TEXTREL.0;
/// `DF_BIND_NOW` of `DT_FLAGS`.
pub(crate) const DF_BIND_NOW: u64 = elf::DF_BIND_NOW.0;
/// `DF_1_NOW` of `DT_FLAGS_1`: every function is bound when the file is loaded.
pub(crate) const DF_1_NOW: u64 = elf::DF_1_NOW.0;
/// `DF_1_PIE` of `DT_FLAGS_1`: an executable that can be placed anywhere, not a library.
pub(crate) const DF_1_PIE: u64 = elf::DF_1_PIE.0;
