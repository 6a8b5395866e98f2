//! Wheels for other machines, repaired here.

use std::path::Path;

use elf_edit::Edit;
use elf_synth::Synth;
use wheel_audit::elf::Tagged as _;
use wheel_audit::{Arch, OpenOptions, Wheel};

use crate::bench::{Bench, edited, facts, names, paths, read, testdata};

/// The extension of a wheel in `testdata/`.
fn extension(wheel: &str) -> Vec<u8> {
    let wheel = Wheel::open(&testdata(wheel), &OpenOptions::for_repair());
    read(&wheel.unwrap(), "greet/_greet.abi3.so")
}

fn all_are_for(wheel: &Wheel, arch: Arch) {
    for elf in &wheel.elves {
        assert_eq!(elf.facts.arch(), Ok(arch), "{}", elf.path);
    }
}

/// libstdc++ and libgomp of Debian's cross packages, from a sysroot.
#[test]
fn aarch64_from_a_sysroot() {
    let sysroot = "/usr/aarch64-linux-gnu";
    assert!(
        Path::new(sysroot).join("lib/libstdc++.so.6").exists()
            && Path::new(sysroot).join("lib/libgomp.so.1").exists(),
        "{sysroot}/lib is incomplete: apt-get install libstdc++6-arm64-cross libgomp1-arm64-cross"
    );
    let bench = Bench::new();
    let needs = Edit {
        add_needed: vec!["libgomp.so.1".to_owned(), "libstdc++.so.6".to_owned()],
        ..Edit::default()
    };
    let file = edited(
        &extension("wheels/greet-1.0-cp38-abi3-linux_aarch64.whl"),
        &needs,
    );
    let wheel = bench.wheel_for("linux_aarch64", &[("pkg/_greet.abi3.so", &file)]);
    let libs = testdata("libs/aarch64-glibc");
    let options = [
        "--sysroot",
        sysroot,
        "--lib-path",
        libs.to_str().unwrap(),
        "--json",
    ];
    let plan: Vec<&str> = options.into_iter().chain(["--dry-run"]).collect();
    let run = bench.repair_with(&wheel, &plan).json();
    let unasked = ["libgomp.so.1", "libgreet.so.1", "libwords.so.2"];
    assert_eq!(names(&run["grafted"], "soname"), unasked);
    let all: Vec<&str> = options
        .into_iter()
        .chain(["--vendor", "libstdc++*"])
        .collect();
    let run = bench.repair_with(&wheel, &all).json();
    let vendored = [
        "libgomp.so.1",
        "libgreet.so.1",
        "libstdc++.so.6",
        "libwords.so.2",
    ];
    assert_eq!(names(&run["grafted"], "soname"), vendored);
    let result = bench.result();
    all_are_for(&result, Arch::Aarch64);
    let mut needed = facts(&result, "pkg/_greet.abi3.so").needed.iter();
    assert!(needed.any(|name| name.starts_with("libgomp-") && name.ends_with(".so.1.0.0")));
    let sbom = read(&result, "pkg-1.0.dist-info/sboms/wheel-audit.cdx.json");
    let sbom = String::from_utf8(sbom).unwrap();
    assert!(
        sbom.contains("\"lib/libgomp.so.1.0.0\""),
        "paths start at the sysroot: {sbom}"
    );
}

/// A big-endian musl wheel on a little-endian glibc machine.
#[test]
fn s390x_musl_from_a_folder_of_libraries() {
    let bench = Bench::new();
    let libs = testdata("libs/s390x-musl");
    let wheel = testdata("wheels/musl/greet-1.0-cp38-abi3-linux_s390x.whl");
    let run = bench
        .repair_with(
            &wheel,
            &[
                "--no-host-libs",
                "--lib-path",
                libs.to_str().unwrap(),
                "--json",
            ],
        )
        .json();
    assert_eq!(run["tag"], "musllinux_1_2_s390x");
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libgreet.so.1", "libwords.so.2"]
    );
    let result = bench.result();
    all_are_for(&result, Arch::S390x);
    let grafts: Vec<&str> = paths(&result)
        .into_iter()
        .filter(|path| path.starts_with("greet.libs/"))
        .collect();
    assert_eq!(grafts.len(), 2);
    let extension = facts(&result, "greet/_greet.abi3.so");
    assert_eq!(extension.rpath.as_deref(), Some("$ORIGIN/../greet.libs"));
    assert!(
        extension
            .needed
            .contains(&grafts[0].replace("greet.libs/", ""))
    );
    // With the libraries of another C library they do not fit.
    let libs = testdata("libs/s390x-glibc");
    let run = bench.repair_with(
        &wheel,
        &["--no-host-libs", "--lib-path", libs.to_str().unwrap()],
    );
    run.refused(1, &["lib-not-found", "libgreet.so.1"]);
}

/// What the host has is not even looked at where that was asked.
#[test]
fn the_host_is_not_opened() {
    let bench = Bench::new();
    let file = bench.compile(
        "gcc",
        "int answer(void) { return 42; }",
        "_x.so",
        &["-l:libgomp.so.1"],
    );
    let wheel = bench.wheel(&[("pkg/_x.so", &file)]);
    bench
        .repair_with(&wheel, &["--no-host-libs"])
        .refused(1, &["lib-not-found", "libgomp.so.1"]);
    let run = bench.repair_with(&wheel, &["--json"]).json();
    assert_eq!(names(&run["grafted"], "soname"), ["libgomp.so.1"]);
    assert_eq!(bench.answer(), 42);
}

/// A library or extension for Android, as the NDK links it: no versions, soft float on ARM.
fn for_android(is_64: bool, machine: u16, flags: u32) -> Synth {
    let mut file = Synth::new(is_64, false);
    (file.machine, file.flags) = (machine, flags);
    file.needed("libc.so").needed("libdl.so")
}

/// A chain of two libraries comes into a wheel of each of Android's architectures.
#[test]
fn android_on_all_of_its_architectures() {
    for (tag, arch, is_64, machine, flags) in [
        ("android_24_arm64_v8a", "aarch64", true, 183, 0),
        ("android_24_armeabi_v7a", "armv7l", false, 40, 0x0500_0200),
        ("android_24_x86", "i686", false, 3, 0),
        ("android_24_x86_64", "x86_64", true, 62, 0),
    ] {
        let bench = Bench::new();
        let file = || for_android(is_64, machine, flags);
        let base = file().soname("libbase.so").function("base");
        let middle = file().soname("libmid.so").needed("libbase.so");
        bench.write("libs/libbase.so", base.build());
        bench.write(
            "libs/libmid.so",
            middle.import("base", None).function("mid").build(),
        );
        let extension = file().needed("libmid.so").needed("libpython3.13.so");
        let extension = extension.import("mid", None).function("PyInit__x").build();
        let wheel = bench.wheel_for(tag, &[("pkg/_x.so", &extension)]);
        let run = bench.repair(&wheel, &["--json"]).json();
        assert_eq!(run["tag"], tag);
        assert_eq!(
            names(&run["grafted"], "soname"),
            ["libbase.so", "libmid.so"]
        );
        let result = bench.result();
        let grafts: Vec<&str> = paths(&result)
            .into_iter()
            .filter_map(|path| path.strip_prefix("pkg.libs/"))
            .collect();
        for (file, path, needed) in [
            ("pkg/_x.so".to_owned(), "$ORIGIN/../pkg.libs", grafts[1]),
            (format!("pkg.libs/{}", grafts[1]), "$ORIGIN", grafts[0]),
        ] {
            let facts = facts(&result, &file);
            assert_eq!(facts.runpath.as_deref(), Some(path), "{tag}: {file}");
            assert_eq!(facts.rpath, None, "{tag}: {file}");
            assert!(facts.needed.contains(&needed.to_owned()), "{tag}: {file}");
        }
        let first = bench.path(run["output"].as_str().unwrap());
        let shown = bench.audit(&["show", "--check", "--json", first.to_str().unwrap()]);
        assert_eq!(shown.json()["arch"], arch);
        let again = bench.audit(&["repair", "-w", "again", first.to_str().unwrap()]);
        again.done();
        let name = first.file_name().unwrap();
        assert_eq!(
            std::fs::read(&first).unwrap(),
            std::fs::read(bench.path("again").join(name)).unwrap(),
            "{tag}: a second repair changes nothing"
        );
    }
}
