//! Search paths, and how files inherit those of their loaders.

use std::collections::HashMap;
use std::path::PathBuf;

use super::search::Dirs;
use crate::host::{FoundBy, Group, Wanted};
use crate::platform::linux::search_path::Entry;

pub(super) type ListId = usize;
pub(super) type ContextId = usize;
pub(super) type NameId = usize;

/// Search paths of one file.
#[derive(Debug)]
pub(super) struct List {
    /// As many as are ever told.
    pub(super) entries: Vec<Entry>,
    /// Folders of the wheel that hold libraries.
    pub(super) wheel: Vec<usize>,
    /// Where each of them is in `wheel`.
    pub(super) wheel_places: HashMap<usize, usize>,
    /// Folders of the host that exist and may be searched.
    pub(super) host: Vec<PathBuf>,
    /// The same, for look-ups.
    pub(super) group: Group,
    pub(super) found_by: FoundBy,
}

/// The RPATHs that apply, nearest first: of a file, of its loader, of that one's loader …
#[derive(Debug)]
struct Context {
    list: ListId,
    parent: Option<ContextId>,
    /// From here up, the first whose list leads into the wheel.
    wheel: Option<ContextId>,
    /// From here up, the first whose list leads outside.
    host: Option<ContextId>,
}

/// What of a file decides where its needs are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Requester {
    /// Inherited by what it loads.
    pub(super) rpath: Option<ListId>,
    /// For its own needs only; ends the RPATHs' say.
    pub(super) runpath: Option<ListId>,
    /// `$ORIGIN` read with links followed, as some tools (no loader) do: a last resort.
    pub(super) last_resort: Option<ListId>,
    pub(super) no_default_dirs: bool,
    pub(super) wanted: Wanted,
}

/// All lists and contexts; equal contexts are one.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    lists: Vec<List>,
    inherited: Vec<Context>,
    ids: HashMap<(ListId, Option<ContextId>), ContextId>,
}

impl Contexts {
    pub(super) fn add_list(&mut self, list: List) -> ListId {
        self.lists.push(list);
        self.lists.len().saturating_sub(1)
    }

    pub(super) fn list(&self, list: ListId) -> Option<&List> {
        self.lists.get(list)
    }

    /// The context of a file that was loaded in `parent`.
    pub(super) fn context(
        &mut self,
        requester: &Requester,
        parent: Option<ContextId>,
    ) -> Option<ContextId> {
        let Some(list) = requester.rpath else {
            return parent;
        };
        if let Some(known) = self.ids.get(&(list, parent)) {
            return Some(*known);
        }
        let id = self.inherited.len();
        let above = parent.and_then(|parent| self.inherited.get(parent));
        let own = self.list(list);
        let leads = |has: bool, above: Option<ContextId>| if has { Some(id) } else { above };
        let wheel = leads(
            own.is_some_and(|own| !own.wheel.is_empty()),
            above.and_then(|above| above.wheel),
        );
        let host = leads(
            own.is_some_and(|own| !own.host.is_empty()),
            above.and_then(|above| above.host),
        );
        self.inherited.push(Context {
            list,
            parent,
            wheel,
            host,
        });
        self.ids.insert((list, parent), id);
        Some(id)
    }

    /// From `id` up, itself included, the nearest whose list leads into the wheel.
    pub(super) fn inside(&self, id: ContextId) -> Option<ContextId> {
        self.inherited.get(id)?.wheel
    }

    /// From `id` up, itself included, the nearest whose list leads outside.
    pub(super) fn outside(&self, id: ContextId) -> Option<ContextId> {
        self.inherited.get(id)?.host
    }

    /// The lists of a context, nearest first; `nearest` passes over those that do not matter.
    pub(super) fn chain(
        &self,
        from: Option<ContextId>,
        nearest: fn(&Self, ContextId) -> Option<ContextId>,
    ) -> impl Iterator<Item = &List> {
        let start = from.and_then(|from| nearest(self, from));
        let ids = std::iter::successors(start, move |id| {
            nearest(self, self.inherited.get(*id)?.parent?)
        });
        ids.filter_map(|id| self.lists.get(self.inherited.get(id)?.list))
    }

    /// All lists of a context.
    pub(super) fn all(&self, from: Option<ContextId>) -> impl Iterator<Item = &List> {
        self.chain(from, |_, id| Some(id))
    }
}

/// Where each folder is in a list of them.
pub(super) fn places(folders: &[usize]) -> HashMap<usize, usize> {
    let places = folders.iter().enumerate();
    places.map(|(place, folder)| (*folder, place)).collect()
}

impl List {
    pub(super) fn group(&self) -> (&Group, Dirs<'_>) {
        (&self.group, Dirs::List(self))
    }

    /// Of `files`, which are folders with a member each, those that lie in this list's folders: in the
    /// list's order.
    pub(super) fn members(&self, files: &[(usize, usize)]) -> impl Iterator<Item = usize> {
        let placed = files.iter().filter_map(|(folder, member)| {
            let place = self.wheel_places.get(folder)?;
            Some((*place, *member))
        });
        let mut placed: Vec<(usize, usize)> = placed.collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, member)| member)
    }
}
