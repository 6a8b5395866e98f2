//! Hash tables, symbols and versions of a synthetic file.

use super::layout::Layout;

impl Layout<'_> {
    pub(super) fn sysv_hash(&self) -> Vec<u8> {
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

    pub(super) fn gnu_hash(&self) -> Vec<u8> {
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

    pub(super) fn symbol_table(&mut self) -> Vec<u8> {
        let e = self.encoding;
        let mut bytes = vec![0; usize::try_from(e.symbol_size()).unwrap()];
        for symbol in self.symbols.clone() {
            let name = e.u32_bytes(self.intern(&symbol.name) as u32);
            let section = e.u16_bytes(u16::from(symbol.defined));
            // Only a test that runs code would want a better address.
            let value = e.word_bytes(u64::from(symbol.defined));
            let size = e.word_bytes(0);
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

    pub(super) fn versions(&mut self) {
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
