//! Which symbol of which file forces which tag.

use super::Audit;
use super::external::{Inside, Provider};
use super::verdict::is_loader;
use crate::deps::NodeId;
use crate::elf::Facts;
use crate::policy::Since;
use crate::wheel::ElfMember;

/// One symbol that forces a newer tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The tag it forces; [`Since::Never`]: no tag allows it.
    pub since: Since,
    /// The member, or the real path of a library that would be grafted.
    pub file: String,
    /// The symbol; `None` if no symbol is bound to the version.
    pub symbol: Option<String>,
    /// Such as `GLIBC_2.34`; empty for a forbidden symbol.
    pub version: String,
    /// The library that provides it.
    pub library: String,
}

/// Every symbol that forces a tag newer than the best, worst first.
pub fn blame(audit: &Audit, elves: &[ElfMember]) -> Vec<Blame> {
    let mut found = Vec::new();
    let inside = Inside::new(
        &audit.graph,
        elves.len(),
        &audit.externals,
        audit.verdict.repaired,
    );
    let members = elves
        .iter()
        .zip(&audit.judged)
        .enumerate()
        .filter(|(_, (_, judged))| **judged);
    for (node, (elf, _)) in members {
        let needer = Needer {
            node,
            name: &elf.path,
            facts: &elf.facts,
        };
        of_file(audit, &inside, &needer, &mut found);
    }
    for external in &audit.externals {
        if let Provider::Node(node) = external.provider
            && inside.grafts().any(|graft| graft == node)
            && let Some(facts) = audit.graph.facts(node, elves)
        {
            let needer = Needer {
                node,
                name: &external.soname,
                facts,
            };
            of_file(audit, &inside, &needer, &mut found);
        }
    }
    found.extend(
        audit
            .verdict
            .forbidden_symbols
            .iter()
            .map(|forbidden| Blame {
                since: forbidden.since,
                file: forbidden.file.clone(),
                symbol: Some(forbidden.symbol.clone()),
                version: String::new(),
                library: forbidden.library.clone(),
            }),
    );
    sort(&mut found);
    found.dedup();
    found
}

/// Worst first, then by name.
fn sort(found: &mut [Blame]) {
    found.sort_by(|left, right| {
        let key = |blame: &Blame| {
            (
                blame.file.clone(),
                blame.library.clone(),
                blame.version.clone(),
                blame.symbol.clone(),
            )
        };
        right
            .since
            .cmp(&left.since)
            .then_with(|| key(left).cmp(&key(right)))
    });
}

/// A file whose needs are looked at.
struct Needer<'a> {
    node: NodeId,
    name: &'a str,
    facts: &'a Facts,
}

fn of_file(audit: &Audit, inside: &Inside<'_>, needer: &Needer<'_>, found: &mut Vec<Blame>) {
    let system = |library: &str| !is_loader(library) && !inside.provides(needer.node, library);
    let best = Since::Rung(audit.scale.best());
    let newer = |version: &str| audit.scale.version(version).filter(|since| *since > best);
    let mut bound: Vec<(&str, &str)> = Vec::new();
    for import in needer.facts.imports() {
        let Some((version, library)) = import.version else {
            continue;
        };
        let Some(since) = newer(version).filter(|_| system(library)) else {
            continue;
        };
        bound.push((library, version));
        found.push(Blame {
            since,
            file: needer.name.to_owned(),
            symbol: Some(import.name.to_owned()),
            version: version.to_owned(),
            library: library.to_owned(),
        });
    }
    bound.sort_unstable();
    bound.dedup();
    let needs = needer.facts.version_needs.iter();
    for need in needs.filter(|need| system(&need.library)) {
        for version in &need.versions {
            let unbound = bound
                .binary_search(&(need.library.as_str(), version.name.as_str()))
                .is_err();
            if let (true, Some(since)) = (unbound, newer(&version.name)) {
                found.push(Blame {
                    since,
                    file: needer.name.to_owned(),
                    symbol: None,
                    version: version.name.clone(),
                    library: need.library.clone(),
                });
            }
        }
    }
}
