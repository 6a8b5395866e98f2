//! Which symbol of which file forces which tag.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Audit;
use crate::audit::input::Input;
use crate::audit::libraries::chains::Chains;
use crate::audit::libraries::external::{Inside, Provider};
use crate::audit::libraries::missing::names;
use crate::elf::Facts;
use crate::finding::Evidence;
use crate::platform::linux::policy::markers::marker;
use crate::platform::linux::policy::{Rung, Since};
use crate::platform::linux::resolve::NodeId;

/// One symbol that forces a newer tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The tag it forces; [`Since::Never`]: no tag allows it.
    pub since: Since,
    /// The member, or the soname of a library that would be grafted.
    pub file: String,
    /// For a library that would be grafted, who needs it: a member's path, then sonames, the
    /// library's own last. Empty for a member.
    pub chain: Vec<String>,
    /// The symbol; `None` if no symbol is bound to the version.
    pub symbol: Option<String>,
    /// Such as `GLIBC_2.34`; empty for a forbidden symbol.
    pub version: String,
    /// The library that provides it.
    pub library: String,
}

impl Blame {
    /// The file, by the chain that leads to it: `_x.so → libfoo.so.1`.
    pub fn who(&self) -> String {
        if self.chain.is_empty() {
            return self.file.clone();
        }
        self.chain.join(" → ")
    }
}

/// The same with the names of tags.
pub(crate) fn evidence(audit: &Audit, blame: Vec<Blame>) -> Vec<Evidence> {
    let entries = blame.into_iter().map(|one| Evidence {
        tag: audit.candidates.tag_name(one.since),
        file: one.file,
        chain: one.chain,
        symbol: one.symbol,
        version: one.version,
        library: one.library,
    });
    entries.collect()
}

/// Every symbol that forces a tag newer than the best, worst first: in members, and in what a
/// repair for `tag` would bring in.
pub(crate) fn blame(audit: &Audit, input: &Input<'_>, tag: Since) -> Vec<Blame> {
    let mut found = Vec::new();
    let members = input.elves.len();
    let inside = Inside::new(&audit.graph, members, &audit.externals, tag);
    let members = input.elves.iter().zip(&audit.judged).enumerate();
    for (node, (elf, _)) in members.filter(|(_, (_, judged))| **judged) {
        let about = About {
            node,
            file: &elf.path,
            chain: &[],
            facts: &elf.facts,
        };
        about.add(audit, &inside, &mut found);
    }
    of_grafts(audit, input, &inside, tag, &mut found);
    let forbidden = audit.verdict.forbidden_symbols.iter();
    found.extend(forbidden.map(|forbidden| Blame {
        since: forbidden.since,
        file: forbidden.file.clone(),
        chain: Vec::new(),
        symbol: Some(forbidden.symbol.clone()),
        version: String::new(),
        library: forbidden.library.clone(),
    }));
    found.sort_by(|left, right| {
        right
            .since
            .cmp(&left.since)
            .then_with(|| left.file.cmp(&right.file))
            .then_with(|| left.library.cmp(&right.library))
            .then_with(|| left.version.cmp(&right.version))
            .then_with(|| left.symbol.cmp(&right.symbol))
    });
    found.dedup();
    found
}

/// What the libraries that a repair would bring in ask for.
fn of_grafts(
    audit: &Audit,
    input: &Input<'_>,
    inside: &Inside<'_>,
    tag: Since,
    found: &mut Vec<Blame>,
) {
    let chains = Chains::of_grafts(audit, tag);
    let grafts = audit.externals.iter();
    for external in grafts.filter(|external| external.grafted_at(tag)) {
        if let Provider::Node(node) = external.provider
            && let Some(facts) = audit.graph.facts(node, input.elves)
        {
            let about = About {
                node,
                file: &external.soname,
                chain: &names(audit, input, &chains.to(node)),
                facts,
            };
            about.add(audit, inside, found);
        }
    }
}

/// Whom a [`Blame`] is about.
#[derive(Clone, Copy)]
struct About<'a> {
    node: NodeId,
    file: &'a str,
    chain: &'a [String],
    facts: &'a Facts,
}

impl About<'_> {
    fn blame(self, since: Since, library: &str, version: &str, symbol: Option<&str>) -> Blame {
        Blame {
            since,
            file: self.file.to_owned(),
            chain: self.chain.to_vec(),
            symbol: symbol.map(str::to_owned),
            version: version.to_owned(),
            library: library.to_owned(),
        }
    }

    fn add(self, audit: &Audit, inside: &Inside<'_>, found: &mut Vec<Blame>) {
        let system = |library: &str| !inside.provides(self.node, library);
        let best = Since::Rung(audit.candidates.best());
        let newer = |library: &str, version: &str| {
            let since = audit.candidates.version(library, version);
            since.filter(|since| *since > best)
        };
        let mut bound: BTreeSet<(&str, &str)> = BTreeSet::new();
        for import in self.facts.imports() {
            let Some((version, library)) = import.version else {
                continue;
            };
            if let Some(since) = newer(library, version).filter(|_| system(library)) {
                bound.insert((library, version));
                found.push(self.blame(since, library, version, Some(import.name)));
            }
        }
        let needs = self.facts.version_needs.iter();
        for need in needs.filter(|need| system(&need.library)) {
            for version in &need.versions {
                let unbound = !bound.contains(&(need.library.as_str(), version.name.as_str()));
                if let (true, Some(since)) = (unbound, newer(&need.library, &version.name)) {
                    found.push(self.blame(since, &need.library, &version.name, None));
                }
            }
        }
    }
}

/// All that one version of one library is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    /// The tag that it forces.
    pub since: Since,
    /// Such as `GLIBC_2.34`; empty for forbidden symbols.
    pub version: &'a str,
    /// The library that provides it.
    pub library: &'a str,
    /// Who asks, in the words of [`Blame::who`], and for which symbols.
    pub files: Vec<(String, Vec<&'a str>)>,
}

/// Groups by version and library, worst first: of the versions that force one tag the newest.
pub(crate) fn groups(blame: &[Blame]) -> Vec<Group<'_>> {
    type Key<'a> = (Reverse<(Since, Vec<u64>)>, &'a str, &'a str);
    type Files<'a> = BTreeMap<&'a str, (&'a Blame, Vec<&'a str>)>;
    let mut found: BTreeMap<Key<'_>, Files<'_>> = BTreeMap::new();
    for one in blame {
        let key = (
            Reverse((one.since, numbers(&one.version))),
            one.version.as_str(),
            one.library.as_str(),
        );
        let files = found.entry(key).or_default();
        let (_, symbols) = files.entry(&one.file).or_insert_with(|| (one, Vec::new()));
        symbols.extend(one.symbol.as_deref());
    }
    let groups = found.into_iter();
    let groups = groups.map(|((Reverse((since, _)), version, library), files)| Group {
        since,
        version,
        library,
        files: files
            .into_values()
            .map(|(one, symbols)| (one.who(), symbols))
            .collect(),
    });
    groups.collect()
}

/// The numbers in a version, to tell which of two is newer.
fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

impl Group<'_> {
    /// `GLIBC_2.34 of libc.so.6`.
    pub(crate) fn what(&self) -> String {
        if self.version.is_empty() {
            return format!("forbidden symbols of {}", self.library);
        }
        format!("{} of {}", self.version, self.library)
    }
}

/// The first `limit` of the symbols that are bound to `version`, and how many more there are; for a
/// marker of the linker, what does without it.
pub(crate) fn abbreviate(version: &str, symbols: &[&str], limit: usize) -> String {
    if symbols.is_empty() {
        return match marker(version) {
            Some(marker) => format!("{}; {} to do without", marker.because, marker.remedy),
            None => "(no symbol is bound to it)".to_owned(),
        };
    }
    let mut list = symbols
        .iter()
        .take(limit)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = symbols.len().saturating_sub(limit);
    if more > 0 {
        list = format!("{list}, … {more} more");
    }
    list
}

/// The worst of `blame` in at most `limit` lines, and how many more there are.
pub(crate) fn lines(audit: &Audit, blame: &[Blame], limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for group in groups(blame) {
        let tag = audit.candidates.tag_name(group.since);
        for (who, symbols) in &group.files {
            let symbols = abbreviate(group.version, symbols, 3);
            lines.push(format!("{tag}: {who} needs {}: {symbols}", group.what()));
        }
    }
    let more = lines.len().saturating_sub(limit);
    if more > 0 {
        lines.truncate(limit);
        lines.push(format!("… {more} more; audit show -v tells all"));
    }
    lines
}

/// What a wheel falls short by at one step of the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The tag that is forced.
    pub since: Since,
    /// The best tag that would be left without what forces `since`, as far as symbols go.
    pub instead: Rung,
    /// How many symbols (or versions that no symbol is bound to) force it.
    pub symbols: usize,
    /// In how many files.
    pub files: usize,
}

/// One step for each tag that is forced, worst first. `blame` is sorted as [`blame()`] sorts.
pub(crate) fn steps(blame: &[Blame], best: Rung) -> Vec<Step> {
    let groups: Vec<&[Blame]> = blame
        .chunk_by(|left, right| left.since == right.since)
        .collect();
    let mut steps = Vec::with_capacity(groups.len());
    for (index, group) in groups.iter().enumerate() {
        let Some(first) = group.first() else {
            continue;
        };
        let below = groups.get(index.saturating_add(1)).and_then(|g| g.first());
        let instead = match below.map(|blame| blame.since) {
            Some(Since::Rung(rung)) => rung,
            Some(Since::Never) | None => best,
        };
        steps.push(Step::of(group, first.since, instead));
    }
    steps
}

impl Step {
    /// What it would take to get rid of all of `blame`, which leads to `since`.
    pub(crate) fn of(blame: &[Blame], since: Since, instead: Rung) -> Self {
        let symbols = blame.iter();
        let symbols = symbols.map(|blame| (&blame.library, &blame.version, &blame.symbol));
        let files = blame.iter().map(|blame| &blame.file);
        Self {
            since,
            instead,
            symbols: symbols.collect::<BTreeSet<_>>().len(),
            files: files.collect::<BTreeSet<_>>().len(),
        }
    }

    /// `3 symbols in 1 file keep this wheel from manylinux_2_17`.
    pub(crate) fn sentence(&self, audit: &Audit, noun: &str) -> String {
        let instead = audit.candidates.tag_name(Since::Rung(self.instead));
        let arch = format!("_{}", audit.libc.arch_suffix(audit.arch));
        let verb = if self.symbols == 1 { "keeps" } else { "keep" };
        format!(
            "{} in {} {verb} this {noun} from {}",
            count(self.symbols, "symbol"),
            count(self.files, "file"),
            instead.strip_suffix(&arch).unwrap_or(&instead)
        )
    }
}

/// `1 file`, `2 files`, `3 libraries`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(since: Since, file: &str, symbol: &str) -> Blame {
        Blame {
            since,
            file: file.to_owned(),
            chain: Vec::new(),
            symbol: Some(symbol.to_owned()),
            version: "GLIBC_2.34".to_owned(),
            library: "libc.so.6".to_owned(),
        }
    }

    #[test]
    fn each_step_counts_what_stands_before_the_next() {
        let blame = [
            at(Since::Never, "a.so", "x"),
            at(Since::Rung(7), "a.so", "open"),
            at(Since::Rung(7), "b.so", "open"),
            at(Since::Rung(7), "b.so", "read"),
            at(Since::Rung(3), "b.so", "stat"),
        ];
        let steps = steps(&blame, 0);
        let plain: Vec<_> = steps
            .iter()
            .map(|step| (step.since, step.instead, step.symbols, step.files))
            .collect();
        assert_eq!(
            plain,
            [
                (Since::Never, 7, 1, 1),
                (Since::Rung(7), 3, 2, 2),
                (Since::Rung(3), 0, 1, 1)
            ]
        );
    }

    #[test]
    fn the_newest_version_of_a_step_comes_first() {
        let with = |version: &str| Blame {
            version: version.to_owned(),
            ..at(Since::Rung(7), "a.so", "open")
        };
        let blame = ["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.10"].map(with);
        let groups = groups(&blame);
        let versions: Vec<_> = groups.iter().map(|group| group.version).collect();
        assert_eq!(versions, ["GLIBC_2.34", "GLIBC_2.10", "GLIBC_2.9"]);
    }

    #[test]
    fn a_marker_is_told_by_what_does_without_it() {
        assert_eq!(
            abbreviate("GLIBC_ABI_DT_RELR", &[], 3),
            "its relocations are packed (DT_RELR); link with -Wl,-z,nopack-relative-relocs to do without"
        );
        assert_eq!(
            abbreviate("GLIBC_2.34", &[], 3),
            "(no symbol is bound to it)"
        );
        assert_eq!(abbreviate("GLIBC_2.34", &["a", "b"], 1), "a, … 1 more");
    }

    #[test]
    fn a_graft_is_told_by_its_chain() {
        let mut graft = at(Since::Never, "libssl.so.3", "x");
        assert_eq!(graft.who(), "libssl.so.3");
        graft.chain = vec!["_x.so".to_owned(), "libssl.so.3".to_owned()];
        assert_eq!(graft.who(), "_x.so → libssl.so.3");
    }
}
