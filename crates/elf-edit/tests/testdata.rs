//! Real libraries of every architecture, read as the loader does and as `goblin` does.
#![expect(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use elf_edit::{Facts, em, facts};
use goblin::elf::Elf;
use proptest::prelude::*;

/// Folder and file of every library in `testdata/libs`, in order.
fn libraries() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/libs");
    let folders = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = folders.flat_map(|folder| {
        let target = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let files = fs::read_dir(folder).unwrap();
        files.map(move |entry| (target.clone(), entry.unwrap().path()))
    });
    let mut libraries: Vec<_> = files.collect();
    libraries.sort();
    assert!(
        libraries.len() >= 18,
        "testdata/libs is incomplete: run testdata/build.py"
    );
    libraries
}

fn read(path: &Path) -> (Vec<u8>, Facts) {
    let bytes = fs::read(path).unwrap();
    let facts = facts(&bytes).unwrap();
    (bytes, facts)
}

#[test]
fn each_library_is_of_its_folder_s_architecture() {
    for (target, path) in libraries() {
        let (arch, _) = target.rsplit_once('-').unwrap();
        let machine = match arch {
            "x86_64" => em::X86_64,
            "i686" => em::I386,
            "aarch64" => em::AARCH64,
            "armv7l" => em::ARM,
            "ppc64le" => em::PPC64,
            "riscv64" => em::RISCV,
            "s390x" => em::S390,
            other => panic!("{other} has no machine here"),
        };
        let (_, facts) = read(&path);
        assert_eq!(facts.platform.machine, machine, "{target}");
        assert_eq!(facts.soname.as_deref(), path.file_name().unwrap().to_str());
        assert!(facts.dynamic && facts.section_conflict.is_none());
    }
}

#[test]
fn another_parser_reads_the_same() {
    for (_, path) in libraries() {
        let (bytes, facts) = read(&path);
        let other = Elf::parse(&bytes).unwrap();
        assert_eq!(facts.needed, other.libraries);
        assert_eq!(facts.soname.as_deref(), other.soname);
        assert_eq!(facts.platform.machine, other.header.e_machine);
        assert_eq!(facts.platform.is_64, other.is_64);
        assert_eq!(facts.platform.big_endian, !other.little_endian);
        let name = |at: usize| other.dynstrtab.get_at(at).unwrap();
        let undefined = other
            .dynsyms
            .iter()
            .filter(|symbol| symbol.st_shndx == 0 && symbol.st_name != 0 && symbol.st_bind() != 0);
        let undefined: Vec<_> = undefined.map(|symbol| name(symbol.st_name)).collect();
        let imports: Vec<_> = facts.imports().map(|import| import.name).collect();
        assert_eq!(imports, undefined, "{}", path.display());
        let mut versions = Vec::new();
        for need in other
            .verneed
            .iter()
            .flat_map(goblin::elf::VerneedSection::iter)
        {
            for version in &need {
                versions.push((
                    name(need.vn_file),
                    name(version.vna_name),
                    version.vna_other,
                ));
            }
        }
        let needs = facts.version_needs.iter().flat_map(|need| {
            let versions = need.versions.iter();
            versions.map(|version| (&*need.library, &*version.name, version.index))
        });
        assert_eq!(needs.collect::<Vec<_>>(), versions);
    }
}

#[test]
fn libraries_load_into_a_process_of_their_own_kind_only() {
    let platforms: Vec<_> = libraries()
        .into_iter()
        .map(|(target, path)| (target, read(&path).1.platform))
        .collect();
    for (one, own) in &platforms {
        for (other, foreign) in &platforms {
            let arch = |target: &str| target.rsplit_once('-').unwrap().0.to_owned();
            let same = arch(one) == arch(other);
            assert_eq!(own.is_compatible(foreign), same, "{one} and {other}");
        }
    }
}

proptest! {
    #[test]
    fn damaged_libraries_are_read_or_refused(
        library in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        // Most of what matters is at the start.
        damage in prop::collection::vec((0..0x1800_usize, any::<u8>()), 0..16),
    ) {
        let libraries = libraries();
        let mut bytes = fs::read(&libraries[library.index(libraries.len())].1).unwrap();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(facts) = facts(&bytes) {
            prop_assert!(facts.heap_size() < 16 * bytes.len());
        }
        bytes.truncate(cut.index(bytes.len()));
        let _ = facts(&bytes);
    }
}
