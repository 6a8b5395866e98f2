//! A file that was made, for tests that change it.

use std::collections::BTreeMap;

use crate::encoding::{Encoding, Segment, pt};

/// A file that was made, and where its parts are.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its word size and byte order.
    pub encoding: Encoding,
    /// File offsets of `dynamic`, `dynstr`, `dynsym`, `hash`, `gnu_hash`, `versym`,
    /// `verneed`, `verdef`, `rela`, `notes`, and of the section headers, `table`, if they are
    /// mapped; as far as they are there, and `end`: of all that is mapped.
    pub places: BTreeMap<&'static str, u64>,
}

impl Synthetic {
    /// Overwrites bytes.
    pub fn put(&mut self, at: u64, bytes: &[u8]) {
        let at = usize::try_from(at).unwrap();
        self.bytes[at..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Overwrites a half word.
    pub fn put_u16(&mut self, at: u64, value: u16) {
        self.put(at, &self.encoding.u16_bytes(value));
    }

    /// Overwrites a word of 32 bits.
    pub fn put_u32(&mut self, at: u64, value: u32) {
        self.put(at, &self.encoding.u32_bytes(value));
    }

    /// Overwrites a word of this class.
    pub fn put_word(&mut self, at: u64, value: u64) {
        self.put(at, &self.encoding.word_bytes(value));
    }

    /// The file offset of a part.
    pub fn place(&self, part: &str) -> u64 {
        self.places[part]
    }

    /// The file offset of the first program header of a type, and of the table's end.
    pub fn program_header(&self, kind: u32) -> u64 {
        let size = self.encoding.segment_size();
        let mut at = self.encoding.header_size();
        while self.encoding.u32(&self.bytes, usize::try_from(at).unwrap()) != kind {
            at += size;
        }
        at
    }

    /// Changes one field of the first program header of a type.
    pub fn edit_segment(&mut self, kind: u32, edit: impl FnOnce(&mut Segment)) {
        let at = self.program_header(kind);
        let bytes = &self.bytes[usize::try_from(at).unwrap()..];
        let mut segment = Segment::decode(self.encoding, bytes);
        edit(&mut segment);
        self.put(at, &segment.encode(self.encoding));
    }

    /// Splits the segment that holds file offset `at` there. That takes a program header: the
    /// file must have been made with an interpreter, which it has no longer.
    pub fn split_load(&mut self, at: u64) {
        let size = self.encoding.segment_size();
        let first = self.program_header(pt::INTERP);
        let places = [first, first + size, first + 2 * size];
        let [_, one, two] = places.map(|place| {
            let bytes = &self.bytes[usize::try_from(place).unwrap()..];
            Segment::decode(self.encoding, bytes)
        });
        let halves = |whole: Segment| {
            let len = at - whole.offset;
            let left = Segment {
                filesz: len,
                memsz: len,
                ..whole
            };
            let right = Segment {
                offset: at,
                vaddr: whole.vaddr + len,
                paddr: whole.paddr + len,
                filesz: whole.filesz - len,
                memsz: whole.memsz - len,
                ..whole
            };
            (left, right)
        };
        let loads = if at < two.offset {
            let (left, right) = halves(one);
            [left, right, two]
        } else {
            let (left, right) = halves(two);
            [one, left, right]
        };
        for (place, load) in places.into_iter().zip(loads) {
            self.put(place, &load.encode(self.encoding));
        }
    }

    /// Changes the value of the first dynamic entry with `tag`.
    pub fn set_dynamic(&mut self, tag: i64, value: u64) {
        let word = self.encoding.word_size();
        let mut at = self.place("dynamic");
        let tag = u64::try_from(tag).unwrap();
        while self
            .encoding
            .word(&self.bytes, usize::try_from(at).unwrap())
            != tag
        {
            at += 2 * word;
        }
        self.put_word(at + word, value);
    }
}
