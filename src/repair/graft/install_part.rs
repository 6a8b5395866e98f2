//! Parts of an installation between which no search path leads: each gets copies of its own.
//!
//! Where site-packages lies is not known from the prefix (its name has the version of Python in it, and
//! `pip --target` has none), so a file of `.data/data` finds libraries in the prefix only.

use std::collections::{BTreeMap, BTreeSet};

use crate::platform::linux::resolve::{NodeId, Target};
use crate::platform::linux::search_path::WheelDir;
use crate::repair::graft::Question;
use crate::repair::graft::source::Source;
use crate::wheel::Installed;

/// A part of an installation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InstallPart {
    /// site-packages; scripts move there if they need what comes in.
    Site,
    /// Where this key of `.data` goes.
    Data(String),
}

impl InstallPart {
    /// Where the file is that is installed there, or moves from there.
    pub(crate) fn of(installed: &Installed) -> Self {
        match installed {
            Installed::Elsewhere(key, _) if !key.is_empty() => Self::Data(key.clone()),
            _ => Self::Site,
        }
    }
}

/// The realms in which each library that comes in is needed, by itself or by others that come in.
pub(in crate::repair) fn of_grafts(
    question: &Question<'_>,
    sources: &BTreeMap<NodeId, Source>,
) -> BTreeMap<NodeId, BTreeSet<InstallPart>> {
    let audit = question.audit;
    let members = question.wheel.elves.iter().enumerate();
    let members = members.filter(|(index, _)| audit.judged.get(*index) == Some(&true));
    let mut pending: Vec<(NodeId, InstallPart)> = members
        .map(|(index, elf)| (index, InstallPart::of(&elf.installed)))
        .collect();
    let mut found: BTreeMap<NodeId, BTreeSet<InstallPart>> = BTreeMap::new();
    for edge in &audit.graph.included {
        if let Target::Node(node, _) = edge.target {
            found.entry(node).or_default().insert(InstallPart::Site);
            pending.push((node, InstallPart::Site));
        }
    }
    while let Some((node, part)) = pending.pop() {
        let edges = audit.graph.nodes.get(node).map(|node| &node.edges);
        for edge in edges.into_iter().flatten() {
            if let Target::Node(next, _) = edge.target
                && sources.contains_key(&next)
                && found.entry(next).or_default().insert(part.clone())
            {
                pending.push((next, part.clone()));
            }
        }
    }
    found
}

/// The folder for copies in a realm, and the path of its root in the archive with a slash.
pub(in crate::repair) fn home(question: &Question<'_>, part: &InstallPart) -> (WheelDir, String) {
    let InstallPart::Data(key) = part else {
        return (WheelDir::Site(question.libs_dir.to_owned()), String::new());
    };
    let inside = question
        .wheel
        .elves
        .iter()
        .filter_map(|elf| match &elf.installed {
            Installed::Elsewhere(own, path) if own == key => Some((elf, path)),
            _ => None,
        });
    let mut common: Option<Vec<&str>> = None;
    let mut root = "";
    for (elf, path) in inside {
        let mut folders: Vec<&str> = path.split('/').collect();
        folders.pop();
        let known = common.get_or_insert_with(|| folders.clone());
        let shared = known.iter().zip(&folders);
        let shared = shared.take_while(|(one, two)| one == two).count();
        known.truncate(shared);
        root = elf.path.strip_suffix(path.as_str()).unwrap_or_default();
    }
    let mut folders = common.unwrap_or_default();
    if folders.is_empty() && key == "data" {
        // Not into the prefix itself.
        folders.push("lib");
    }
    folders.push(question.libs_dir);
    let dir = WheelDir::Elsewhere(key.clone(), folders.join("/"));
    (dir, root.to_owned())
}
