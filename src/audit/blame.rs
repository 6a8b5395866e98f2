//! Which symbol of which file forces which tag.

use super::Audit;
use super::external::Provider;
use super::verdict::is_loader;
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
    let members = elves
        .iter()
        .zip(&audit.judged)
        .filter(|(_, judged)| **judged);
    for (elf, _) in members {
        of_file(audit, &elf.path, &elf.facts, &mut found);
    }
    for external in &audit.externals {
        let grafted = match audit.verdict.repaired {
            Since::Rung(rung) => external.needed_for(rung),
            Since::Never => external.until == Since::Never,
        };
        if let (true, Provider::Node(node)) = (grafted, external.provider)
            && let Some(facts) = audit.graph.facts(node, elves)
        {
            of_file(audit, &external.soname, facts, &mut found);
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
    found.dedup();
    found
}

fn of_file(audit: &Audit, file: &str, facts: &Facts, found: &mut Vec<Blame>) {
    let best = Since::Rung(audit.scale.best());
    let newer = |version: &str| audit.scale.version(version).filter(|since| *since > best);
    let mut bound: Vec<(&str, &str)> = Vec::new();
    for import in facts.imports() {
        let Some((version, library)) = import.version else {
            continue;
        };
        let Some(since) = newer(version).filter(|_| !is_loader(library)) else {
            continue;
        };
        bound.push((library, version));
        found.push(Blame {
            since,
            file: file.to_owned(),
            symbol: Some(import.name.to_owned()),
            version: version.to_owned(),
            library: library.to_owned(),
        });
    }
    bound.sort_unstable();
    bound.dedup();
    for need in facts
        .version_needs
        .iter()
        .filter(|need| !is_loader(&need.library))
    {
        for version in &need.versions {
            let unbound = bound
                .binary_search(&(need.library.as_str(), version.name.as_str()))
                .is_err();
            if let (true, Some(since)) = (unbound, newer(&version.name)) {
                found.push(Blame {
                    since,
                    file: file.to_owned(),
                    symbol: None,
                    version: version.name.clone(),
                    library: need.library.clone(),
                });
            }
        }
    }
}
