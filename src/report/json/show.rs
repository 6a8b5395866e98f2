//! `audit show --json`: the fields of auditwheel's, and ours beside them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Serialize, Serializer};

use crate::audit::extension::python_extension;
use crate::audit::libraries::external::Provider;
use crate::audit::verdict::blame::evidence;
use crate::audit::verdict::claimed_tags::blocks_repair;
use crate::audit::{Audit, External, Input};
use crate::finding::{Error, Evidence};
use crate::host::FoundBy;
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{Origin, Target};
use crate::report::identity::{Identity, Named};
use crate::report::{FindingJson, Judgement, file_name, line};
use crate::tag::CLibrary as _;
use crate::wheel::ElfMember;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    wheel: String,
    pure: bool,
    overall_tag: String,
    sym_tag: String,
    pyfpe: bool,
    ucs2: bool,
    unsupported_isa: bool,
    versioned_symbols: BTreeMap<&'a str, &'a BTreeSet<String>>,
    external_libs: BTreeMap<&'a str, Option<String>>,
    policy_upgrades: BTreeMap<String, Upgrade<'a>>,
    arch: &'a str,
    libc: &'a str,
    claimed_tags: Vec<&'a str>,
    repairable_to: Option<String>,
    blame: Vec<Evidence>,
    files: Vec<FileJson<'a>>,
    findings: Vec<FindingJson<'a>>,
    #[serde(flatten)]
    identity: Identity,
}

#[derive(Serialize)]
struct Upgrade<'a> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    libs_to_eliminate: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    blacklisted_symbols: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    path: &'a str,
    soname: Option<&'a str>,
    needed: &'a [String],
    rpath: Option<&'a str>,
    runpath: Option<&'a str>,
    versions: BTreeMap<&'a str, BTreeSet<&'a str>>,
    python_extension: bool,
    libraries: Vec<LibraryJson<'a>>,
}

#[derive(Serialize)]
struct LibraryJson<'a> {
    soname: &'a str,
    path: Option<Cow<'a, str>>,
    found_by: Option<HowJson<'a>>,
    in_wheel: bool,
}

#[derive(Serialize)]
struct Refused<'a, Identity> {
    version: u8,
    wheel: String,
    error: String,
    findings: Vec<FindingJson<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    blame: &'a [Evidence],
    #[serde(flatten)]
    identity: Identity,
}

#[derive(Serialize)]
struct LetThrough<Identity> {
    version: u8,
    wheel: String,
    pure: bool,
    #[serde(flatten)]
    identity: Identity,
}

/// The document for a wheel that was judged, as one line.
pub fn judged(judgement: &Judgement<'_>) -> String {
    let Judgement { input, audit, .. } = *judgement;
    let verdict = &audit.verdict;
    let blocked = judgement.findings.iter().any(blocks_repair);
    let repairable = verdict.repaired != Since::Never && !has_missing(audit) && !blocked;
    line(&Document {
        version: 1,
        wheel: file_name(input.path),
        pure: false,
        overall_tag: audit.tag(),
        sym_tag: audit.candidates.tag_name(verdict.symbols),
        pyfpe: verdict.pyfpe,
        ucs2: verdict.ucs2,
        unsupported_isa: verdict.isa == Since::Never,
        versioned_symbols: versioned_symbols(audit),
        external_libs: external_libs(audit),
        policy_upgrades: upgrades(audit),
        arch: audit.arch.as_str(),
        libc: audit.libc.as_str(),
        claimed_tags: input
            .claimed()
            .iter()
            .map(crate::tag::PlatformTag::as_str)
            .collect(),
        repairable_to: repairable.then(|| audit.repairable_to()),
        blame: evidence(audit, audit.blame(input)),
        files: input
            .elves
            .iter()
            .enumerate()
            .map(|(index, elf)| file(input, audit, index, elf))
            .collect(),
        findings: judgement.findings.iter().map(FindingJson::from).collect(),
        identity: Identity::judged(input, audit),
    })
}

/// Without those of the loader, which auditwheel leaves out; [`blame`](Document::blame) has them where they matter.
fn versioned_symbols(audit: &Audit) -> BTreeMap<&str, &BTreeSet<String>> {
    let all = audit.verdict.versions.iter();
    all.filter(|(library, _)| !audit.libc.is_loader(library, audit.arch))
        .map(|(library, versions)| (library.as_str(), versions))
        .collect()
}

/// Whether a repair would stop at a library that was not found.
pub fn has_missing(audit: &Audit) -> bool {
    let mut grafted = audit
        .externals
        .iter()
        .filter(|external| audit.would_graft(external));
    grafted.any(|external| external.provider == Provider::Missing)
}

fn external_libs(audit: &Audit) -> BTreeMap<&str, Option<String>> {
    let best = audit.candidates.best();
    let outside = audit
        .externals
        .iter()
        .filter(|external| external.needed_for(best));
    outside
        .map(|external| (external.soname.as_str(), real_path(audit, external)))
        .collect()
}

/// The file behind an external library.
pub fn real_path(audit: &Audit, external: &External) -> Option<String> {
    let Provider::Node(node) = external.provider else {
        return None;
    };
    match &audit.graph.nodes.get(node)?.origin {
        Origin::Host(library) => Some(library.real_path.display().to_string()),
        Origin::Member(_) => None,
    }
}

fn upgrades(audit: &Audit) -> BTreeMap<String, Upgrade<'_>> {
    let better = audit
        .candidates
        .rungs()
        .filter(|rung| Since::Rung(*rung) < audit.verdict.as_is);
    let entries = better.filter_map(|rung| {
        let libraries = audit
            .externals
            .iter()
            .filter(|external| external.needed_for(rung));
        let mut symbols: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for found in audit
            .verdict
            .forbidden_symbols
            .iter()
            .filter(|found| found.since > Since::Rung(rung))
        {
            symbols
                .entry(&found.library)
                .or_default()
                .insert(&found.symbol);
        }
        let upgrade = Upgrade {
            libs_to_eliminate: libraries.map(|external| external.soname.as_str()).collect(),
            blacklisted_symbols: symbols,
        };
        let empty = upgrade.libs_to_eliminate.is_empty() && upgrade.blacklisted_symbols.is_empty();
        (!empty).then(|| (audit.candidates.tag_name(Since::Rung(rung)), upgrade))
    });
    entries.collect()
}

fn file<'a>(input: &Input<'a>, audit: &'a Audit, index: usize, elf: &'a ElfMember) -> FileJson<'a> {
    let facts = &elf.facts;
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for need in &facts.version_needs {
        let names = need.versions.iter().map(|version| version.name.as_str());
        versions.entry(&need.library).or_default().extend(names);
    }
    let edges = audit
        .graph
        .nodes
        .get(index)
        .map(|node| node.edges.as_slice())
        .unwrap_or_default();
    FileJson {
        path: &elf.path,
        soname: facts.soname.as_deref(),
        needed: &facts.needed,
        rpath: facts.rpath.as_deref(),
        runpath: facts.runpath.as_deref(),
        versions,
        python_extension: python_extension(elf).is_some(),
        libraries: edges
            .iter()
            .map(|edge| library(input, audit, &edge.soname, &edge.target))
            .collect(),
    }
}

/// How a library was found, in words that are made when they are written: there may be a million.
enum HowJson<'a> {
    By(&'a FoundBy),
    Excluded,
}

impl Serialize for HowJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::By(found_by) => serializer.collect_str(found_by),
            Self::Excluded => serializer.serialize_str("exclude"),
        }
    }
}

fn library<'a>(
    input: &Input<'a>,
    audit: &'a Audit,
    soname: &'a str,
    target: &'a Target,
) -> LibraryJson<'a> {
    let (path, found_by, in_wheel) = match target {
        Target::Node(node, found_by) => match audit.graph.nodes.get(*node).map(|node| &node.origin)
        {
            Some(Origin::Member(member)) => {
                let elf = input.elves.get(*member);
                let path = elf.map(|elf| elf.path.as_str().into());
                (path, Some(HowJson::By(found_by)), true)
            }
            Some(Origin::Host(library)) => {
                let path = library.real_path.to_string_lossy();
                (Some(path), Some(HowJson::By(found_by)), false)
            }
            None => (None, None, false),
        },
        Target::Excluded { path, .. } => {
            let path = path.as_ref().map(|path| path.to_string_lossy());
            (path, Some(HowJson::Excluded), false)
        }
        Target::Missing(_) | Target::Libpython | Target::Loader => (None, None, false),
    };
    LibraryJson {
        soname,
        path,
        found_by,
        in_wheel,
    }
}

/// The document for a pure wheel that was let through.
pub fn pure(path: &Path) -> String {
    line(&pure_as(path, Identity::of(path)))
}

/// The document for a wheel that could not be judged.
pub fn refused(path: &Path, error: &Error) -> String {
    line(&refused_as(path, error, Identity::of(path)))
}

/// What `audit repair --json` prints of a pure wheel: there `sha256` and `size` are the result's.
pub fn pure_repair(path: &Path) -> String {
    line(&pure_as(path, Named::of(path)))
}

/// What `audit repair --json` prints of a wheel that could not be repaired.
pub fn refused_repair(path: &Path, error: &Error) -> String {
    line(&refused_as(path, error, Named::of(path)))
}

fn pure_as<Identity>(path: &Path, identity: Identity) -> LetThrough<Identity> {
    LetThrough {
        version: 1,
        wheel: file_name(path),
        pure: true,
        identity,
    }
}

fn refused_as<'a, Identity>(
    path: &Path,
    error: &'a Error,
    identity: Identity,
) -> Refused<'a, Identity> {
    let reason = error.findings.first().map(ToString::to_string);
    Refused {
        version: 1,
        wheel: file_name(path),
        error: reason.unwrap_or_default(),
        findings: error.findings.iter().map(FindingJson::from).collect(),
        blame: &error.evidence,
        identity,
    }
}
