//! How each ELF member of the wheel changes.

use std::collections::BTreeSet;

use crate::audit::Audit;
use crate::elf::{Edit, Kind, RpathEdit, RpathKind};
use crate::finding::Finding;
use crate::fnmatch::Pattern;
use crate::host::FoundBy;
use crate::platform::linux::layout::rpath::{self, Dropped};
use crate::platform::linux::resolve::{Edge, NodeId, Target};
use crate::platform::linux::search_path::{self, Loader, WheelDir};
use crate::repair::RepairOptions;
use crate::repair::graft::install_part::InstallPart;
use crate::repair::graft::{Grafts, imports_dlopen, member_place};
use crate::repair::plan::dedupe::Removed;
use crate::tag::{CLibrary as _, Libc};
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
pub(crate) struct Question<'a> {
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
pub(crate) fn plan(
    question: &Question<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<MemberEdit>, Vec<Finding>> {
    let keep = question.options.rpath.keep.iter();
    let planner = Planner {
        question,
        keep: keep.map(Pattern::new).collect(),
        folders: question
            .wheel
            .elves
            .iter()
            .map(|elf| WheelDir::of(&elf.installed).0)
            .collect(),
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
    /// Where the wheel has ELF files.
    folders: BTreeSet<WheelDir>,
}

/// A file whose edit is planned.
struct User<'a> {
    elf: &'a ElfMember,
    /// Its folder in an installation of the result.
    dir: &'a WheelDir,
    /// Whether that is another than in the input.
    moved: bool,
}

/// What the needs of a file ask of its edit.
#[derive(Default)]
struct Needs {
    /// Something it needs stays outside by request.
    outside: bool,
    /// Search-path entries that lead to what it needs.
    ways: Vec<String>,
}

impl Needs {
    fn add_way(&mut self, from: &WheelDir, to: &WheelDir) {
        let way = from.way_to(to);
        if let Some(way) = way.filter(|way| !self.ways.contains(way)) {
            self.ways.push(way);
        }
    }
}

impl Planner<'_> {
    fn loader(&self) -> Loader {
        let (libc, arch) = (self.question.audit.libc, self.question.audit.arch);
        Loader { libc, arch }
    }

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
        let edges = question.audit.graph.nodes.get(index);
        let edges = edges.map_or(&[][..], |node| node.edges.as_slice());
        let moved_to = match &elf.installed {
            Installed::Script(name) if self.must_move(elf, edges) => {
                Some(self.room_for(name, elf)?)
            }
            _ => None,
        };
        let dir = match &moved_to {
            Some(path) => WheelDir::of(&Installed::Site(path.clone())).0,
            None => WheelDir::of(&elf.installed).0,
        };
        let mut needs = Needs::default();
        let user = User {
            elf,
            dir: &dir,
            moved: moved_to.is_some(),
        };
        for edge in edges {
            self.follow(edge, &user, &mut edit, &mut needs);
        }
        if question.grafts.for_dlopen && imports_dlopen(&elf.facts) {
            needs.add_way(&dir, &WheelDir::Site(question.libs_dir.to_owned()));
        }
        edit.rpath = self.rpath(index, &user, &needs, findings);
        Ok(changed(elf, moved_to, edit))
    }

    /// A file for another system is not judged, but what it tells of the build machine goes.
    fn bystander(&self, elf: &ElfMember, findings: &mut Vec<Finding>) -> Option<MemberEdit> {
        let (dir, _) = WheelDir::of(&elf.installed);
        let own = Libc::of(&elf.facts, &elf.path);
        let owner = rpath::Owner {
            facts: &elf.facts,
            home: &dir,
            loader: Loader {
                libc: own.unwrap_or(self.loader().libc),
                ..self.loader()
            },
            serves_outside: true,
            reaches: Vec::new(),
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

    /// Whether an ELF script finds what it needs only from site-packages: something comes in for it, or
    /// a library of the wheel is there to which no search path leads.
    fn must_move(&self, elf: &ElfMember, edges: &[Edge]) -> bool {
        let (from, _) = WheelDir::of(&elf.installed);
        edges.iter().any(|edge| match &edge.target {
            Target::Node(id, found_by) => {
                let grafted = self
                    .question
                    .grafts
                    .places
                    .get(*id, &InstallPart::Site)
                    .is_some();
                let unreached = *found_by == FoundBy::WheelSoname
                    && member_place(self.question.wheel, *id)
                        .is_some_and(|place| from.way_to(&place.dir).is_none());
                grafted || unreached
            }
            _ => false,
        })
    }

    fn follow(&self, edge: &Edge, user: &User<'_>, edit: &mut Edit, needs: &mut Needs) {
        let elf = user.elf;
        match &edge.target {
            Target::Node(id, found_by) => {
                let part = InstallPart::of(&elf.installed);
                if let Some(place) = self.question.grafts.places.get(*id, &part) {
                    needs.add_way(user.dir, &place.dir);
                    if place.name != edge.soname {
                        edit.replace_needed
                            .insert(edge.soname.clone(), place.name.clone());
                    }
                } else if (*found_by == FoundBy::WheelSoname || user.moved)
                    && let Some(place) = member_place(self.question.wheel, *id)
                    && user.dir.way_to(&place.dir).is_some()
                {
                    needs.add_way(user.dir, &place.dir);
                    // The loader looks for files, not for sonames.
                    if place.name != edge.soname {
                        edit.replace_needed.insert(edge.soname.clone(), place.name);
                    }
                }
            }
            // Extensions get Python's symbols from the process; executables need the library.
            Target::Libpython if is_plain_library(elf) => {
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

    /// Entries that lead inside the wheel stay, others go; what is added comes last.
    fn rpath(
        &self,
        index: NodeId,
        user: &User<'_>,
        needs: &Needs,
        findings: &mut Vec<Finding>,
    ) -> RpathEdit {
        let options = &self.question.options.rpath;
        let elf = user.elf;
        let loader = self.loader();
        let mut added = needs.ways.clone();
        if needs.outside || imports_dlopen(&elf.facts) {
            let asked = options.add.iter();
            added.extend(asked.filter_map(|path| rpath::requested(path, user.dir, loader)));
        }
        let owner = rpath::Owner {
            facts: &elf.facts,
            home: user.dir,
            loader,
            serves_outside: self.serves_outside(index),
            reaches: self.reaches(user),
            added,
            kind: options
                .kind
                .unwrap_or_else(|| search_path::kind_for(loader.libc)),
            kind_asked: options.kind.is_some(),
        };
        let (edit, dropped) = rpath::edit(owner, &self.keep);
        findings.extend(dropped.iter().map(|dropped| drop_note(elf, dropped)));
        edit
    }

    /// The entries of a file's search path that leave site-packages for folders where the wheel has
    /// libraries.
    fn reaches(&self, user: &User<'_>) -> Vec<String> {
        if user.moved {
            return Vec::new();
        }
        let facts = &user.elf.facts;
        let lists = facts.rpath.iter().chain(&facts.runpath);
        let loader = self.loader();
        let entries = lists.flat_map(|list| loader.split(list));
        let reaching = entries.filter(|entry| {
            let folders = loader.wheel_folders(entry, user.dir);
            let mut outside = folders
                .iter()
                .filter(|dir| !matches!(dir, WheelDir::Site(_)));
            outside.any(|dir| self.folders.contains(dir))
        });
        reaching.map(str::to_owned).collect()
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

fn is_plain_library(elf: &ElfMember) -> bool {
    elf.facts.kind == Kind::Shared && elf.facts.interpreter.is_none()
}

fn drop_note(elf: &ElfMember, dropped: &Dropped) -> Finding {
    let message = format!(
        "dropped the search-path entry \"{}\": it {}",
        dropped.entry,
        dropped.problem.why_dropped()
    );
    Finding::note("rpath-dropped", message).at(&elf.path)
}
