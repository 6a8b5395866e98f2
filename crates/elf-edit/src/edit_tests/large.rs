//! Files larger than what should be held in memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::library;
use crate::abi::pt;
use crate::facts::facts;
use crate::image::Image;
use crate::plan::plan;
use crate::read::header::Header;
use crate::read::sections::{Sections, section_size};
use crate::request::{Edit, RpathEdit, RpathKind, Strip};
use elf_synth::Synth;

/// A file that counts what is read of it.
struct Sparse {
    file: Mutex<File>,
    size: u64,
    read: AtomicU64,
    largest: AtomicU64,
}

impl Image for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.fetch_add(buffer.len() as u64, Relaxed);
        self.largest.fetch_max(buffer.len() as u64, Relaxed);
        let mut file = self.file.lock().unwrap();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }
}

/// A library with 2 GiB of zeros, which the file does not store, at the end of its second
/// segment.
fn sparse_library() -> Sparse {
    let mut synth = library(Synth::new(true, false));
    synth.debug = true;
    let mut made = synth.make();
    let hole = 2_u64 << 30;
    let end = made.place("end");
    let header = Header::read(&made.bytes).unwrap();
    let sections = Sections::read(&made.bytes, &header).unwrap().unwrap();
    let mut at = sections.offset;
    for mut section in sections.headers {
        if section.offset >= end {
            section.offset += hole;
        }
        made.put(at, &section.encode(header.encoding).unwrap());
        at += section_size(header.encoding);
    }
    made.put_word(40, sections.offset + hole);
    let second = header.segments(&made.bytes).unwrap();
    let index = second.iter().rposition(|s| s.kind == pt::LOAD).unwrap();
    let mut load = second[index];
    load.filesz += hole;
    load.memsz += hole;
    let at = header.phoff + index as u64 * made.encoding.segment_size();
    made.put(at, &load.encode(header.encoding).unwrap());
    let mut file = tempfile::tempfile().unwrap();
    let (front, back) = made.bytes.split_at(usize::try_from(end).unwrap());
    file.write_all(front).unwrap();
    file.seek(SeekFrom::Start(end + hole)).unwrap();
    file.write_all(back).unwrap();
    Sparse {
        size: made.bytes.len() as u64 + hole,
        file: Mutex::new(file),
        read: 0.into(),
        largest: 0.into(),
    }
}

#[test]
fn two_gibibytes_are_edited_and_verified_in_little_memory() {
    let image = sparse_library();
    let edit = Edit {
        soname: Some("libgreet-1a2b3c4d.so.1".to_owned()),
        rpath: RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/../greet.libs".to_owned()),
        replace_needed: [(
            "libwords.so.2".to_owned(),
            "libwords-5e6f7a8b.so.2".to_owned(),
        )]
        .into(),
        strip: Strip::All,
        ..Edit::default()
    };
    let patch = plan(&image, &edit).unwrap();
    let read = image.read.load(Relaxed);
    let largest = image.largest.load(Relaxed);
    assert!(read < 1 << 20, "{read} bytes were read");
    assert!(largest < 1 << 17, "{largest} bytes were read at once");
    assert!(patch.heap_size() < 1 << 17);
    let after = facts(&patch.view(&image)).unwrap();
    assert_eq!(after.soname.as_deref(), Some("libgreet-1a2b3c4d.so.1"));
    assert_eq!(after.needed[0], "libwords-5e6f7a8b.so.2");
}
