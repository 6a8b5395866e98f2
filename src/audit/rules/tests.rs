//! Rules on crafted files: what each says, and that it is silent otherwise.

use std::fs;
use std::path::PathBuf;

use crate::audit::{Audit, AuditOptions, Input, audit_input};
use crate::finding::{Finding, Severity};
use crate::host::{Host, HostOptions};
use crate::wheel::LooseFiles;
use elf_synth::Synth;

const NOTE_DLOPEN: u32 = 0x407c_0c0a;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;

/// An extension module for x86-64 that no rule says anything of.
fn clean() -> Synth {
    let mut synth = Synth::new(true, false);
    synth.machine = X86_64;
    synth
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.2.5"])
        .import("strlen", Some("GLIBC_2.2.5"))
        .function("PyInit__x")
}

/// A library outside.
fn library(soname: &str) -> Synth {
    let mut synth = Synth::new(true, false);
    synth.machine = X86_64;
    synth
        .soname(soname)
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.2.5"])
}

/// Judges files in a folder of their own; those under `lib/` are outside.
fn judge_with(files: &[(&str, Synth)], options: &AuditOptions) -> (LooseFiles, Audit) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    let outside = folder.path().join("lib");
    fs::create_dir_all(&root).unwrap();
    fs::create_dir_all(&outside).unwrap();
    let mut inside: Vec<PathBuf> = Vec::new();
    for (name, synth) in files {
        let path = match name.strip_prefix("lib/") {
            Some(name) => outside.join(name),
            None => root.join(name),
        };
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, synth.build()).unwrap();
        if !name.starts_with("lib/") {
            inside.push(path);
        }
    }
    let loose = LooseFiles::open(&root, &inside).unwrap();
    let host = Host::new(HostOptions {
        no_host: true,
        lib_paths: vec![outside],
        ..HostOptions::default()
    });
    let audit = audit_input(&Input::from(&loose), &host, options).unwrap();
    (loose, audit)
}

fn judge(files: &[(&str, Synth)]) -> Vec<Finding> {
    judge_with(files, &AuditOptions::default()).1.findings
}

fn codes(findings: &[Finding]) -> Vec<(&'static str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.code, finding.severity))
        .collect()
}

fn with(change: impl FnOnce(&mut Synth)) -> Synth {
    let mut synth = clean();
    change(&mut synth);
    synth
}

#[test]
fn a_clean_file_is_not_talked_about() {
    assert_eq!(judge(&[("pkg/_x.so", clean())]), []);
}

#[test]
fn each_fault_of_one_file_has_its_code() {
    use Severity::{Note, Warning};
    let note = |json: &str| {
        let json = format!("{json}\0");
        clean().note("FDO", NOTE_DLOPEN, json.as_bytes())
    };
    let cases: Vec<(Synth, &[(&str, Severity)])> = vec![
        (with(|x| x.stack = Some(7)), &[("execstack", Warning)]),
        (with(|x| x.stack = None), &[("execstack-unmarked", Note)]),
        (clean().value(22, 0), &[("textrel", Warning)]),
        (clean().rpath("/build/lib"), &[("rpath-absolute", Warning)]),
        (
            clean().rpath("$ORIGIN::lib"),
            &[("rpath-empty", Warning), ("rpath-relative", Warning)],
        ),
        (clean().runpath("$ORIGIN/../x:${ORIGIN}"), &[]),
        (clean().isa_needed(1 << 2), &[("isa-level", Warning)]),
        (clean().isa_needed(1), &[]),
        (
            clean().needed("libpython3.11.so.1.0"),
            &[("libpython-needed", Warning)],
        ),
        (
            clean().function("Py_InitializeEx"),
            &[("libpython-static", Warning)],
        ),
        (
            clean().needed("/opt/libx.so"),
            &[("lib-not-found", Warning), ("needed-path", Warning)],
        ),
        (
            clean().string(0x7fff_ffff, "libhidden.so"),
            &[("elf-loads-also", Warning)],
        ),
        (
            clean().needs("libm.so.6", &["GLIBC_PRIVATE"]),
            &[("glibc-private", Warning)],
        ),
        (
            note(r#"[{"soname":["libz.so.1"],"priority":"required"}]"#),
            &[("dlopen-needed", Warning)],
        ),
        (
            note(r#"[{"soname":["libz.so.1"],"feature":"zip","priority":"suggested"}]"#),
            &[("dlopen-needed", Note)],
        ),
        (note("not JSON"), &[]),
    ];
    for (index, (synth, expected)) in cases.into_iter().enumerate() {
        let found = judge(&[("pkg/_x.so", synth)]);
        assert_eq!(codes(&found), expected, "case {index}: {found:#?}");
        for finding in &found {
            assert!(!finding.message.ends_with('.'), "{finding}");
            assert_eq!(
                finding.file.is_some(),
                finding.code != "lib-not-found",
                "{finding}"
            );
        }
    }
}

#[test]
fn functions_of_glibc_want_a_version() {
    let mut synth = Synth::new(true, false);
    synth.machine = X86_64;
    let synth = synth
        .needed("libc.so.6")
        .import("malloc", None)
        .function("PyInit__x");
    let found = judge(&[("_x.so", synth)]);
    assert_eq!(codes(&found), [("glibc-unversioned", Severity::Warning)]);
    assert!(found[0].message.contains("malloc"));
}

#[test]
fn a_pattern_that_cannot_be_matched_is_refused_by_its_option() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.so");
    fs::write(&path, clean().build()).unwrap();
    let loose = LooseFiles::open(folder.path(), &[path]).unwrap();
    let options = AuditOptions {
        vendor: vec!["[!a]".repeat(2000)],
        ..AuditOptions::default()
    };
    let host = Host::new(HostOptions::default());
    let error = audit_input(&Input::from(&loose), &host, &options).unwrap_err();
    assert_eq!(error.findings[0].code, "pattern");
    let message = &error.findings[0].message;
    assert!(
        message.contains("--vendor [!a]") && message.contains("8000 bytes"),
        "{message}"
    );
}

/// What a repair drops is told before.
#[test]
fn search_paths_are_read_as_the_loader_reads_them() {
    for (entry, expected) in [
        ("$ORIGINAL/x", Some("rpath-relative")),
        ("$ORIGIN.libs", Some("rpath-relative")),
        ("${ORIGIN}.libs", None),
        ("$ORIGIN/$LIB", None),
    ] {
        let found = judge(&[("pkg/_x.so", clean().runpath(entry))]);
        assert_eq!(found.first().map(|told| told.code), expected, "{entry}");
    }
}

/// An extension module for x86-64 and musl.
fn for_musl() -> Synth {
    let mut synth = Synth::new(true, false);
    synth.machine = X86_64;
    synth
        .needed("libc.musl-x86_64.so.1")
        .import("strlen", None)
        .function("PyInit__x")
}

#[test]
fn musl_lacks_what_glibc_has() {
    use Severity::Warning;
    let cases: Vec<(Synth, &[(&str, Severity)])> = vec![
        (for_musl(), &[]),
        (
            for_musl().rpath("$ORIGIN/$LIB"),
            &[("rpath-variable", Warning)],
        ),
        (
            for_musl().import("__cxa_thread_atexit_impl", None),
            &[("musl-lacks", Warning)],
        ),
        (
            for_musl().import("__memcpy_chk", None),
            &[("musl-lacks", Warning)],
        ),
        (for_musl().import("__stack_chk_fail", None), &[]),
        (for_musl().resolver("dot"), &[("musl-lacks", Warning)]),
        (for_musl().value(36, 0), &[("musl-relr", Warning)]),
        (
            for_musl().needs("libc.musl-x86_64.so.1", &["GLIBC_2.17"]),
            &[("musl-glibc", Warning)],
        ),
    ];
    for (index, (synth, expected)) in cases.into_iter().enumerate() {
        let found = judge(&[("pkg/_x.so", synth)]);
        assert_eq!(codes(&found), expected, "case {index}: {found:#?}");
    }
    let glibc = clean().import("__memcpy_chk", None);
    assert_eq!(judge(&[("pkg/_x.so", glibc)]), []);
}

#[test]
fn pages_of_other_architectures_are_larger() {
    let arm = |align: u64| {
        let mut synth = Synth::new(true, false);
        synth.machine = AARCH64;
        synth.load_align = align;
        synth
            .needed("libc.so.6")
            .needs("libc.so.6", &["GLIBC_2.17"])
            .function("PyInit__x")
    };
    let found = judge(&[("_x.so", arm(0x1000))]);
    assert_eq!(codes(&found), [("load-align", Severity::Warning)]);
    assert!(found[0].message.contains("64 KiB"), "{}", found[0]);
    assert_eq!(judge(&[("_x.so", arm(0x10000))]), []);
}

#[test]
fn what_would_be_grafted_is_looked_at_too() {
    let mut bad = library("libfoo.so.1");
    bad.stack = Some(7);
    let files = [
        ("pkg/_x.so", clean().needed("libfoo.so.1")),
        ("lib/libfoo.so.1", bad),
    ];
    let found = judge(&files);
    assert_eq!(codes(&found), [("execstack", Severity::Warning)]);
    assert_eq!(found[0].file, None);
    assert!(
        found[0]
            .message
            .starts_with("libfoo.so.1, which would be grafted, asks")
    );
}

#[test]
fn names_that_differ_and_copies_are_told() {
    let files = [
        ("_x.so", clean().needed("libfoo.so.1")),
        ("lib/libfoo.so.1", library("libfoo.so.2")),
    ];
    assert_eq!(
        codes(&judge(&files)),
        [("soname-differs", Severity::Warning)]
    );
    let files = [
        ("_x.so", clean().needed("libfoo.so.1")),
        (
            "x.libs/libfoo-1a2b3c4d.so.1",
            library("libfoo-1a2b3c4d.so.1"),
        ),
        ("lib/libfoo.so.1", library("libfoo.so.1")),
    ];
    let found = judge(&files);
    assert_eq!(codes(&found), [("lib-twice", Severity::Warning)]);
    assert!(
        found[0].message.contains("2 copies of libfoo.so.1"),
        "{}",
        found[0]
    );
    let files = [
        ("_x.so", clean().needed("libssl.so.3")),
        ("lib/libssl.so.3", library("libssl.so.3")),
    ];
    assert_eq!(codes(&judge(&files)), [("lib-clash", Severity::Note)]);
}

#[test]
fn what_a_copy_opens_at_run_time_is_told() {
    let of = |files: &[(&str, Synth)]| {
        let found = judge(files).into_iter();
        let mut found = found.filter(|finding| finding.code == "runtime-modules");
        let first = found.next();
        assert_eq!(found.next(), None);
        first
    };
    let user = || clean().needed("libsasl2.so.2").rpath("$ORIGIN/x.libs");
    let grafted = of(&[
        ("_x.so", user()),
        ("lib/libsasl2.so.2", library("libsasl2.so.2")),
    ]);
    let grafted = grafted.unwrap();
    assert_eq!(grafted.severity, Severity::Note);
    assert!(
        grafted.message.contains("is a copy of Cyrus SASL"),
        "{grafted}"
    );
    assert!(grafted.help.unwrap().ends_with("told by: SASL_PATH"));
    let hashed = "x.libs/libsasl2-1a2b3c4d.so.2.0.25";
    assert!(of(&[("_x.so", clean()), (hashed, library("libsasl2.so.2"))]).is_some());
    // Who ships it under its own name has thought of it.
    let own = "x.libs/libsasl2.so.2";
    assert_eq!(
        of(&[("_x.so", user()), (own, library("libsasl2.so.2"))]),
        None
    );
}

#[test]
fn excluded_names_are_the_users_business() {
    let options = AuditOptions {
        exclude: vec!["libhidden*".to_owned(), "/opt/*".to_owned()],
        ..AuditOptions::default()
    };
    let synth = clean()
        .needed("/opt/libx.so")
        .string(0x7fff_ffff, "libhidden.so");
    let (_, audit) = judge_with(&[("_x.so", synth)], &options);
    assert_eq!(codes(&audit.findings), [("elf-loads-also", Severity::Note)]);
}

#[test]
fn what_is_missing_is_told_with_its_chain_and_what_came_near() {
    let mut other = library("libbar.so.1");
    other.machine = AARCH64;
    let files = [
        ("pkg/_x.so", clean().needed("libfoo.so.1")),
        ("pkg/_y.so", clean().needed("libbar.so.1")),
        ("pkg/libbar.so.2", library("libbar.so.2")),
        (
            "lib/libfoo.so.1",
            library("libfoo.so.1").needed("libbar.so.1"),
        ),
        ("lib/libbar.so.1", other),
    ];
    let found = judge(&files);
    let missing = found
        .iter()
        .find(|one| one.code == "lib-not-found")
        .unwrap();
    assert_eq!(
        missing.message,
        "libbar.so.1 was not found; needed by pkg/_y.so, and by 1 more file"
    );
    let help = missing.help.as_deref().unwrap();
    assert!(help.contains("(--lib-path)"), "{help}");
    assert!(
        help.contains("near miss: pkg/libbar.so.2: in the wheel, under another name"),
        "{help}"
    );
    assert!(
        help.contains("aarch64") || help.contains("machine"),
        "{help}"
    );
    assert!(help.contains("--exclude libbar.so.1"), "{help}");
}

#[test]
fn grafts_are_blamed_with_their_chain() {
    let newer = |soname: &str| {
        library(soname)
            .needs("libm.so.6", &["GLIBC_2.35"])
            .import("fmod", Some("GLIBC_2.35"))
    };
    let files = [
        ("pkg/_x.so", clean().needed("libfoo.so.1")),
        (
            "lib/libfoo.so.1",
            library("libfoo.so.1").needed("libssl.so.9"),
        ),
        ("lib/libssl.so.9", newer("libssl.so.9")),
    ];
    let (loose, audit) = judge_with(&files, &AuditOptions::default());
    assert_eq!(audit.repairable_to(), "manylinux_2_35_x86_64");
    let blame = audit.blame(&Input::from(&loose));
    assert_eq!(blame.len(), 1, "{blame:#?}");
    assert_eq!(blame[0].who(), "pkg/_x.so → libfoo.so.1 → libssl.so.9");
    assert_eq!(blame[0].symbol.as_deref(), Some("fmod"));
    assert_eq!(blame[0].library, "libm.so.6");
}
