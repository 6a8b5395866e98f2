//! The same library under two names: two copies in memory, each with its own state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::audit::extension::python_extension;
use crate::audit::rules::Case;
use crate::elf::soname::without_hash;
use crate::finding::Finding;
use crate::platform::linux::resolve::{NodeId, Target};
use crate::wheel::ElfMember;

/// Size, CRC, and the hash where it was taken.
type Content = (u64, u32, Option<[u8; 32]>);

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = same_content(case);
    findings.extend(same_library(case));
    findings
}

/// The members by content; those of loose files are taken for different ones.
fn by_content<'a>(case: &Case<'a>) -> BTreeMap<Content, Vec<(NodeId, &'a ElfMember)>> {
    let mut by_content: BTreeMap<Content, Vec<_>> = BTreeMap::new();
    for (node, elf) in case.members() {
        let member = case
            .input
            .wheel
            .and_then(|wheel| wheel.members.get(elf.member));
        let content = match member {
            Some(member) => (member.size, member.crc, member.sha256),
            None => (u64::try_from(node).unwrap_or(u64::MAX), 0, None),
        };
        by_content.entry(content).or_default().push((node, elf));
    }
    by_content
}

/// Members that are byte for byte the same.
fn same_content(case: &Case<'_>) -> Vec<Finding> {
    let groups = by_content(case).into_iter();
    let groups = groups.map(|((size, ..), group)| {
        let paths = group.iter().map(|(_, elf)| elf.path.as_str());
        (size, paths.collect::<Vec<&str>>())
    });
    let mut several: Vec<_> = groups.filter(|(_, paths)| paths.len() > 1).collect();
    several.sort_by(|(_, left), (_, right)| left.cmp(right));
    let told = several.into_iter().map(|(size, paths)| {
        let message = format!(
            "{} are the same file ({} KiB each)",
            paths.join(" and "),
            size.div_ceil(1024)
        );
        let help = "wheels hold no links: ship the name that others need, drop the rest";
        Finding::note("same-file-twice", message).help(help)
    });
    told.collect()
}

/// Libraries that are one but for the hash that repair tools add to the name: each name is loaded by
/// itself.
fn same_library(case: &Case<'_>) -> Vec<Finding> {
    let mut copies = Copies::default();
    let needed = needed(case);
    for (content, group) in by_content(case) {
        for (path, soname) in loaded(&needed, &group) {
            copies.add(soname, &path, Some(content));
        }
    }
    for (_, graft) in case.grafts() {
        copies.add(graft.name, &format!("{} (to be grafted)", graft.name), None);
    }
    copies.findings()
}

/// Of members with the same content, those that a process may load beside each other: files of other
/// names that somebody needs by them, or else one.
fn loaded<'a>(
    needed: &BTreeSet<NodeId>,
    group: &[(NodeId, &'a ElfMember)],
) -> Vec<(String, &'a str)> {
    let libraries = group
        .iter()
        .filter(|(_, elf)| python_extension(elf).is_none());
    let named = libraries.filter_map(|(node, elf)| {
        let soname = elf.facts.soname.as_deref()?;
        Some((*node, elf.path.clone(), soname))
    });
    let named: Vec<_> = named.collect();
    let mut files = BTreeSet::new();
    let loaded = named.iter().filter(|(node, path, _)| {
        let file = path.rsplit('/').next().unwrap_or(path).to_owned();
        needed.contains(node) && files.insert(file)
    });
    let loaded: Vec<_> = loaded
        .map(|(_, path, soname)| (path.clone(), *soname))
        .collect();
    if loaded.is_empty() {
        let first = named.into_iter().next();
        return first
            .map(|(_, path, soname)| (path, soname))
            .into_iter()
            .collect();
    }
    loaded
}

/// What any need leads to.
fn needed(case: &Case<'_>) -> BTreeSet<NodeId> {
    let edges = case.audit.graph.nodes.iter().flat_map(|node| &node.edges);
    let leads = edges.flat_map(|edge| {
        let target = match edge.target {
            Target::Node(target, _) => Some(target),
            _ => None,
        };
        target.into_iter().chain(edge.also.iter().copied())
    });
    leads.collect()
}

/// Libraries by what they are called without a hash and a version.
#[derive(Default)]
struct Copies(BTreeMap<String, Vec<Copy>>);

struct Copy {
    name: Plain,
    /// As people are told.
    label: String,
    content: Option<Content>,
}

impl Copies {
    fn add(&mut self, soname: &str, label: &str, content: Option<Content>) {
        let name = Plain::of(soname);
        let copies = self.0.entry(name.stem.clone()).or_default();
        copies.push(Copy {
            name,
            label: label.to_owned(),
            content,
        });
    }

    fn findings(self) -> Vec<Finding> {
        let groups = self.0.into_values();
        groups.flat_map(|copies| twice(&copies)).collect()
    }
}

/// Each set of copies of one library; `copies` share their stem.
fn twice(copies: &[Copy]) -> Vec<Finding> {
    let mut left: Vec<&Copy> = copies.iter().collect();
    let mut findings = Vec::new();
    while let Some(first) = left.first().copied() {
        let (same, others): (Vec<&Copy>, Vec<&Copy>) =
            left.iter().partition(|other| first.name.is(&other.name));
        left = others;
        if same.len() > 1 {
            findings.push(tell(&same));
        }
    }
    findings
}

fn tell(copies: &[&Copy]) -> Finding {
    let shortest = copies.iter().map(|copy| copy.name.to_string());
    let name = shortest.min_by_key(String::len).unwrap_or_default();
    let labels: Vec<&str> = copies.iter().map(|copy| copy.label.as_str()).collect();
    let equal = copies.iter().all(|copy| {
        copy.content.is_some() && copy.content == copies.first().and_then(|copy| copy.content)
    });
    let what = if equal { "equal files" } else { "copies" };
    let message = format!(
        "there are {} {what} of {name}: {}",
        labels.len(),
        labels.join(", ")
    );
    let help = "two copies in one process have two states; link everything against one of them";
    Finding::warning("lib-twice", message).help(help)
}

/// A soname without the hash of a graft.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plain {
    /// Up to `.so`.
    stem: String,
    /// The numbers after `.so`.
    version: Vec<String>,
    /// A tool has put a hash into the name. It takes the file's name, which tells more of the version
    /// than the soname: `libfoo-1a2b3c4d.so.5.0.0` is a copy of `libfoo.so.5`.
    hashed: bool,
}

impl Plain {
    fn of(soname: &str) -> Self {
        let (name, hashed) = without_hash(soname);
        let (stem, version) = name.split_once(".so").unwrap_or((&name, ""));
        let version = version.split('.').filter(|part| !part.is_empty());
        Self {
            stem: stem.to_owned(),
            version: version.map(str::to_owned).collect(),
            hashed,
        }
    }

    fn is(&self, other: &Self) -> bool {
        let shared = self.version.iter().zip(&other.version);
        let agree = shared.clone().all(|(one, two)| one == two);
        let both = !self.version.is_empty() && !other.version.is_empty();
        let begins = (self.hashed || other.hashed) && agree && both;
        self.stem == other.stem && (self.version == other.version || begins)
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.so", self.stem)?;
        self.version
            .iter()
            .try_for_each(|part| write!(f, ".{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn a_hash_and_what_it_says_more_of_the_version_do_not_tell_two_libraries_apart() {
        let same = [
            ("libfoo-1a2b3c4d.so.1", "libfoo.so.1"),
            ("libfoo-040039e1.so.5.0.0", "libfoo.so.5"),
            ("libfoo-040039e1.so.5.0.0", "libfoo-1a2b3c4d.so.5"),
            ("libfoo-040039e1-cafe0123.so.5.0.0", "libfoo.so.5"),
            ("libglib-2-1a2b3c4d.0.so.0", "libglib-2.0.so.0"),
            (
                "libopenblasp-r0-23e5df77.3.21.dev.so",
                "libopenblasp-r0.3.21.dev.so",
            ),
            ("libfoo.so", "libfoo.so"),
            ("odd", "odd"),
        ];
        let other = [
            ("libfoo.so.1", "libfoo.so.1.2"),
            ("libfoo-1a2b3c4d.so.1", "libfoo.so.2"),
            ("libfoo-1a2b3c4d.so", "libfoo.so.2"),
            ("libfoo-bar.so.1", "libfoo.so.1"),
            ("libgtk-3.so.0", "libgtk-4.so.0"),
        ];
        let is = |(one, two): (&str, &str)| Plain::of(one).is(&Plain::of(two));
        for names in same {
            assert!(is(names), "{names:?}");
        }
        for names in other {
            assert!(!is(names), "{names:?}");
        }
        assert_eq!(
            Plain::of("libfoo-1a2b3c4d.so.5.0").to_string(),
            "libfoo.so.5.0"
        );
    }
}
