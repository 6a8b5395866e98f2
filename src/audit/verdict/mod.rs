//! The parts of the verdict, each the oldest tag that one kind of question allows.

pub(crate) mod blame;
pub(crate) mod candidate_tags;
pub(crate) mod claimed_tags;
pub(in crate::audit) mod measure;

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::extension::python_extension;
use crate::audit::libraries::external::{External, Inside, Provider};
use crate::audit::request::PlatRequest;
use crate::audit::verdict::candidate_tags::CandidateTags;
use crate::audit::{AuditOptions, worse};
use crate::elf::arch::IsaLevel;
use crate::elf::{Facts, Tagged as _};
use crate::platform::linux::policy::{Known, Rung, Since};
use crate::platform::linux::resolve::{Graph, NodeId};
use crate::tag::Libc;
use crate::wheel::ElfMember;

/// The versions that are asked of each library.
pub(crate) type Versions = BTreeMap<String, BTreeSet<String>>;

/// What the verdict is made from.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The ABI tags of the file name; none for loose files.
    pub abi: &'a [String],
    /// The level of x86-64 that files may need.
    pub isa: IsaLevel,
    /// The ELF members.
    pub elves: &'a [ElfMember],
    /// Which ELF members take part.
    pub judged: &'a [bool],
    /// Who needs whom.
    pub graph: &'a Graph,
    /// What some tag does not let stay outside.
    pub externals: &'a [External],
    /// The tags.
    pub candidates: &'a CandidateTags,
    /// What was asked.
    pub options: &'a AuditOptions,
}

/// The oldest tag that each question allows; [`Since::Never`] stands for `linux_*`.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What the wheel deserves as it is.
    pub as_is: Since,
    /// The same if libraries of the machine's drivers, which a repair leaves outside, do not count.
    pub drivers_apart: Since,
    /// What it deserves once repaired.
    pub repaired: Since,
    /// Symbol versions, those of what would be grafted included.
    pub symbols: Since,
    /// Libraries outside.
    pub libraries: Since,
    /// Forbidden symbols.
    pub forbidden: Since,
    /// Instruction sets.
    pub isa: Since,
    /// Narrow-unicode Python 2.
    pub ucs2: bool,
    /// `PyFPE_jbuf` and its like.
    pub pyfpe: bool,
    /// The fewest grafts.
    pub grafts: Since,
    /// The versions behind `symbols`.
    pub versions: Versions,
    /// Forbidden symbols in use: library, symbol, first tag that allows it.
    pub forbidden_symbols: Vec<ForbiddenSymbol>,
}

/// An undefined symbol that some tag forbids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForbiddenSymbol {
    /// The library it would come from.
    pub library: String,
    /// Its name.
    pub symbol: String,
    /// The first tag that allows it.
    pub since: Since,
    /// The member that uses it.
    pub file: String,
}

/// Judges.
pub(crate) fn judge(question: &Question<'_>) -> Verdict {
    let candidates = question.candidates;
    let (symbols, versions) = symbols(question);
    let forbidden_symbols = forbidden(question);
    let lowest = Since::Rung(candidates.best());
    let forbidden = forbidden_symbols
        .iter()
        .map(|found| found.since)
        .fold(lowest, worse);
    let libraries_but = |driver: bool| {
        let counted = question.externals.iter();
        let counted = counted.filter(|external| !(driver && external.driver));
        counted.map(|external| external.until).fold(lowest, worse)
    };
    let libraries = libraries_but(false);
    let isa = isa(question);
    let grafts = fewest_grafts(question);
    let (ucs2, pyfpe) = (ucs2(question), pyfpe(question));
    let legacy = if ucs2 || pyfpe { Since::Never } else { lowest };
    let without_grafts = [symbols, forbidden, isa, legacy]
        .into_iter()
        .fold(lowest, worse);
    Verdict {
        as_is: worse(without_grafts, libraries),
        drivers_apart: worse(without_grafts, libraries_but(true)),
        repaired: worse(without_grafts, grafts),
        symbols,
        libraries,
        forbidden,
        isa,
        ucs2,
        pyfpe,
        grafts,
        versions,
        forbidden_symbols,
    }
}

impl Question<'_> {
    /// The ELF members that take part.
    pub(crate) fn members(&self) -> impl Iterator<Item = &ElfMember> {
        let taking_part = self.elves.iter().zip(self.judged);
        taking_part
            .filter(|(_, judged)| **judged)
            .map(|(elf, _)| elf)
    }

    /// The nodes of the members that take part.
    fn member_nodes(&self) -> impl Iterator<Item = NodeId> {
        let judged = self.judged.iter().enumerate();
        judged.filter(|(_, judged)| **judged).map(|(node, _)| node)
    }

    fn inside(&self, tag: Since) -> Inside<'_> {
        Inside::new(self.graph, self.elves.len(), self.externals, tag)
    }

    fn external_facts(&self, external: &External) -> Option<&Facts> {
        match external.provider {
            Provider::Node(node) => self.graph.facts(node, self.elves),
            Provider::Missing | Provider::Libpython => None,
        }
    }
}

fn add_versions(versions: &mut Versions, facts: &Facts) {
    for need in &facts.version_needs {
        let names = versions.entry(need.library.clone()).or_default();
        names.extend(need.versions.iter().map(|version| version.name.clone()));
    }
}

/// The newest tag that the versions of the file `node` ask for.
fn worst_version(question: &Question<'_>, inside: &Inside<'_>, node: NodeId) -> Since {
    let candidates = question.candidates;
    let facts = question.graph.facts(node, question.elves);
    let needs = facts
        .iter()
        .flat_map(|facts| &facts.version_needs)
        .filter(|need| !inside.provides(node, &need.library));
    let versions = needs.flat_map(|need| need.versions.iter().map(move |version| (need, version)));
    let judged = versions.filter_map(|(need, version)| {
        // The loader does without a weak one.
        let known = candidates.knows(&need.library, &version.name);
        let passed = version.weak && known != Known::Defined;
        let since = candidates.version(&need.library, &version.name);
        since.filter(|_| !passed)
    });
    judged.fold(packed_relocations(candidates, facts), worse)
}

/// The oldest tag whose glibc applies the packed relocations of a file that names no version for them.
fn packed_relocations(candidates: &CandidateTags, facts: Option<&Facts>) -> Since {
    let unmarked = facts.filter(|facts| facts.has_unmarked_relr());
    match unmarked.filter(|_| candidates.libc() == Libc::Glibc) {
        None => Since::Rung(candidates.best()),
        Some(facts) if facts.is_refused_for_relr() => Since::Never,
        Some(_) => {
            let since = candidates.version("libc.so.6", "GLIBC_ABI_DT_RELR");
            since.unwrap_or(Since::Never)
        }
    }
}

/// The allowed libraries differ from tag to tag, and so does what would be grafted and the
/// versions that it needs: each tag is tried with its own grafts.
fn symbols(question: &Question<'_>) -> (Since, Versions) {
    let candidates = question.candidates;
    let mut own = Versions::new();
    question
        .members()
        .for_each(|elf| add_versions(&mut own, &elf.facts));
    let mut best: Option<(Since, Versions)> = None;
    for rung in candidates.rungs().rev() {
        let mut versions = own.clone();
        let inside = question.inside(Since::Rung(rung));
        let grafts = inside.grafts();
        let facts = grafts.filter_map(|node| question.graph.facts(node, question.elves));
        facts.for_each(|facts| add_versions(&mut versions, facts));
        let reached = question
            .member_nodes()
            .chain(inside.grafts())
            .map(|node| worst_version(question, &inside, node))
            .fold(Since::Rung(rung), worse);
        if best.as_ref().is_none_or(|(known, _)| reached < *known) {
            best = Some((reached, versions));
        }
    }
    best.unwrap_or((Since::Never, own))
}

fn forbidden(question: &Question<'_>) -> Vec<ForbiddenSymbol> {
    let candidates = question.candidates;
    let inside = question.inside(Since::Never);
    let mut found = Vec::new();
    for node in question.member_nodes() {
        let Some(elf) = question.elves.get(node) else {
            continue;
        };
        let guarded: Vec<&String> = elf
            .facts
            .needed
            .iter()
            .filter(|soname| candidates.guards(soname) && !inside.provides(node, soname))
            .collect();
        if guarded.is_empty() {
            continue;
        }
        for import in elf.facts.imports().filter(|import| !import.weak) {
            for library in &guarded {
                let since = candidates.symbol(library, import.name);
                if since > Since::Rung(candidates.best()) {
                    found.push(ForbiddenSymbol {
                        library: (*library).clone(),
                        symbol: import.name.to_owned(),
                        since,
                        file: elf.path.clone(),
                    });
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A tag must not ask for more grafts than another would: those are copies for nothing.
fn fewest_grafts(question: &Question<'_>) -> Since {
    let candidates = question.candidates;
    let count = |rung: Rung| {
        question
            .externals
            .iter()
            .filter(|external| external.grafted_for(rung))
            .count()
    };
    let requested = question
        .options
        .plat
        .as_ref()
        .and_then(|request: &PlatRequest| candidates.rung_of_base(&request.base));
    let allowed = match requested {
        Some(rung) => count(rung),
        None => candidates.rungs().map(count).min().unwrap_or_default(),
    };
    let best = candidates.rungs().find(|rung| count(*rung) <= allowed);
    best.map_or(Since::Never, Since::Rung)
}

fn isa(question: &Question<'_>) -> Since {
    let candidates = question.candidates;
    let lowest = Since::Rung(candidates.best());
    if question.options.ignore_isa {
        return lowest;
    }
    let allowed = question.isa;
    if question
        .members()
        .any(|elf| needs_more(&elf.facts, allowed))
    {
        return Since::Never;
    }
    let asking = question.externals.iter().filter(|external| {
        !external.driver
            && question
                .external_facts(external)
                .is_some_and(|facts| needs_more(facts, allowed))
    });
    asking.map(|external| external.until).fold(lowest, worse)
}

/// Whether a file asks for more than `allowed`.
pub(crate) fn needs_more(facts: &Facts, allowed: IsaLevel) -> bool {
    match facts.isa_needed() {
        Some(Ok(level)) => level > allowed,
        Some(Err(_)) => true,
        None => false,
    }
}

/// `cp27m`, unlike `cp27mu`, says that the wheel is for a narrow Python: no other would install it.
fn says_narrow(abi: &str) -> bool {
    abi.starts_with("cp2") && abi.ends_with('m')
}

fn ucs2(question: &Question<'_>) -> bool {
    if question.abi.iter().any(|abi| says_narrow(abi)) {
        return false;
    }
    let mut old = question
        .members()
        .filter(|elf| python_extension(elf) == Some(2));
    old.any(|elf| ucs2_symbol(elf).is_some())
}

/// The symbol of a narrow-unicode Python that a file uses.
pub(crate) fn ucs2_symbol(elf: &ElfMember) -> Option<&str> {
    let mut imports = elf.facts.imports();
    let found = imports.find(|import| import.function && import.name.contains("PyUnicodeUCS2_"));
    found.map(|import| import.name)
}

fn pyfpe(question: &Question<'_>) -> bool {
    let mut members = question.members();
    members.any(|elf| pyfpe_symbol(elf).is_some())
}

/// The symbol of a Python built with floating-point exceptions that an extension uses.
pub(crate) fn pyfpe_symbol(elf: &ElfMember) -> Option<&str> {
    python_extension(elf)?;
    let mut imports = elf.facts.imports();
    let found = imports.find(|import| {
        import.function && matches!(import.name, "PyFPE_jbuf" | "PyFPE_dummy" | "PyFPE_counter")
    });
    found.map(|import| import.name)
}

#[cfg(test)]
mod tests {
    use super::says_narrow;

    #[test]
    fn the_abi_tag_tells_a_narrow_python() {
        let narrow = ["cp26m", "cp27m", "cp27dm"];
        let others = ["cp27mu", "cp27dmu", "none", "abi3", "cp37m", "pypy_73"];
        assert!(narrow.iter().all(|abi| says_narrow(abi)));
        assert!(!others.iter().any(|abi| says_narrow(abi)));
    }
}
