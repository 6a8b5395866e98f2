//! What can be said of a tag that is asked for before any file is read.

use std::path::Path;

use crate::audit::{Audit, PlatRequest};
use crate::elf::arch::Arch;
use crate::finding::{Error, ErrorKind, Finding};
use crate::nearest::nearest;
use crate::platform::linux::policy::{Ladder, Rung, Since};
use crate::tag::{Libc, PlatformTag};

impl PlatRequest {
    /// Whether it has the form of a tag: a family and a version, or `linux`.
    pub fn is_tag(&self) -> bool {
        self.is_linux() || self.tag(Arch::X86_64).version().is_some()
    }

    /// The tag that was probably meant by one that no policy knows, without its architecture.
    pub fn meant(&self) -> Option<String> {
        let ladders = [Libc::Glibc, Libc::Musl, Libc::Android]
            .into_iter()
            .filter_map(|libc| Ladder::builtin(libc, Arch::X86_64));
        let names = ladders.flat_map(|ladder| &ladder.tags);
        let names = names.flat_map(|tag| std::iter::once(&tag.name).chain(&tag.aliases));
        let bases: Vec<&str> = names
            .filter_map(|name| name.strip_suffix("_x86_64"))
            .collect();
        let near = nearest(&self.base, bases);
        near.first().map(|base| (*base).to_owned())
    }

    /// What the tags of a file name say against it.
    pub fn contradiction(&self, claimed: &[PlatformTag]) -> Option<Finding> {
        let libcs: Vec<Libc> = claimed.iter().filter_map(PlatformTag::libc).collect();
        let arches: Vec<Arch> = claimed.iter().filter_map(PlatformTag::arch).collect();
        let is = |own: &str, wanted: &str| {
            let message = format!("the wheel is for {own} and cannot become {wanted}");
            Some(Finding::error("plat-mismatch", message))
        };
        match (libcs.first(), self.libc(), arches.first(), self.arch) {
            (Some(own), Some(wanted), ..) if !libcs.contains(&wanted) => {
                is(own.as_str(), wanted.as_str())
            }
            (_, _, Some(own), Some(wanted)) if !arches.contains(&wanted) => {
                is(own.as_str(), wanted.as_str())
            }
            _ => None,
        }
    }
}

impl Audit {
    /// The rung of the tag that `request` asks for; `path` is the input's.
    ///
    /// # Errors
    /// `ErrorKind::OutOfReach` with `plat-unknown` for what is no tag of the input's C library and
    /// architecture.
    pub fn rung_asked(&self, request: &PlatRequest, path: &Path) -> Result<Rung, Error> {
        let candidates = &self.candidates;
        candidates.rung_of_base(&request.base).ok_or_else(|| {
            let message = format!(
                "{} is not a tag for {} on {}",
                request.base,
                self.libc.as_str(),
                self.arch
            );
            let rungs = candidates.rungs();
            let known: Vec<String> = rungs
                .map(|rung| candidates.tag_name(Since::Rung(rung)))
                .collect();
            let known = format!("known tags: {}", known.join(", "));
            let help = match request.meant().filter(|_| !request.is_tag()) {
                Some(base) => format!("did you mean --plat {base}?\n{known}"),
                None => known,
            };
            let finding = Finding::error("plat-unknown", message).help(help);
            Error::new(ErrorKind::OutOfReach, path.display().to_string(), finding)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_with_what_was_meant() {
        for (typed, meant) in [
            ("manylinux2_17", Some("manylinux_2_17")),
            ("manylinx2014_x86_64", Some("manylinux2014")),
            ("muslinux_1_2", Some("musllinux_1_2")),
            ("windows", None),
        ] {
            let request = PlatRequest::parse(typed).unwrap();
            assert_eq!(request.meant().as_deref(), meant, "{typed}");
            assert!(!request.is_tag(), "{typed}");
        }
        for tag in [
            "linux",
            "manylinux2014",
            "musllinux_1_2_aarch64",
            "android_24",
        ] {
            assert!(PlatRequest::parse(tag).unwrap().is_tag(), "{tag}");
        }
    }

    #[test]
    fn a_name_contradicts_what_is_asked() {
        let claimed = |tags: &[&str]| {
            tags.iter()
                .map(|tag| PlatformTag::new(*tag))
                .collect::<Vec<_>>()
        };
        for (tags, asked, told) in [
            (
                &["musllinux_1_2_x86_64"][..],
                "manylinux2014",
                Some("musl and cannot become glibc"),
            ),
            (
                &["manylinux_2_17_x86_64"],
                "musllinux_1_2",
                Some("glibc and cannot become musl"),
            ),
            (
                &["linux_aarch64"],
                "manylinux2014_x86_64",
                Some("aarch64 and cannot become x86_64"),
            ),
            (&["linux_x86_64"], "musllinux_1_2", None),
            (
                &["manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
                "musllinux_1_2",
                None,
            ),
            (&["any"], "manylinux2014_x86_64", None),
        ] {
            let request = PlatRequest::parse(asked).unwrap();
            let finding = request.contradiction(&claimed(tags));
            let message = finding.map(|finding| finding.message);
            let said = told.map(|told| format!("the wheel is for {told}"));
            assert_eq!(message, said, "{tags:?} {asked}");
        }
    }
}
