//! By which needs a file is reached.

use std::collections::{BTreeSet, VecDeque};

use crate::audit::Audit;
use crate::audit::libraries::external::Inside;
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{Edge, Graph, NodeId, Target};

/// The shortest chain of needs to each node, from the members that are judged and what `--include`
/// asks for.
#[derive(Clone, Debug)]
pub(crate) struct Chains {
    /// Who was the first to lead there; a member that is judged leads to itself.
    parent: Vec<Option<NodeId>>,
}

impl Chains {
    /// Chains over the needs that `follow` accepts.
    pub(crate) fn new(graph: &Graph, judged: &[bool], follow: impl Fn(&Edge) -> bool) -> Self {
        let mut parent: Vec<Option<NodeId>> = vec![None; graph.nodes.len()];
        let mut queue = VecDeque::new();
        for (member, judged) in judged.iter().enumerate() {
            if let (true, Some(slot)) = (*judged, parent.get_mut(member)) {
                *slot = Some(member);
                queue.push_back(member);
            }
        }
        for node in graph.included.iter().flat_map(targets) {
            if let Some(slot @ None) = parent.get_mut(node) {
                *slot = Some(node);
                queue.push_back(node);
            }
        }
        while let Some(node) = queue.pop_front() {
            let edges = graph.nodes.get(node).map(|node| node.edges.as_slice());
            for edge in edges.unwrap_or_default().iter().filter(|edge| follow(edge)) {
                for next in targets(edge) {
                    if let Some(slot @ None) = parent.get_mut(next) {
                        *slot = Some(node);
                        queue.push_back(next);
                    }
                }
            }
        }
        Self { parent }
    }

    /// Chains over members and over what a repair for `tag` brings in.
    pub(crate) fn of_grafts(audit: &Audit, tag: Since) -> Self {
        let members = audit.judged.len();
        let inside = Inside::new(&audit.graph, members, &audit.externals, tag);
        let grafts: BTreeSet<NodeId> = inside.grafts().collect();
        Self::new(&audit.graph, &audit.judged, |edge| {
            let mut targets = targets(edge);
            targets.any(|node| node < members || grafts.contains(&node))
        })
    }

    /// The nodes from a member to `node`, both included; empty if nothing leads there.
    pub(crate) fn to(&self, node: NodeId) -> Vec<NodeId> {
        let mut chain = Vec::new();
        let mut at = node;
        while let Some(Some(parent)) = self.parent.get(at).copied() {
            chain.push(at);
            if parent == at {
                chain.reverse();
                return chain;
            }
            at = parent;
        }
        Vec::new()
    }

    /// Whether something leads to `node`.
    pub(crate) fn reaches(&self, node: NodeId) -> bool {
        self.parent.get(node).is_some_and(Option::is_some)
    }
}

/// The node that an edge leads to.
fn targets(edge: &Edge) -> impl Iterator<Item = NodeId> + use<> {
    let node = match edge.target {
        Target::Node(node, _) => Some(node),
        _ => None,
    };
    node.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::FoundBy;
    use crate::platform::linux::resolve::{Node, Origin};

    /// Nodes by their needs; targets are given by number.
    fn graph(needs: &[&[NodeId]]) -> Graph {
        let edge = |target: &NodeId| Edge {
            soname: format!("lib{target}.so"),
            target: Target::Node(*target, FoundBy::Trusted),
            also: Vec::new(),
        };
        let nodes = needs.iter().enumerate().map(|(id, needs)| Node {
            origin: Origin::Member(id),
            edges: needs.iter().map(edge).collect(),
        });
        Graph {
            nodes: nodes.collect(),
            ..Graph::default()
        }
    }

    #[test]
    fn the_shortest_chain_wins_and_cycles_end() {
        let graph = graph(&[&[1, 2], &[3], &[1], &[0, 2]]);
        let chains = Chains::new(&graph, &[true], |_| true);
        assert_eq!(chains.to(3), [0, 1, 3]);
        assert_eq!(chains.to(0), [0]);
        let without = Chains::new(&graph, &[true], |edge| edge.soname != "lib1.so");
        assert!(without.reaches(2) && !without.reaches(1));
        assert!(without.to(3).is_empty());
    }
}
