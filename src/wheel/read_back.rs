//! The wheel that was just written, as a wheel: its bytes, its metadata and its ELF files are read
//! again before it gets its name.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use wheel_archive::{Written, check_written};

use super::examine::ElfExaminer;
use super::{Member, MemberId, Wheel};
use crate::elf::Facts;
use crate::finding::{Finding, Severity};
use crate::tag::WheelName;

/// The facts of members that were not copied, in archive order; `None` for what is no ELF file.
pub type Fresh = Vec<Option<Arc<Facts>>>;

/// Checks the archive at `path`, to be called `name`, against what its writer says is in it, and says
/// what was read of each member that is new.
///
/// # Errors
/// A finding with code `self-check`: it is not exactly that.
pub fn read_fresh(path: &Path, name: &WheelName, written: &[Written]) -> Result<Fresh, Finding> {
    let examiner = ElfExaminer::new(Some(name));
    let fresh = check_written(path, written, &examiner)?;
    match examiner.too_many() {
        Some(finding) => Err(finding.into()),
        None => Ok(fresh),
    }
}

/// What a written wheel must be.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The name that it will have.
    pub name: &'a WheelName,
    /// What it was made from.
    pub input: &'a Wheel,
    /// What the writer says of the members.
    pub written: &'a [Written],
    /// What was read of those that were not copied.
    pub fresh: &'a [Option<Arc<Facts>>],
}

impl Wheel {
    /// Opens the wheel at `path`, which is to become what `expected` says. Facts of members that
    /// were copied are taken from the input.
    ///
    /// # Errors
    /// Everything that is wrong with its metadata or its ELF files and was not with the input's.
    pub fn read_back(path: &Path, expected: Expected<'_>) -> Result<Self, Vec<Finding>> {
        let archive = wheel_archive::Wheel::open_unscanned(path, expected.name);
        let archive = archive.map_err(|refused| {
            let findings = refused.findings.into_iter();
            findings.map(Finding::from).collect::<Vec<_>>()
        })?;
        let facts = expected.facts(&archive.members);
        let mut wheel = Self::new(archive, facts);
        wheel.findings = expected.nothing_new(wheel.findings)?;
        Ok(wheel)
    }
}

impl Expected<'_> {
    fn facts(&self, members: &[Member]) -> Vec<(MemberId, Arc<Facts>)> {
        let input = self.input.elves.iter();
        let known: BTreeMap<&str, &Arc<Facts>> =
            input.map(|elf| (elf.path.as_str(), &elf.facts)).collect();
        let mut fresh = self.fresh.iter();
        let mut all = Vec::new();
        for (id, (member, written)) in members.iter().zip(self.written).enumerate() {
            let facts = if written.copied {
                let facts = known.get(member.path.as_str());
                facts.map(|facts| Arc::clone(facts))
            } else {
                fresh.next().and_then(Clone::clone)
            };
            all.extend(facts.map(|facts| (id, facts)));
        }
        all
    }

    /// Nothing is wrong with the result that was not with the input. What names of members are to
    /// other systems is the input's affair ([`check_written`]).
    fn nothing_new(&self, findings: Vec<Finding>) -> Result<Vec<Finding>, Vec<Finding>> {
        let new = |finding: &&Finding| {
            let mut old = self.input.findings.iter();
            finding.severity < Severity::Note
                && !finding.code.starts_with("zip-")
                && !old.any(|old| old.code == finding.code)
        };
        let new: Vec<Finding> = findings.iter().filter(new).cloned().collect();
        if new.is_empty() {
            Ok(findings)
        } else {
            Err(new)
        }
    }
}
