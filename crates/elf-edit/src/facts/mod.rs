//! Everything that judging and resolving ask of an ELF file.

pub(crate) mod conflict;
pub(crate) mod packed;
pub(crate) mod symbols;

use crate::read::memory::Loader;
use crate::read::platform::Platform;
use crate::read::reached;
use crate::read::versions::{NeededVersion, VersionNeed};
use std::borrow::Cow;
use std::mem::size_of;

use crate::abi::{DF_1_PIE, PF_X, dt, pt};
use crate::error::ElfError;
use crate::facts::symbols::Symbols;
use crate::image::{Image, bytes_at};
use crate::read::dynamic::strings::{LONGEST_SEARCH_PATH, LONGEST_STRING, text};
use crate::read::dynamic::{binds_at_load, has_text_relocations, packed};
use crate::read::notes::Notes;
use crate::read::versions;
use crate::read::view::View;

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
    /// `GNU_PROPERTY_X86_ISA_1_NEEDED`, all such notes together: one bit for each level of the
    /// processor. `None` on other machines.
    pub x86_isa_needed: Option<u32>,
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
    /// For each loader of [`Loader::ALL`], the address of the first byte that it maps from
    /// elsewhere than these facts were read from.
    pub(crate) differences: [Option<u64>; 3],
    /// Dynamic symbols; reached through [`Facts::imports`] and [`Facts::exports`].
    pub(crate) symbols: Symbols,
}

impl Facts {
    /// Whether `PT_GNU_STACK` asks for an executable stack.
    pub fn wants_executable_stack(&self) -> bool {
        self.stack_flags.is_some_and(|flags| flags & PF_X != 0)
    }

    /// Whether it is a program that can be placed anywhere (`DF_1_PIE`), which loaders take for no
    /// library.
    pub fn is_pie(&self) -> bool {
        self.flags_1 & DF_1_PIE != 0
    }

    /// The address of the first byte of what was read that is another one for `loader`: the loaders
    /// differ in what they put behind the file's bytes of a segment and into pages that two
    /// segments share. `None` where it sees what these facts were read from: the memory of glibc,
    /// in the smallest pages of the machine.
    pub fn difference(&self, loader: Loader) -> Option<u64> {
        let pairs = Loader::ALL.into_iter().zip(self.differences);
        let mut own = pairs.filter(|(other, _)| *other == loader);
        own.find_map(|(_, address)| address)
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

/// Reads the facts of the ELF file in `image`.
///
/// # Errors
/// [`ElfError::Malformed`] where the loader would fail or read outside the file, and for
/// what no linker writes (two `PT_DYNAMIC`, names that are not UTF-8).
pub fn facts(image: &dyn Image) -> Result<Facts, ElfError> {
    let view = View::read(image)?;
    let header = &view.header;
    let loaded = header.is_loaded();
    let notes = if loaded {
        Notes::read(&view)?
    } else {
        Notes::default()
    };
    let needs = versions::needs(&view)?;
    let version_needs: Vec<_> = needs.into_iter().map(|record| record.need).collect();
    let symbols = Symbols::read(&view, &version_needs)?;
    let version_defs = versions::definitions(&view)?;
    if view.dynamic.is_some() {
        reached::count_named(&view)?;
    }
    let differences = Loader::ALL.map(|loader| view.difference(loader));
    let stack = view.segments.iter().rfind(|s| s.kind == pt::GNU_STACK);
    Ok(Facts {
        platform: header.platform(),
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
        version_defs,
        x86_isa_needed: notes.x86_isa_needed(header.machine),
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
        differences,
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
