//! Where the parts of a synthetic file go, and what they look like.

use std::collections::BTreeMap;

use super::{Hash, Symbol, Synth, Synthetic};
use crate::elf::dynamic::dt;
use crate::elf::header::{Encoding, Segment, pt};

const READ: u32 = 4;
const READ_WRITE: u32 = 6;
const READ_EXECUTE: u32 = 5;

/// A file in the making.
pub(super) struct Layout<'s> {
    pub(super) synth: &'s Synth,
    pub(super) encoding: Encoding,
    pub(super) bytes: Vec<u8>,
    strings: Vec<u8>,
    /// Without the null symbol: undefined first, as `DT_GNU_HASH` wants it.
    symbols: Vec<&'s Symbol>,
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
    fn intern(&mut self, text: &[u8]) -> u64 {
        let ended = [text, &[0]].concat();
        let merge = self.synth.merge_strings;
        let mut windows = self.strings.windows(ended.len()).enumerate();
        let found = windows.position(|(at, window)| {
            window == ended && (merge || at == 0 || self.strings[at - 1] == 0)
        });
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

    fn sysv_hash(&self) -> Vec<u8> {
        let wide = self.encoding.is_64 && self.synth.machine == 22;
        let count = self.symbols.len() as u64 + 1;
        // One bucket, and one chain through all symbols from the last to the first.
        let chain = (0..count).map(|index| index.saturating_sub(1));
        let words = [1, count, count - 1].into_iter().chain(chain);
        let mut bytes = Vec::new();
        for word in words {
            if wide {
                bytes.extend(self.encoding.u64_bytes(word));
            } else {
                bytes.extend(self.encoding.u32_bytes(word as u32));
            }
        }
        bytes
    }

    fn gnu_hash(&self) -> Vec<u8> {
        let defined: Vec<_> = self
            .symbols
            .iter()
            .filter(|symbol| symbol.defined)
            .collect();
        let first = (self.symbols.len() - defined.len() + 1) as u32;
        let bucket = if defined.is_empty() { 0 } else { first };
        let e = self.encoding;
        let mut bytes = [1, first, 1, 0].map(|word| e.u32_bytes(word)).concat();
        bytes.extend(vec![0xff; usize::try_from(e.word_size()).unwrap()]);
        bytes.extend(e.u32_bytes(bucket));
        for (index, symbol) in defined.iter().enumerate() {
            let last = u32::from(index + 1 == defined.len());
            bytes.extend(e.u32_bytes(gnu_hash_of(&symbol.name) & !1 | last));
        }
        bytes
    }

    fn symbol_table(&mut self) -> Vec<u8> {
        let e = self.encoding;
        let mut bytes = vec![0; usize::try_from(e.symbol_size()).unwrap()];
        for symbol in self.symbols.clone() {
            let name = e.u32_bytes(self.intern(&symbol.name) as u32);
            let section = e.u16_bytes(u16::from(symbol.defined));
            // Only a test that runs code would want a better address.
            let value = e.word_bytes(u64::from(symbol.defined)).unwrap();
            let size = e.word_bytes(0).unwrap();
            let info = [symbol.info, 0];
            if e.is_64 {
                bytes.extend([&name[..], &info, &section, &value, &size].concat());
            } else {
                bytes.extend([&name[..], &value, &size, &info, &section].concat());
            }
        }
        bytes
    }

    /// The index that `.gnu.version` uses for a needed version.
    fn version_index(&self, wanted: &str) -> Option<u16> {
        let names = self.synth.needs.iter().flat_map(|(_, versions)| versions);
        let place = names
            .map(|(name, _)| name)
            .position(|name| name == wanted.as_bytes())?;
        Some((place + self.first_needed_index()) as u16)
    }

    fn first_needed_index(&self) -> usize {
        (self.synth.version_defs.len() + 1).max(2)
    }

    fn versions(&mut self) {
        if self.synth.needs.is_empty() && self.synth.version_defs.is_empty() {
            return;
        }
        let e = self.encoding;
        let mut indices = e.u16_bytes(0).to_vec();
        for symbol in &self.symbols {
            let version = symbol.version.as_deref();
            let index = version
                .and_then(|name| self.version_index(name))
                .unwrap_or(1);
            indices.extend(e.u16_bytes(index));
        }
        self.align(2);
        self.part("versym", &indices);
        if !self.synth.version_defs.is_empty() {
            self.align(4);
            let definitions = self.verdef();
            self.part("verdef", &definitions);
        }
        if !self.synth.needs.is_empty() {
            self.align(4);
            let needs = self.verneed();
            self.part("verneed", &needs);
        }
    }

    fn verneed(&mut self) -> Vec<u8> {
        let (e, synth) = (self.encoding, self.synth);
        let mut bytes = Vec::new();
        let mut index = self.first_needed_index() as u16;
        for (place, (library, versions)) in synth.needs.iter().enumerate() {
            let last = place + 1 == synth.needs.len();
            let size = 16 + 16 * versions.len() as u32;
            bytes.extend(
                [1, versions.len() as u16]
                    .map(|half| e.u16_bytes(half))
                    .concat(),
            );
            let file = self.intern(library) as u32;
            let next = if last { 0 } else { size };
            bytes.extend([file, 16, next].map(|word| e.u32_bytes(word)).concat());
            for (at, (name, weak)) in versions.iter().enumerate() {
                let next = if at + 1 == versions.len() { 0 } else { 16 };
                bytes.extend(e.u32_bytes(elf_hash_of(name)));
                bytes.extend(
                    [u16::from(*weak) * 2, index]
                        .map(|half| e.u16_bytes(half))
                        .concat(),
                );
                let name = self.intern(name) as u32;
                bytes.extend([name, next].map(|word| e.u32_bytes(word)).concat());
                index += 1;
            }
        }
        bytes
    }

    fn verdef(&mut self) -> Vec<u8> {
        let (e, synth) = (self.encoding, self.synth);
        let mut bytes = Vec::new();
        for (place, name) in synth.version_defs.iter().enumerate() {
            let index = place as u16 + 1;
            let next = if place + 1 == synth.version_defs.len() {
                0
            } else {
                28
            };
            let base = u16::from(place == 0);
            bytes.extend([1, base, index, 1].map(|half| e.u16_bytes(half)).concat());
            let words = [elf_hash_of(name), 20, next, self.intern(name) as u32, 0];
            bytes.extend(words.map(|word| e.u32_bytes(word)).concat());
        }
        bytes
    }

    fn writable(&mut self) {
        self.bytes.resize(self.bytes.len() + self.synth.slack, 0);
        self.align(16);
        self.bias = self.synth.load_align;
        self.places.insert("second", self.bytes.len() as u64);
        if self.synth.dynamic {
            let entries = self.dynamic_entries();
            let mut table = Vec::new();
            for (tag, value) in entries {
                // Tags are positive here; class 32 keeps the low half.
                table.extend(self.encoding.word_bytes(tag as u64).unwrap());
                table.extend(self.encoding.word_bytes(value).unwrap());
            }
            self.part("dynamic", &table);
        }
        self.part("data", &[0x5a; 64]);
        self.relocations();
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
            let mut entry = [data, info]
                .map(|value| e.word_bytes(value).unwrap())
                .concat();
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
        if let Some(flags) = synth.stack {
            let mut stack = self.segment(pt::GNU_STACK, flags, (0, 0), 16);
            (stack.vaddr, stack.paddr) = (0, 0);
            segments.push(stack);
        }
        segments
    }
}

/// The hash of `DT_HASH` and of version records.
fn elf_hash_of(name: &[u8]) -> u32 {
    name.iter().fold(0, |hash: u32, byte| {
        let sum = (hash << 4).wrapping_add(u32::from(*byte));
        let high = sum & 0xf000_0000;
        (sum ^ high >> 24) & !high
    })
}

/// The hash of `DT_GNU_HASH`.
fn gnu_hash_of(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash: u32, byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(*byte))
    })
}
