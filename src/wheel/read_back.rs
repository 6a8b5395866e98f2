//! The wheel that was just written, as a wheel: its metadata and ELF files are read again before
//! it gets its name. [`super::self_check`] has looked at the bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::open::read_metadata;
use super::problems::Problems;
use super::scan::io_finding;
use super::source::Source;
use super::write::Written;
use super::{ElfMember, Member, Wheel, checks, dist_info, framing, layout};
use crate::elf::Facts;
use crate::finding::{Finding, Severity};
use crate::tag::WheelName;

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
        let source = Arc::new(Source::open(path).map_err(|error| vec![io_finding(&error)])?);
        let listing = framing::read(&source).map_err(|error| vec![io_finding(&error)])??;
        let members = listing.members;
        let mut problems = Problems::default();
        let elves = expected.elves(&members);
        let paths: Vec<&str> = members.iter().map(|member| member.path.as_str()).collect();
        let folder = dist_info::find(paths.iter().copied(), expected.name)?.to_owned();
        let metadata = read_metadata(&source, &members, folder, false, &mut problems);
        problems.extend(checks::check_metadata(
            expected.name,
            &paths,
            &metadata.dist_info,
            metadata.entry_points.as_deref(),
        ));
        Ok(Self {
            path: path.to_owned(),
            name: expected.name.clone(),
            members,
            dist_info: metadata.dist_info,
            elves,
            findings: expected.nothing_new(problems.finish()?)?,
            source,
            images: BTreeMap::new(),
        })
    }
}

impl Expected<'_> {
    fn elves(&self, members: &[Member]) -> Vec<ElfMember> {
        let input = self.input.elves.iter();
        let known: BTreeMap<&str, &Arc<Facts>> =
            input.map(|elf| (elf.path.as_str(), &elf.facts)).collect();
        let pairs = || members.iter().zip(self.written);
        let mut fresh = self.fresh.iter();
        let mut elves = Vec::new();
        for (id, (member, written)) in pairs().enumerate() {
            let facts = if written.copied {
                known
                    .get(member.path.as_str())
                    .map(|facts| Arc::clone(facts))
            } else {
                fresh.next().and_then(Clone::clone)
            };
            elves.extend(facts.map(|facts| ElfMember {
                member: id,
                path: member.path.clone(),
                installed: layout::installed(&member.path, self.name),
                facts,
            }));
        }
        elves
    }

    /// Nothing is wrong with the result that was not with the input.
    fn nothing_new(&self, findings: Vec<Finding>) -> Result<Vec<Finding>, Vec<Finding>> {
        let new = |finding: &&Finding| {
            let mut old = self.input.findings.iter();
            finding.severity < Severity::Note && !old.any(|old| old.code == finding.code)
        };
        let new: Vec<Finding> = findings.iter().filter(new).cloned().collect();
        if new.is_empty() {
            Ok(findings)
        } else {
            Err(new)
        }
    }
}
