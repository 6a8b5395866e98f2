//! What is worth telling about a wheel beyond its tag; one rule a file.
//!
//! A rule looks at the judged input and returns its findings: warnings for what will go wrong
//! somewhere, notes for what its author may want to know. It never refuses; whoever uses the
//! findings decides. Every code has a section in `docs/findings.md`.

use super::libraries::external::{Inside, Provider};
use super::{Audit, AuditOptions, Input};
use crate::elf::Facts;
use crate::finding::Finding;
use crate::fnmatch::Pattern;
use crate::host::Host;
use crate::platform::linux::resolve::{NodeId, Origin};
use crate::wheel::ElfMember;

mod copies;
mod libc;
mod loading;
mod python;
mod search;
mod tag;
#[cfg(test)]
mod tests;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// What was judged.
    pub input: &'a Input<'a>,
    /// The judgement so far.
    pub audit: &'a Audit,
    /// What was asked.
    pub options: &'a AuditOptions,
    /// Libraries outside.
    pub host: &'a Host,
}

type Rule = fn(&Case<'_>) -> Vec<Finding>;

/// In the order in which findings are told: what the verdict rests on, then hazards. Those on the tag
/// come before them all.
const RULES: [Rule; 28] = [
    search::missing::check,
    search::unreachable::check,
    search::driver::check,
    search::needed_path::check,
    search::loads_also::check,
    loading::sections::check,
    search::graft_source::check,
    search::passed_over::check,
    search::rpath::check,
    search::soname::check,
    python::py_suffix::check,
    python::libpython::check,
    libc::version_never::check,
    libc::relr::check,
    libc::private_glibc::check,
    libc::unversioned_glibc::check,
    libc::abi_marker::check,
    libc::musl_glibc::check,
    libc::musl_lacks::check,
    libc::tls::check,
    loading::isa_level::check,
    loading::exec_stack::check,
    loading::text_relocations::check,
    loading::load_align::check,
    copies::lib_twice::check,
    copies::clash::check,
    copies::dlopen::check,
    copies::runtime_modules::check,
];

/// All findings of all rules, in their order.
pub(crate) fn check(case: &Case<'_>) -> Vec<Finding> {
    let others: Vec<Finding> = RULES.iter().flat_map(|rule| rule(case)).collect();
    let mut findings = tag::check(case, &others);
    findings.extend(others);
    findings
}

/// A file that will be in the repaired wheel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    /// The member path, or the soname of a library that would be grafted.
    pub(crate) name: &'a str,
    /// The member, unless it would be grafted.
    pub(crate) member: Option<&'a ElfMember>,
    /// What was read from it.
    pub(crate) facts: &'a Facts,
}

impl File<'_> {
    /// A finding about this file: its member, or words that name the library.
    pub(crate) fn told(&self, finding: Finding) -> Finding {
        match self.member {
            Some(elf) => finding.at(&elf.path),
            None => Finding {
                message: format!("{}, which would be grafted, {}", self.name, finding.message),
                ..finding
            },
        }
    }
}

impl<'a> Case<'a> {
    /// The ELF members that take part, with their nodes.
    pub(crate) fn members(&self) -> impl Iterator<Item = (NodeId, &'a ElfMember)> + use<'a> {
        let judged = self.audit.judged.iter();
        let members = self.input.elves.iter().zip(judged).enumerate();
        members
            .filter(|(_, (_, judged))| **judged)
            .map(|(node, (elf, _))| (node, elf))
    }

    /// The libraries that a repair would bring in, by soname.
    pub(crate) fn grafts(&self) -> impl Iterator<Item = (NodeId, File<'a>)> + use<'a> {
        let Self { audit, input, .. } = *self;
        let grafted = audit
            .externals
            .iter()
            .filter(|external| audit.would_graft(external));
        grafted.filter_map(move |external| match external.provider {
            Provider::Node(node) => {
                let file = File {
                    name: &external.soname,
                    member: None,
                    facts: audit.graph.facts(node, input.elves)?,
                };
                Some((node, file))
            }
            Provider::Missing | Provider::Libpython => None,
        })
    }

    /// Members, then grafts.
    pub(crate) fn files(&self) -> impl Iterator<Item = File<'a>> + use<'a> {
        self.nodes().map(|(_, file)| file)
    }

    /// The same with their nodes.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (NodeId, File<'a>)> + use<'a> {
        let members = self.members().map(|(node, elf)| {
            let file = File {
                name: &elf.path,
                member: Some(elf),
                facts: &elf.facts,
            };
            (node, file)
        });
        members.chain(self.grafts())
    }

    /// What a repair would have inside the wheel.
    pub(crate) fn inside(&self) -> Inside<'a> {
        let Self { audit, input, .. } = *self;
        let tag = audit.verdict.repaired;
        Inside::new(&audit.graph, input.elves.len(), &audit.externals, tag)
    }

    /// Whether `--exclude` leaves a library of that name to the system.
    pub(crate) fn excludes(&self, name: &str) -> bool {
        let mut patterns = self.options.exclude.iter();
        patterns.any(|pattern| Pattern::new(pattern).matches(name))
    }

    /// The name of a node: its member path, or the path of a library outside.
    pub(crate) fn name_of(&self, node: NodeId) -> Option<String> {
        match &self.audit.graph.nodes.get(node)?.origin {
            Origin::Member(member) => self.input.elves.get(*member).map(|elf| elf.path.clone()),
            Origin::Host(library) => Some(library.path.display().to_string()),
        }
    }
}
