//! A library that is another one than it was linked with, of the same name: it has none of the
//! functions that a file takes from it, so no copy of it could make the file load.
//!
//! Told only where nothing else can be the case. A file that binds at load needs all of its functions
//! then, and one without a version may come from every file in its scope. What a process has besides
//! (plug-ins take functions from their program) is not known: so only functions named after the
//! library are held against it.
//!
//! Loader: glibc, `elf/dl-lookup.c` (`_dl_lookup_symbol_x`: "undefined symbol").

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::extension::python_extension;
use crate::elf::soname::stem;
use crate::elf::{Facts, defines_any};
use crate::finding::Finding;
use crate::host::FoundBy;
use crate::platform::linux::resolve::{Edge, NodeId, Origin, Target};
use crate::repair::graft::Question;
use crate::repair::graft::source::{Source, label};
use crate::shell::shell_word;

/// Parts of C libraries and of gcc: all that they define has versions or well-known names.
const KNOWN_OUTSIDE: [&str; 13] = [
    "libanl",
    "libatomic",
    "libc",
    "libcrypt",
    "libdl",
    "libgcc_s",
    "libm",
    "libnsl",
    "libpthread",
    "libresolv",
    "librt",
    "libstdc++",
    "libutil",
];
/// Names shorter than that are in many functions by chance.
const SHORTEST_NAME: usize = 3;
/// How many functions are told.
const TOLD: usize = 3;

/// One finding for each library that comes in and has none of the functions that a file takes from it.
pub(in crate::repair) fn findings(
    question: &Question<'_>,
    sources: &BTreeMap<NodeId, Source>,
) -> Vec<Finding> {
    let case = Case { question, sources };
    let members = question.audit.judged.iter().enumerate();
    let members = members.filter_map(|(node, judged)| judged.then_some(node));
    let mut lacks: BTreeMap<NodeId, Vec<Lack<'_>>> = BTreeMap::new();
    for user in members.chain(sources.keys().copied()) {
        let Some(facts) = case.bound_at_load(user) else {
            continue;
        };
        for edge in case.edges(user) {
            if let Target::Node(library, found_by) = &edge.target
                && sources.contains_key(library)
                && let Some(functions) = case.lacks((user, facts), *library, &edge.soname)
            {
                lacks.entry(*library).or_default().push(Lack {
                    user,
                    soname: &edge.soname,
                    found_by,
                    functions,
                });
            }
        }
    }
    let found = lacks.iter();
    let found = found.filter_map(|(library, lacks)| case.finding(sources.get(library)?, lacks));
    found.collect()
}

/// What one file takes from a library that has none of it.
struct Lack<'a> {
    user: NodeId,
    /// The name by which it needs the library.
    soname: &'a str,
    found_by: &'a FoundBy,
    functions: Vec<&'a str>,
}

struct Case<'a> {
    question: &'a Question<'a>,
    sources: &'a BTreeMap<NodeId, Source>,
}

impl<'a> Case<'a> {
    /// The facts of a file that needs all of its functions when it is loaded, and is no extension:
    /// those take functions from Python and from each other.
    fn bound_at_load(&self, node: NodeId) -> Option<&'a Facts> {
        let facts = self.facts(node)?;
        let member = self.question.wheel.elves.get(node);
        let extension = member.is_some_and(|elf| python_extension(elf).is_some());
        (facts.binds_at_load && !extension).then_some(facts)
    }

    fn facts(&self, node: NodeId) -> Option<&'a Facts> {
        match &self.question.audit.graph.nodes.get(node)?.origin {
            Origin::Member(member) => Some(&self.question.wheel.elves.get(*member)?.facts),
            Origin::Host(library) => Some(&library.facts),
        }
    }

    fn edges(&self, node: NodeId) -> &'a [Edge] {
        let node = self.question.audit.graph.nodes.get(node);
        node.map_or(&[], |node| &node.edges)
    }

    /// The functions that `user` takes from `library`, which it needs as `soname`, if it is sure that
    /// nothing has them.
    fn lacks(
        &self,
        (user, facts): (NodeId, &'a Facts),
        library: NodeId,
        soname: &str,
    ) -> Option<Vec<&'a str>> {
        let name = plain_name(soname)?;
        let taken: BTreeSet<&str> = taken(facts).collect();
        let named = |function: &&str| function.to_ascii_lowercase().contains(&name);
        let lacks: BTreeSet<&str> = taken.iter().copied().filter(named).collect();
        if lacks.is_empty() || self.define(&self.scope(library)?, &taken) {
            return None;
        }
        let mut others = self.scope(user)?;
        // One that was opened before may give its functions to all.
        others.extend(0..self.question.wheel.elves.len());
        (!self.define(&others, &lacks)).then(|| lacks.into_iter().collect())
    }

    /// The files that are loaded with `node`, itself included, but for the C library and its like;
    /// `None` if there is one of unknown content.
    fn scope(&self, node: NodeId) -> Option<BTreeSet<NodeId>> {
        let inside =
            |id: NodeId| id < self.question.wheel.elves.len() || self.sources.contains_key(&id);
        let mut scope = BTreeSet::from([node]);
        let mut pending = vec![node];
        while let Some(node) = pending.pop() {
            if !self.facts(node)?.loads_also.is_empty() {
                return None;
            }
            for edge in self.edges(node) {
                let targets = match edge.target {
                    Target::Loader | Target::Libpython => continue,
                    Target::Node(id, _) => edge.also.iter().copied().chain([id]),
                    _ if is_known_outside(&edge.soname) => continue,
                    _ => return None,
                };
                for id in targets {
                    if inside(id) {
                        if scope.insert(id) {
                            pending.push(id);
                        }
                    } else if !is_known_outside(&edge.soname) {
                        return None;
                    }
                }
            }
        }
        Some(scope)
    }

    /// Whether one of `files` defines one of `names`, or cannot be read (which is told elsewhere).
    fn define(&self, files: &BTreeSet<NodeId>, names: &BTreeSet<&str>) -> bool {
        files
            .iter()
            .any(|file| self.defines(*file, names).unwrap_or(true))
    }

    fn defines(&self, file: NodeId, names: &BTreeSet<&str>) -> Option<bool> {
        let Question { wheel, host, .. } = self.question;
        let defines = match &self.question.audit.graph.nodes.get(file)?.origin {
            Origin::Member(member) => {
                let image = wheel.image(wheel.elves.get(*member)?.member).ok()?;
                defines_any(&image, names)
            }
            Origin::Host(library) => defines_any(&host.image(library).ok()?, names),
        };
        defines.ok()
    }

    fn finding(&self, source: &Source, lacks: &[Lack<'_>]) -> Option<Finding> {
        let (first, others) = lacks.split_first()?;
        let node = self.question.audit.graph.nodes.get(first.user)?;
        let soname = first.soname;
        let told: Vec<&str> = first.functions.iter().take(TOLD).copied().collect();
        let more = match first.functions.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let others = match others.len() {
            0 => String::new(),
            1 => "; so does 1 more file".to_owned(),
            number => format!("; so do {number} more files"),
        };
        let message = format!(
            "takes {}{more} from {soname}, and {} (found through {}) defines none of them: that is \
             another library of this name, with which it does not load{others}",
            told.join(", "),
            source.library.path.display(),
            first.found_by,
        );
        let help = format!(
            "give the {soname} that it was linked with: --lib-path DIR\n\
             if that is on every machine that this is for: --exclude {}",
            shell_word(soname)
        );
        let finding = Finding::error("lib-lacks-symbols", message);
        let user = label(self.question.wheel, &node.origin);
        Some(finding.at(user).help(help))
    }
}

/// The functions that a file must get from others, whoever they are. Python's own come from Python.
fn taken(facts: &Facts) -> impl Iterator<Item = &str> {
    let imports = facts.imports();
    let taken = imports.filter(|import| {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        import.function
            && !import.weak
            && import.version.is_none()
            && !import.name.starts_with("Py")
            && !import.name.starts_with("_Py")
            && import.name.bytes().all(plain)
    });
    taken.map(|import| import.name)
}

/// `hwloc` for `libhwloc.so.15`: what its functions are called after, in lower case. `None` if that
/// is too short to tell.
fn plain_name(soname: &str) -> Option<String> {
    let stem = stem(soname);
    let name = stem.strip_prefix("lib").unwrap_or(stem);
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (name.len() >= SHORTEST_NAME).then(|| name.to_ascii_lowercase())
}

/// Whether a library outside defines nothing that a file takes from one that comes in.
fn is_known_outside(soname: &str) -> bool {
    let stem = stem(soname);
    KNOWN_OUTSIDE.contains(&stem) || stem.starts_with("libc.musl-")
}
