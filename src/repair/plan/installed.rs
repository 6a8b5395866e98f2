//! The result, installed in thought, before anything is written: does each file find what it is made
//! to need, and does the whole deserve its tags?
//!
//! What is wrong here is a matter of the input, and is refused in words about it. The check of what was
//! written ([`crate::repair::apply::self_check`]) looks at the same again, where only a fault of this program is left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wheel_archive::installed;

use crate::audit::{Audit, AuditOptions, Input, verdict_on};
use crate::elf::{Edit, Facts, RpathEdit, RpathKind};
use crate::finding::{Error, Finding};
use crate::host::{FoundBy, Host};
use crate::platform::linux::resolve::{NodeId, Target};
use crate::repair::Plan;
use crate::wheel::{ElfMember, Wheel};

/// The ELF files of the result.
pub(in crate::repair) struct Installed<'a> {
    plan: &'a Plan,
    input: &'a Audit,
    elves: Vec<ElfMember>,
    /// Per file: the member that it was, and how it changes.
    was: Vec<(Option<NodeId>, Option<&'a Edit>)>,
}

impl<'a> Installed<'a> {
    /// What `plan` makes of a wheel that was judged as `input`.
    pub(in crate::repair) fn new(wheel: &Wheel, input: &'a Audit, plan: &'a Plan) -> Self {
        let edits = plan.edits.iter().map(|edit| (edit.member, edit));
        let edits: BTreeMap<_, _> = edits.collect();
        let mut result = Self {
            plan,
            input,
            elves: Vec::new(),
            was: Vec::new(),
        };
        for (node, elf) in wheel.elves.iter().enumerate() {
            if plan.removed.iter().any(|gone| gone.member == elf.member) {
                continue;
            }
            let edit = edits.get(&elf.member);
            let moved = edit.and_then(|edit| edit.moved_to.as_ref());
            let edit = edit.map(|edit| &edit.edit);
            let path = moved.unwrap_or(&elf.path);
            result.add(wheel, path, &elf.facts, edit);
            result.was.push((Some(node), edit));
        }
        for graft in &plan.grafts {
            let edit = Some(&graft.edit);
            result.add(wheel, &graft.member, &graft.library.facts, edit);
            result.was.push((None, edit));
        }
        result
    }

    fn add(&mut self, wheel: &Wheel, path: &str, facts: &Arc<Facts>, edit: Option<&Edit>) {
        let facts = match edit {
            Some(edit) if changes_needs(edit) => Arc::new(edited(facts, edit)),
            _ => Arc::clone(facts),
        };
        self.elves.push(ElfMember {
            member: self.elves.len(),
            path: path.to_owned(),
            installed: installed(path, &wheel.name),
            facts,
        });
    }

    /// Judges the result.
    ///
    /// # Errors
    /// Those of judging.
    pub(in crate::repair) fn audit(&self, wheel: &Wheel, host: &Host) -> Result<Audit, Error> {
        let asked = &self.plan.options.audit;
        let mut options = AuditOptions {
            // What was asked for is in the wheel now.
            include: Vec::new(),
            ..asked.clone()
        };
        // One that was excluded by its path may have been found by an entry that is no more.
        let excluded = self.plan.excluded.iter();
        options
            .exclude
            .extend(excluded.map(|excluded| excluded.soname.clone()));
        let input = Input {
            elves: &self.elves,
            ..Input::from(wheel)
        };
        verdict_on(&input, host, &options)
    }

    /// What a file would need and not find, though it is in the result: one finding each.
    pub(in crate::repair) fn unreachable(&self, result: &Audit) -> Vec<Finding> {
        let nodes = result.graph.nodes.iter().zip(&self.elves).zip(&self.was);
        let mut findings = Vec::new();
        let reached = self.reached();
        let was_reached = |was: NodeId, soname: &String| reached.contains(&(was, soname.as_str()));
        for ((node, elf), (was, edit)) in nodes {
            let renamed = edit.iter().flat_map(|edit| edit.replace_needed.values());
            let renamed: BTreeSet<&String> = renamed.collect();
            for edge in &node.edges {
                let provider = match edge.target {
                    Target::Node(id, FoundBy::WheelSoname) => self.elves.get(id),
                    _ => None,
                };
                let inside = matches!(edge.target, Target::Node(id, _) if id < self.elves.len());
                let was_reached = was.map(|was| was_reached(was, &edge.soname));
                // Of what comes in, every need is promised.
                let promised = was_reached.unwrap_or(true) || renamed.contains(&edge.soname);
                if let Some(provider) = provider.filter(|_| promised) {
                    findings.push(lost(elf, &edge.soname, &provider.path));
                } else if !inside && was_reached == Some(true) && !renamed.contains(&edge.soname) {
                    findings.push(lost(elf, &edge.soname, "the wheel has it"));
                }
            }
        }
        findings
    }

    /// Members of the input with the names of the wheel's libraries that they found by a search path.
    fn reached(&self) -> BTreeSet<(NodeId, &str)> {
        let members = self.input.judged.len();
        let nodes = self.input.graph.nodes.iter().take(members).enumerate();
        let edges = nodes.flat_map(|(id, node)| node.edges.iter().map(move |edge| (id, edge)));
        let by_path = edges.filter(|(_, edge)| match &edge.target {
            Target::Node(id, found_by) => *id < members && *found_by != FoundBy::WheelSoname,
            _ => false,
        });
        by_path
            .map(|(id, edge)| (id, edge.soname.as_str()))
            .collect()
    }

    /// The tags of the name that the result would not deserve: one finding each.
    pub(in crate::repair) fn undeserved(&self, result: &Audit) -> Vec<Finding> {
        let tags = self.plan.name.platform.iter();
        let undeserved = tags.filter(|tag| !result.deserves(tag));
        let findings = undeserved.map(|tag| {
            let deserved = result.candidates.tag_name(result.verdict.drivers_apart);
            let message = format!("the result would not deserve {tag}, only {deserved}");
            let finding = Finding::error("tag-undeserved", message);
            let symbols = result.verdict.forbidden_symbols.iter();
            let symbols: Vec<String> = symbols
                .map(|one| format!("{} uses {} of {}", one.file, one.symbol, one.library))
                .collect();
            if symbols.is_empty() {
                finding.help("ask for that tag with --plat, or for none")
            } else {
                finding.help(symbols.join("\n"))
            }
        });
        findings.collect()
    }
}

fn lost(elf: &ElfMember, soname: &str, place: &str) -> Finding {
    let message = format!(
        "would need {soname} ({place}), and no search path leads there from where it is installed"
    );
    let help =
        "put both into one package, or link the library statically; --exclude leaves it outside";
    Finding::error("lib-unreachable", message)
        .at(&elf.path)
        .help(help)
}

fn changes_needs(edit: &Edit) -> bool {
    edit.rpath != RpathEdit::Keep
        || edit.soname.is_some()
        || !edit.replace_needed.is_empty()
        || !edit.remove_needed.is_empty()
}

/// What will be read from the edited file.
fn edited(facts: &Facts, edit: &Edit) -> Facts {
    let mut facts = facts.clone();
    let renamed = |name: &mut String| {
        if let Some(new) = edit.replace_needed.get(name) {
            name.clone_from(new);
        }
    };
    facts
        .needed
        .retain(|name| !edit.remove_needed.contains(name));
    facts.needed.iter_mut().for_each(renamed);
    let libraries = facts.version_needs.iter_mut().map(|need| &mut need.library);
    libraries.for_each(renamed);
    if let Some(soname) = &edit.soname {
        facts.soname = Some(soname.clone());
    }
    match &edit.rpath {
        RpathEdit::Keep => {}
        RpathEdit::Remove => (facts.rpath, facts.runpath) = (None, None),
        RpathEdit::Set(kind, path) => {
            let path = Some(path.clone());
            (facts.rpath, facts.runpath) = match kind {
                RpathKind::Rpath => (path, None),
                RpathKind::Runpath => (None, path),
            };
        }
    }
    facts
}
