//! Any wheel, any options: a repair that is not refused keeps what the name promises, and is the last.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{GraftCache, Plan, RepairOptions};
use crate::audit::{AuditOptions, PlatRequest, audit};
use crate::finding::Error;
use crate::host::{Host, HostOptions};
use crate::wheel::{OpenOptions, Wheel};
use elf_synth::Synth;
use wheel_archive::{Digester, render_record};
use wheel_synth::{Ends, Entry, RECORD, archive, entry, wheel};

const PLACES: [&str; 9] = [
    "evil/m.so",
    "evil/sub/n.so",
    "top.so",
    "evil-1.0.data/platlib/evil/p.so",
    "evil-1.0.data/data/lib/d.so",
    "evil-1.0.data/data/lib/deep/e.so",
    "evil-1.0.data/headers/h.so",
    "evil-1.0.data/scripts/tool",
    "evil-1.0.data/scripts/other",
];

/// Where the wheel's own library is, if it has one.
const OWN: [Option<&str>; 5] = [
    None,
    Some("evil.libs/libin.so.1"),
    Some("evil/lib/libin.so.1"),
    Some("evil-1.0.data/data/lib/libin.so.1"),
    Some("evil-1.0.data/platlib/evil/libin.so.1"),
];

const NEEDS: [&str; 7] = [
    "libout.so.1",
    "libinner.so.1",
    "libin.so.1",
    "libcuda.so.1",
    "libpython3.11.so.1.0",
    "libz.so.1",
    "libc.so.6",
];

const PATHS: [&str; 6] = [
    "$ORIGIN",
    "/opt/build/lib",
    "$ORIGIN/../evil.libs",
    "$ORIGIN/../../../../lib",
    "$ORIGIN/../lib",
    "$ORIGIN/lib:",
];

const TAGS: [&str; 6] = [
    "cp311-cp311-linux_x86_64",
    "py3-none-linux_x86_64",
    "py3-none-any",
    "cp39-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64",
    "cp311-cp311-manylinux_2_39_x86_64",
    "py3-none-linux_x86_64.manylinux_2_5_x86_64",
];

/// One ELF file of a wheel.
#[derive(Clone, Debug)]
struct File {
    place: &'static str,
    needs: Vec<&'static str>,
    path: Option<&'static str>,
    runpath: bool,
    newer: bool,
    import: Option<&'static str>,
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let mut file = Synth::new(true, false);
        if self.place.contains("/scripts/") {
            file.interpreter = Some("/lib64/ld-linux-x86-64.so.2".into());
        }
        for need in &self.needs {
            file = file.needed(need);
        }
        let version = if self.newer {
            "GLIBC_2.34"
        } else {
            "GLIBC_2.2.5"
        };
        if self.needs.contains(&"libc.so.6") {
            file = file.needs("libc.so.6", &[version]);
        }
        file = match self.path {
            Some(path) if self.runpath => file.runpath(path),
            Some(path) => file.rpath(path),
            None => file,
        };
        if let Some(name) = self.import {
            file = file.import(name, None);
        }
        let module = self.place.rsplit('/').next().unwrap();
        let module = module.split('.').next().unwrap();
        file.function(format!("PyInit_{module}")).build()
    }
}

fn any_file() -> impl Strategy<Value = File> {
    (
        select(&PLACES[..]),
        subsequence(&NEEDS[..], 0..=4),
        prop::option::of(select(&PATHS[..])),
        any::<bool>(),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.1, select(vec!["PyFPE_jbuf", "inflateReset2", "strlen"])),
    )
        .prop_map(|(place, needs, path, runpath, newer, import)| File {
            place,
            needs,
            path,
            runpath,
            newer,
            import,
        })
}

fn any_options() -> impl Strategy<Value = RepairOptions> {
    let plats = [
        None,
        None,
        None,
        Some("linux"),
        Some("manylinux_2_28"),
        Some("manylinux2014"),
    ];
    let excludes = [
        None,
        None,
        Some("libin*"),
        Some("libinner*"),
        Some("*/libout*"),
    ];
    let folders = [".libs", ".libs", "/lib"];
    (
        any::<(bool, bool, bool)>(),
        select(plats.to_vec()),
        select(excludes.to_vec()),
        select(folders.to_vec()),
    )
        .prop_map(
            |((update, only, dedupe), plat, exclude, folder)| RepairOptions {
                audit: AuditOptions {
                    plat: plat.map(|plat| PlatRequest::parse(plat).unwrap()),
                    exclude: exclude.map(str::to_owned).into_iter().collect(),
                    ..AuditOptions::default()
                },
                update_tags: update,
                only_plat: only,
                dedupe,
                lib_sdir: folder.to_owned(),
                ..RepairOptions::default()
            },
        )
}

/// The entries of a wheel with these tags, which say of the root that it is pure or not.
fn entries(files: &[Entry], tags: &str, pure: bool) -> Vec<Entry> {
    let mut all = wheel(files);
    all.pop();
    let (python, rest) = tags.split_once('-').unwrap();
    let (abi, platforms) = rest.split_once('-').unwrap();
    let platforms = platforms.split('.');
    let lines = platforms.map(|platform| format!("Tag: {python}-{abi}-{platform}\n"));
    let lines: Vec<String> = lines.collect();
    let text = format!(
        "Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\n{}",
        lines.concat()
    );
    all.last_mut().unwrap().data = text.into_bytes();
    let rows: Vec<(String, [u8; 32], u64)> = all
        .iter()
        .map(|entry| {
            let mut digester = Digester::new(None);
            digester.update(&entry.data);
            let name = String::from_utf8(entry.name.clone()).unwrap();
            (name, digester.finish().sha256, entry.data.len() as u64)
        })
        .collect();
    let rows = rows.iter();
    let rows = rows.map(|(name, sha256, size)| (name.as_str(), sha256, *size));
    all.push(entry(RECORD, render_record(rows, RECORD)));
    all
}

/// Libraries outside: one needs the other, which may be newer than most tags.
fn libraries(folder: &Path, newer: bool) -> GraftCache {
    fs::create_dir(folder).unwrap();
    let version = if newer { "GLIBC_2.34" } else { "GLIBC_2.2.5" };
    let library = |soname: &str| {
        let file = Synth::new(true, false).soname(soname).needed("libc.so.6");
        file.needs("libc.so.6", &[version])
    };
    let out = library("libout.so.1").needed("libinner.so.1").rpath("/opt");
    fs::write(folder.join("libout.so.1"), out.build()).unwrap();
    fs::write(
        folder.join("libinner.so.1"),
        library("libinner.so.1").build(),
    )
    .unwrap();
    fs::write(folder.join("libcuda.so.1"), library("libcuda.so.1").build()).unwrap();
    GraftCache::new(Host::new(HostOptions {
        no_host: true,
        lib_paths: vec![folder.to_path_buf()],
        ..HostOptions::default()
    }))
}

fn repair(
    path: &Path,
    store: &GraftCache,
    options: &RepairOptions,
    out: &Path,
) -> Result<PathBuf, Error> {
    let wheel = Wheel::open(path, &OpenOptions::for_repair())?;
    let judgement = audit(&wheel, store.host(), &options.audit)?;
    let plan = Plan::new(&wheel, &judgement, store.host(), options)?;
    fs::create_dir(out).unwrap();
    Ok(plan.apply(&wheel, store, out)?.path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_repair_is_refused_in_words_about_the_input_or_passes_its_own_check(
        mut files in vec(any_file(), 1..5),
        (tags, pure, own, newer) in (select(&TAGS[..]), any::<bool>(), select(&OWN[..]), any::<bool>()),
        options in any_options(),
    ) {
        files.sort_by_key(|file| file.place);
        files.dedup_by_key(|file| file.place);
        let mut members: Vec<Entry> = files.iter().map(|file| entry(file.place, file.bytes())).collect();
        let library = Synth::new(true, false).soname("libin.so.1").needed("libinner.so.1");
        members.extend(own.map(|own| entry(own, library.build())));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("evil-1.0-{tags}.whl"));
        fs::write(&path, archive(&entries(&members, tags, pure), &Ends::default())).unwrap();
        let store = libraries(&folder.path().join("lib"), newer);
        match repair(&path, &store, &options, &folder.path().join("out")) {
            Err(error) => {
                prop_assert!(error.findings.iter().all(|one| one.code != "self-check"), "{error}");
            }
            Ok(result) => {
                let wheel = Wheel::open(&result, &OpenOptions::for_repair()).unwrap();
                let judgement = audit(&wheel, store.host(), &options.audit).unwrap();
                for tag in &wheel.name.platform {
                    prop_assert!(judgement.deserves(tag), "{tag}, only {}", judgement.tag());
                }
                let again = repair(&result, &store, &options, &folder.path().join("again"));
                let again = again.map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(again.file_name(), result.file_name());
                prop_assert!(fs::read(again).unwrap() == fs::read(result).unwrap());
            }
        }
    }
}
