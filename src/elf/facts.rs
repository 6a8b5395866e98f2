//! Everything that judging and resolving ask of an ELF file.

use std::borrow::Cow;
use std::mem::size_of;

use super::conflict;
use super::dynamic::{
    LONGEST_SEARCH_PATH, LONGEST_STRING, View, binds_at_load, dt, has_text_relocations, packed,
    text,
};
use super::header::pt;
use super::image::{ElfError, Image, bytes_at};
use super::notes::Notes;
use super::place::PF_X;
use super::symbols::Symbols;
use super::versions;
use crate::arch::{Arch, IsaLevel};

const ELFOSABI_NONE: u8 = 0;
const ELFOSABI_GNU: u8 = 3;

/// Object file types (`e_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ET_REL`.
    Relocatable,
    /// `ET_EXEC`.
    Executable,
    /// `ET_DYN`: shared object or PIE.
    Shared,
    /// `ET_CORE`.
    Core,
    /// Anything else.
    Other(u16),
}

/// What must match for two files to load into one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// `true` for `ELFCLASS64`.
    pub is_64: bool,
    /// `true` for `ELFDATA2MSB`.
    pub big_endian: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `EI_OSABI`.
    pub osabi: u8,
    /// `e_flags`: ARM float ABI, ppc64 ABI version, RISC-V float ABI.
    pub flags: u32,
}

/// The versions that one `Verneed` record asks of one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionNeed {
    /// `vn_file`: the soname that provides them.
    pub library: String,
    /// `vna_name` and the index that `.gnu.version` uses (`vna_other`).
    pub versions: Vec<NeededVersion>,
}

/// One `Vernaux` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededVersion {
    /// Such as `GLIBC_2.17`.
    pub name: String,
    /// Index into the version table.
    pub index: u16,
    /// `VER_FLG_WEAK`: the loader only warns if it is absent.
    pub weak: bool,
}

/// An undefined dynamic symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// Its name; bytes that are not UTF-8 are escaped.
    pub name: &'a str,
    /// The version it is bound to, and the library that provides it (`vn_file`).
    pub version: Option<(&'a str, &'a str)>,
    /// `STB_WEAK`.
    pub weak: bool,
    /// `STT_FUNC` or `STT_NOTYPE` (others: `STT_OBJECT`, `STT_TLS` …).
    pub function: bool,
}

/// One ELF file as the loader sees it, plus the notes that tools leave.
///
/// Strings come from the loader's view: `PT_DYNAMIC`, `DT_STRTAB`. Section headers
/// are not used.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Class, byte order, machine, flags.
    pub platform: Platform,
    /// The architecture in tags, or why there is none (`armv7l needs hard float` …).
    pub arch: Result<Arch, String>,
    /// `e_type`.
    pub kind: Kind,
    /// `PT_INTERP`.
    pub interpreter: Option<String>,
    /// Whether there is a `PT_DYNAMIC`.
    pub dynamic: bool,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// `DT_NEEDED`, in order, duplicates kept.
    pub needed: Vec<String>,
    /// `DT_RPATH` as written (the last one), if any.
    pub rpath: Option<String>,
    /// `DT_RUNPATH` as written (the last one), if any.
    pub runpath: Option<String>,
    /// `DT_FILTER`, `DT_AUXILIARY`, `DT_AUDIT`, `DT_DEPAUDIT`: tag name and value.
    pub loads_also: Vec<(&'static str, String)>,
    /// `DT_VERNEED`.
    pub version_needs: Vec<VersionNeed>,
    /// `DT_VERDEF` names, base version included.
    pub version_defs: Vec<String>,
    /// x86-64 level asked for by `GNU_PROPERTY_X86_ISA_1_NEEDED`; `Err` for bits that no
    /// level names.
    pub isa_needed: Option<Result<IsaLevel, u32>>,
    /// `PT_GNU_STACK` flags; `None` if the header is absent.
    pub stack_flags: Option<u32>,
    /// `DT_TEXTREL` or `DF_TEXTREL`.
    pub textrel: bool,
    /// `DT_FLAGS_1`.
    pub flags_1: u64,
    /// Every function is bound when the file is loaded, not when it is first called: `DT_BIND_NOW`,
    /// `DF_BIND_NOW` or `DF_1_NOW`.
    pub binds_at_load: bool,
    /// The smallest `p_align` of the `PT_LOAD` headers, in bytes.
    pub load_align: u64,
    /// Packed relocations: their dynamic entry, and Android's first API level that applies them.
    pub packed: Option<(&'static str, u32)>,
    /// The size in memory of `PT_TLS`, in bytes: the thread-local variables of the file.
    pub tls_size: u64,
    /// `NT_GNU_BUILD_ID`.
    pub build_id: Option<Vec<u8>>,
    /// `.note.package` JSON (FDO `0xcafe1a7e`).
    pub package_note: Option<String>,
    /// `.note.dlopen` JSON documents (FDO `0x407c0c0a`).
    pub dlopen_notes: Vec<String>,
    /// What the section headers, which the loader ignores, say that its own tables deny; a
    /// phrase.
    pub section_conflict: Option<&'static str>,
    /// Dynamic symbols; reached through [`Facts::imports`] and [`Facts::exports`].
    pub(super) symbols: Symbols,
}

impl Facts {
    /// Whether `PT_GNU_STACK` asks for an executable stack.
    pub fn wants_executable_stack(&self) -> bool {
        self.stack_flags.is_some_and(|flags| flags & PF_X != 0)
    }

    /// Every undefined symbol, in table order.
    pub fn imports(&self) -> impl Iterator<Item = Import<'_>> {
        self.symbols.imports(&self.version_needs)
    }

    /// Whether a global function `name` is defined here. Only names that start with `Py`,
    /// `_Py`, `init` or `_cffi_pypyinit_` are known.
    pub fn defines_function(&self, name: &str) -> bool {
        self.symbols.defines_function(name)
    }

    /// Whether the loader has to call functions of the file to learn which others to use
    /// (`STT_GNU_IFUNC`, `R_*_IRELATIVE`).
    pub fn has_resolvers(&self) -> bool {
        self.symbols.has_resolvers()
    }

    /// The functions that [`Facts::defines_function`] knows, sorted.
    pub fn python_functions(&self) -> impl Iterator<Item = &str> {
        self.symbols.functions()
    }

    /// Whether this is a file for Arm that does not state its ABI for floating-point arguments,
    /// as old releases of mold leave that out. Loaders take it.
    pub(crate) fn leaves_float_abi_open(&self) -> bool {
        Arch::is_silent_arm(self.platform.machine, self.platform.flags)
    }

    /// Whether this is a file for 32-bit Arm of the present EABI, whatever its float ABI.
    pub(crate) fn is_arm_eabi(&self) -> bool {
        Arch::is_arm_eabi(self.platform.machine, self.platform.flags)
    }

    /// Whether such a file names a loader for which there is one ABI only.
    fn names_hard_float_loader(&self) -> bool {
        let interpreter = self.interpreter.iter();
        let names = interpreter.filter_map(|path| path.rsplit('/').next());
        let mut names = names.chain(self.needed.iter().map(String::as_str));
        self.leaves_float_abi_open()
            && names.any(|name| matches!(name, "ld-linux-armhf.so.3" | "ld-musl-armhf.so.1"))
    }

    /// Whether the file's code expects thread-local variables at a fixed distance from the thread
    /// pointer (`R_*_TPOFF`, `R_*_TPREL`: the initial-exec model), its own or another file's.
    pub fn has_initial_exec_tls(&self) -> bool {
        self.symbols.has_initial_exec_tls()
    }

    /// How many bytes these facts hold; a cache's measure.
    pub fn heap_size(&self) -> usize {
        let strings = [
            &self.interpreter,
            &self.soname,
            &self.rpath,
            &self.runpath,
            &self.package_note,
        ];
        let strings = strings.into_iter().flatten().chain(&self.needed);
        let strings = strings.chain(&self.version_defs).chain(&self.dlopen_notes);
        let strings = strings.chain(self.loads_also.iter().map(|(_, name)| name));
        let names = strings.map(|text| text.len().saturating_add(size_of::<String>()));
        let versions = self.version_needs.iter().flat_map(|need| &need.versions);
        let versions = versions.map(|version| {
            let name = version.name.len();
            name.saturating_add(size_of::<NeededVersion>())
        });
        let needs = self.version_needs.iter().map(|need| {
            let name = need.library.len();
            name.saturating_add(size_of::<VersionNeed>())
        });
        names
            .chain(versions)
            .chain(needs)
            .fold(self.symbols.heap_size(), usize::saturating_add)
    }
}

impl Platform {
    /// Whether a loader takes a file of platform `other` into a process of this one: class,
    /// byte order and machine are the same, `EI_OSABI` is (`NONE` and `GNU` count as one), and
    /// the ABIs that `e_flags` states do not differ.
    pub fn is_compatible(&self, other: &Self) -> bool {
        let osabi = |platform: &Self| match platform.osabi {
            ELFOSABI_GNU => ELFOSABI_NONE,
            osabi => osabi,
        };
        self.is_64 == other.is_64
            && self.big_endian == other.big_endian
            && self.machine == other.machine
            && osabi(self) == osabi(other)
            && Arch::flags_agree(self.machine, self.flags, other.flags)
    }
}

/// Reads the facts of the ELF file in `image`.
///
/// # Errors
/// [`ElfError::Malformed`] where the loader would fail or read outside the file, and for
/// what no linker writes (two `PT_DYNAMIC`, names that are not UTF-8).
pub fn facts(image: &dyn Image) -> Result<Facts, ElfError> {
    let mut facts = read(image)?;
    if facts.arch.is_err() && facts.names_hard_float_loader() {
        facts.arch = Ok(Arch::Armv7l);
    }
    Ok(facts)
}

fn read(image: &dyn Image) -> Result<Facts, ElfError> {
    let view = View::read(image)?;
    let header = &view.header;
    let platform = Platform {
        is_64: header.encoding.is_64,
        big_endian: header.encoding.big_endian,
        machine: header.machine,
        osabi: header.osabi,
        flags: header.flags,
    };
    let arch = header.arch();
    let loaded = header.is_loaded();
    let notes = if loaded {
        Notes::read(&view)?
    } else {
        Notes::default()
    };
    let isa_needed = match arch {
        // On other machines the property means something else.
        Ok(Arch::X86_64) => notes.isa_needed(),
        _ => None,
    };
    let needs = versions::needs(&view)?;
    let version_needs: Vec<_> = needs.into_iter().map(|record| record.need).collect();
    let symbols = Symbols::read(&view, &version_needs)?;
    let stack = view.segments.iter().rfind(|s| s.kind == pt::GNU_STACK);
    Ok(Facts {
        platform,
        arch,
        kind: Kind::from_raw(header.kind),
        interpreter: if loaded { interpreter(&view)? } else { None },
        dynamic: view.dynamic.is_some(),
        soname: soname(&view)?,
        needed: names(
            &view,
            dt::NEEDED,
            "the name of a needed library (DT_NEEDED)",
        )?,
        rpath: search_path(&view, dt::RPATH, "DT_RPATH")?,
        runpath: search_path(&view, dt::RUNPATH, "DT_RUNPATH")?,
        loads_also: loads_also(&view)?,
        version_needs,
        version_defs: versions::definitions(&view)?,
        isa_needed,
        stack_flags: stack.map(|segment| segment.flags),
        textrel: has_text_relocations(&view),
        flags_1: view.dynamic_value(dt::FLAGS_1).unwrap_or(0),
        binds_at_load: binds_at_load(&view),
        load_align: view.loads().map(|load| load.align).min().unwrap_or(0),
        packed: packed(&view),
        tls_size: view.tls().map_or(0, |segment| segment.memsz),
        build_id: notes.build_id,
        package_note: notes.package,
        dlopen_notes: notes.dlopen,
        section_conflict: conflict::of(&view),
        symbols,
    })
}

impl Kind {
    fn from_raw(kind: u16) -> Self {
        match kind {
            1 => Self::Relocatable,
            2 => Self::Executable,
            3 => Self::Shared,
            4 => Self::Core,
            other => Self::Other(other),
        }
    }
}

fn interpreter(view: &View<'_>) -> Result<Option<String>, ElfError> {
    const WHAT: &str = "the path of the interpreter (PT_INTERP)";
    let mut segments = view.segments.iter();
    // Files that hold only debug information keep the header without its bytes.
    let segment = segments.find(|segment| segment.kind == pt::INTERP && segment.filesz > 0);
    let Some(segment) = segment else {
        return Ok(None);
    };
    let len = segment.filesz.min(LONGEST_STRING);
    let bytes = bytes_at(view.image, segment.offset, len, "bytes of PT_INTERP")?;
    match bytes.split(|byte| *byte == 0).next() {
        Some(path) if path.len() < bytes.len() => text(Cow::Borrowed(path), WHAT).map(Some),
        _ => Err(ElfError::malformed(format!("{WHAT} does not end"))),
    }
}

/// `DT_SONAME`; an empty one is none.
fn soname(view: &View<'_>) -> Result<Option<String>, ElfError> {
    const WHAT: &str = "the soname (DT_SONAME)";
    let Some(at) = view.dynamic_value(dt::SONAME) else {
        return Ok(None);
    };
    let name = text(view.string(at, LONGEST_STRING, WHAT)?, WHAT)?;
    Ok(Some(name).filter(|name| !name.is_empty()))
}

fn names(view: &View<'_>, tag: i64, what: &str) -> Result<Vec<String>, ElfError> {
    let dynamic = view.dynamic.iter();
    let offsets = dynamic.flat_map(|dynamic| dynamic.all(tag));
    offsets.map(|at| view.name(at, what)).collect()
}

/// A search path. Folders need not be UTF-8, and one that is not cannot be what an author
/// meant to write: it is shown as well as it can be.
fn search_path(view: &View<'_>, tag: i64, what: &str) -> Result<Option<String>, ElfError> {
    let Some(at) = view.dynamic_value(tag) else {
        return Ok(None);
    };
    let path = view.string(at, LONGEST_SEARCH_PATH, what)?;
    Ok(Some(String::from_utf8_lossy(&path).into_owned()))
}

fn loads_also(view: &View<'_>) -> Result<Vec<(&'static str, String)>, ElfError> {
    let tags = [
        (dt::FILTER, "DT_FILTER"),
        (dt::AUXILIARY, "DT_AUXILIARY"),
        (dt::AUDIT, "DT_AUDIT"),
        (dt::DEPAUDIT, "DT_DEPAUDIT"),
    ];
    let mut found = Vec::new();
    for (tag, name) in tags {
        let values = names(view, tag, name)?;
        found.extend(values.into_iter().map(|value| (name, value)));
    }
    Ok(found)
}
