//! Tags that are not deserved though nothing is missing, and those that were withheld: which C
//! library, which versions, what a loader refuses.

use elf_synth::Synth;
use serde_json::Value;

use crate::craft::wheel::{Maker, synth};
use crate::told::{Place, is_told, show, tagged, told};

const MUSL: &str = "libc.musl-x86_64.so.1";

/// An extension that requires these versions of each library.
fn requiring(needs: &[(&str, &[&str])]) -> Maker {
    let file = needs.iter().fold(synth(&[]), |file, (library, versions)| {
        let file = file.needed(library);
        match versions {
            [] => file,
            versions => file.needs(library, versions),
        }
    });
    Maker::with_extension(file.build())
}

fn tag(document: &Value) -> &str {
    document["overall_tag"].as_str().unwrap()
}

#[test]
fn versions_of_the_loader_count() {
    let loader = "ld-linux-x86-64.so.2";
    let cases = [
        ("GLIBC_2.35", "manylinux_2_35_x86_64"),
        ("GLIBC_2.3", "manylinux_2_5_x86_64"),
        ("GLIBC_2.99", "linux_x86_64"),
        // libc.so.6 has it.
        ("GLIBC_2.36", "linux_x86_64"),
    ];
    for (version, expected) in cases {
        let document = show(&requiring(&[
            ("libc.so.6", &["GLIBC_2.2.5"]),
            (loader, &[version]),
        ]));
        assert_eq!(tag(&document), expected, "{version}");
        // auditwheel's field leaves the loader out.
        assert!(document["versioned_symbols"][loader].is_null());
        let blame = document["blame"].as_array().unwrap();
        let named = blame.iter().any(|row| row["library"] == loader);
        assert_eq!(named, version != "GLIBC_2.3", "{version}: {blame:?}");
    }
}

#[test]
fn a_version_that_a_library_never_had() {
    let cases = [
        ("libc.so.6", "XYZ_1"),
        ("libc.so.6", "glibc_2.36"),
        ("libc.so.6", "GLIBC_2.0"),
        ("libc.so.6", "GLIBCXX_3.4"),
        ("libm.so.6", "GLIBC_2.36"),
        ("libpthread.so.0", "GLIBC_2.45"),
        ("libstdc++.so.6", "XYZ_1"),
        ("libgcc_s.so.1", "GLIBC_2.36"),
    ];
    for (library, version) in cases {
        let document = show(&requiring(&[
            ("libc.so.6", &["GLIBC_2.2.5"]),
            (library, &[version]),
        ]));
        assert_eq!(tag(&document), "linux_x86_64", "{version} of {library}");
        let found = told(&document, "version-never");
        let message = format!(
            "requires {version} of {library}, which no release of it defines: no loader takes the file"
        );
        is_told(
            &found,
            "warning",
            Some(crate::craft::wheel::EXTENSION),
            &message,
        );
    }
    // The loader does without what is weak.
    let document = show(&requiring(&[("libc.so.6", &["GLIBC_2.2.5", "XYZ_1?"])]));
    assert_eq!(tag(&document), "manylinux_2_5_x86_64");
    assert_eq!(told(&document, "version-never"), []);
}

#[test]
fn a_glibc_of_a_far_future_has_no_tag() {
    let document = show(&requiring(&[("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.99"])]));
    assert_eq!(tag(&document), "linux_x86_64");
    assert_eq!(told(&document, "version-never"), []);
    let found = told(&document, "newer-glibc");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "note");
    assert!(
        found[0]
            .2
            .contains("GLIBC_2.99 of libc.so.6, far newer than glibc 2."),
        "{found:?}"
    );
}

#[test]
fn a_loader_of_another_name_is_a_library() {
    for name in [
        "ld-linux-evil.so",
        "ld-linux.so.99",
        "ld-linux.so.2",
        "ld-linux-x86-64.so.2.evil",
        "ld64.so.2",
        "ld-musl-x86_64.so.1",
        "linux-gate.so.1",
        "ld-android.so",
    ] {
        let document = show(&requiring(&[("libc.so.6", &["GLIBC_2.2.5"]), (name, &[])]));
        assert_eq!(tag(&document), "linux_x86_64", "{name}");
        assert_eq!(document["external_libs"][name], Value::Null, "{name}");
        assert!(
            document["external_libs"]
                .as_object()
                .unwrap()
                .contains_key(name),
            "{name}"
        );
    }
    let document = show(&requiring(&[
        ("libc.so.6", &["GLIBC_2.2.5"]),
        ("linux-vdso.so.1", &[]),
    ]));
    assert_eq!(tag(&document), "manylinux_2_5_x86_64");
}

fn relr(file: Synth) -> Synth {
    // DT_RELR, DT_RELRSZ, DT_RELRENT: a table that is there is not looked into.
    file.value(36, 0x1000).value(35, 8).value(37, 8)
}

#[test]
fn packed_relocations_that_no_glibc_takes() {
    let unmarked = relr(synth(&["libc.so.6"]).needs("libc.so.6", &["GLIBC_2.2.5"]));
    let document = show(&Maker::with_extension(unmarked.build()));
    assert_eq!(tag(&document), "linux_x86_64");
    let found = told(&document, "relr-unmarked");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "warning");
    let versions = ["GLIBC_2.2.5", "GLIBC_ABI_DT_RELR"];
    let marked = relr(synth(&["libc.so.6"]).needs("libc.so.6", &versions));
    let document = show(&Maker::with_extension(marked.build()));
    assert_eq!(tag(&document), "manylinux_2_36_x86_64");
    assert_eq!(told(&document, "relr-unmarked"), []);
    // Nothing asks for the marker in a file without versions or without the C library: glibc 2.36
    // takes it, and older ones load it broken (`elf/dl-version.c`, tried).
    for file in [
        synth(&["libm.so.6"]).needs("libm.so.6", &["GLIBC_2.2.5"]),
        Synth::new(true, false)
            .function("PyInit_ext")
            .needed("libc.so.6"),
    ] {
        let document = show(&Maker::with_extension(relr(file).build()));
        assert_eq!(tag(&document), "manylinux_2_36_x86_64");
        let found = told(&document, "relr-unmarked");
        assert!(found[0].2.contains("applies them from 2.36"), "{found:?}");
    }
    // musl does not ask for it.
    let musl = tagged(
        Maker::with_extension(relr(synth(&[MUSL])).build()),
        "musllinux_1_2_x86_64",
    );
    assert_eq!(told(&show(&musl), "relr-unmarked"), []);
}

/// A wheel for musl with one file of that name.
fn musl(path: &str, file: &Synth) -> Maker {
    let maker = Maker::default().with(|maker| maker.files.clear());
    tagged(maker.file(path, file.build()), "musllinux_1_2_x86_64")
}

#[test]
fn a_version_of_libgcc_tells_no_c_library() {
    let libgcc = Synth::new(true, false)
        .soname("libgcc_s-12345678.so.1")
        .needed(MUSL)
        .defines_version("libgcc_s.so.1")
        .defines_version("GLIBC_2.0");
    let user = Synth::new(true, false)
        .needed("libgcc_s-12345678.so.1")
        .needed(MUSL)
        .rpath("$ORIGIN")
        .needs("libgcc_s-12345678.so.1", &["GLIBC_2.0"])
        .function("PyInit_ext");
    let maker = musl("evil/ext.cpython-311-x86_64-linux-musl.so", &user);
    let document = show(&maker.file("evil/libgcc_s-12345678.so.1", libgcc.build()));
    assert_eq!(tag(&document), "musllinux_1_2_x86_64");
    assert_eq!(document["external_libs"], serde_json::json!({}));
    assert_eq!(told(&document, "musl-glibc"), []);
}

/// What a build for one Python leaves behind, the next packs too.
#[test]
fn an_extension_named_for_another_python() {
    let file = Synth::new(true, false).needed(MUSL).function("PyInit_ext");
    for (python, expected) in [("310", 1), ("311", 0), ("311t", 1), ("312", 1)] {
        let path = format!("evil/ext.cpython-{python}-x86_64-linux-musl.so");
        let document = show(&musl(&path, &file));
        let found = told(&document, "py-suffix");
        assert_eq!(found.len(), expected, "{path}: {found:?}");
        for (severity, file, message) in found {
            assert_eq!((severity, file), ("warning".to_owned(), Some(path.clone())));
            let says = format!("is named for cpython-{python} in a wheel for cp311-cp311");
            assert!(message.contains(&says), "{message}");
        }
    }
}

#[test]
fn an_extension_named_for_another_c_library_or_machine() {
    let file = Synth::new(true, false).needed(MUSL).function("PyInit_ext");
    for (path, expected) in [
        ("evil/ext.cpython-311-x86_64-linux-gnu.so", 1),
        ("evil/ext.cpython-311-aarch64-linux-musl.so", 1),
        ("evil/ext.cpython-311-x86_64-linux-musl.so", 0),
        ("evil/ext.abi3.so", 0),
    ] {
        let document = show(&musl(path, &file));
        assert_eq!(told(&document, "py-suffix").len(), expected, "{path}");
    }
    // Before CPython 3.11 builds for musl said gnu.
    let old = musl("evil/ext.cpython-310-x86_64-linux-gnu.so", &file)
        .named("evil-1.0-cp310-cp310-musllinux_1_2_x86_64.whl");
    assert_eq!(told(&show(&old), "py-suffix"), []);
    // Where nothing else tells, the name does, as for auditwheel.
    let silent = Synth::new(true, false).function("PyInit_ext");
    let place = Place::new();
    let refused = place.refused(
        "show",
        &musl("evil/ext.cpython-311-x86_64-linux-gnu.so", &silent),
    );
    assert!(
        refused.contains("holds no ELF file for musl [not-platform]"),
        "{refused}"
    );
    assert!(refused.contains("is linked against glibc"), "{refused}");
}

/// `file` with its first relocation made one for initial-exec TLS of that size.
fn initial_exec(file: &Synth, size: u64) -> Vec<u8> {
    const R_X86_64_TPOFF64: u32 = 18;
    const GNU_STACK: u32 = 0x6474_e551;
    const TLS: u32 = 7;
    let mut made = file.make();
    let relocation = made.place("relocations");
    made.put_u32(relocation + 8, R_X86_64_TPOFF64);
    made.edit_segment(GNU_STACK, |segment| {
        segment.kind = TLS;
        segment.memsz = size;
    });
    made.bytes
}

#[test]
fn initial_exec_tls_of_what_a_running_process_loads() {
    let own = |libc: &str| Synth::new(true, false).needed(libc).import("x", None);
    let extension = own(MUSL).function("PyInit_ext");
    let path = "evil/ext.cpython-311-x86_64-linux-musl.so";
    let refused = musl(path, &extension).with(|maker| {
        maker.files.clear();
    });
    let refused = refused.file(path, initial_exec(&extension, 8));
    let found = told(&show(&refused), "musl-static-tls");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_deref()),
        ("warning", Some(path))
    );
    assert_eq!(told(&show(&musl(path, &extension)), "musl-static-tls"), []);

    // A program, and what only it needs, are there from the start.
    let library = own(MUSL).soname("liba.so.1");
    let mut program = own(MUSL).needed("liba.so.1").rpath("$ORIGIN");
    program.interpreter = Some("/lib/ld-musl-x86_64.so.1".into());
    let started = musl("evil/tool", &program).file("evil/liba.so.1", initial_exec(&library, 8));
    assert_eq!(told(&show(&started), "musl-static-tls"), []);
    let with_extension = started.file(path, own(MUSL).needed("liba.so.1").rpath("$ORIGIN").build());
    assert_eq!(told(&show(&with_extension), "musl-static-tls").len(), 1);

    // glibc keeps some room.
    let extension = own("libc.so.6").function("PyInit_ext");
    for (size, expected) in [(512, 0), (513, 1)] {
        let document = show(&Maker::with_extension(initial_exec(&extension, size)));
        assert_eq!(told(&document, "static-tls").len(), expected, "{size}");
    }
}

#[test]
fn a_broken_file_of_another_architecture_is_data() {
    let broken = |machine: u16| {
        let mut file = Synth::new(true, false).needed("libc.so.6").make();
        file.put_u16(18, machine);
        // A table of dynamic entries that begins far outside the file.
        file.edit_segment(2, |segment| segment.offset = 1 << 40);
        file.bytes
    };
    for (machine, name) in [(8, "MIPS"), (183, "aarch64"), (0x9026, "machine 36902")] {
        let maker = tagged(Maker::default(), "manylinux_2_17_x86_64");
        let document = show(&maker.file("evil/agents/libagent.so", broken(machine)));
        let found = told(&document, "foreign-arch");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "warning");
        assert!(found[0].2.contains(name), "{found:?}");
    }
    let maker = tagged(Maker::default(), "manylinux_2_17_x86_64");
    let refused = Place::new().refused("show", &maker.file("evil/libown.so", broken(62)));
    assert!(refused.contains("[elf-malformed]"), "{refused}");
}

/// An Android wheel with one extension of that `e_machine`, class and flags.
fn android(platform: &str, file: Synth) -> Maker {
    let file = file
        .needed("libc.so")
        .needed("libpython3.13.so")
        .needed("libdl.so");
    let maker = Maker::default().with(|maker| maker.files.clear());
    tagged(
        maker.file("evil/ext.so", file.function("PyInit_ext").build()),
        platform,
    )
}

#[test]
fn libpython_is_normal_on_android() {
    let on = |is_64: bool, machine: u16, flags: u32| {
        let mut file = Synth::new(is_64, false);
        (file.machine, file.flags) = (machine, flags);
        file
    };
    for (platform, file) in [
        ("android_24_arm64_v8a", on(true, 183, 0)),
        ("android_24_x86_64", on(true, 62, 0)),
        ("android_24_x86", on(false, 3, 0)),
        // Soft float, as of all that the NDK makes.
        ("android_21_armeabi_v7a", on(false, 40, 0x0500_0200)),
    ] {
        let document = Place::new().run("show", &android(platform, file), &["--check"]);
        assert_eq!(tag(&document), platform);
        assert_eq!(
            document["external_libs"],
            serde_json::json!({}),
            "{platform}"
        );
        assert_eq!(told(&document, "libpython-needed"), []);
    }
}

#[test]
fn packed_relocations_that_the_level_does_not_know_are_told() {
    let entries = [
        (0x24, "DT_RELR", 30),
        (0x6fff_e000, "DT_ANDROID_RELR", 28),
        (0x6000_0011, "DT_ANDROID_RELA", 23),
        (0x6000_000f, "DT_ANDROID_REL", 23),
    ];
    for (entry, name, level) in entries {
        for (promised, expected) in [(level - 1, 1), (level, 0)] {
            let mut file = Synth::new(true, false).value(entry, 0);
            file.machine = 183;
            let platform = format!("android_{promised}_arm64_v8a");
            let document = show(&android(&platform, file));
            let found = told(&document, "android-relr");
            assert_eq!(found.len(), expected, "{name} on {platform}: {found:?}");
            for (severity, file, message) in found {
                assert_eq!(
                    (severity.as_str(), file.as_deref()),
                    ("warning", Some("evil/ext.so"))
                );
                let says = format!("({name}), which Android applies from API level {level} on");
                assert!(message.contains(&says), "{message}");
            }
        }
    }
}

#[test]
fn a_version_of_an_unread_glibc_is_judged_by_its_tag() {
    for version in ["GLIBC_2.40", "GLIBC_2.42"] {
        let document = show(&requiring(&[("libc.so.6", &["GLIBC_2.2.5", version])]));
        let number = &version["GLIBC_2.".len()..];
        assert_eq!(tag(&document), format!("manylinux_2_{number}_x86_64"));
        assert_eq!(told(&document, "version-never"), []);
    }
}
