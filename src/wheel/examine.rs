//! Reads the facts of ELF members while a wheel is opened.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wheel_archive::{
    Examined, Examiner, Finding, Member, MemberId, Opening, PlatformTag, RandomAccess, WheelName,
};

use super::{AsImage, compiled};
use crate::elf::Tagged as _;
use crate::elf::arch::{Arch, LinuxArch as _};
use crate::elf::{ElfError, Facts, Header, Image, code_of, facts, pt};

const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// Bytes that the facts of all ELF members together may take; the largest wheels known need a
/// tenth. A file of many symbols compresses to almost nothing, and there can be many such files.
const MOST_FACTS: usize = 128 << 20;

/// Reads the facts of every ELF member, and bounds what they take together.
#[derive(Debug)]
pub(super) struct ElfExaminer<'a> {
    /// The tags say which architectures are judged.
    name: Option<&'a WheelName>,
    /// Bytes of facts so far.
    size: AtomicUsize,
}

impl<'a> ElfExaminer<'a> {
    /// For a wheel of this name; without one, all architectures are judged.
    pub(super) fn new(name: Option<&'a WheelName>) -> Self {
        Self {
            name,
            size: AtomicUsize::new(0),
        }
    }

    /// A refusal of all if there were too many facts.
    pub(super) fn too_many(&self) -> Option<Finding> {
        let size = self.size.load(Ordering::Relaxed);
        let message = format!(
            "its ELF files want more symbols than can be held: {} MiB of names, and {} are the \
             most that any wheel needs",
            size >> 20,
            MOST_FACTS >> 20
        );
        (size > MOST_FACTS).then(|| Finding::error("too-large", message))
    }

    /// Forgets the facts if there are too many already. All are read and counted, so that the
    /// answer does not depend on who was first.
    fn bounded(&self, facts: Facts) -> Examined<Arc<Facts>> {
        let size = facts.heap_size();
        let before = self.size.fetch_add(size, Ordering::Relaxed);
        let fits = before.saturating_add(size) <= MOST_FACTS;
        Examined {
            value: fits.then(|| Arc::new(facts)),
            keep_bytes: fits,
            finding: None,
        }
    }

    /// What is wrong inside a file of an architecture that is not judged is nobody's concern: no
    /// process that loads the wheel loads it.
    fn spare_foreign(&self, image: &dyn Image, finding: Finding) -> Finding {
        let (Some(name), Some(header)) = (self.name, Header::glance(image)) else {
            return finding;
        };
        let claimed: Vec<Arch> = name.platform.iter().filter_map(PlatformTag::arch).collect();
        let who = match Arch::from_elf(&header.platform()) {
            Ok(arch) if claimed.is_empty() || claimed.contains(&arch) => return finding,
            // The flags leave open for which of Arm's ABIs it is, or it is Android's.
            Err(_) if claimed.contains(&Arch::Armv7l) && header.platform().is_arm_eabi() => {
                return finding;
            }
            Ok(arch) => format!("for architecture {arch}"),
            Err(reason) => format!("of an unknown architecture ({reason})"),
        };
        let message = format!(
            "is an ELF file {who}; it is not judged, and could not be read: {}",
            finding.message
        );
        Finding::warning("foreign-arch", message)
    }
}

impl Examiner for ElfExaminer<'_> {
    type Value = Arc<Facts>;

    fn wants(&self, _: &Member, start: &[u8]) -> bool {
        start.starts_with(&ELF_MAGIC)
    }

    fn ranges(&self, start: &[u8]) -> Vec<Range<u64>> {
        pointed_at(start)
    }

    fn examine(&self, member: &Member, bytes: &dyn RandomAccess) -> Examined<Arc<Facts>> {
        let image = AsImage(bytes);
        // Bytes in memory are asked for without a detour: there are many small questions.
        let read = match bytes.as_bytes() {
            Some(held) => facts(&held),
            None => facts(&image),
        };
        let finding = match read {
            Ok(facts) => return self.bounded(facts),
            Err(ElfError::Io(error)) => Finding::unreadable(&error),
            // What is two files for two loaders is so under any name.
            Err(error) if is_meant_to_load(member) || matches!(error, ElfError::Ambiguous(_)) => {
                let finding = Finding::error(code_of(&error), error.to_string());
                self.spare_foreign(&image, finding)
            }
            Err(error) => {
                let message = format!("ignored, because nothing loads it by its name: {error}");
                Finding::warning("elf-malformed", message)
            }
        };
        Examined {
            finding: Some(finding),
            ..Examined::default()
        }
    }

    fn conclude(&self, opening: &Opening<'_>, values: &[(MemberId, Arc<Facts>)]) -> Vec<Finding> {
        let members = values.iter().filter_map(|(id, _)| opening.members.get(*id));
        let code = compiled::Code {
            paths: members.map(|member| member.path.as_str()).collect(),
            arches: values
                .iter()
                .filter_map(|(_, facts)| facts.arch().ok())
                .collect(),
        };
        let mut findings: Vec<Finding> = self.too_many().into_iter().collect();
        findings.extend(compiled::check(opening.name, opening.dist_info, &code));
        findings
    }
}

/// Whether a loader is likely to meet the file: a library or a program by its name or mode.
fn is_meant_to_load(member: &Member) -> bool {
    let mut folders = member.path.rsplit('/');
    let name = folders.next().unwrap_or_default();
    member.executable
        || name.split('.').skip(1).any(|part| part == "so")
        || folders.any(|folder| matches!(folder, "bin" | "scripts"))
}

/// Ranges of the file that the headers in its first block name, save `PT_LOAD`.
fn pointed_at(first: &[u8]) -> Vec<Range<u64>> {
    let image = Start(AsImage(first));
    let Ok(header) = Header::read(&image) else {
        return Vec::new();
    };
    let named = header.segments(&image).unwrap_or_default().into_iter();
    let named = named
        .filter(|segment| segment.kind != pt::LOAD)
        .map(|segment| segment.offset..segment.offset.saturating_add(segment.filesz.min(1 << 20)));
    named.chain([header.section_table()]).collect()
}

/// The start of a file whose size does not matter.
struct Start<'a>(AsImage<&'a [u8]>);

impl Image for Start<'_> {
    fn size(&self) -> u64 {
        u64::MAX
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, buffer)
    }
}
