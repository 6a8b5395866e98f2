//! What a process has loaded, and under which names.

use super::NodeId;
use super::contexts::{ContextId, NameId};
use crate::host::FoundBy;

/// What the current process has loaded; the marks of earlier ones are void.
#[derive(Debug, Default)]
pub(super) struct Process {
    /// By name: in which process, which file, and how it was found.
    pub(super) loaded: Vec<Option<(usize, NodeId, FoundBy)>>,
    /// By node: in which process.
    pub(super) members: Vec<usize>,
    pub(super) contexts: Vec<Option<ContextId>>,
    /// Number of the process, from 1.
    pub(super) number: usize,
}

impl Process {
    /// What `name` means in this process.
    pub(super) fn loaded(&self, name: NameId) -> Option<(NodeId, &FoundBy)> {
        match self.loaded.get(name)?.as_ref()? {
            (number, node, found_by) if *number == self.number => Some((*node, found_by)),
            _ => None,
        }
    }

    /// `name` means `node` from now on, if it meant nothing before.
    pub(super) fn note(&mut self, name: NameId, node: NodeId, found_by: &FoundBy) {
        if self.loaded(name).is_some() {
            return;
        }
        let number = self.number;
        if let Some(slot) = self.loaded.get_mut(name) {
            *slot = Some((number, node, found_by.clone()));
        }
    }
}
