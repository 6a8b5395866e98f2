//! Names of grafts.
//!
//! `libfoo.so.1` becomes `libfoo-1a2b3c4d.so.1`. The eight digits begin the SHA-256 of the
//! source file; for a library with grafted needs of its own the digest covers their new names too,
//! so that one name cannot stand for two different things.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::elf::soname;
use crate::platform::linux::resolve::NodeId;
use crate::wheel::hex;

/// A library without its new name.
#[derive(Clone, Debug)]
pub(crate) struct Unnamed {
    /// Which it is.
    pub node: NodeId,
    /// The name of its file.
    pub file_name: String,
    /// SHA-256 of its file.
    pub sha256: [u8; 32],
    /// The other grafts that it needs.
    pub needs: BTreeSet<NodeId>,
    /// The name that it keeps (`--no-mangle`).
    pub keeps: Option<String>,
}

/// Names every graft. Libraries that keep their names count with the names they would have had, so that
/// what is built on another content has another name.
pub(crate) fn name_all(unnamed: &[Unnamed]) -> BTreeMap<NodeId, String> {
    let mut names = hash_all(unnamed);
    for graft in unnamed {
        if let Some(kept) = &graft.keeps {
            names.insert(graft.node, kept.clone());
        }
    }
    names
}

/// Needs first; libraries that need each other are named together.
fn hash_all(unnamed: &[Unnamed]) -> BTreeMap<NodeId, String> {
    let by_node: BTreeMap<NodeId, &Unnamed> =
        unnamed.iter().map(|graft| (graft.node, graft)).collect();
    let needs = |node: &NodeId| {
        by_node
            .get(node)
            .map(|graft| graft.needs.clone())
            .unwrap_or_default()
    };
    let mut names: BTreeMap<NodeId, String> = BTreeMap::new();
    for component in components(by_node.keys().copied().collect(), needs) {
        let members: Vec<&Unnamed> = component
            .iter()
            .filter_map(|node| by_node.get(node).copied())
            .collect();
        let shared = shared_digest(&members, &names);
        for graft in members {
            let digest = match shared {
                None => graft.sha256,
                Some(shared) => Sha256::new()
                    .chain_update(graft.sha256)
                    .chain_update(shared)
                    .finalize()
                    .into(),
            };
            names.insert(graft.node, hashed_name(&graft.file_name, &digest));
        }
    }
    names
}

/// What the names of a component's members depend on beside their own files; `None` for a
/// library without grafted needs.
fn shared_digest(members: &[&Unnamed], names: &BTreeMap<NodeId, String>) -> Option<[u8; 32]> {
    let inner: BTreeSet<NodeId> = members.iter().map(|graft| graft.node).collect();
    let needed = members
        .iter()
        .flat_map(|graft| &graft.needs)
        .filter(|need| !inner.contains(need));
    let outer: BTreeSet<&String> = needed.filter_map(|need| names.get(need)).collect();
    if members.len() == 1 && outer.is_empty() {
        return None;
    }
    let mut shared = Sha256::new();
    if members.len() > 1 {
        let digests: BTreeSet<&[u8; 32]> = members.iter().map(|graft| &graft.sha256).collect();
        for digest in digests {
            shared.update(digest);
        }
    }
    for name in outer {
        shared.update(name);
        shared.update([0]);
    }
    Some(shared.finalize().into())
}

/// `libfoo.so.1` with the digest's first eight digits.
fn hashed_name(file_name: &str, digest: &[u8; 32]) -> String {
    soname::with_hash(file_name, &hex(digest.get(..4).unwrap_or(digest)))
}

/// Strongly connected components, each after those it needs (Tarjan, iterative).
fn components(nodes: Vec<NodeId>, needs: impl Fn(&NodeId) -> BTreeSet<NodeId>) -> Vec<Vec<NodeId>> {
    let mut index: BTreeMap<NodeId, (usize, usize)> = BTreeMap::new();
    let (mut stack, mut on_stack, mut done) = (Vec::new(), BTreeSet::new(), Vec::new());
    for start in nodes {
        if index.contains_key(&start) {
            continue;
        }
        let mut work = vec![(start, needs(&start).into_iter())];
        index.insert(start, (index.len(), index.len()));
        stack.push(start);
        on_stack.insert(start);
        while let Some((node, pending)) = work.last_mut() {
            let node = *node;
            if let Some(next) = pending.next() {
                if let Some((order, _)) = index.get(&next).copied() {
                    if on_stack.contains(&next) {
                        lower(&mut index, node, order);
                    }
                } else {
                    index.insert(next, (index.len(), index.len()));
                    stack.push(next);
                    on_stack.insert(next);
                    work.push((next, needs(&next).into_iter()));
                }
                continue;
            }
            work.pop();
            let (order, low) = index.get(&node).copied().unwrap_or_default();
            if let Some((parent, _)) = work.last() {
                lower(&mut index, *parent, low);
            }
            if order == low {
                let start = stack
                    .iter()
                    .rposition(|other| *other == node)
                    .unwrap_or_default();
                let component = stack.split_off(start);
                for member in &component {
                    on_stack.remove(member);
                }
                done.push(component);
            }
        }
    }
    done
}

fn lower(index: &mut BTreeMap<NodeId, (usize, usize)>, node: NodeId, low: usize) {
    if let Some((_, known)) = index.get_mut(&node) {
        *known = low.min(*known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_digest_before_the_first_dot() {
        let digest = [0x1a; 32];
        let cases = [
            ("libfoo.so.1", "libfoo-1a1a1a1a.so.1"),
            ("libnodot", "libnodot-1a1a1a1a"),
            ("libglib-2.0.so.0", "libglib-2-1a1a1a1a.0.so.0"),
            ("libfoo-1a1a1a1a.so.1", "libfoo-1a1a1a1a.so.1"),
        ];
        for (name, expected) in cases {
            assert_eq!(hashed_name(name, &digest), expected);
        }
    }

    #[test]
    fn components_come_after_what_they_need() {
        let edges: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::from([
            (1, vec![2]),
            (2, vec![3]),
            (3, vec![2, 4]),
            (4, vec![]),
            (5, vec![1, 5]),
        ]);
        let found = components(vec![1, 2, 3, 4, 5], |node| {
            edges.get(node).into_iter().flatten().copied().collect()
        });
        assert_eq!(found, [vec![4], vec![2, 3], vec![1], vec![5]]);
    }
}
