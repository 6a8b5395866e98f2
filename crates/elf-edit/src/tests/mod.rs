//! Tests of reading.

mod hazards;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::defines_any;
use crate::abi::dt;
use crate::facts::{Facts, Kind, facts};
use crate::image::Image;
use crate::read::platform::Platform;
use elf_synth::{Hash, Synth};

/// A library with some of everything.
fn rich(synth: Synth) -> Synth {
    synth
        .soname("libgreet.so.1")
        .needed("libwords.so.2")
        .needed("libc.so.6")
        .runpath("$ORIGIN/../lib:/opt/lib")
        .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
        .needs("libwords.so.2", &["WORDS_1?"])
        .defines_version("libgreet.so.1")
        .defines_version("GREET_1")
        .import("printf", Some("GLIBC_2.17"))
        .import("words", Some("WORDS_1"))
        .import("unversioned", None)
        .weak_import("__gmon_start__")
        .import_object("environ")
        .function("PyInit_greet")
        .function("greet")
        .object("PyGreet_Type")
}

fn read(synth: &Synth) -> Facts {
    facts(&synth.build()).unwrap()
}

#[test]
fn everything_is_read_in_every_class_and_byte_order() {
    for synth in Synth::all() {
        for hash in [Hash::Sysv, Hash::Gnu, Hash::Both] {
            let mut synth = rich(synth.clone());
            synth.hash = hash;
            let facts = read(&synth);
            assert_eq!(facts.kind, Kind::Shared);
            assert_eq!(facts.soname.as_deref(), Some("libgreet.so.1"));
            assert_eq!(facts.needed, ["libwords.so.2", "libc.so.6"]);
            assert_eq!(facts.runpath.as_deref(), Some("$ORIGIN/../lib:/opt/lib"));
            assert_eq!(facts.rpath, None);
            assert_eq!(facts.version_defs, ["libgreet.so.1", "GREET_1"]);
            assert_eq!(facts.stack_flags, Some(6));
            assert_eq!(facts.load_align, 0x1000);
            let needs: Vec<_> = facts
                .version_needs
                .iter()
                .flat_map(|need| {
                    let versions = need.versions.iter();
                    versions.map(|version| (&*need.library, &*version.name, version.weak))
                })
                .collect();
            assert_eq!(
                needs,
                [
                    ("libc.so.6", "GLIBC_2.17", false),
                    ("libc.so.6", "GLIBC_2.34", false),
                    ("libwords.so.2", "WORDS_1", true),
                ]
            );
        }
    }
}

#[test]
fn imports_know_version_library_and_strength() {
    for synth in Synth::all() {
        for hash in [Hash::Sysv, Hash::Gnu, Hash::Both, Hash::None] {
            let mut synth = rich(synth.clone());
            synth.hash = hash;
            let facts = read(&synth);
            let imports: Vec<_> = facts
                .imports()
                .map(|import| (import.name, import.version, import.weak, import.function))
                .collect();
            assert_eq!(
                imports,
                [
                    ("printf", Some(("GLIBC_2.17", "libc.so.6")), false, true),
                    ("words", Some(("WORDS_1", "libwords.so.2")), false, true),
                    ("unversioned", None, false, true),
                    ("__gmon_start__", None, true, true),
                    ("environ", None, false, false),
                ]
            );
            // Without a hash table nobody can look a definition up.
            let found = hash != Hash::None;
            assert_eq!(facts.defines_function("PyInit_greet"), found);
            assert!(!facts.defines_function("PyInit_gree"));
            // Neither a variable nor a name that tells nothing.
            assert!(!facts.defines_function("PyGreet_Type"));
            assert!(!facts.defines_function("greet"));
        }
    }
}

#[test]
fn a_file_is_asked_for_names_that_its_facts_do_not_keep() {
    for synth in Synth::all() {
        let file = rich(synth).build();
        let defines = |names: &[&str]| defines_any(&file, &names.iter().copied().collect());
        for name in ["greet", "PyGreet_Type", "PyInit_greet"] {
            assert!(defines(&[name, "other"]).unwrap(), "{name}");
        }
        // Parts of names, and what it takes from others.
        assert!(!defines(&["gree", "greets", "", "printf", "unversioned", "environ"]).unwrap());
        assert!(!defines(&[]).unwrap());
    }
}

#[test]
fn each_way_to_ask_for_binding_at_load_is_known() {
    for synth in Synth::all() {
        let binds = |tag, value| read(&synth.clone().value(tag, value)).binds_at_load;
        assert!(binds(dt::BIND_NOW, 0));
        assert!(binds(dt::FLAGS, 8));
        assert!(binds(dt::FLAGS_1, 1));
        assert!(!binds(dt::FLAGS, 4));
        assert!(!binds(dt::FLAGS_1, 0x0800_0000));
        assert!(!read(&synth).binds_at_load);
    }
}

/// A file that is not in memory, and how many bytes were read of it.
struct Stored(Vec<u8>, AtomicU64);

impl Image for Stored {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.1.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.0.read_at(offset, buffer)
    }
}

#[test]
fn a_stored_file_reads_as_one_in_memory() {
    for synth in Synth::all() {
        let bytes = rich(synth).build();
        let stored = Stored(bytes.clone(), AtomicU64::new(0));
        let (one, other) = (facts(&bytes).unwrap(), facts(&stored).unwrap());
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}

#[test]
fn only_the_tables_are_read_of_a_stored_file() {
    let mut synth = rich(Synth::new(true, false));
    synth.overlay = vec![0; 4 << 20];
    let stored = Stored(synth.build(), AtomicU64::new(0));
    facts(&stored).unwrap();
    assert!(stored.1.into_inner() < 16 << 10);
}

#[test]
fn section_headers_do_not_matter() {
    for synth in Synth::all() {
        let mut synth = rich(synth);
        let with = read(&synth);
        synth.sections = false;
        assert_eq!(format!("{with:?}"), format!("{:?}", read(&synth)));
    }
}

#[test]
fn section_headers_that_tell_of_other_tables_are_noticed() {
    for mut synth in Synth::all() {
        synth = rich(synth);
        assert_eq!(read(&synth).section_conflict, None);
        let file = synth.make();
        let shoff = file.encoding.header_size() - if file.encoding.is_64 { 24 } else { 20 };
        let table = file
            .encoding
            .word(&file.bytes, usize::try_from(shoff).unwrap());
        let conflict = |at: u64, value: u64| {
            let mut file = file.clone();
            file.put_word(at, value);
            facts(&file.bytes).unwrap().section_conflict.unwrap()
        };
        let outside = "section headers outside the file or of an unknown size";
        assert_eq!(conflict(shoff, 1 << 30), outside);
        // sh_addr of .dynsym, the second section, and of .dynamic, the seventh.
        let (entry, addr) = if file.encoding.is_64 {
            (64, 16)
        } else {
            (40, 12)
        };
        let symbols = "section headers that show other dynamic symbols than the loader uses";
        assert_eq!(conflict(table + 2 * entry + addr, 0x10), symbols);
        let dynamic = "section headers that show other dynamic entries than the loader uses";
        assert_eq!(conflict(table + 7 * entry + addr, 0x10), dynamic);
        synth.sections = false;
        assert_eq!(read(&synth).section_conflict, None);
    }
}

#[test]
fn executables_and_files_without_dynamic_section_are_read() {
    let mut synth = Synth::new(true, false).needed("libc.so.6");
    synth.kind = 2;
    synth.interpreter = Some(b"/lib64/ld-linux-x86-64.so.2".to_vec());
    let program = read(&synth);
    assert_eq!(program.kind, Kind::Executable);
    assert_eq!(
        program.interpreter.as_deref(),
        Some("/lib64/ld-linux-x86-64.so.2")
    );
    synth.dynamic = false;
    let fixed = read(&synth);
    assert!(!fixed.dynamic && fixed.needed.is_empty());
    // Neither kind is loaded, so that nothing but the header counts.
    for (raw, kind) in [(1, Kind::Relocatable), (4, Kind::Core), (9, Kind::Other(9))] {
        synth.kind = raw;
        synth.dynamic = true;
        let facts = read(&synth);
        assert_eq!(facts.kind, kind);
        assert!(!facts.dynamic && facts.needed.is_empty() && facts.interpreter.is_none());
    }
}

#[test]
fn search_paths_stack_and_flags_are_as_written() {
    let mut synth = Synth::new(true, false)
        .rpath("/first")
        .rpath("/build/lib:$ORIGIN")
        .runpath(b"/opt/\xff".as_slice())
        .value(dt::FLAGS, 4)
        .value(dt::FLAGS_1, 0x0800_0001)
        .value(dt::RELR, 0x100);
    synth.stack = Some(7);
    synth.load_align = 0x4000;
    let facts = read(&synth);
    // The last of several counts; what is not UTF-8 is shown as well as it can be.
    assert_eq!(facts.rpath.as_deref(), Some("/build/lib:$ORIGIN"));
    assert_eq!(facts.runpath.as_deref(), Some("/opt/\u{fffd}"));
    assert!(facts.textrel);
    assert_eq!(facts.packed, Some(("DT_RELR", 30)));
    assert_eq!(facts.flags_1, 0x0800_0001);
    assert_eq!(facts.stack_flags, Some(7));
    assert_eq!(facts.load_align, 0x4000);
    synth.stack = None;
    assert_eq!(read(&synth).stack_flags, None);
    assert!(read(&Synth::new(true, false).value(dt::TEXTREL, 0)).textrel);
}

#[test]
fn libraries_loaded_by_other_tags_are_listed() {
    let facts = read(
        &Synth::new(true, false)
            .string(dt::FILTER, "libreal.so.1")
            .string(dt::AUXILIARY, "libfast.so.1")
            .string(dt::AUDIT, "libspy.so")
            .string(dt::DEPAUDIT, "libspy2.so"),
    );
    let found: Vec<_> = facts
        .loads_also
        .iter()
        .map(|(tag, name)| (*tag, &**name))
        .collect();
    assert_eq!(
        found,
        [
            ("DT_FILTER", "libreal.so.1"),
            ("DT_AUXILIARY", "libfast.so.1"),
            ("DT_AUDIT", "libspy.so"),
            ("DT_DEPAUDIT", "libspy2.so"),
        ]
    );
}

#[test]
fn notes_are_read_with_either_alignment() {
    for align in [4, 8] {
        for mut synth in Synth::all() {
            synth.note_align = align;
            let facts = read(
                &synth
                    .note("GNU", 3, &[1, 2, 3, 4, 5])
                    .note("stapsdt", 3, b"not GNU's")
                    .note("FDO", 0xcafe_1a7e, b"{\"type\":\"deb\"}\0\0")
                    .note("FDO", 0x407c_0c0a, b"[{\"soname\":[\"libx.so.1\"]}]\0")
                    .note("FDO", 0x407c_0c0a, b"[]"),
            );
            assert_eq!(facts.build_id.as_deref(), Some(&[1, 2, 3, 4, 5][..]));
            assert_eq!(facts.package_note.as_deref(), Some("{\"type\":\"deb\"}"));
            assert_eq!(facts.dlopen_notes, ["[{\"soname\":[\"libx.so.1\"]}]", "[]"]);
        }
    }
}

#[test]
fn the_isa_property_counts_on_x86_64_only() {
    let level = |synth: Synth, bits| read(&synth.isa_needed(bits)).x86_isa_needed;
    let x86_64 = || Synth::new(true, false);
    assert_eq!(level(x86_64(), 1), Some(1));
    assert_eq!(level(x86_64(), 7), Some(7));
    assert_eq!(level(x86_64(), 0x20), Some(0x20));
    assert_eq!(level(x86_64().isa_needed(2), 8), Some(10));
    assert_eq!(read(&x86_64()).x86_isa_needed, None);
    let mut aarch64 = x86_64();
    aarch64.machine = 183;
    assert_eq!(level(aarch64, 4), None);
}

#[test]
fn platforms_agree_as_loaders_say() {
    let platform = |is_64, machine, osabi, flags| Platform {
        is_64,
        big_endian: false,
        machine,
        osabi,
        flags,
    };
    let linux = platform(true, 62, 0, 0);
    assert!(linux.is_compatible(&platform(true, 62, 3, 0)));
    assert!(!linux.is_compatible(&platform(true, 62, 9, 0)));
    assert!(!linux.is_compatible(&platform(false, 62, 0, 0)));
    assert!(!linux.is_compatible(&platform(true, 183, 0, 0)));
    assert!(!linux.is_compatible(&Platform {
        big_endian: true,
        ..linux
    }));
    let hard = platform(false, 40, 0, 0x0500_0400);
    assert!(!hard.is_compatible(&platform(false, 40, 0, 0x0500_0200)));
}
