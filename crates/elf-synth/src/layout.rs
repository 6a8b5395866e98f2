//! Where the parts of a synthetic file go, and what they look like.

use std::collections::BTreeMap;

use super::{Hash, Symbol, Synth, Synthetic, Table};
use crate::encoding::dt;
use crate::encoding::{Encoding, Segment, pt};

const READ: u32 = 4;
const READ_WRITE: u32 = 6;
const READ_EXECUTE: u32 = 5;
/// `PT_RISCV_ATTRIBUTES`.
const ATTRIBUTES: u32 = 0x7000_0003;

/// A file in the making.
pub(super) struct Layout<'s> {
    pub(super) synth: &'s Synth,
    pub(super) encoding: Encoding,
    pub(super) bytes: Vec<u8>,
    strings: Vec<u8>,
    /// Without the null symbol: undefined first, as `DT_GNU_HASH` wants it.
    pub(super) symbols: Vec<&'s Symbol>,
    pub(super) places: BTreeMap<&'static str, u64>,
    ends: BTreeMap<&'static str, u64>,
    /// What must be added to a file offset in the second segment to get the address.
    pub(super) bias: u64,
}

impl<'s> Layout<'s> {
    pub(super) fn of(synth: &'s Synth) -> Self {
        let mut symbols: Vec<_> = synth.symbols.iter().collect();
        symbols.sort_by_key(|symbol| symbol.defined);
        let mut layout = Self {
            synth,
            encoding: synth.encoding,
            bytes: Vec::new(),
            strings: vec![0],
            symbols,
            places: BTreeMap::new(),
            ends: BTreeMap::new(),
            bias: 0,
        };
        layout.collect_strings();
        layout
    }

    pub(super) fn finish(mut self) -> Synthetic {
        let headers = self.segments().len() as u64;
        let reserved = self.encoding.header_size() + headers * self.encoding.segment_size();
        self.bytes.resize(usize::try_from(reserved).unwrap(), 0);
        self.reserve_table(Table::Front);
        self.read_only();
        self.align(16);
        self.part("text", &[0xcc; 16]);
        self.places.insert("first_end", self.bytes.len() as u64);
        self.writable();
        self.places.insert("end", self.bytes.len() as u64);
        let sections = self.synth.sections.then(|| self.sections());
        self.bytes.extend(&self.synth.overlay);
        self.headers(sections);
        Synthetic {
            bytes: self.bytes,
            encoding: self.encoding,
            places: self.places,
        }
    }

    fn collect_strings(&mut self) {
        let synth = self.synth;
        let symbols = synth.symbols.iter().map(|symbol| &symbol.name);
        let needs = synth.needs.iter().flat_map(|(library, versions)| {
            let versions = versions.iter().map(|(name, _)| name);
            std::iter::once(library).chain(versions)
        });
        let values = synth.strings.iter().map(|(_, value)| value);
        let mut all: Vec<_> = symbols
            .chain(&synth.version_defs)
            .chain(needs)
            .chain(values)
            .collect();
        // Long ones first, so that short ones can share their ends.
        if synth.merge_strings {
            all.sort_by_key(|text| std::cmp::Reverse(text.len()));
        }
        for text in all {
            self.intern(text);
        }
    }

    /// The offset of `text` in the string table.
    pub(super) fn intern(&mut self, text: &[u8]) -> u64 {
        let ended = [text, &[0]].concat();
        let merge = self.synth.merge_strings;
        // A search made for it: tables of ten thousand names are built without optimisation.
        let mut same = memchr::memmem::find_iter(&self.strings, &ended);
        let found = same.find(|at| merge || *at == 0 || self.strings[*at - 1] == 0);
        let at = found.unwrap_or_else(|| {
            self.strings.extend(&ended);
            self.strings.len() - ended.len()
        });
        at as u64
    }

    pub(super) fn align(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    pub(super) fn part(&mut self, name: &'static str, bytes: &[u8]) {
        self.places.insert(name, self.bytes.len() as u64);
        self.bytes.extend(bytes);
        self.ends.insert(name, self.bytes.len() as u64);
    }

    fn read_only(&mut self) {
        let word = usize::try_from(self.encoding.word_size()).unwrap();
        if let Some(path) = &self.synth.interpreter {
            self.part("interp", &[path.as_slice(), &[0]].concat());
        }
        if !self.synth.notes.is_empty() {
            self.align(8);
            self.part("notes", &self.synth.notes);
        }
        if !self.synth.dynamic {
            return;
        }
        self.align(word);
        if matches!(self.synth.hash, Hash::Sysv | Hash::Both) {
            self.part("hash", &self.sysv_hash());
        }
        self.align(word);
        if matches!(self.synth.hash, Hash::Gnu | Hash::Both) {
            self.part("gnu_hash", &self.gnu_hash());
        }
        self.align(word);
        let symbols = self.symbol_table();
        self.part("dynsym", &symbols);
        self.part("dynstr", &self.strings.clone());
        self.versions();
        let imports = self.symbols.iter().filter(|symbol| !symbol.defined).count();
        if imports > 0 {
            self.align(word);
            let entry = if self.encoding.is_64 { 24 } else { 8 };
            self.part("relocations", &vec![0; imports * entry]);
        }
    }

    fn writable(&mut self) {
        self.bytes.resize(self.bytes.len() + self.synth.slack, 0);
        self.align(16);
        self.bias = self.synth.load_align;
        self.places.insert("second", self.bytes.len() as u64);
        self.reserve_table(Table::Data);
        if self.synth.dynamic {
            let entries = self.dynamic_entries();
            let mut table = Vec::new();
            for (tag, value) in entries {
                // Tags are positive here; class 32 keeps the low half.
                table.extend(self.encoding.word_bytes(tag as u64));
                table.extend(self.encoding.word_bytes(value));
            }
            self.part("dynamic", &table);
        }
        self.part("data", &[0x5a; 64]);
        self.reserve_table(Table::DataEnd);
        self.relocations();
    }

    /// Keeps room for section headers, if that is where they go.
    fn reserve_table(&mut self, place: Table) {
        if self.synth.sections && self.synth.table == place {
            self.align(8);
            self.part("table", &vec![0; self.table_room()]);
        }
    }

    fn relocations(&mut self) {
        let Some(mut at) = self.places.get("relocations").copied() else {
            return;
        };
        let e = self.encoding;
        let data = self.places["data"] + self.bias;
        for index in 1..=self.symbols.iter().filter(|symbol| !symbol.defined).count() as u64 {
            let info = if e.is_64 {
                index << 32 | 6
            } else {
                index << 8 | 6
            };
            let mut entry = [data, info].map(|value| e.word_bytes(value)).concat();
            entry.resize(if e.is_64 { 24 } else { 8 }, 0);
            let start = usize::try_from(at).unwrap();
            self.bytes[start..][..entry.len()].copy_from_slice(&entry);
            at += entry.len() as u64;
        }
    }

    fn dynamic_entries(&mut self) -> Vec<(i64, u64)> {
        let synth = self.synth;
        let mut entries = Vec::new();
        for (tag, text) in &synth.strings {
            entries.push((*tag, self.intern(text)));
        }
        let (rela, relasz, relaent) = if self.encoding.is_64 {
            (dt::RELA, dt::RELASZ, (dt::RELAENT, 24))
        } else {
            (dt::REL, dt::RELSZ, (dt::RELENT, 8))
        };
        let parts = [
            (dt::HASH, "hash"),
            (dt::GNU_HASH, "gnu_hash"),
            (dt::STRTAB, "dynstr"),
            (dt::SYMTAB, "dynsym"),
            (dt::VERSYM, "versym"),
            (dt::VERDEF, "verdef"),
            (dt::VERNEED, "verneed"),
            (rela, "relocations"),
        ];
        for (tag, part) in parts {
            entries.extend(self.places.get(part).map(|place| (tag, *place)));
        }
        entries.push((dt::STRSZ, self.strings.len() as u64));
        entries.push((dt::SYMENT, self.encoding.symbol_size()));
        if self.places.contains_key("relocations") {
            let (start, end) = self.range("relocations");
            entries.extend([(relasz, end - start), relaent]);
        }
        if self.places.contains_key("verneed") {
            entries.push((dt::VERNEEDNUM, synth.needs.len() as u64));
        }
        if self.places.contains_key("verdef") {
            entries.push((dt::VERDEFNUM, synth.version_defs.len() as u64));
        }
        entries.extend(&synth.values);
        entries.extend(vec![(dt::NULL, 0); synth.nulls]);
        entries
    }

    /// A program header over the bytes from `start` to `end`.
    fn segment(&self, kind: u32, flags: u32, (start, end): (u64, u64), align: u64) -> Segment {
        let second = self
            .places
            .get("second")
            .is_some_and(|second| start >= *second);
        let vaddr = start + if second { self.bias } else { 0 };
        Segment {
            kind,
            flags,
            offset: start,
            vaddr,
            paddr: vaddr,
            filesz: end - start,
            memsz: end - start,
            align,
        }
    }

    pub(super) fn range(&self, part: &str) -> (u64, u64) {
        let at = |ends: &BTreeMap<_, u64>| ends.get(part).copied().unwrap_or(0);
        (at(&self.places), at(&self.ends))
    }

    /// The program headers, as far as it is known where things are.
    pub(super) fn segments(&self) -> Vec<Segment> {
        let synth = self.synth;
        let place = |name| self.places.get(name).copied().unwrap_or(0);
        let mut segments = Vec::new();
        if synth.interpreter.is_some() {
            segments.push(self.segment(pt::INTERP, READ, self.range("interp"), 1));
        }
        let first = (0, place("first_end"));
        segments.push(self.segment(pt::LOAD, READ_EXECUTE, first, synth.load_align));
        let second = (place("second"), place("end"));
        let mut second = self.segment(pt::LOAD, READ_WRITE, second, synth.load_align);
        second.memsz += synth.bss;
        segments.push(second);
        if synth.dynamic {
            let align = self.encoding.word_size();
            segments.push(self.segment(pt::DYNAMIC, READ_WRITE, self.range("dynamic"), align));
        }
        if !synth.notes.is_empty() {
            let align = synth.note_align as u64;
            segments.push(self.segment(pt::NOTE, READ, self.range("notes"), align));
        }
        if synth.attributes && synth.sections {
            let mut attributes = self.segment(ATTRIBUTES, READ, self.range("attributes"), 1);
            (attributes.vaddr, attributes.paddr, attributes.memsz) = (0, 0, 0);
            segments.push(attributes);
        }
        if let Some(flags) = synth.stack {
            let mut stack = self.segment(pt::GNU_STACK, flags, (0, 0), 16);
            (stack.vaddr, stack.paddr) = (0, 0);
            segments.push(stack);
        }
        segments
    }
}
