//! The ELF header and the section headers of a synthetic file.

use super::layout::Layout;

/// Where the section headers are, and how many.
#[derive(Clone, Copy, Default)]
pub(super) struct Sections {
    offset: u64,
    count: u16,
}

/// Name, `sh_type`, `sh_flags`, the part of the file, and the section that it refers to.
const SECTIONS: [(&str, u32, u64, &str, &str); 17] = [
    (".interp", 1, 2, "interp", ""),
    (".note.gnu.build-id", 7, 2, "notes", ""),
    (".hash", 5, 2, "hash", ".dynsym"),
    (".gnu.hash", 0x6fff_fff6, 2, "gnu_hash", ".dynsym"),
    (".dynsym", 11, 2, "dynsym", ".dynstr"),
    (".dynstr", 3, 2, "dynstr", ""),
    (".gnu.version", 0x6fff_ffff, 2, "versym", ".dynsym"),
    (".gnu.version_d", 0x6fff_fffd, 2, "verdef", ".dynstr"),
    (".gnu.version_r", 0x6fff_fffe, 2, "verneed", ".dynstr"),
    (".dynamic", 6, 3, "dynamic", ".dynstr"),
    (".data", 1, 3, "data", ""),
    (".comment", 1, 0, "comment", ""),
    (".riscv.attributes", 0x7000_0003, 0, "attributes", ""),
    (".debug_info", 1, 0, "debug", ""),
    (".symtab", 2, 0, "symtab", ".strtab"),
    (".strtab", 3, 0, "strtab", ""),
    (".shstrtab", 3, 0, "shstrtab", ""),
];

impl Layout<'_> {
    /// Appends what is not mapped: a comment, section names, section headers.
    pub(super) fn sections(&mut self) -> Sections {
        self.part("comment", b"made up\0");
        if self.synth.attributes {
            self.part("attributes", b"A\x11\0\0\0riscv\0attributes");
        }
        if self.synth.debug {
            self.part("debug", &[0xdb; 3000]);
            self.align(8);
            let symbols = self.local_symbols();
            self.part("symtab", &symbols);
            self.part("strtab", b"\0_DYNAMIC\0helper\0");
        }
        let names: Vec<u8> = SECTIONS
            .iter()
            .flat_map(|(name, ..)| [&[0], name.as_bytes()].concat())
            .chain([0])
            .collect();
        self.part("shstrtab", &names);
        self.align(8);
        let offset = self.bytes.len() as u64;
        let present: Vec<_> = SECTIONS
            .iter()
            .filter(|section| self.places.contains_key(section.3))
            .collect();
        let index_of = |name: &str| {
            let place = present.iter().position(|section| section.0 == name);
            place.map_or(0, |place| place as u32 + 1)
        };
        let mut table = vec![0; if self.encoding.is_64 { 64 } else { 40 }];
        for (name, kind, flags, part, link) in &present {
            let at = names
                .windows(name.len())
                .position(|window| window == name.as_bytes());
            let head = [at.unwrap_or(0) as u32, *kind];
            let links = [index_of(link), self.info_of(part)];
            table.extend(self.section(head, *flags, part, links));
        }
        let count = present.len() as u16 + 1;
        let offset = if let Some(place) = self.places.get("table") {
            let start = usize::try_from(*place).unwrap();
            self.bytes[start..][..table.len()].copy_from_slice(&table);
            *place
        } else {
            self.bytes.extend(table);
            offset
        };
        Sections { offset, count }
    }

    /// Bytes of as many section headers as there may be.
    pub(super) fn table_room(&self) -> usize {
        (SECTIONS.len() + 1) * if self.encoding.is_64 { 64 } else { 40 }
    }

    /// Symbols of `.dynstr`, `.dynamic` and `.debug_info`, `_DYNAMIC`, and a function.
    fn local_symbols(&self) -> Vec<u8> {
        let present = |name: &str| {
            let sections = SECTIONS.iter();
            let mut sections = sections.filter(|section| self.places.contains_key(section.3));
            sections.position(|section| section.0 == name)
        };
        let index = |name| present(name).map_or(0, |place| place as u16 + 1);
        let address = |part: &str, by| self.places.get(part).map_or(0, |place| place + by);
        let dynamic = (index(".dynamic"), address("dynamic", self.bias));
        let symbols = [
            (0, 0, 0, 0),
            (0, 3, index(".dynstr"), address("dynstr", 0)),
            (0, 3, dynamic.0, dynamic.1),
            (0, 3, index(".debug_info"), 0),
            (1, 1, dynamic.0, dynamic.1),
            (10, 2, 0xfff1, 0x1234),
        ];
        let e = self.encoding;
        let mut bytes = Vec::new();
        for (name, info, section, value) in symbols {
            bytes.extend(e.u32_bytes(name));
            let tail = [[info, 0], e.u16_bytes(section)].concat();
            let numbers = [e.word_bytes(value), e.word_bytes(0)];
            let (first, second) = if e.is_64 {
                (tail, numbers.concat())
            } else {
                (numbers.concat(), tail)
            };
            bytes.extend(first);
            bytes.extend(second);
        }
        bytes
    }

    fn info_of(&self, part: &str) -> u32 {
        let count = match part {
            "verneed" => self.synth.needs.len(),
            "verdef" => self.synth.version_defs.len(),
            "dynsym" => 1,
            "symtab" => 5,
            _ => 0,
        };
        count as u32
    }

    fn section(&self, head: [u32; 2], flags: u64, part: &str, links: [u32; 2]) -> Vec<u8> {
        let e = self.encoding;
        let (start, end) = self.range(part);
        let second = start >= self.places["second"];
        let address = match (flags & 2, second) {
            (0, _) => 0,
            (_, true) => start + self.bias,
            (_, false) => start,
        };
        let entry = match part {
            "dynsym" | "symtab" => e.symbol_size(),
            "dynamic" => e.dynamic_entry_size(),
            "versym" => 2,
            _ => 0,
        };
        let align = if flags & 2 == 0 { 1 } else { e.word_size() };
        let words = |words: &[u64]| {
            let words = words.iter().map(|word| e.word_bytes(*word));
            words.flatten().collect::<Vec<u8>>()
        };
        [
            head.map(|word| e.u32_bytes(word)).concat(),
            words(&[flags, address, start, end - start]),
            links.map(|word| e.u32_bytes(word)).concat(),
            words(&[align, entry]),
        ]
        .concat()
    }

    /// Writes the ELF header and the program headers over the bytes kept free for them.
    pub(super) fn headers(&mut self, sections: Option<Sections>) {
        let (e, synth) = (self.encoding, self.synth);
        let segments = self.segments();
        let sections = sections.unwrap_or_default();
        let class = if e.is_64 { 2 } else { 1 };
        let order = if e.big_endian { 2 } else { 1 };
        let mut bytes = [
            b"\x7fELF".as_slice(),
            &[class, order, 1, synth.osabi],
            &[0; 8],
        ]
        .concat();
        bytes.extend(
            [synth.kind, synth.machine]
                .map(|half| e.u16_bytes(half))
                .concat(),
        );
        bytes.extend(e.u32_bytes(1));
        for word in [0, e.header_size(), sections.offset] {
            bytes.extend(e.word_bytes(word));
        }
        bytes.extend(e.u32_bytes(synth.flags));
        let section_size = if e.is_64 { 64 } else { 40 };
        let halves = [
            e.header_size() as u16,
            e.segment_size() as u16,
            segments.len() as u16,
            section_size,
            sections.count,
            sections.count.saturating_sub(1),
        ];
        bytes.extend(halves.map(|half| e.u16_bytes(half)).concat());
        for segment in segments {
            bytes.extend(segment.encode(e));
        }
        self.bytes[..bytes.len()].copy_from_slice(&bytes);
    }
}
