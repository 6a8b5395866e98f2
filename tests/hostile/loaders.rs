//! Files that are one thing for one loader and another for the next.

use elf_synth::Synth;

use crate::craft::judge::{Case, audit, codes, finish, hold};
use crate::craft::wheel::{Maker, synth};
use crate::told::tagged;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_STACK: u32 = 0x6474_e551;
const AMBIGUOUS: &[&str] = &["elf-ambiguous"];

fn musl() -> Synth {
    Synth::new(true, false)
        .needed("libc.musl-x86_64.so.1")
        .function("PyInit_ext")
}

/// A wheel for musl with an extension that is sound, and one with `bytes`.
fn musl_wheel(bytes: Vec<u8>) -> Maker {
    let maker = Maker::default().with(|maker| maker.files.clear());
    let maker = maker.file("evil/good.cpython-311-x86_64-linux-musl.so", musl().build());
    tagged(maker.file("evil/ext.so", bytes), "musllinux_1_2_x86_64")
}

#[test]
fn a_tail_that_only_musl_reads() {
    let mut file = musl().make();
    let second = file.program_header(PT_LOAD) + file.encoding.segment_size();
    let dynamic = file.place("dynamic");
    let place = usize::try_from(second).unwrap();
    let mut load = elf_synth::Segment::decode(file.encoding, &file.bytes[place..]);
    // All but the last entries, DT_NULL included: glibc sees zeros there.
    let entries = 4;
    load.filesz = dynamic - load.offset + entries * file.encoding.dynamic_entry_size();
    load.flags = 4;
    file.put(second, &load.encode(file.encoding));
    let cut = elf_edit::facts(&file.bytes);
    // Where glibc's part is no library at all, it is malformed.
    let code = if cut.is_ok() {
        AMBIGUOUS
    } else {
        &["elf-malformed"]
    };
    hold(&[
        Case::sound("musl-plain", &musl_wheel(musl().build())),
        Case::refused("musl-tail", &musl_wheel(file.bytes), code),
    ]);
}

#[test]
fn headers_that_only_musl_takes() {
    let odd = |id: &str, at: usize, value: u8| {
        let mut bytes = musl().build();
        bytes[at] = value;
        Case::refused(id, &musl_wheel(bytes), &[])
    };
    let other = |name: &str, bytes: Vec<u8>| {
        let maker = Maker::default().with(|maker| maker.files.clear());
        let maker = maker.file("evil/good.so", musl().build());
        tagged(maker.file(name, bytes), "musllinux_1_2_x86_64")
    };
    let mut aarch64 = musl().build();
    aarch64[18] = 183;
    let object = {
        let mut bytes = aarch64.clone();
        bytes[16] = 1;
        bytes
    };
    let glibc = Maker::with_extension(synth(&[]).build()).file("evil/other.so", aarch64.clone());
    hold(&[
        odd("musl-magic", 0, b'X'),
        odd("musl-class", 4, 1),
        odd("musl-order", 5, 2),
        odd("musl-machine", 18, 183),
        Case::refused(
            "musl-importable",
            &other("evil/other.so", aarch64.clone()),
            AMBIGUOUS,
        ),
        // No import leads there, nothing needs it, or musl does not map it either.
        Case::told(
            "not-a-name",
            &other("evil/arm-64/other.so", aarch64.clone()),
            &["foreign-arch"],
        ),
        Case::told(
            "for-another-python",
            &other(
                "evil/other.cpython-311-aarch64-linux-musl.so",
                aarch64.clone(),
            ),
            &["foreign-arch"],
        ),
        Case::told(
            "an-object-file",
            &other("evil/other.so", object),
            &["foreign-arch"],
        ),
        Case::sound(
            "text",
            &other("evil/other.so", b"INPUT(libx.so.1)\n".to_vec()),
        ),
        Case::sound("empty", &other("evil/other.so", Vec::new())),
        Case::told("glibc", &glibc, &["foreign-arch"]),
    ]);
}

#[test]
fn a_second_dynamic_header_whatever_the_name() {
    let mut file = synth(&[]).make();
    file.edit_segment(PT_GNU_STACK, |segment| segment.kind = PT_DYNAMIC);
    let named = |name: &str| Maker::default().file(name, file.bytes.clone());
    hold(&[
        Case::refused("data", &named("evil/impl.bin"), AMBIGUOUS),
        Case::refused("library", &named("evil/libimpl.so"), AMBIGUOUS),
    ]);
}

#[test]
fn a_loose_file_with_two_faces() {
    let mut file = synth(&[]).make();
    file.edit_segment(PT_GNU_STACK, |segment| segment.kind = PT_DYNAMIC);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("impl.so");
    std::fs::write(&path, &file.bytes).unwrap();
    let (output, _) = finish(audit("show").arg(&path));
    assert_eq!(output.status.code(), Some(1));
    assert!(codes(&output).contains("elf-ambiguous"), "{output:?}");
}
