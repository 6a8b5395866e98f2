//! Tags that a wheel cannot become, and what must not be renamed away.

use std::fs;

use crate::craft::judge::{audit, codes, names};
use crate::craft::wheel::{Maker, extension, synth, wheel_file};
use crate::craft::zip::Entry;

/// Repairs `maker`'s wheel with `options`; it must end with `status` and tell `code`.
/// Its standard error.
fn refused(maker: &Maker, options: &[&str], status: i32, code: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    let wheel = place.path().join(&maker.name);
    fs::write(&wheel, maker.build()).unwrap();
    let out = place.path().join("out");
    let output = audit("repair")
        .args(options)
        .arg("-w")
        .arg(&out)
        .arg(&wheel)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{options:?}: {output:?}"
    );
    let told = codes(&output);
    assert!(told.contains(code), "{options:?}: {told:?} without {code}");
    assert!(names(&out).is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn tagged(tag: &str) -> Maker {
    let whole = format!("cp311-cp311-{tag}");
    Maker::default()
        .named(&format!("evil-1.0-{whole}.whl"))
        .with(|maker| maker.wheel = Some(wheel_file("false", &[&whole])))
}

#[test]
fn tags_that_are_out_of_reach() {
    let plain = Maker::default();
    let newer = synth(&[])
        .needs("libc.so.6", &["GLIBC_2.36"])
        .import("arc4random", Some("GLIBC_2.36"));
    let newer = Maker::with_extension(newer.build());
    let cases = [
        (&plain, "manylinux_9_9_x86_64", "plat-unknown"),
        (&plain, "nonsense", "plat-unknown"),
        (&plain, "manylinux_2_28_aarch64", "plat-mismatch"),
    ];
    for (maker, plat, code) in cases {
        refused(maker, &["--plat", plat], 2, code);
    }
    let plat = ["--plat", "manylinux_2_17_x86_64"];
    let words = refused(&newer, &plat, 2, "symbols-too-new");
    let help = "\n  help: in reach is --plat manylinux_2_36_x86_64\n";
    assert!(words.contains(help), "{words}");
}

/// The name says nothing of a C library, the files do.
#[test]
fn another_c_library_is_no_question_of_the_name() {
    let glibc = Maker::with_extension(extension(&["libc.so.6"]));
    let musllinux = ["--plat", "musllinux_1_2_x86_64"];
    refused(&glibc, &musllinux, 2, "plat-mismatch");
    let musl = Maker::with_extension(
        elf_synth::Synth::new(true, false)
            .needed("libc.musl-x86_64.so.1")
            .function("PyInit_ext")
            .build(),
    );
    refused(
        &musl,
        &["--plat", "manylinux_2_28_x86_64"],
        2,
        "plat-mismatch",
    );
    let claims =
        |tag: &str, bytes: Vec<u8>| tagged(tag).with(|maker| maker.files[1].content = bytes);
    let lie = claims("musllinux_1_2_x86_64", extension(&["libc.so.6"]));
    refused(&lie, &[], 1, "not-platform");
}

#[test]
fn android_wheels() {
    let of = |library: &str| {
        let file = elf_synth::Synth::new(true, false).needed(library);
        file.function("PyInit_ext").build()
    };
    let android = |tag: &str, library: &str| {
        tagged(tag).with(|maker| maker.files[1] = Entry::new("evil/ext.so", of(library)))
    };
    let two = android("android_24_x86_64.android_21_x86_64", "libc.so");
    refused(&two, &[], 1, "android-tags");
    let old = android("android_7_x86_64", "libc.so");
    refused(&old, &[], 1, "android-level");
    let glibc = android("android_24_x86_64", "libc.so.6");
    refused(&glibc, &[], 1, "not-platform");
}

#[test]
fn a_script_whose_new_place_is_taken() {
    let good = tempfile::tempdir().unwrap();
    let library = elf_synth::Synth::new(true, false)
        .soname("libgraft.so.1")
        .needed("libc.so.6")
        .function("graft");
    fs::write(good.path().join("libgraft.so.1"), library.build()).unwrap();
    let mut program = synth(&["libgraft.so.1"]).needed("libc.so.6");
    program.interpreter = Some(b"/lib64/ld-linux-x86-64.so.2".to_vec());
    let script = Entry::new("evil-1.0.data/scripts/tool", program.build())
        .with(|entry| entry.mode = 0o100_755);
    let taken = Maker::default()
        .entry(script)
        .file("evil.scripts/tool", "1");
    let folder = good.path().to_str().unwrap();
    refused(&taken, &["--lib-path", folder], 1, "shim-clash");
}
