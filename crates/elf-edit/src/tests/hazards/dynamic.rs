//! The dynamic entries and the names that they ask for.

use super::{complaint, complaint_after};
use crate::abi::{dt, pt};
use crate::facts::facts;
use crate::tests::{read, rich};
use elf_synth::Synth;

#[test]
fn dynamic_entries_must_end() {
    let mut synth = rich(Synth::new(true, false));
    synth.nulls = 0;
    let mut file = synth.make();
    let end = file.place("end");
    // Cut the data that follows the entries.
    let second = file.place("second");
    let data = file.place("data");
    let at = file.program_header(pt::LOAD) + 56;
    file.put_word(at + 32, data - second);
    file.put_word(at + 40, data - second);
    // The rest of the page is mapped with them.
    let [start, page_end] =
        [data, end.next_multiple_of(0x1000)].map(|place| usize::try_from(place).unwrap());
    file.bytes.resize(page_end, 0);
    file.bytes[start..page_end].fill(0x5a);
    let unended = "the dynamic entries do not end within their segment (no DT_NULL)";
    assert_eq!(complaint(&file.bytes), unended);
    // With .bss the loader finds zeros there.
    file.put_word(at + 40, end - second);
    assert!(facts(&file.bytes).is_ok());
}

#[test]
fn names_must_be_there_and_mean_something() {
    let needed = |name: &[u8]| complaint(&Synth::new(true, false).needed(name).build());
    assert_eq!(
        needed(b""),
        "the name of a needed library (DT_NEEDED) is empty"
    );
    let not_utf8 = "the name of a needed library (DT_NEEDED) is not UTF-8: lib\\xff\\x1b.so";
    assert_eq!(needed(b"lib\xff\x1b.so"), not_utf8);
    let long = "the name of a needed library (DT_NEEDED) does not end within 4096 bytes";
    assert_eq!(needed(&[b'a'; 4096]), long);
    let soname = complaint(&Synth::new(true, false).soname(b"\xfe").build());
    assert_eq!(soname, "the soname (DT_SONAME) is not UTF-8: \\xfe");
    let version = Synth::new(true, false)
        .needed("a")
        .needs(b"\xfe", &["A"])
        .build();
    assert_eq!(
        complaint(&version),
        "the library of a needed version is not UTF-8: \\xfe"
    );
    assert_eq!(read(&Synth::new(true, false).soname("")).soname, None);
    let offset = complaint_after(|file| file.set_dynamic(dt::NEEDED, 1 << 31));
    let outside = "the name of a needed library (DT_NEEDED) lies outside the dynamic string table";
    assert_eq!(offset, outside);
    let table = "the dynamic string table (DT_STRTAB, DT_STRSZ) lies outside the file's segments";
    assert_eq!(
        complaint_after(|file| file.set_dynamic(dt::STRTAB, 1 << 45)),
        table
    );
    assert_eq!(
        complaint_after(|file| file.set_dynamic(dt::STRSZ, u64::MAX)),
        table
    );
    let twice = rich(Synth::new(true, false)).value(dt::STRTAB, 0x100);
    assert_eq!(
        complaint(&twice.build()),
        "it has two different DT_STRTAB entries"
    );
}

#[test]
fn a_long_name_cannot_be_asked_for_a_million_times() {
    let long = vec![b'a'; 4000];
    let mut synth = Synth::new(true, false);
    for _ in 0..3000 {
        synth = synth.needed(&long);
    }
    let reason = "its names are longer, together, than any linker writes";
    assert_eq!(complaint(&synth.build()), reason);
    let mut synth = Synth::new(true, false);
    for index in 0..10_000 {
        synth = synth.value(dt::NEEDED, 1 + index % 4);
    }
    assert_eq!(read(&synth.soname("libx.so")).needed.len(), 10_000);
}
