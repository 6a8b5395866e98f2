//! Libraries brought into the wheel, and their names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::{RepairOptions, naming};
use crate::audit::external::Provider;
use crate::audit::{Audit, Input, missing};
use crate::deps::{NodeId, Origin, Target};
use crate::elf::{Edit, RpathEdit, RpathKind};
use crate::finding::{Finding, Severity};
use crate::host::{Host, HostLibrary};
use crate::policy::{Rung, Since};
use crate::tag::Libc;
use crate::wheel::Wheel;

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
    /// Its new soname, which is its file name too.
    pub new_soname: String,
    /// Its path in the wheel.
    pub member: String,
    /// How the copy differs from the file.
    pub edit: Edit,
    /// Who needs it: member paths and sonames of other grafts, sorted.
    pub needed_by: Vec<String>,
}

/// What the grafts are planned from.
#[derive(Debug)]
pub struct Question<'a> {
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
}

impl Question<'_> {
    fn grafts_for(&self, until: Since) -> bool {
        match self.rung {
            Some(rung) => until > Since::Rung(rung),
            None => until == Since::Never,
        }
    }
}

/// Plans all grafts, sorted by member path.
///
/// # Errors
/// One finding for each library that is missing, unreadable or cannot be named.
pub fn plan(question: &Question<'_>) -> Result<Vec<Graft>, Vec<Finding>> {
    let mut sonames: BTreeMap<NodeId, BTreeSet<String>> = BTreeMap::new();
    let mut problems = missing(question);
    let wanted = question
        .audit
        .externals
        .iter()
        .filter(|external| !external.driver && question.grafts_for(external.until));
    for external in wanted {
        match external.provider {
            Provider::Node(node) => {
                sonames
                    .entry(node)
                    .or_default()
                    .insert(external.soname.clone());
            }
            Provider::Missing | Provider::Libpython => {}
        }
    }
    let mut sources = BTreeMap::new();
    for (node, names) in sonames {
        match source(question, node, names) {
            Ok(Some(source)) => {
                sources.insert(node, source);
            }
            Ok(None) => {}
            Err(finding) => problems.push(finding),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let unnamed: Vec<naming::Unnamed> = sources
        .iter()
        .map(|(node, source)| naming::Unnamed {
            node: *node,
            file_name: file_name(&source.library.real_path),
            sha256: source.sha256,
            needs: needs_of(question, *node, &sources),
        })
        .collect();
    let names = naming::name_all(&unnamed);
    let mut grafts: Vec<Graft> = sources
        .iter()
        .filter_map(|(node, source)| graft(question, *node, source, &names))
        .collect();
    grafts.sort_by(|left, right| left.member.cmp(&right.member));
    // One file reached by two paths (hard links, copies): one member serves both.
    grafts.dedup_by(|later, earlier| {
        let same = later.member == earlier.member && later.sha256 == earlier.sha256;
        if same {
            earlier.sonames.append(&mut later.sonames);
            earlier.needed_by.append(&mut later.needed_by);
            earlier.needed_by.sort();
            earlier.needed_by.dedup();
        }
        same
    });
    check_names(question, &grafts)?;
    Ok(grafts)
}

struct Source {
    library: Arc<HostLibrary>,
    sha256: [u8; 32],
    sonames: BTreeSet<String>,
}

fn source(
    question: &Question<'_>,
    node: NodeId,
    sonames: BTreeSet<String>,
) -> Result<Option<Source>, Finding> {
    let Some(Origin::Host(library)) = question
        .audit
        .graph
        .nodes
        .get(node)
        .map(|node| &node.origin)
    else {
        return Ok(None);
    };
    let sha256 = question.host.sha256(library).map_err(|error| {
        let message = format!("{} cannot be read: {error}", library.real_path.display());
        Finding::error("lib-unreadable", message)
    })?;
    Ok(Some(Source {
        library: Arc::clone(library),
        sha256,
        sonames,
    }))
}

/// Every library that is needed and was not found.
fn missing(question: &Question<'_>) -> Vec<Finding> {
    let tag = question.rung.map_or(Since::Never, Since::Rung);
    let found = missing::missing(question.audit, &Input::from(question.wheel), tag);
    let findings = found.iter().map(missing::Missing::finding);
    findings
        .map(|finding| finding.with(Severity::Error))
        .collect()
}

/// A node's name for people: the member path, or the file name outside.
fn label(wheel: &Wheel, origin: &Origin) -> String {
    match origin {
        Origin::Member(index) => wheel
            .elves
            .get(*index)
            .map(|elf| elf.path.clone())
            .unwrap_or_default(),
        Origin::Host(library) => file_name(&library.real_path),
    }
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
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
    node: NodeId,
    source: &Source,
    names: &BTreeMap<NodeId, String>,
) -> Option<Graft> {
    let new_soname = names.get(&node)?.clone();
    let mut edit = Edit {
        soname: Some(new_soname.clone()),
        rpath: RpathEdit::Remove,
        strip: question.options.strip,
        ..Edit::default()
    };
    for edge in &question.audit.graph.nodes.get(node)?.edges {
        match edge.target {
            Target::Node(id, _) => {
                if let Some(name) = names.get(&id) {
                    edit.replace_needed
                        .insert(edge.soname.clone(), name.clone());
                }
            }
            Target::Libpython => {
                edit.remove_needed.insert(edge.soname.clone());
            }
            _ => {}
        }
    }
    if !edit.replace_needed.is_empty() {
        edit.rpath = RpathEdit::Set(rpath_kind(question.audit.libc), "$ORIGIN".to_owned());
    }
    Some(Graft {
        sonames: source.sonames.iter().cloned().collect(),
        library: Arc::clone(&source.library),
        node,
        sha256: source.sha256,
        member: format!("{}/{new_soname}", question.libs_dir),
        new_soname,
        edit,
        needed_by: needed_by(question, node),
    })
}

fn needed_by(question: &Question<'_>, graft: NodeId) -> Vec<String> {
    let graph = &question.audit.graph;
    let dependants = graph.nodes.iter().filter(|node| {
        node.edges
            .iter()
            .any(|edge| matches!(edge.target, Target::Node(id, _) if id == graft))
    });
    let labels: BTreeSet<String> = dependants
        .map(|node| label(question.wheel, &node.origin))
        .collect();
    labels.into_iter().collect()
}

/// Android reads only RUNPATH; RPATH also serves what a library loads in turn.
pub fn rpath_kind(libc: Libc) -> RpathKind {
    match libc {
        Libc::Android => RpathKind::Runpath,
        Libc::Glibc | Libc::Musl => RpathKind::Rpath,
    }
}

/// Two grafts, or a graft and a member, must not meet under one name; case-insensitive file
/// systems count.
fn check_names(question: &Question<'_>, grafts: &[Graft]) -> Result<(), Vec<Finding>> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for member in &question.wheel.members {
        taken.insert(member.path.to_lowercase(), &member.path);
    }
    let mut problems = Vec::new();
    let mut sources: BTreeMap<String, &PathBuf> = BTreeMap::new();
    for graft in grafts {
        let key = graft.member.to_lowercase();
        if let Some(member) = taken.get(&key) {
            let message = format!(
                "the name for the copy of {} already exists with other content",
                graft.library.real_path.display()
            );
            problems.push(Finding::error("graft-clash", message).at(*member));
        }
        if let Some(other) = sources.insert(key, &graft.library.real_path) {
            let message = format!(
                "{} and {} would get the same name",
                other.display(),
                graft.library.real_path.display()
            );
            problems.push(Finding::error("graft-clash", message).at(&graft.member));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}
