//! A repair that finds nothing to do: the result is the input, byte for byte.

use std::fs::File;
use std::path::Path;

use wheel_archive::{Published, publish};

use crate::finding::{Error, ErrorKind, Finding};
use crate::repair::apply::repaired::Repaired;
use crate::repair::{GraftCache, Plan};
use crate::wheel::Written;
use crate::wheel::{Wheel, compiled, rewritten_wheel_file};

/// What a wheel may have that PyPI or an installer takes otherwise than meant, and that writing the
/// archive and RECORD anew puts right; by the beginnings of codes.
const MENDED: [&str; 7] = [
    "record-",
    "zip-comment",
    "zip-descriptor",
    "zip-extra-",
    "zip-local-flags",
    "zip-name-encoding",
    "zip-trailing-nul",
];
/// The same of codes that begin alike: PyPI refuses a form of zip64, and archives that are tar too.
const ALSO_MENDED: [&str; 4] = ["pypi-tar", "pypi-zip64", "zip-flags", "zip-version"];
/// What a repair takes out if it has to write, and what does no harm.
const KEPT: [&str; 1] = ["record-signature"];

impl Plan {
    /// Whether the result is the input's bytes: no library comes in, no member, tag or metadata
    /// changes, no date or compression was asked for, and the archive is one that PyPI takes.
    pub fn keeps_bytes(&self, wheel: &Wheel) -> bool {
        self.keeps_members(wheel)
            && self.date.is_none()
            && self.options.compression.is_none()
            && mended(wheel).is_empty()
    }

    fn keeps_members(&self, wheel: &Wheel) -> bool {
        let text = &wheel.dist_info.wheel;
        let at_root = || compiled::at_root(&wheel.name, self.elves(wheel));
        self.grafts.is_empty()
            && self.edits.is_empty()
            && self.removed.is_empty()
            && self.licenses.is_empty()
            && self.name == wheel.name
            && rewritten_wheel_file(text, &self.name, at_root()) == *text
    }

    /// A note where nothing changes, or only how the archive is written.
    pub(in crate::repair) fn idle(&self, wheel: &Wheel) -> Option<Finding> {
        if !self.keeps_members(wheel) {
            return None;
        }
        let mended = mended(wheel);
        if !mended.is_empty() {
            let message = format!(
                "nothing is to be repaired; the archive is written anew because of {}",
                mended.join(", ")
            );
            return Some(Finding::note("wheel-rewritten", message));
        }
        let message = "nothing is to be repaired: the result is the input, byte for byte";
        self.keeps_bytes(wheel)
            .then(|| Finding::note("wheel-unchanged", message))
    }

    /// Copies the input to `destination`.
    pub(in crate::repair) fn copy(
        &self,
        wheel: &Wheel,
        store: &GraftCache,
        destination: &Path,
    ) -> Result<Repaired, Error> {
        let write = |file: &mut File| {
            self.refuse_large(wheel, wheel.file_size())?;
            Ok(wheel.copy_to(file)?)
        };
        let check = |_: &Path, (): &()| self.check_libraries(store.host());
        let Published { unchanged, .. } =
            publish(destination, write, check, |()| Ok(())).map_err(|finding: Finding| {
                let input = wheel.path.display().to_string();
                Error::new(ErrorKind::Refused, input, finding)
            })?;
        Ok(Repaired {
            path: destination.to_owned(),
            members: members(wheel),
            size: wheel.file_size(),
            unchanged,
            stripped: Vec::new(),
            findings: Vec::new(),
        })
    }
}

fn members(wheel: &Wheel) -> Vec<Written> {
    let members = wheel.members.iter();
    let written = members.filter_map(|member| {
        Some(Written {
            path: member.path.clone(),
            size: member.size,
            sha256: member.sha256?,
            copied: true,
        })
    });
    written.collect()
}

/// The codes of what writing anew puts right, each once, in order.
fn mended(wheel: &Wheel) -> Vec<&'static str> {
    let codes = wheel.findings.iter().map(|finding| finding.code);
    let mut mended: Vec<&str> = codes
        .filter(|code| {
            let begins = MENDED.iter().any(|beginning| code.starts_with(beginning));
            (begins || ALSO_MENDED.contains(code)) && !KEPT.contains(code)
        })
        .collect();
    mended.sort_unstable();
    mended.dedup();
    mended
}
