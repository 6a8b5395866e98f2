//! How each ELF member of the wheel changes.

use std::collections::BTreeMap;

use super::RepairOptions;
use super::graft::{Graft, rpath_kind};
use super::rpath::{Fate, entries, fate, folder_of, origin_to};
use crate::audit::Audit;
use crate::deps::{Edge, NodeId, Target};
use crate::elf::{Edit, RpathEdit, RpathKind, facts::Kind};
use crate::finding::Finding;
use crate::host::FoundBy;
use crate::tag::Libc;
use crate::wheel::{ElfMember, Installed, MemberId, Wheel};

/// The edit of one ELF member.
#[derive(Clone, Debug)]
pub struct MemberEdit {
    /// Which member.
    pub member: MemberId,
    /// Its path in the input.
    pub path: String,
    /// Its path in the output if it moves: an ELF script makes room for a shim.
    pub moved_to: Option<String>,
    /// How it changes.
    pub edit: Edit,
}

/// Plans the edits of all members, in archive order. Dropped search-path entries are noted in
/// `findings`.
///
/// # Errors
/// One finding for each ELF script whose new place is taken, and for each library needed by
/// a path instead of a name.
pub fn plan(
    wheel: &Wheel,
    audit: &Audit,
    grafts: &[Graft],
    libs_dir: &str,
    options: &RepairOptions,
    findings: &mut Vec<Finding>,
) -> Result<Vec<MemberEdit>, Vec<Finding>> {
    let names: BTreeMap<NodeId, &str> = grafts
        .iter()
        .map(|graft| (graft.node, graft.new_soname.as_str()))
        .collect();
    let planner = Planner {
        wheel,
        audit,
        names,
        libs_dir,
        options,
    };
    let mut edits = Vec::new();
    let mut problems = Vec::new();
    for (index, elf) in wheel.elves.iter().enumerate() {
        if audit.judged.get(index) != Some(&true) {
            continue;
        }
        match planner.member(index, elf, findings) {
            Ok(Some(edit)) => edits.push(edit),
            Ok(None) => {}
            Err(finding) => problems.push(finding),
        }
    }
    if problems.is_empty() {
        Ok(edits)
    } else {
        Err(problems)
    }
}

struct Planner<'a> {
    wheel: &'a Wheel,
    audit: &'a Audit,
    names: BTreeMap<NodeId, &'a str>,
    libs_dir: &'a str,
    options: &'a RepairOptions,
}

impl Planner<'_> {
    fn member(
        &self,
        index: NodeId,
        elf: &ElfMember,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<MemberEdit>, Finding> {
        let mut edit = Edit {
            strip: self.options.strip,
            ..Edit::default()
        };
        let edges = self
            .audit
            .graph
            .nodes
            .get(index)
            .map(|node| node.edges.as_slice())
            .unwrap_or_default();
        let mut wheel_folders: Vec<String> = Vec::new();
        for edge in edges {
            self.follow(edge, elf, &mut edit, &mut wheel_folders);
        }
        let grafted = !edit.replace_needed.is_empty();
        let moved_to = match &elf.installed {
            Installed::Script(name) if grafted => Some(self.room_for(name, elf)?),
            _ => None,
        };
        let folder = installed_folder(elf, moved_to.as_deref());
        if let Some(folder) = &folder {
            let mut added: Vec<String> = wheel_folders
                .iter()
                .map(|target| origin_to(folder, target))
                .collect();
            if grafted {
                added.push(origin_to(folder, self.libs_dir));
            }
            edit.rpath = self.rpath(elf, folder, edges, added, findings);
        } else if grafted {
            edit.rpath = self.rpath_outside(elf, findings);
        }
        if edit == Edit::default() {
            return Ok(None);
        }
        Ok(Some(MemberEdit {
            member: elf.member,
            path: elf.path.clone(),
            moved_to,
            edit,
        }))
    }

    fn follow(
        &self,
        edge: &Edge,
        elf: &ElfMember,
        edit: &mut Edit,
        wheel_folders: &mut Vec<String>,
    ) {
        match &edge.target {
            Target::Node(id, found_by) => {
                if let Some(name) = self.names.get(id) {
                    edit.replace_needed
                        .insert(edge.soname.clone(), (*name).to_owned());
                } else if *found_by == FoundBy::WheelSoname {
                    let Some(Installed::Site(path)) =
                        self.wheel.elves.get(*id).map(|other| &other.installed)
                    else {
                        return;
                    };
                    let folder = folder_of(path).to_owned();
                    if !wheel_folders.contains(&folder) {
                        wheel_folders.push(folder);
                    }
                }
            }
            // Extensions get Python's symbols from the process; executables need the library.
            Target::Libpython if self.audit.libc != Libc::Android && is_plain_library(elf) => {
                edit.remove_needed.insert(edge.soname.clone());
            }
            _ => {}
        }
    }

    /// The new place of an ELF script.
    fn room_for(&self, name: &str, elf: &ElfMember) -> Result<String, Finding> {
        let path = format!("{}.scripts/{name}", self.wheel.name.distribution);
        let taken = self
            .wheel
            .members
            .iter()
            .any(|member| member.path.eq_ignore_ascii_case(&path));
        if taken {
            let message =
                format!("must move to {path} to find its libraries, but that already exists");
            return Err(Finding::error("shim-clash", message).at(&elf.path));
        }
        Ok(path)
    }

    /// Files of `.data/data` have no fixed way to site-packages: the usual ones are named, for the
    /// Python versions of the wheel's tags.
    fn rpath_outside(&self, elf: &ElfMember, findings: &mut Vec<Finding>) -> RpathEdit {
        let message =
            "is installed outside site-packages; its libraries are found only under <prefix>/lib";
        findings.push(Finding::warning("elf-outside-site", message).at(&elf.path));
        let Installed::Elsewhere(_, path) = &elf.installed else {
            return RpathEdit::Keep;
        };
        let versions = self
            .wheel
            .name
            .python
            .iter()
            .filter_map(|tag| tag.strip_prefix("cp"));
        let versions = versions.filter_map(|version| version.split_at_checked(1));
        let targets = versions.flat_map(|(major, minor)| {
            ["lib", "lib64"].map(|lib| {
                format!(
                    "{lib}/python{major}.{minor}/site-packages/{}",
                    self.libs_dir
                )
            })
        });
        let entries: Vec<String> = targets
            .map(|target| origin_to(folder_of(path), &target))
            .collect();
        if entries.is_empty() {
            return RpathEdit::Remove;
        }
        RpathEdit::Set(rpath_kind(self.audit.libc), entries.join(":"))
    }

    /// Entries that lead inside the wheel stay, others go; `added` comes last.
    fn rpath(
        &self,
        elf: &ElfMember,
        folder: &str,
        edges: &[Edge],
        added: Vec<String>,
        findings: &mut Vec<Finding>,
    ) -> RpathEdit {
        let facts = &elf.facts;
        // With both, the loader reads only RUNPATH.
        let current = facts.runpath.as_deref().or(facts.rpath.as_deref());
        let outside = edges
            .iter()
            .any(|edge| matches!(edge.target, Target::Excluded { .. } | Target::Missing(_)));
        let mut kept: Vec<String> = Vec::new();
        let mut dropped = Vec::new();
        for entry in entries(current) {
            let fate = fate(entry, folder);
            if fate == Fate::Inside || (fate == Fate::Leaves && outside) {
                if !kept.iter().any(|known| known == entry) {
                    kept.push(entry.to_owned());
                }
            } else {
                dropped.push((entry, fate));
            }
        }
        let adds = !added.is_empty();
        for entry in added {
            if !kept.contains(&entry) {
                kept.push(entry);
            }
        }
        findings.extend(
            dropped
                .iter()
                .map(|(entry, fate)| drop_note(elf, entry, *fate)),
        );
        if !adds && dropped.is_empty() {
            return RpathEdit::Keep;
        }
        let kind = match (&facts.runpath, &facts.rpath) {
            (Some(_), _) if !adds => RpathKind::Runpath,
            _ => rpath_kind(self.audit.libc),
        };
        let value = kept.join(":");
        let unchanged = match kind {
            RpathKind::Rpath => facts.runpath.is_none() && facts.rpath.as_deref() == Some(&value),
            RpathKind::Runpath => facts.rpath.is_none() && facts.runpath.as_deref() == Some(&value),
        };
        match (unchanged, kept.is_empty()) {
            (true, _) => RpathEdit::Keep,
            (false, true) => RpathEdit::Remove,
            (false, false) => RpathEdit::Set(kind, value),
        }
    }
}

/// The folder in site-packages that `$ORIGIN` stands for; `None` outside site-packages.
fn installed_folder(elf: &ElfMember, moved_to: Option<&str>) -> Option<String> {
    if let Some(path) = moved_to {
        return Some(folder_of(path).to_owned());
    }
    match &elf.installed {
        Installed::Site(path) => Some(folder_of(path).to_owned()),
        Installed::Script(_) | Installed::Elsewhere(..) => None,
    }
}

fn is_plain_library(elf: &ElfMember) -> bool {
    elf.facts.kind == Kind::Shared && elf.facts.interpreter.is_none()
}

fn drop_note(elf: &ElfMember, entry: &str, fate: Fate) -> Finding {
    let reason = match fate {
        Fate::Inside => "is not needed",
        Fate::Leaves => "leaves site-packages",
        Fate::Absolute => "is a folder of the build machine",
        Fate::Relative => "depends on the current directory",
    };
    let message = format!("dropped the search-path entry \"{entry}\": it {reason}");
    Finding::note("rpath-dropped", message).at(&elf.path)
}
