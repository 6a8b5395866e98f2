//! Makes small ELF files of any class and byte order, for tests and fuzz targets.
//!
//! Laid out as linkers do: a read-only segment with headers, notes, hash tables, symbols,
//! strings, versions; a writable one with the dynamic section; then what is not mapped.
#![expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "a test that asks for nonsense may die"
)]

mod encoding;
mod headers;
mod layout;
mod made;
mod tables;

pub use encoding::{Encoding, Segment};
pub use made::Synthetic;

use encoding::dt;

/// Which hash tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `DT_HASH`.
    Sysv,
    /// `DT_GNU_HASH`.
    Gnu,
    /// Both.
    Both,
    /// None: only relocations know the symbols.
    None,
}

/// Where the section headers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Behind all that is mapped, as most linkers put them.
    Behind,
    /// Right behind the program headers, as Go's linker puts them.
    Front,
    /// At the start of the second segment, as patchelf does from 0.19 on.
    Data,
    /// At the end of the second segment.
    DataEnd,
}

/// A needed version and whether it is weak.
type Version = (Vec<u8>, bool);

#[derive(Clone, Debug)]
struct Symbol {
    name: Vec<u8>,
    version: Option<String>,
    /// `st_info`.
    info: u8,
    defined: bool,
}

/// A file to be made. Fields that have no method are set directly.
#[derive(Clone, Debug)]
pub struct Synth {
    /// Word size and byte order.
    pub encoding: Encoding,
    /// `e_machine`.
    pub machine: u16,
    /// `e_flags`.
    pub flags: u32,
    /// `e_type`.
    pub kind: u16,
    /// `EI_OSABI`.
    pub osabi: u8,
    /// `PT_INTERP`.
    pub interpreter: Option<Vec<u8>>,
    /// Hash tables.
    pub hash: Hash,
    /// Whether there is a dynamic section.
    pub dynamic: bool,
    /// `p_flags` of `PT_GNU_STACK`.
    pub stack: Option<u32>,
    /// `p_align` of `PT_LOAD`.
    pub load_align: u64,
    /// `p_align` of `PT_NOTE`.
    pub note_align: usize,
    /// `DT_NULL` entries, the one that ends the table included.
    pub nulls: usize,
    /// Zeros between the first segment's end and the second's start in the file.
    pub slack: usize,
    /// Bytes that only memory has, after the second segment.
    pub bss: u64,
    /// Whether strings may share their ends, as linkers arrange.
    pub merge_strings: bool,
    /// Whether there are section headers.
    pub sections: bool,
    /// Where they are.
    pub table: Table,
    /// Whether there are debug information and a symbol table, which need section headers.
    pub debug: bool,
    /// Whether there is a `PT_RISCV_ATTRIBUTES`, behind all that is mapped; needs section
    /// headers.
    pub attributes: bool,
    /// What follows everything else.
    pub overlay: Vec<u8>,
    strings: Vec<(i64, Vec<u8>)>,
    values: Vec<(i64, u64)>,
    needs: Vec<(Vec<u8>, Vec<Version>)>,
    version_defs: Vec<Vec<u8>>,
    symbols: Vec<Symbol>,
    notes: Vec<u8>,
}

impl Synth {
    /// A shared object for x86-64 or, of other word sizes and byte orders, for an
    /// architecture that has them: i686, s390x, 32-bit PowerPC.
    pub fn new(is_64: bool, big_endian: bool) -> Self {
        let machine = match (is_64, big_endian) {
            (true, false) => 62,
            (false, false) => 3,
            (true, true) => 22,
            (false, true) => 20,
        };
        Self {
            encoding: Encoding { is_64, big_endian },
            machine,
            flags: 0,
            kind: 3,
            osabi: 0,
            interpreter: None,
            hash: Hash::Gnu,
            dynamic: true,
            stack: Some(6),
            load_align: 0x1000,
            note_align: 4,
            nulls: 1,
            slack: 0,
            bss: 0,
            merge_strings: true,
            sections: true,
            table: Table::Behind,
            debug: false,
            attributes: false,
            overlay: Vec::new(),
            strings: Vec::new(),
            values: Vec::new(),
            needs: Vec::new(),
            version_defs: Vec::new(),
            symbols: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Every word size and byte order.
    pub fn all() -> [Self; 4] {
        [(true, false), (false, false), (true, true), (false, true)]
            .map(|(is_64, big_endian)| Self::new(is_64, big_endian))
    }

    /// Adds a dynamic entry whose value is a string.
    #[must_use]
    pub fn string(mut self, tag: i64, value: impl AsRef<[u8]>) -> Self {
        self.strings.push((tag, value.as_ref().to_vec()));
        self
    }

    /// Adds a dynamic entry whose value is a number.
    #[must_use]
    pub fn value(mut self, tag: i64, value: u64) -> Self {
        self.values.push((tag, value));
        self
    }

    /// Adds a `DT_NEEDED`.
    #[must_use]
    pub fn needed(self, name: impl AsRef<[u8]>) -> Self {
        self.string(dt::NEEDED, name)
    }

    /// Sets the `DT_SONAME`.
    #[must_use]
    pub fn soname(self, name: impl AsRef<[u8]>) -> Self {
        self.string(dt::SONAME, name)
    }

    /// Adds a `DT_RPATH`.
    #[must_use]
    pub fn rpath(self, path: impl AsRef<[u8]>) -> Self {
        self.string(dt::RPATH, path)
    }

    /// Adds a `DT_RUNPATH`.
    #[must_use]
    pub fn runpath(self, path: impl AsRef<[u8]>) -> Self {
        self.string(dt::RUNPATH, path)
    }

    /// Adds a `Verneed` record; versions that end in `?` are weak.
    #[must_use]
    pub fn needs(mut self, library: impl AsRef<[u8]>, versions: &[&str]) -> Self {
        let versions = versions.iter().map(|version| {
            let weak = version.strip_suffix('?');
            let name = weak.unwrap_or(version).as_bytes().to_vec();
            (name, weak.is_some())
        });
        let record = (library.as_ref().to_vec(), versions.collect());
        self.needs.push(record);
        self
    }

    /// Adds a `Verdef` record; the first is the base version.
    #[must_use]
    pub fn defines_version(mut self, name: impl AsRef<[u8]>) -> Self {
        self.version_defs.push(name.as_ref().to_vec());
        self
    }

    fn symbol(
        mut self,
        name: impl AsRef<[u8]>,
        version: Option<&str>,
        info: u8,
        defined: bool,
    ) -> Self {
        self.symbols.push(Symbol {
            name: name.as_ref().to_vec(),
            version: version.map(str::to_owned),
            info,
            defined,
        });
        self
    }

    /// Adds an undefined function.
    #[must_use]
    pub fn import(self, name: impl AsRef<[u8]>, version: Option<&str>) -> Self {
        self.symbol(name, version, 0x10, false)
    }

    /// Adds an undefined weak function.
    #[must_use]
    pub fn weak_import(self, name: impl AsRef<[u8]>) -> Self {
        self.symbol(name, None, 0x20, false)
    }

    /// Adds an undefined variable.
    #[must_use]
    pub fn import_object(self, name: impl AsRef<[u8]>) -> Self {
        self.symbol(name, None, 0x11, false)
    }

    /// Adds a global function that is defined here.
    #[must_use]
    pub fn function(self, name: impl AsRef<[u8]>) -> Self {
        self.symbol(name, None, 0x12, true)
    }

    /// Adds a function that is chosen at load time.
    #[must_use]
    pub fn resolver(self, name: impl AsRef<[u8]>) -> Self {
        self.symbol(name, None, 0x1a, true)
    }

    /// Adds a global variable that is defined here.
    #[must_use]
    pub fn object(self, name: impl AsRef<[u8]>) -> Self {
        self.symbol(name, None, 0x11, true)
    }

    /// Adds a note; `owner` without its NUL.
    #[must_use]
    pub fn note(mut self, owner: &str, kind: u32, content: &[u8]) -> Self {
        let mut note = Vec::new();
        for word in [owner.len() + 1, content.len()] {
            note.extend(self.encoding.u32_bytes(u32::try_from(word).unwrap()));
        }
        note.extend(self.encoding.u32_bytes(kind));
        note.extend(owner.as_bytes());
        note.push(0);
        note.resize(note.len().next_multiple_of(self.note_align), 0);
        note.extend(content);
        note.resize(note.len().next_multiple_of(self.note_align), 0);
        self.notes.extend(note);
        self
    }

    /// Adds the GNU property that asks for x86-64 levels.
    #[must_use]
    pub fn isa_needed(mut self, bits: u32) -> Self {
        self.note_align = if self.encoding.is_64 { 8 } else { 4 };
        let mut property = Vec::new();
        for word in [0xc000_8002, 4, bits] {
            property.extend(self.encoding.u32_bytes(word));
        }
        property.resize(property.len().next_multiple_of(self.note_align), 0);
        self.note("GNU", 5, &property)
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        self.make().bytes
    }

    /// The file and where its parts are.
    pub fn make(&self) -> Synthetic {
        layout::Layout::of(self).finish()
    }
}
