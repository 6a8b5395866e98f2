//! Libraries brought into the wheel: where they go, and how the copies differ.

pub(in crate::repair) mod clash;
pub(crate) mod install_part;
pub(crate) mod origin;
pub(crate) mod purl;
pub(in crate::repair) mod source;
pub(in crate::repair) mod wrong_library;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::audit::Audit;
use crate::elf::{Edit, Facts, RpathEdit};
use crate::finding::Finding;
use crate::fnmatch::Pattern;
use crate::host::{Host, HostLibrary};
use crate::platform::linux::layout::{naming, rpath};
use crate::platform::linux::policy::Rung;
use crate::platform::linux::resolve::{NodeId, Target};
use crate::platform::linux::search_path::{self, Loader, WheelDir};
use crate::repair::RepairOptions;
use crate::wheel::Wheel;
use install_part::InstallPart;
use origin::Package;
use source::Source;

/// A library to bring in.
#[derive(Clone, Debug)]
pub struct Graft {
    /// The names by which it is needed, sorted.
    pub sonames: Vec<String>,
    /// Its file.
    pub library: Arc<HostLibrary>,
    /// Its node in the graph.
    pub node: NodeId,
    /// SHA-256 of that file.
    pub sha256: [u8; 32],
    /// The name by which the wheel's files need it, which is its file name too.
    pub new_soname: String,
    /// Its path in the wheel.
    pub member: String,
    /// How the copy differs from the file.
    pub edit: Edit,
    /// Who needs it: member paths and file names of other libraries, sorted.
    pub needed_by: Vec<String>,
    /// Member paths of the other grafts that it needs, sorted.
    pub needs: Vec<String>,
    /// Where its file was, without the folders of the build machine's user.
    pub source_path: String,
    /// The package that it came from.
    pub package: Option<Package>,
}

impl Graft {
    /// The name it is known by: its own soname, or else its file's name.
    pub fn plain_name(&self) -> String {
        self.library.name()
    }
}

/// Where a library of the graph is in the repaired wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name to need it by.
    pub name: String,
    /// Its folder in an installation.
    pub dir: WheelDir,
    /// Its path in the wheel.
    pub member: String,
}

/// The plan for all libraries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grafts {
    /// What is added, by member path.
    pub list: Vec<Graft>,
    /// Every library that is grafted, those included that are in the wheel already; and members that
    /// give way to others.
    pub places: Places,
    /// Whether a library was brought in that only `dlopen` asks for.
    pub for_dlopen: bool,
}

/// Where libraries are, for those who need them from each part of an installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(BTreeMap<(NodeId, InstallPart), Place>);

impl Places {
    /// Where the file `node` is for who needs it from `realm`.
    pub(crate) fn get(&self, node: NodeId, part: &InstallPart) -> Option<&Place> {
        let own = self.0.get(&(node, part.clone()));
        own.or_else(|| self.0.get(&(node, InstallPart::Site)))
    }
}

/// What the grafts are planned from.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The wheel.
    pub wheel: &'a Wheel,
    /// Its judgement.
    pub audit: &'a Audit,
    /// Where the libraries are.
    pub host: &'a Host,
    /// The tag to graft for; `None`: everything that no tag allows outside.
    pub rung: Option<Rung>,
    /// The folder in the wheel.
    pub libs_dir: &'a str,
    /// What was asked.
    pub options: &'a RepairOptions,
    /// Where members are that others take the place of.
    pub replaced: &'a BTreeMap<NodeId, Place>,
}

/// Plans all grafts.
///
/// # Errors
/// One finding for each library that is missing, unreadable, not wanted, or cannot be named.
pub(crate) fn plan(
    question: &Question<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Grafts, Vec<Finding>> {
    let sources = source::all(question)?;
    let included = included(question);
    let mut places = places(question, &sources, &included);
    let own: Vec<(NodeId, InstallPart)> = places.0.keys().cloned().collect();
    let replaced = question.replaced.iter();
    places
        .0
        .extend(replaced.map(|(node, place)| ((*node, InstallPart::Site), place.clone())));
    let grafts = own.iter().filter_map(|(node, part)| {
        let source = sources.get(node)?;
        graft(question, (*node, part), source, &places)
    });
    let mut list: Vec<Graft> = grafts.collect();
    list.sort_by(|left, right| left.member.cmp(&right.member));
    // One file reached by two paths (links, copies): one member serves both.
    list.dedup_by(|later, earlier| {
        let same = later.member == earlier.member && later.sha256 == earlier.sha256;
        if same {
            merge(&mut earlier.sonames, &mut later.sonames);
            merge(&mut earlier.needed_by, &mut later.needed_by);
        }
        same
    });
    let mut list = clash::settle(question, list, findings)?;
    let libraries: Vec<&HostLibrary> = list.iter().map(|graft| graft.library.as_ref()).collect();
    let packages = origin::packages(question.host, &libraries);
    for (graft, package) in list.iter_mut().zip(packages) {
        graft.package = package;
    }
    Ok(Grafts {
        list,
        places,
        for_dlopen: included.values().any(Option::is_none),
    })
}

fn merge(into: &mut Vec<String>, from: &mut Vec<String>) {
    into.append(from);
    into.sort();
    into.dedup();
}

/// The libraries of `--include`, with the folder if one was named.
fn included<'a>(question: &Question<'a>) -> BTreeMap<NodeId, Option<&'a str>> {
    let edges = question.audit.graph.included.iter();
    let nodes = edges.filter_map(|edge| match edge.target {
        Target::Node(node, _) => Some((node, edge.soname.as_str())),
        _ => None,
    });
    let folder_of = |library: &str| {
        let mut asked = question.options.include.iter();
        asked
            .find(|include| include.library == library)
            .and_then(|include| include.folder.as_deref())
    };
    nodes
        .map(|(node, library)| (node, folder_of(library)))
        .collect()
}

fn places(
    question: &Question<'_>,
    sources: &BTreeMap<NodeId, Source>,
    included: &BTreeMap<NodeId, Option<&str>>,
) -> Places {
    let plain: Vec<Pattern> = question
        .options
        .no_mangle
        .iter()
        .map(Pattern::new)
        .collect();
    let unnamed: Vec<naming::Unnamed> =
        sources
            .iter()
            .map(|(node, source)| {
                // Whoever opens a library by name knows only that name.
                let opened_as =
                    question.audit.graph.included.iter().find(
                        |edge| matches!(edge.target, Target::Node(target, _) if target == *node),
                    );
                let keeps = match opened_as {
                    Some(edge) => Some(source::file_name(edge.soname.as_ref())),
                    None => source.matches_any(&plain).then(|| source.library.name()),
                };
                naming::Unnamed {
                    node: *node,
                    file_name: source::file_name(&source.library.real_path),
                    sha256: source.sha256,
                    needs: needs_of(question, *node, sources),
                    keeps,
                }
            })
            .collect();
    let install_parts = install_part::of_grafts(question, sources);
    let mut places = BTreeMap::new();
    for (node, name) in naming::name_all(&unnamed) {
        let install_parts = install_parts.get(&node).cloned();
        for part in install_parts.unwrap_or_else(|| BTreeSet::from([InstallPart::Site])) {
            let asked = included.get(&node).copied().flatten();
            let (dir, root) = match (asked, &part) {
                (Some(folder), InstallPart::Site) => {
                    (WheelDir::Site(folder.to_owned()), String::new())
                }
                _ => install_part::home(question, &part),
            };
            let folder = match dir.path() {
                "" => String::new(),
                folder => format!("{folder}/"),
            };
            let member = format!("{root}{folder}{name}");
            let name = name.clone();
            places.insert((node, part), Place { name, dir, member });
        }
    }
    Places(places)
}

/// The grafted libraries that a graft needs itself.
fn needs_of(
    question: &Question<'_>,
    node: NodeId,
    sources: &BTreeMap<NodeId, Source>,
) -> BTreeSet<NodeId> {
    let Some(node) = question.audit.graph.nodes.get(node) else {
        return BTreeSet::new();
    };
    let targets = node.edges.iter().filter_map(|edge| match edge.target {
        Target::Node(id, _) => Some(id),
        _ => None,
    });
    targets.filter(|id| sources.contains_key(id)).collect()
}

fn graft(
    question: &Question<'_>,
    (node, part): (NodeId, &InstallPart),
    source: &Source,
    places: &Places,
) -> Option<Graft> {
    let place = places.get(node, part)?;
    let facts = &source.library.facts;
    let keeps_name = facts.soname.as_deref() == Some(place.name.as_str())
        || source.library.path.file_name() == Some(place.name.as_ref());
    let mut edit = Edit {
        soname: (!keeps_name).then(|| place.name.clone()),
        strip: question.options.strip,
        clear_execstack: question.options.clear_execstack && facts.wants_executable_stack(),
        ..Edit::default()
    };
    let mut ways: Vec<String> = Vec::new();
    let mut outside = false;
    let mut needs = BTreeSet::new();
    for edge in &question.audit.graph.nodes.get(node)?.edges {
        match &edge.target {
            Target::Node(id, _) => {
                let inside = places.get(*id, part).cloned();
                needs.extend(inside.as_ref().map(|place| place.member.clone()));
                if let Some(needed) = inside.or_else(|| member_place(question.wheel, *id)) {
                    if needed.name != edge.soname {
                        edit.replace_needed.insert(edge.soname.clone(), needed.name);
                    }
                    ways.extend(place.dir.way_to(&needed.dir));
                }
            }
            Target::Libpython => {
                edit.remove_needed.insert(edge.soname.clone());
            }
            Target::Excluded { .. } => outside = true,
            Target::Missing(_) | Target::Loader => {}
        }
    }
    edit.rpath = search_path(question, facts, &place.dir, ways, outside);
    Some(Graft {
        sonames: source.sonames.iter().cloned().collect(),
        library: Arc::clone(&source.library),
        node,
        sha256: source.sha256,
        member: place.member.clone(),
        new_soname: place.name.clone(),
        edit,
        needed_by: source::needed_by(question, node),
        needs: needs.into_iter().collect(),
        source_path: origin::source_path(question.host, &source.library.real_path),
        package: None,
    })
}

/// Where a library is that the wheel has already.
pub(in crate::repair) fn member_place(wheel: &Wheel, node: NodeId) -> Option<Place> {
    let elf = wheel.elves.get(node)?;
    let (dir, name) = WheelDir::of(&elf.installed);
    Some(Place {
        name: name.to_owned(),
        dir,
        member: elf.path.clone(),
    })
}

/// The search path of a copy: none of the original's entries mean anything in the wheel, unless
/// `--keep-rpath` says so.
fn search_path(
    question: &Question<'_>,
    facts: &Facts,
    own_dir: &WheelDir,
    ways: Vec<String>,
    outside: bool,
) -> RpathEdit {
    let options = &question.options.rpath;
    let keep: Vec<Pattern> = options.keep.iter().map(Pattern::new).collect();
    let (libc, arch) = (question.audit.libc, question.audit.arch);
    let loader = Loader { libc, arch };
    let current = search_path::current(facts).map(|(_, list)| list);
    let mut path: Vec<String> = Vec::new();
    let kept = current
        .into_iter()
        .flat_map(|list| loader.split(list))
        .filter(|entry| entry.starts_with('/') && keep.iter().any(|glob| glob.matches(entry)))
        .map(str::to_owned);
    let asked = outside || (!question.options.include.is_empty() && imports_dlopen(facts));
    let asked = options.add.iter().filter(|_| asked);
    // `$ORIGIN` of the wheel's files is not that of a copy.
    let asked = asked
        .filter(|add| !add.starts_with('$'))
        .filter_map(|add| rpath::requested(add, own_dir, loader));
    for entry in kept.chain(ways).chain(asked) {
        if !path.contains(&entry) {
            path.push(entry);
        }
    }
    if !path.is_empty() {
        let kind = options.kind.unwrap_or_else(|| search_path::kind_for(libc));
        RpathEdit::Set(kind, path.join(":"))
    } else if current.is_some() {
        RpathEdit::Remove
    } else {
        RpathEdit::Keep
    }
}

/// Whether the file opens libraries by name.
pub(in crate::repair) fn imports_dlopen(facts: &Facts) -> bool {
    facts
        .imports()
        .any(|import| matches!(import.name, "dlopen" | "dlmopen" | "android_dlopen_ext"))
}
