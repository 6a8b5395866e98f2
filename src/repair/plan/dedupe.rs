//! `--dedupe`: of libraries with the same content, one stays.
//!
//! Wheels hold no links, so `libfoo.so`, `libfoo.so.1` and `libfoo.so.1.2` are three copies, and
//! whoever loads two of them has two states. Python extensions stay: they are imported by name.

use std::collections::BTreeMap;

use crate::audit::Audit;
use crate::audit::extension::python_extension;
use crate::elf::Kind;
use crate::platform::linux::resolve::NodeId;
use crate::repair::graft::{Place, member_place};
use crate::wheel::{ElfMember, Installed, MemberId, Wheel};

/// A copy that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Which member.
    pub member: MemberId,
    /// Its path.
    pub path: String,
    /// The path of the copy that stays.
    pub kept: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What goes, in archive order, and what is needed instead of it.
pub(in crate::repair) fn plan(
    wheel: &Wheel,
    audit: &Audit,
) -> (Vec<Removed>, BTreeMap<NodeId, Place>) {
    let mut by_content: BTreeMap<[u8; 32], Vec<NodeId>> = BTreeMap::new();
    for (node, elf) in wheel.elves.iter().enumerate() {
        let digest = wheel
            .members
            .get(elf.member)
            .and_then(|member| member.sha256);
        let candidate = audit.judged.get(node) == Some(&true) && is_library(elf);
        if let (Some(digest), true) = (digest, candidate) {
            by_content.entry(digest).or_default().push(node);
        }
    }
    let (mut removed, mut places) = (Vec::new(), BTreeMap::new());
    for nodes in by_content.values().filter(|nodes| nodes.len() > 1) {
        let copies = nodes
            .iter()
            .filter_map(|node| Some((*node, wheel.elves.get(*node)?)));
        let best = copies.clone().min_by_key(|(node, elf)| {
            let bears_soname = elf.facts.soname.as_deref() == Some(file_name(elf));
            (!bears_soname, elf.path.len(), *node)
        });
        let Some((kept, stays)) = best else { continue };
        let Some(place) = member_place(wheel, kept) else {
            continue;
        };
        for (node, elf) in copies.filter(|(node, _)| *node != kept) {
            places.insert(node, place.clone());
            removed.push(Removed {
                member: elf.member,
                path: elf.path.clone(),
                kept: stays.path.clone(),
                size: wheel
                    .members
                    .get(elf.member)
                    .map_or(0, |member| member.size),
            });
        }
    }
    removed.sort_by_key(|removed| removed.member);
    (removed, places)
}

fn is_library(elf: &ElfMember) -> bool {
    matches!(elf.installed, Installed::Site(_))
        && elf.facts.kind == Kind::Shared
        && elf.facts.interpreter.is_none()
        && python_extension(elf).is_none()
}

fn file_name(elf: &ElfMember) -> &str {
    elf.path.rsplit('/').next().unwrap_or(&elf.path)
}
