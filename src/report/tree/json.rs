//! `audit tree --format json`.

use serde::Serialize;

use super::Tree;
use crate::finding::Error;
use crate::report::{FindingJson, line};

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    input: &'a str,
    tag: &'a str,
    nodes: Vec<NodeJson<'a>>,
    edges: Vec<EdgeJson<'a>>,
    roots: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<WhyJson<'a>>,
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
pub fn render(tree: &Tree) -> String {
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
            found_by: Some(need.found_by.as_str()).filter(|words| !words.is_empty()),
        })
    });
    line(&Document {
        version: 1,
        input: &tree.input,
        tag: &tree.tag,
        nodes: nodes.collect(),
        edges: edges.collect(),
        roots: &tree.roots,
        why: tree.why.as_ref().map(|why| WhyJson {
            library: &why.library,
            chains: &why.chains,
            more: why.more,
        }),
    })
}

/// The document for an input without a tree.
pub fn refused(input: &str, error: &Error) -> String {
    let findings: Vec<FindingJson<'_>> = error.findings.iter().map(FindingJson::from).collect();
    let message = error.findings.first().map(ToString::to_string);
    line(&serde_json::json!({
        "version": 1,
        "input": input,
        "error": message.unwrap_or_default(),
        "findings": findings,
    }))
}
