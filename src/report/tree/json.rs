//! `audit tree --format json`.

use serde::Serialize;

use std::path::Path;

use super::Tree;
use crate::finding::Error;
use crate::report::identity::Identity;
use crate::report::{FindingJson, Judgement, file_name, line};

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    input: String,
    tag: &'a str,
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson<'a>>,
    roots: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<WhyJson<'a>>,
    #[serde(flatten)]
    identity: Identity,
}

#[derive(Serialize)]
struct Refused<'a> {
    version: u8,
    input: String,
    error: String,
    findings: Vec<FindingJson<'a>>,
    #[serde(flatten)]
    identity: Identity,
}

#[derive(Serialize)]
struct NodeJson<'a> {
    id: usize,
    name: &'a str,
    path: Option<&'a str>,
    state: &'a str,
}

#[derive(Serialize)]
struct EdgeJson<'a> {
    from: usize,
    to: usize,
    soname: &'a str,
    found_by: Option<&'a str>,
}

#[derive(Serialize)]
struct WhyJson<'a> {
    library: &'a str,
    chains: &'a [Vec<usize>],
    more: bool,
}

/// The tree as one line of JSON.
pub fn render(tree: &Tree, judgement: &Judgement<'_>) -> String {
    let items = || tree.items.iter().enumerate();
    let nodes = items().map(|(id, item)| NodeJson {
        id,
        name: &item.name,
        path: item.path.as_deref(),
        state: item.state.as_str(),
    });
    let edges = items().flat_map(|(from, item)| {
        item.needs.iter().map(move |need| EdgeJson {
            from,
            to: need.item,
            soname: &need.soname,
            found_by: Some(&*need.found_by).filter(|words| !words.is_empty()),
        })
    });
    line(&Document {
        version: 1,
        input: file_name(judgement.input.path),
        tag: &tree.tag,
        nodes: nodes.collect(),
        edges: edges.collect(),
        roots: &tree.roots,
        why: tree.why.as_ref().map(|why| WhyJson {
            library: &why.library,
            chains: &why.chains,
            more: why.more,
        }),
        identity: Identity::judged(judgement.input, judgement.audit),
    })
}

/// The document for an input without a tree.
pub fn refused(path: &Path, error: &Error) -> String {
    let reason = error.findings.first().map(ToString::to_string);
    line(&Refused {
        version: 1,
        input: file_name(path),
        error: reason.unwrap_or_default(),
        findings: error.findings.iter().map(FindingJson::from).collect(),
        identity: Identity::of(path),
    })
}
