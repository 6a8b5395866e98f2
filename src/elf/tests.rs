//! Tests of reading.

use super::facts::{Facts, Kind, facts};
use super::synth::{Hash, Synth};

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
