//! How each ELF member of the wheel changes.

use std::collections::BTreeSet;

use super::RepairOptions;
use super::dedupe::Removed;
use super::graft::{Grafts, imports_dlopen, member_place, rpath_kind};
use super::rpath::{self, Dropped, folder_of, origin_to};
use crate::audit::Audit;
use crate::deps::{Edge, NodeId, Target};
use crate::elf::{Edit, RpathEdit, RpathKind, facts::Kind};
use crate::finding::Finding;
use crate::fnmatch::Pattern;
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

/// What the edits are planned from.
#[derive(Debug)]
pub struct Question<'a> {
    /// The wheel.
    pub wheel: &'a Wheel,
    /// Its judgement.
    pub audit: &'a Audit,
    /// What is brought in.
    pub grafts: &'a Grafts,
    /// What goes.
    pub removed: &'a [Removed],
    /// The folder for it.
    pub libs_dir: &'a str,
    /// What was asked.
    pub options: &'a RepairOptions,
}

/// Plans the edits of all members, in archive order. Dropped search-path entries are noted in
/// `findings`.
///
/// # Errors
/// One finding for each ELF script whose new place is taken.
pub fn plan(
    question: &Question<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<MemberEdit>, Vec<Finding>> {
    let keep = question.options.rpath.keep.iter();
    let planner = Planner {
        question,
        keep: keep.map(Pattern::new).collect(),
    };
    let mut edits = Vec::new();
    let mut problems = Vec::new();
    for (index, elf) in question.wheel.elves.iter().enumerate() {
        if question
            .removed
            .iter()
            .any(|gone| gone.member == elf.member)
        {
            continue;
        }
        let judged = question.audit.judged.get(index) == Some(&true);
        let outcome = if judged {
            planner.member(index, elf, findings)
        } else {
            Ok(planner.bystander(elf, findings))
        };
        match outcome {
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
    question: &'a Question<'a>,
    keep: Vec<Pattern>,
}

/// What the needs of a file ask of its edit.
#[derive(Default)]
struct Needs {
    /// Something it needs is brought in.
    grafted: bool,
    /// Something it needs stays outside by request.
    outside: bool,
    /// Folders in site-packages that its search path must lead to.
    folders: Vec<String>,
}

impl Needs {
    fn add_folder(&mut self, folder: &str) {
        if !self.folders.iter().any(|known| known == folder) {
            self.folders.push(folder.to_owned());
        }
    }
}

impl Planner<'_> {
    fn member(
        &self,
        index: NodeId,
        elf: &ElfMember,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<MemberEdit>, Finding> {
        let question = self.question;
        let mut edit = Edit {
            strip: question.options.strip,
            clear_execstack: question.options.clear_execstack && elf.facts.wants_executable_stack(),
            ..Edit::default()
        };
        let mut needs = Needs::default();
        let edges = question
            .audit
            .graph
            .nodes
            .get(index)
            .map(|node| &node.edges);
        for edge in edges.into_iter().flatten() {
            self.follow(edge, elf, &mut edit, &mut needs);
        }
        if question.grafts.for_dlopen && imports_dlopen(&elf.facts) {
            needs.add_folder(question.libs_dir);
        }
        let moved_to = match &elf.installed {
            Installed::Script(name) if needs.grafted => Some(self.room_for(name, elf)?),
            _ => None,
        };
        let folder = installed_folder(elf, moved_to.as_deref());
        edit.rpath = if folder.is_none() && needs.grafted {
            self.rpath_outside(elf, findings)
        } else {
            self.rpath(index, elf, folder.as_deref(), &needs, findings)
        };
        Ok(changed(elf, moved_to, edit))
    }

    /// A file for another system is not judged, but what it tells of the build machine goes.
    fn bystander(&self, elf: &ElfMember, findings: &mut Vec<Finding>) -> Option<MemberEdit> {
        let folder = installed_folder(elf, None);
        let owner = rpath::Owner {
            facts: &elf.facts,
            folder: folder.as_deref(),
            serves_outside: true,
            added: Vec::new(),
            kind: RpathKind::Rpath,
            kind_asked: false,
        };
        let (edit, dropped) = rpath::edit(owner, &self.keep);
        findings.extend(dropped.iter().map(|dropped| drop_note(elf, dropped)));
        let edit = Edit {
            rpath: edit,
            ..Edit::default()
        };
        changed(elf, None, edit)
    }

    fn follow(&self, edge: &Edge, elf: &ElfMember, edit: &mut Edit, needs: &mut Needs) {
        match &edge.target {
            Target::Node(id, found_by) => {
                if let Some(place) = self.question.grafts.places.get(id) {
                    needs.grafted = true;
                    needs.add_folder(&place.folder);
                    if place.name != edge.soname {
                        edit.replace_needed
                            .insert(edge.soname.clone(), place.name.clone());
                    }
                } else if *found_by == FoundBy::WheelSoname
                    && let Some(place) = member_place(self.question.wheel, *id)
                {
                    needs.add_folder(&place.folder);
                    // The loader looks for files, not for sonames.
                    if place.name != edge.soname {
                        edit.replace_needed.insert(edge.soname.clone(), place.name);
                    }
                }
            }
            // Extensions get Python's symbols from the process; executables need the library.
            Target::Libpython
                if self.question.audit.libc != Libc::Android && is_plain_library(elf) =>
            {
                edit.remove_needed.insert(edge.soname.clone());
            }
            Target::Excluded { .. } => needs.outside = true,
            Target::Missing(_) | Target::Libpython | Target::Loader => {}
        }
    }

    /// The new place of an ELF script.
    fn room_for(&self, name: &str, elf: &ElfMember) -> Result<String, Finding> {
        let path = format!("{}.scripts/{name}", self.question.wheel.name.distribution);
        let taken = self
            .question
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
            .question
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
                    self.question.libs_dir
                )
            })
        });
        let entries: Vec<String> = targets
            .map(|target| origin_to(folder_of(path), &target))
            .collect();
        if entries.is_empty() {
            return RpathEdit::Remove;
        }
        RpathEdit::Set(rpath_kind(self.question.audit.libc), entries.join(":"))
    }

    /// Entries that lead inside the wheel stay, others go; what is added comes last.
    fn rpath(
        &self,
        index: NodeId,
        elf: &ElfMember,
        folder: Option<&str>,
        needs: &Needs,
        findings: &mut Vec<Finding>,
    ) -> RpathEdit {
        let options = &self.question.options.rpath;
        let mut added: Vec<String> = Vec::new();
        if let Some(folder) = folder {
            let wanted = needs.folders.iter();
            added.extend(wanted.map(|target| origin_to(folder, target)));
        }
        if needs.outside || imports_dlopen(&elf.facts) {
            let asked = options.add.iter();
            added.extend(asked.filter_map(|path| rpath::requested(path, folder)));
        }
        let owner = rpath::Owner {
            facts: &elf.facts,
            folder,
            serves_outside: self.serves_outside(index),
            added,
            kind: options
                .kind
                .unwrap_or_else(|| rpath_kind(self.question.audit.libc)),
            kind_asked: options.kind.is_some(),
        };
        let (edit, dropped) = rpath::edit(owner, &self.keep);
        findings.extend(dropped.iter().map(|dropped| drop_note(elf, dropped)));
        edit
    }

    /// Whether the file, or one that it loads, needs what stays outside by request: its search
    /// path may lead there (RPATH serves what a library loads in turn).
    fn serves_outside(&self, index: NodeId) -> bool {
        let nodes = &self.question.audit.graph.nodes;
        let mut seen = BTreeSet::from([index]);
        let mut pending = vec![index];
        while let Some(edges) = pending.pop().and_then(|id| nodes.get(id)) {
            for edge in &edges.edges {
                match &edge.target {
                    Target::Excluded { .. } => return true,
                    Target::Node(id, _) if seen.insert(*id) => pending.push(*id),
                    _ => {}
                }
            }
        }
        false
    }
}

fn changed(elf: &ElfMember, moved_to: Option<String>, edit: Edit) -> Option<MemberEdit> {
    (edit != Edit::default()).then(|| MemberEdit {
        member: elf.member,
        path: elf.path.clone(),
        moved_to,
        edit,
    })
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

pub(super) fn is_plain_library(elf: &ElfMember) -> bool {
    elf.facts.kind == Kind::Shared && elf.facts.interpreter.is_none()
}

fn drop_note(elf: &ElfMember, dropped: &Dropped) -> Finding {
    let message = format!(
        "dropped the search-path entry \"{}\": it {}",
        dropped.entry,
        dropped.fate.reason()
    );
    Finding::note("rpath-dropped", message).at(&elf.path)
}
