//! Makes the seeds of the fuzz targets: `cargo run --example fuzz_seeds`.
//!
//! The same seeds each time, small, and named after what is in them.

#![expect(clippy::unwrap_used, reason = "a maker that fails may die")]

#[allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::format_push_string,
    clippy::unwrap_used,
    reason = "the tests use the rest"
)]
#[path = "../tests/craft/wheel.rs"]
mod wheel;
#[allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::format_push_string,
    clippy::unwrap_used,
    reason = "the tests use the rest"
)]
#[path = "../tests/craft/zip.rs"]
mod zip;

use std::fs;
use std::io;
use std::path::Path;

use elf_synth::{Hash, Synth};
use wheel::{Maker, extension, synth};
use zip::{Archive, Descriptor, End64, Entry};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let elves = elves();
    for (name, bytes) in &elves {
        put(&corpus, "elf_facts", name, bytes)?;
        for choice in [1_u8, 6, 24, 47] {
            let input = [&[choice], bytes.as_slice()].concat();
            put(
                &corpus,
                "elf_patch",
                &format!("{name}-edit-{choice}"),
                &input,
            )?;
        }
    }
    for (name, bytes) in &elves {
        for (what, choice, changes) in damages(bytes.len()) {
            let count = u8::try_from(changes.len()).unwrap();
            let mut input = vec![choice, count];
            for (offset, mask) in changes {
                input.extend(u32::try_from(offset).unwrap().to_le_bytes());
                input.push(mask);
            }
            input.extend(bytes);
            put(&corpus, "elf_verify", &format!("{name}-{what}"), &input)?;
        }
    }
    for (name, bytes) in wheels() {
        put(&corpus, "zip_reader", name, &bytes)?;
        put(&corpus, "show", name, &bytes)?;
    }
    for (name, text) in texts() {
        let (target, name) = name.split_once('/').unwrap();
        put(&corpus, target, name, text.as_bytes())?;
    }
    Ok(())
}

fn put(corpus: &Path, target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = corpus.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}

/// A byte of the edited file that changes: its offset, and what it is combined with.
type Change = (usize, u8);

/// Edits, and what changes then in a file that had `len` bytes.
fn damages(len: usize) -> [(&'static str, u8, Vec<Change>); 4] {
    [
        ("sound", 7, vec![]),
        ("in-the-image", 3, vec![(len / 4, 1), (len / 3, 0x80)]),
        ("at-the-end", 47, vec![(len - 2, 0xff)]),
        ("longer", 128 + 6, vec![(len / 2, 4)]),
    ]
}

fn elves() -> Vec<(String, Vec<u8>)> {
    let mut elves = Vec::new();
    for (synth, class) in Synth::all()
        .into_iter()
        .zip(["64le", "32le", "64be", "32be"])
    {
        let library = synth
            .soname("libseed.so.1")
            .needed("libc.so.6")
            .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34?"])
            .import("printf", Some("GLIBC_2.17"))
            .function("seed");
        elves.push((format!("library-{class}"), library.build()));
        let mut bare = library.clone();
        bare.sections = false;
        bare.hash = Hash::Sysv;
        bare.bss = 64;
        elves.push((format!("no-sections-{class}"), bare.build()));
    }
    let first = || Synth::new(true, false);
    let mut odd = first()
        .rpath("/build/lib:$ORIGIN")
        .runpath("$ORIGIN/../lib");
    odd.hash = Hash::Both;
    odd.slack = 256;
    odd.nulls = 4;
    odd.overlay = b"payload".to_vec();
    elves.push(("paths-and-slack".to_owned(), odd.build()));
    let mut program = first().needed("libz.so.1");
    program.interpreter = Some(b"/lib64/ld-linux-x86-64.so.2".to_vec());
    program.stack = Some(7);
    elves.push(("program".to_owned(), program.build()));
    let versions = first()
        .soname("libv.so")
        .defines_version("libv.so")
        .defines_version("V_1")
        .isa_needed(0b100);
    elves.push(("versions-and-isa".to_owned(), versions.build()));
    let mut still = first();
    still.dynamic = false;
    elves.push(("static".to_owned(), still.build()));
    elves
}

fn wheels() -> Vec<(&'static str, Vec<u8>)> {
    let plain = Maker::default();
    let grafted = Maker::with_extension(extension(&["libgraft.so.1"]));
    let descriptors = plain
        .entries()
        .into_iter()
        .map(|entry| entry.with(|entry| entry.descriptor = Descriptor::Signed));
    let data = plain
        .clone()
        .file("evil-1.0.data/platlib/evil/more.so", extension(&[]))
        .file("evil-1.0.data/scripts/tool", "#!python\n")
        .entry(Entry::new("evil/", "").with(|entry| entry.mode = 0o040_755))
        .file(
            "evil-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nx = evil:x\n",
        );
    let stored = plain
        .entries()
        .into_iter()
        .map(|entry| entry.with(|entry| entry.method = 0));
    let versions = synth(&["libz.so.1"]).needs("libz.so.1", &["ZLIB_1.2.9"]);
    vec![
        ("plain", plain.build()),
        ("graft", grafted.build()),
        ("descriptors", Archive::of(descriptors).build()),
        ("data-and-scripts", data.build()),
        ("stored", Archive::of(stored).build()),
        ("versions", Maker::with_extension(versions.build()).build()),
        (
            "zip64",
            plain
                .archive()
                .with(|archive| archive.zip64 = Some(End64::default()))
                .build(),
        ),
        (
            "comment",
            plain
                .archive()
                .with(|archive| archive.comment = b"hello".to_vec())
                .build(),
        ),
    ]
}

fn texts() -> [(&'static str, &'static str); 19] {
    const HASH: &str = "evil/a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n";
    [
        ("file_name/plain", "evil-1.0-cp311-cp311-linux_x86_64.whl"),
        (
            "file_name/build",
            "evil-1!1.0.post1+cu118-1abc-py2.py3-none-any.whl",
        ),
        (
            "file_name/tags",
            "e_v-1-cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
        ),
        (
            "file_name/musl",
            "Evil.Pkg-1.0rc1-cp311-cp311-musllinux_1_2_aarch64.whl",
        ),
        (
            "file_name/android",
            "evil-1.0-cp313-cp313-android_24_arm64_v8a.whl",
        ),
        ("record/plain", HASH),
        (
            "record/quoted",
            "\"evil/a,b.py\",,\r\n\"a\"\"b\",sha256=x,1\r\n",
        ),
        ("record/empty", ""),
        ("record/bom", "\u{feff}evil/a.py,,\n\n"),
        (
            "record/paths",
            "./evil/a.py,,\n/evil/b.py,,\nevil\\c.py,,\nevil/,,\n",
        ),
        ("record/columns", "a,b,c,d\n"),
        (
            "record/weak",
            "evil/a.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\nb,sha512=AA==,2\n",
        ),
        (
            "wheel_file/plain",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
        ),
        (
            "wheel_file/folded",
            "Wheel-Version: 1.0\nTag:\n  cp311-cp311-linux_x86_64\n\nbody\n",
        ),
        ("wheel_file/crlf", "Wheel-Version: 1.0\r\nBuild: 1abc\r\n"),
        ("wheel_file/unix-from", "From x\nName: evil\n"),
        ("wheel_file/odd", ": x\nno colon\n\tfolded\n"),
        ("wheel_file/unicode", "Generator: caf\u{e9} \u{2603}\n"),
        (
            "wheel_file/license",
            "Metadata-Version: 2.4\nName: evil\nVersion: 1.0\nLicense-File: LICENSE\n",
        ),
    ]
}
