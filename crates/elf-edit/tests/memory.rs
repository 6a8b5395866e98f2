//! The model of memory against the loaders themselves: random program headers, loaded by glibc and
//! by musl, and every byte that the model has compared with what is there.
//!
//! Other machines run under emulation:
//! `cargo test -p elf-edit --test memory -- --ignored`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test says so by a panic"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf_edit::{Loader, Mapping, mapped};
use elf_synth::{Encoding, Segment};

/// How a loader is asked.
struct Host {
    loader: Loader,
    machine: u16,
    encoding: Encoding,
    flags: u32,
    compiler: &'static str,
    /// What runs the program, and where its libraries are.
    emulator: &'static [&'static str],
    packages: &'static str,
}

const fn encoding(is_64: bool, big_endian: bool) -> Encoding {
    Encoding { is_64, big_endian }
}

const NATIVE: [Host; 2] = [
    Host {
        loader: Loader::Glibc,
        machine: 62,
        encoding: encoding(true, false),
        flags: 0,
        compiler: "gcc",
        emulator: &[],
        packages: "gcc",
    },
    Host {
        loader: Loader::Musl,
        machine: 62,
        encoding: encoding(true, false),
        flags: 0,
        compiler: "musl-gcc",
        emulator: &[],
        packages: "musl-tools",
    },
];

const EMULATED: [Host; 4] = [
    Host {
        loader: Loader::Glibc,
        machine: 183,
        encoding: encoding(true, false),
        flags: 0,
        compiler: "aarch64-linux-gnu-gcc",
        emulator: &["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"],
        packages: "qemu-user gcc-aarch64-linux-gnu",
    },
    Host {
        loader: Loader::Glibc,
        machine: 40,
        encoding: encoding(false, false),
        flags: 0x0500_0400,
        compiler: "arm-linux-gnueabihf-gcc",
        emulator: &["qemu-arm", "-L", "/usr/arm-linux-gnueabihf"],
        packages: "qemu-user gcc-arm-linux-gnueabihf",
    },
    Host {
        loader: Loader::Glibc,
        machine: 22,
        encoding: encoding(true, true),
        flags: 0,
        compiler: "s390x-linux-gnu-gcc",
        emulator: &["qemu-s390x", "-L", "/usr/s390x-linux-gnu"],
        packages: "qemu-user gcc-s390x-linux-gnu",
    },
    Host {
        loader: Loader::Glibc,
        machine: 21,
        encoding: encoding(true, false),
        flags: 2,
        compiler: "powerpc64le-linux-gnu-gcc",
        emulator: &["qemu-ppc64le", "-L", "/usr/powerpc64le-linux-gnu"],
        packages: "qemu-user gcc-powerpc64le-linux-gnu",
    },
];

/// xorshift64*: the same layouts on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below
    }

    fn half(&mut self) -> bool {
        self.roll(2) == 0
    }
}

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PAGE: u64 = 0x1000;
/// Pages of each file: its tables are in the first.
const PAGES: u64 = 12;

/// A library of a few tables and of random segments.
fn library(dice: &mut Dice, host: &Host) -> Vec<u8> {
    let e = host.encoding;
    let size = PAGES * PAGE - dice.roll(PAGE);
    let mut bytes: Vec<u8> = (0..size)
        .map(|_| u8::try_from(1 + dice.roll(255)).unwrap())
        .collect();
    bytes[..0x400].fill(0);
    // Strings, one empty symbol, a hash table of one bucket.
    let (strings, symbols, hash, dynamic) = (0x200_u64, 0x210, 0x240, 0x280);
    put(&mut bytes, hash, &hash_table(host));
    let entries = [
        (5, strings),
        (10, 1),
        (6, symbols),
        (11, e.symbol_size()),
        (4, hash),
        (0, 0),
    ];
    let entries: Vec<u8> = entries
        .iter()
        .flat_map(|(tag, value)| [e.word_bytes(*tag), e.word_bytes(*value)].concat())
        .collect();
    put(&mut bytes, dynamic, &entries);
    let dynamic = Segment {
        kind: PT_DYNAMIC,
        // Not writable: glibc does not write the addresses that it computes into it.
        flags: 4,
        offset: dynamic,
        vaddr: dynamic,
        paddr: dynamic,
        filesz: entries.len() as u64,
        memsz: entries.len() as u64,
        align: 8,
    };
    let stack = Segment {
        kind: PT_GNU_STACK,
        flags: 6,
        offset: 0,
        vaddr: 0,
        paddr: 0,
        filesz: 0,
        memsz: 0,
        align: 16,
    };
    let mut segments = loads(dice, size);
    segments.extend([dynamic, stack]);
    let headers: Vec<u8> = segments
        .iter()
        .flat_map(|segment| segment.encode(e))
        .collect();
    put(&mut bytes, e.header_size(), &headers);
    put(&mut bytes, 0, &header(host, segments.len()));
    bytes
}

/// `DT_HASH` of one bucket and one symbol. Its words are 8 bytes on s390x.
fn hash_table(host: &Host) -> Vec<u8> {
    let e = host.encoding;
    let wide = e.is_64 && host.machine == 22;
    let words = [1_u32, 1, 0, 0].map(|word| {
        if wide {
            e.u64_bytes(word.into()).to_vec()
        } else {
            e.u32_bytes(word).to_vec()
        }
    });
    words.concat()
}

/// `PT_LOAD` headers in ascending order; the first has the tables.
fn loads(dice: &mut Dice, size: u64) -> Vec<Segment> {
    let first = 0x300 + dice.roll(2 * PAGE);
    let mut loads = vec![load(dice, 0, 0, first)];
    for _ in 0..=dice.roll(4) {
        let last = loads.last().unwrap();
        let end = last.vaddr + last.memsz;
        let vaddr = match dice.roll(4) {
            0 => end,
            1 => end + dice.roll(64),
            2 => end.next_multiple_of(PAGE) + dice.roll(PAGE),
            _ => end + dice.roll(3 * PAGE),
        };
        let page = dice.roll(PAGES - 1) * PAGE;
        let offset = page + vaddr % PAGE;
        let most = size.saturating_sub(offset).min(2 * PAGE + 1);
        let filesz = match dice.roll(5) {
            0 => 0,
            1 => most,
            _ => dice.roll(most.max(1)),
        };
        if offset + filesz <= size {
            loads.push(load(dice, vaddr, offset, filesz));
        }
    }
    loads
}

fn load(dice: &mut Dice, vaddr: u64, offset: u64, filesz: u64) -> Segment {
    let more = match dice.roll(4) {
        0 => dice.roll(16),
        1 => dice.roll(2 * PAGE),
        _ => 0,
    };
    Segment {
        kind: PT_LOAD,
        flags: if dice.half() { 4 } else { 6 },
        offset,
        vaddr,
        paddr: vaddr,
        filesz,
        memsz: filesz + more,
        align: PAGE,
    }
}

fn header(host: &Host, segments: usize) -> Vec<u8> {
    let e = host.encoding;
    let mut header = vec![
        0x7f,
        b'E',
        b'L',
        b'F',
        if e.is_64 { 2 } else { 1 },
        if e.big_endian { 2 } else { 1 },
        1,
    ];
    header.resize(16, 0);
    let half = |value: u64| e.u16_bytes(u16::try_from(value).unwrap()).to_vec();
    let fields = [
        half(3),
        half(host.machine.into()),
        e.u32_bytes(1).to_vec(),
        e.word_bytes(0),
        e.word_bytes(e.header_size()),
        e.word_bytes(0),
        e.u32_bytes(host.flags).to_vec(),
        half(e.header_size()),
        half(e.segment_size()),
        half(segments as u64),
        half(0),
        half(0),
        half(0),
    ];
    header.extend(fields.concat());
    header
}

fn put(bytes: &mut [u8], at: u64, content: &[u8]) {
    bytes[usize::try_from(at).unwrap()..][..content.len()].copy_from_slice(content);
}

/// The program that loads files, built for the loader of `host`.
fn program(host: &Host, folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/memory_host.c");
    let program = folder.join("host");
    let built = Command::new(host.compiler)
        .arg("-o")
        .arg(&program)
        .arg(source)
        .arg("-ldl")
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "{} is missing or failed: apt-get install {}",
        host.compiler,
        host.packages
    );
    program
}

/// What the model says must be in memory, and where.
fn expected(bytes: &[u8], mappings: &[Mapping]) -> (String, Vec<u8>) {
    let (mut ranges, mut content) = (String::new(), Vec::new());
    for mapping in mappings {
        let len = mapping.place.end - mapping.place.start;
        let _ = writeln!(ranges, "{:x} {len:x}", mapping.place.start);
        match mapping.offset {
            Some(offset) => {
                let start = usize::try_from(offset).unwrap();
                content.extend(&bytes[start..][..usize::try_from(len).unwrap()]);
            }
            None => content.extend(vec![0; usize::try_from(len).unwrap()]),
        }
    }
    (ranges, content)
}

fn compare(host: &Host, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let program = program(host, folder.path());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut files = Vec::new();
    for index in 0..count {
        let path = folder.path().join(format!("{index}.so"));
        let bytes = library(&mut dice, host);
        let mappings = mapped(&bytes, host.loader).unwrap();
        let (ranges, content) = expected(&bytes, &mappings);
        fs::write(&path, &bytes).unwrap();
        fs::write(format!("{}.ranges", path.display()), ranges).unwrap();
        files.push((path, content));
    }
    let mut command = match host.emulator {
        [] => Command::new(&program),
        [emulator, options @ ..] => {
            let mut command = Command::new(emulator);
            command.args(options).arg(&program);
            command
        }
    };
    let output = command.args(files.iter().map(|(path, _)| path)).output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "{:?}: {error}: apt-get install {}",
            host.emulator, host.packages
        )
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut loaded = 0;
    for (index, ((path, content), line)) in files.iter().zip(said.lines()).enumerate() {
        assert_ne!(line, "unread", "{index}: {errors}");
        // The loader may refuse a layout, or die of it.
        if line != "loaded" {
            continue;
        }
        loaded += 1;
        let memory = fs::read(format!("{}.memory", path.display())).unwrap();
        assert_eq!(memory.len(), content.len(), "{index}");
        let differs = memory
            .iter()
            .zip(content)
            .position(|(one, other)| one != other);
        assert_eq!(
            differs,
            None,
            "layout {index} of {:?}: {:?}",
            host.loader,
            mapped(&fs::read(path).unwrap(), host.loader)
        );
    }
    assert_eq!(
        said.lines().count(),
        count,
        "{:?} died: {errors}",
        host.loader
    );
    assert!(loaded * 2 > count, "{loaded} of {count} loaded: {said}");
}

#[test]
fn the_model_is_what_the_loaders_of_this_machine_do() {
    if cfg!(not(target_arch = "x86_64")) {
        return;
    }
    for host in &NATIVE {
        compare(host, 300);
    }
}

#[test]
#[ignore = "needs emulators and compilers for other machines"]
fn the_model_is_what_loaders_of_other_machines_do() {
    for host in &EMULATED {
        compare(host, 100);
    }
}
