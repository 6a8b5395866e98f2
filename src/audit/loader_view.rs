//! Files that are one thing for one loader, and another for the next.
//!
//! What was read is what glibc maps. Other loaders, and larger pages, put other bytes behind the
//! file's bytes of a segment and into pages that two segments share; and musl's opens what no other
//! takes for an ELF file.

use std::io::Read as _;

use wheel_archive::installed;

use crate::elf::Tagged as _;
use crate::elf::arch::Arch;
use crate::finding::Finding;
use crate::tag::{CLibrary as _, ExtensionSuffix, Libc};
use crate::wheel::{Installed, Wheel};

use crate::audit::Input;

const HELP: &str = "build the file again: no linker makes such a file";

/// What must not be judged, and is therefore refused: one finding for each file.
pub(super) fn ambiguous(
    input: &Input<'_>,
    (libc, arch): (Libc, Arch),
    judged: &[bool],
) -> Vec<Finding> {
    let loader = libc.loader_view();
    let pairs = input.elves.iter().zip(judged);
    let judged_files = pairs.filter(|(_, judged)| **judged);
    let mut found: Vec<Finding> = judged_files
        .filter_map(|(elf, _)| {
            let address = elf.facts.difference(loader)?;
            let message = format!(
                "the loaders that the wheel is for see different bytes at address {address:#x}: what it needs is not the same for all"
            );
            Some(Finding::error("elf-ambiguous", message).help(HELP).at(&elf.path))
        })
        .collect();
    if let (Libc::Musl, Some(wheel)) = (libc, input.wheel) {
        found.extend(opened_by_musl(wheel, arch, judged));
    }
    found
}

/// Members that are not judged because they are no ELF files for `arch`, and that musl's loader
/// maps all the same when Python imports them or a file needs them: it looks at `e_type`, but not at
/// the magic bytes, the class, the byte order or the machine (`ldso/dynlink.c`, `map_library`).
fn opened_by_musl(wheel: &Wheel, arch: Arch, judged: &[bool]) -> Vec<Finding> {
    let takes_part = |member: usize| {
        let mut pairs = wheel.elves.iter().zip(judged);
        pairs.any(|(elf, judged)| elf.member == member && (*judged || elf.facts.arch() == Ok(arch)))
    };
    let needed = |file: &str| {
        let mut needs = wheel.elves.iter().flat_map(|elf| &elf.facts.needed);
        needs.any(|name| name == file)
    };
    let members = wheel.members.iter().enumerate();
    let opened = members.filter(|(index, member)| {
        let file = member.path.rsplit('/').next().unwrap_or_default();
        let importable = match installed(&member.path, &wheel.name) {
            Installed::Site(path) => is_importable(&path, arch),
            Installed::Script(_) | Installed::Elsewhere(..) => false,
        };
        let suspect = file.contains(".so") && (importable || needed(file));
        suspect && !takes_part(*index) && is_mapped(wheel, *index, arch)
    });
    let told = opened.map(|(_, member)| {
        let message = "its ELF header is of another machine, or wrong; musl's loader does not look at that, and would load the file";
        Finding::error("elf-ambiguous", message)
            .help("leave the file out of a wheel for musl, or build it again")
            .at(&member.path)
    });
    told.collect()
}

/// Whether a Python for musl on `arch` takes the file at `path` of site-packages for a module.
fn is_importable(path: &str, arch: Arch) -> bool {
    let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
    let Some((module, suffix)) = file.split_once('.') else {
        return false;
    };
    let is_name = |name: &str| {
        let mut characters = name.chars();
        let first = characters.next();
        first.is_some_and(|first| first == '_' || first.is_alphabetic())
            && characters.all(|other| other == '_' || other.is_alphanumeric())
    };
    let own = match suffix {
        "so" | "abi3.so" => true,
        _ => ExtensionSuffix::of(file).is_some_and(|suffix| {
            suffix.libc.is_none_or(|libc| libc == Libc::Musl)
                && suffix.arch.is_none_or(|own| own == arch)
        }),
    };
    own && is_name(module)
        && folders
            .split('/')
            .all(|folder| folder.is_empty() || is_name(folder))
}

/// Whether `e_type` is that of a shared object or an executable, in the byte order of `arch`.
fn is_mapped(wheel: &Wheel, member: usize, arch: Arch) -> bool {
    let mut head = [0; 18];
    if wheel.reader(member).read_exact(&mut head).is_err() {
        return false;
    }
    let [.., one, two] = head;
    let kind = match arch {
        Arch::S390x | Arch::Ppc64 => u16::from_be_bytes([one, two]),
        _ => u16::from_le_bytes([one, two]),
    };
    matches!(kind, 2 | 3)
}
