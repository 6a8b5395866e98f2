//! What each loader puts into memory, where they differ.

use crate::Loader;
use crate::abi::pt;
use crate::facts::{Facts, facts};
use crate::tests::rich;
use elf_synth::{Segment, Synth, Synthetic};

fn read(file: &Synthetic) -> Facts {
    facts(&file.bytes).unwrap()
}

fn differing(file: &Synthetic) -> Vec<Loader> {
    let facts = read(file);
    let loaders = Loader::ALL.into_iter();
    loaders
        .filter(|loader| facts.difference(*loader).is_some())
        .collect()
}

/// The `PT_LOAD` headers, the first that many headers behind that of the interpreter.
fn load(file: &Synthetic, index: u64) -> (u64, Segment) {
    let at = file.program_header(pt::LOAD) + index * file.encoding.segment_size();
    let bytes = &file.bytes[usize::try_from(at).unwrap()..];
    (at, Segment::decode(file.encoding, bytes))
}

#[test]
fn what_linkers_write_is_the_same_for_all() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        synth.bss = 0x2345;
        assert_eq!(differing(&synth.make()), []);
    }
}

#[test]
fn musl_zeroes_no_tail_that_cannot_be_written() {
    for synth in Synth::all() {
        let mut file = rich(synth).make();
        let whole = read(&file);
        let (at, mut second) = load(&file, 1);
        // Behind DT_SONAME and the first DT_NEEDED.
        second.filesz =
            file.place("dynamic") - second.offset + 2 * file.encoding.dynamic_entry_size();
        second.flags = 4;
        file.put(at, &second.encode(file.encoding));
        let Ok(cut) = facts(&file.bytes) else {
            // Without strings or symbols no other loader takes it.
            continue;
        };
        assert!(cut.needed.len() < whole.needed.len());
        assert_eq!(differing(&file), [Loader::Musl]);
    }
}

#[test]
fn an_empty_segment_still_maps_its_page() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        synth.interpreter = Some(b"/lib/ld.so.1".to_vec());
        let mut file = synth.make();
        let (first_at, first) = load(&file, 0);
        let (_, second) = load(&file, 1);
        assert!(first.filesz < 0xfff, "one page");
        // A copy of the page, in which a need has another name.
        let page = file.bytes.len().next_multiple_of(0x1000);
        file.bytes.resize(page, 0);
        let mut copy = file.bytes[..0x1000].to_vec();
        let name = copy.windows(5).position(|bytes| bytes == b"words").unwrap();
        copy[name..name + 5].copy_from_slice(b"sword");
        file.bytes.extend(copy);
        let empty = Segment {
            offset: page as u64 + 0xfff,
            vaddr: first.vaddr + 0xfff,
            paddr: first.paddr + 0xfff,
            filesz: 0,
            memsz: 0,
            ..first
        };
        let size = file.encoding.segment_size();
        let loads = [first, empty, second]
            .map(|load| load.encode(file.encoding))
            .concat();
        file.put(first_at - size, &loads);
        assert_eq!(read(&file).needed, ["libsword.so.2", "libc.so.6"]);
        // musl maps the first page once.
        assert_eq!(differing(&file), [Loader::Musl]);
    }
}

#[test]
fn a_page_that_is_mapped_again_has_its_bytes_back() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        synth.interpreter = Some(b"/lib/ld.so.1".to_vec());
        let mut file = synth.make();
        let whole = read(&file);
        file.split_load(file.place("dynstr") + 16);
        // The loader zeroes the end of the first, and then maps the second over it.
        let (at, mut left) = load(&file, 0);
        left.filesz -= 8;
        file.put(at, &left.encode(file.encoding));
        assert_eq!(read(&file).needed, whole.needed);
        assert_eq!(differing(&file), []);
    }
}
