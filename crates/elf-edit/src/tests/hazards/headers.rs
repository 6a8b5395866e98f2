//! The ELF header, and what a loader's name adds to it.

use super::complaint;
use crate::tests::rich;
use elf_synth::Synth;

#[test]
fn headers_that_the_loader_refuses_are_malformed() {
    let good = rich(Synth::new(true, false)).build();
    assert_eq!(complaint(b"\x7fELF"), "the file ends within its ELF header");
    assert_eq!(
        complaint(&good[..40]),
        "the file ends within its ELF header"
    );
    assert_eq!(
        complaint(&good[..100]),
        "the program headers reach past the end of the file"
    );
    assert_eq!(complaint(b"#!/bin/sh\nexit 0; # not ELF"), "no ELF magic");
    let changed = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..][..bytes.len()].copy_from_slice(bytes);
        complaint(&file)
    };
    assert_eq!(changed(4, &[0]), "EI_CLASS is 0, neither 32- nor 64-bit");
    assert_eq!(changed(5, &[3]), "EI_DATA is 3, no known byte order");
    assert_eq!(changed(5, &[2]), "e_phentsize is 14336, not 56");
    assert_eq!(changed(6, &[0]), "EI_VERSION is 0, not 1");
    assert_eq!(changed(54, &[0, 0]), "e_phentsize is 0, not 56");
    let many = "it has more program headers than the loader reads (e_phnum is 0xffff)";
    assert_eq!(changed(56, &[0xff, 0xff]), many);
    let past = "the program headers reach past the end of the file";
    assert_eq!(changed(32, &[0xff; 8]), past);
}
