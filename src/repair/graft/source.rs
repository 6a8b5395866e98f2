//! Which libraries a repair brings in, and the files they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::audit::libraries::external::Provider;
use crate::audit::{Input, libraries::missing};
use crate::finding::{Finding, Severity};
use crate::fnmatch::Pattern;
use crate::host::{HostLibrary, has_changed};
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{Edge, NodeId, Origin, Target};
use crate::repair::graft::Question;
use crate::repair::graft::wrong_library;
use crate::wheel::Wheel;

/// A library to bring in, before it is named.
#[derive(Debug)]
pub(in crate::repair) struct Source {
    pub(in crate::repair) library: Arc<HostLibrary>,
    pub(in crate::repair) sha256: [u8; 32],
    pub(in crate::repair) sonames: BTreeSet<String>,
}

/// All libraries to bring in.
///
/// # Errors
/// One finding for each that is missing, unreadable, or not on the list of `--only`.
pub(in crate::repair) fn all(
    question: &Question<'_>,
) -> Result<BTreeMap<NodeId, Source>, Vec<Finding>> {
    let mut sonames: BTreeMap<NodeId, BTreeSet<String>> = BTreeMap::new();
    let mut problems = missing(question);
    problems.extend(
        question
            .audit
            .graph
            .included
            .iter()
            .filter_map(not_included),
    );
    let tag = question.rung.map_or(Since::Never, Since::Rung);
    let externals = question.audit.externals.iter();
    for external in externals.filter(|external| external.grafted_at(tag)) {
        match external.provider {
            Provider::Node(node) => {
                let names = sonames.entry(node).or_default();
                names.insert(external.soname.clone());
            }
            Provider::Missing | Provider::Libpython => {}
        }
    }
    let mut sources = BTreeMap::new();
    for (node, names) in sonames {
        match read(question, node, names) {
            Ok(Some(source)) => {
                sources.insert(node, source);
            }
            Ok(None) => {}
            Err(finding) => problems.push(finding),
        }
    }
    problems.extend(unlisted(question, &sources));
    problems.extend(wrong_library::findings(question, &sources));
    if problems.is_empty() {
        Ok(sources)
    } else {
        Err(problems)
    }
}

/// Bytes of a library that may come in. The largest that people ship have a tenth of this; one
/// of many terabytes, mostly holes, takes no place on its disk but days to read.
const LARGEST: u64 = 16 << 30;

fn read(
    question: &Question<'_>,
    node: NodeId,
    sonames: BTreeSet<String>,
) -> Result<Option<Source>, Finding> {
    let origin = question
        .audit
        .graph
        .nodes
        .get(node)
        .map(|node| &node.origin);
    let Some(Origin::Host(library)) = origin else {
        return Ok(None);
    };
    if library.size > LARGEST {
        let message = format!(
            "{} has {} bytes, more than can be brought into a wheel ({LARGEST})",
            library.real_path.display(),
            library.size
        );
        let finding = Finding::error("lib-too-large", message);
        return Err(finding.help("strip it, or --exclude it if every machine has it"));
    }
    let sha256 = question.host.sha256(library);
    let sha256 =
        sha256.map_err(|error| unreadable(&error).at(library.real_path.display().to_string()))?;
    Ok(Some(Source {
        library: Arc::clone(library),
        sha256,
        sonames,
    }))
}

/// Why a library that was found cannot come in.
pub(in crate::repair) fn unreadable(error: &io::Error) -> Finding {
    let code = if has_changed(error) {
        "input-changed"
    } else {
        "lib-unreadable"
    };
    Finding::error(code, format!("cannot be read: {error}"))
}

/// Every library that is needed and was not found.
fn missing(question: &Question<'_>) -> Vec<Finding> {
    let tag = question.rung.map_or(Since::Never, Since::Rung);
    let found = missing::missing(question.audit, &Input::from(question.wheel), tag);
    let findings = missing::findings(&found).into_iter();
    findings
        .map(|finding| finding.with(Severity::Error))
        .collect()
}

/// Why a library of `--include` does not come in.
fn not_included(edge: &Edge) -> Option<Finding> {
    let asked = &edge.soname;
    match &edge.target {
        Target::Missing(searched) => {
            let message = format!("--include {asked}: there is no such library");
            let searched = searched.iter().filter(|place| place.unsearched.is_none());
            let dirs: Vec<&str> = searched.map(|place| place.dir.as_str()).collect();
            let help = format!("looked in {}", dirs.join(", "));
            let finding = Finding::error("include-not-found", message);
            Some(if dirs.is_empty() {
                finding.help("say where it is: --lib-path DIR")
            } else {
                finding.help(help)
            })
        }
        Target::Excluded { pattern, .. } => {
            let message = format!("--include {asked} is what --exclude {pattern} leaves outside");
            Some(Finding::error("include-excluded", message))
        }
        Target::Loader | Target::Libpython => {
            let message =
                format!("--include {asked}: it belongs to the process that loads the wheel");
            Some(Finding::error("include-not-found", message))
        }
        Target::Node(..) => None,
    }
}

/// What `--only` does not list.
fn unlisted(question: &Question<'_>, sources: &BTreeMap<NodeId, Source>) -> Vec<Finding> {
    let only: Vec<Pattern> = question.options.only.iter().map(Pattern::new).collect();
    if only.is_empty() {
        return Vec::new();
    }
    let surplus = sources
        .iter()
        .filter(|(_, source)| !source.matches_any(&only));
    let findings = surplus.map(|(node, source)| {
        let message = format!(
            "{} would be vendored, but --only does not list it (found at {}, needed by {})",
            source.names(),
            source.library.real_path.display(),
            needed_by(question, *node).join(", ")
        );
        Finding::error("lib-not-listed", message)
            .help("add it to --only, or leave it to the system with --exclude")
    });
    findings.collect()
}

impl Source {
    /// Whether a pattern matches a name or the path of this library.
    pub(in crate::repair) fn matches_any(&self, patterns: &[Pattern]) -> bool {
        let own = self.library.facts.soname.iter();
        let paths = [&self.library.real_path, &self.library.path];
        let paths = paths.map(|path| path.to_string_lossy().into_owned());
        let names = self.sonames.iter().chain(own).chain(&paths);
        let names: Vec<&String> = names.collect();
        patterns
            .iter()
            .any(|pattern| names.iter().any(|name| pattern.matches(name)))
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.sonames.iter().map(String::as_str).collect();
        names.join(", ")
    }
}

/// Who needs a library: member paths and names of libraries, sorted.
pub(in crate::repair) fn needed_by(question: &Question<'_>, library: NodeId) -> Vec<String> {
    let graph = &question.audit.graph;
    let dependants = graph.nodes.iter().filter(|node| {
        let mut edges = node.edges.iter();
        edges.any(|edge| matches!(edge.target, Target::Node(id, _) if id == library))
    });
    let labels: BTreeSet<String> = dependants
        .map(|node| label(question.wheel, &node.origin))
        .collect();
    labels.into_iter().collect()
}

/// A node's name for people: the member path, or the file name outside.
pub(in crate::repair) fn label(wheel: &Wheel, origin: &Origin) -> String {
    match origin {
        Origin::Member(index) => wheel
            .elves
            .get(*index)
            .map(|elf| elf.path.clone())
            .unwrap_or_default(),
        Origin::Host(library) => file_name(&library.real_path),
    }
}

pub(in crate::repair) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
