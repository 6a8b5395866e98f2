//! Requests that had no effect: a pattern that matches nothing is a misspelt one, and what it was
//! meant to keep out comes in.

use std::collections::BTreeSet;

use crate::audit::Audit;
use crate::elf::arch::Arch;
use crate::finding::Finding;
use crate::fnmatch::Pattern;
use crate::nearest::nearest;
use crate::platform::linux::resolve::{Origin, Target};
use crate::platform::linux::search_path::Loader;
use crate::repair::{Plan, graft};
use crate::tag::{CLibrary as _, Libc};
use crate::wheel::Wheel;

/// Codes of these findings; `--strict` makes errors of them.
pub(in crate::repair) const CODES: [&str; 6] = [
    "exclude-unused",
    "vendor-unused",
    "only-unused",
    "no-mangle-unused",
    "keep-rpath-unused",
    "add-rpath-unused",
];

/// One finding for each request without effect.
pub(in crate::repair) fn without_effect(wheel: &Wheel, audit: &Audit, plan: &Plan) -> Vec<Finding> {
    let names = Names::new(audit);
    let options = &plan.options;
    let mut found = Vec::new();
    let excludes = options.audit.exclude.iter();
    for pattern in excludes.filter(|pattern| !audit.graph.used_excludes.contains(pattern)) {
        let members = only_members(wheel, audit, pattern);
        found.push(members.unwrap_or_else(|| names.unused("exclude", pattern)));
    }
    let lists = [
        ("vendor", &options.audit.vendor),
        ("only", &options.only),
        ("no-mangle", &options.no_mangle),
    ];
    for (option, patterns) in lists {
        let read = patterns.iter().map(Pattern::new);
        for pattern in read.filter(|pattern| !grafted(plan, pattern)) {
            found.push(names.unused(option, pattern.as_str()));
        }
    }
    found.extend(rpath_entries(wheel, audit, plan));
    found
}

/// What to say of an `--exclude` pattern that matches needs which members of the wheel serve, and
/// nothing else.
fn only_members(wheel: &Wheel, audit: &Audit, pattern: &str) -> Option<Finding> {
    let glob = Pattern::new(pattern);
    let edges = audit.graph.nodes.iter().flat_map(|node| &node.edges);
    let served = edges.filter_map(|edge| match edge.target {
        Target::Node(node, _) => {
            let elf = wheel.elves.get(node)?;
            let meant = glob.matches(&edge.soname) || glob.matches(&elf.path);
            meant.then_some(elf)
        }
        _ => None,
    });
    let served: BTreeSet<&str> = served.map(|elf| elf.path.as_str()).collect();
    if served.is_empty() {
        return None;
    }
    let listed: Vec<&str> = served.into_iter().collect();
    let message = format!(
        "--exclude {pattern} matches nothing outside the wheel, only what it holds: {}",
        listed.join(", ")
    );
    let help =
        "a member stays in the wheel, and what it needs comes in: exclude that by its own name";
    Some(Finding::warning("exclude-unused", message).help(help))
}

fn grafted(plan: &Plan, pattern: &Pattern) -> bool {
    plan.grafts.iter().any(|graft| {
        let paths = [&graft.library.path, &graft.library.real_path];
        let own = graft.library.facts.soname.iter();
        let mut names = graft.sonames.iter().chain(own);
        names.any(|name| pattern.matches(name))
            || paths
                .iter()
                .any(|path| pattern.matches(&path.to_string_lossy()))
    })
}

fn rpath_entries(wheel: &Wheel, audit: &Audit, plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    let loader = Loader {
        libc: audit.libc,
        arch: audit.arch,
    };
    let paths: Vec<&str> = wheel
        .elves
        .iter()
        .flat_map(|elf| [&elf.facts.rpath, &elf.facts.runpath])
        .flatten()
        .map(String::as_str)
        .collect();
    for pattern in plan.options.rpath.keep.iter().map(Pattern::new) {
        let entries = || paths.iter().flat_map(|path| loader.split(path));
        if !entries().any(|entry| pattern.matches(entry)) {
            let message = format!(
                "--keep-rpath {} matched no search-path entry",
                pattern.as_str()
            );
            let known: BTreeSet<&str> = entries().filter(|entry| !entry.is_empty()).collect();
            let finding = Finding::warning("keep-rpath-unused", message);
            found.push(if known.is_empty() {
                finding.help("no file of the wheel has a search path")
            } else {
                let known: Vec<&str> = known.into_iter().collect();
                finding.help(format!("the wheel has: {}", known.join(", ")))
            });
        }
    }
    let needy = wheel
        .elves
        .iter()
        .any(|elf| graft::imports_dlopen(&elf.facts));
    if !plan.options.rpath.add.is_empty() && plan.excluded.is_empty() && !needy {
        let message = format!(
            "--add-rpath {} was added to no file",
            plan.options.rpath.add.join(" ")
        );
        let help = "it serves files that need a library which --exclude leaves outside, or that open libraries by name";
        found.push(Finding::warning("add-rpath-unused", message).help(help));
    }
    found
}

/// The names by which anything is needed, and those of files outside.
struct Names {
    known: BTreeSet<String>,
    libc: Libc,
    arch: Arch,
}

impl Names {
    fn new(audit: &Audit) -> Self {
        let mut known = BTreeSet::new();
        for node in &audit.graph.nodes {
            known.extend(node.edges.iter().map(|edge| edge.soname.clone()));
            if let Origin::Host(library) = &node.origin {
                known.extend(library.facts.soname.clone());
            }
        }
        Self {
            known,
            libc: audit.libc,
            arch: audit.arch,
        }
    }

    /// Whether only parts of the C library match.
    fn is_c_library(&self, pattern: &str) -> bool {
        let pattern = Pattern::new(pattern);
        let mut matching = self.known.iter().filter(|name| pattern.matches(name));
        matching.clone().count() > 0 && matching.all(|name| self.libc.owns(name, self.arch))
    }

    fn unused(&self, option: &str, pattern: &str) -> Finding {
        let code = match option {
            "exclude" => "exclude-unused",
            "vendor" => "vendor-unused",
            "only" => "only-unused",
            _ => "no-mangle-unused",
        };
        let effect = match option {
            "exclude" => "matched no library that the wheel needs",
            _ => "matched no library that is brought in",
        };
        let finding = Finding::warning(code, format!("--{option} {pattern} {effect}"));
        if option == "vendor" && self.is_c_library(pattern) {
            return finding
                .help("the C library stays outside: it must be of one piece with the loader");
        }
        let can_be_meant = |name: &&str| option != "vendor" || !self.libc.owns(name, self.arch);
        let known = self.known.iter().map(String::as_str).filter(can_be_meant);
        let near = nearest(pattern, known);
        let Some(first) = near.first() else {
            return finding;
        };
        let matching = Pattern::new(widened(first));
        let suggestion = if near.iter().all(|name| matching.matches(name)) {
            matching.as_str().to_owned()
        } else {
            (*first).to_owned()
        };
        finding.help(format!(
            "the wheel needs {}: did you mean --{option} '{suggestion}'?",
            near.join(", ")
        ))
    }
}

/// `libfoo.so*` for `libfoo.so.1`: any version.
fn widened(soname: &str) -> String {
    match soname.split_once(".so") {
        Some((stem, _)) => format!("{stem}.so*"),
        None => soname.to_owned(),
    }
}
