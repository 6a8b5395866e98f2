//! `--why LIB`: every chain that leads to a library.

use std::collections::VecDeque;

use super::{State, Tree, Why};
use crate::fnmatch::Pattern;

/// More chains than this are not listed: a dense graph has exponentially many.
const LIMIT: usize = 200;

impl Tree {
    /// Adds the chains from members to libraries whose name, soname or path matches `pattern`
    /// (Python `fnmatch`), shortest first.
    #[must_use]
    pub fn with_why(mut self, pattern: &str) -> Self {
        let wanted = Pattern::new(pattern);
        let matches: Vec<bool> = (0..self.items.len())
            .map(|id| self.is_called(id, &wanted))
            .collect();
        let useful = self.leading_to(&matches);
        let starts = self.items.iter().enumerate();
        let mut queue: VecDeque<Vec<usize>> = starts
            .filter(|(id, item)| item.state == State::InWheel && is_set(&useful, *id))
            .map(|(id, _)| vec![id])
            .collect();
        let mut why = Why {
            library: pattern.to_owned(),
            chains: Vec::new(),
            more: false,
        };
        while let Some(chain) = queue.pop_front() {
            let Some(last) = chain.last().copied() else {
                continue;
            };
            if chain.len() > 1 && is_set(&matches, last) {
                if why.chains.len() == LIMIT {
                    why.more = true;
                    break;
                }
                why.chains.push(chain);
                continue;
            }
            let needs = self.items.get(last).map(|item| item.needs.as_slice());
            for need in needs.unwrap_or_default() {
                if is_set(&useful, need.item) && !chain.contains(&need.item) {
                    if queue.len() > LIMIT.saturating_mul(64) {
                        why.more = true;
                        break;
                    }
                    let mut longer = chain.clone();
                    longer.push(need.item);
                    queue.push_back(longer);
                }
            }
        }
        self.why = Some(why);
        self
    }

    fn is_called(&self, id: usize, wanted: &Pattern) -> bool {
        let Some(item) = self.items.get(id) else {
            return false;
        };
        let file = |path: &str| wanted.matches(path.rsplit('/').next().unwrap_or(path));
        wanted.matches(&item.name)
            || file(&item.name)
            || item
                .path
                .as_deref()
                .is_some_and(|path| wanted.matches(path) || file(path))
    }

    /// The items that `matches`, and all that lead to them.
    fn leading_to(&self, matches: &[bool]) -> Vec<bool> {
        let mut parents: Vec<Vec<usize>> = vec![Vec::new(); self.items.len()];
        for (id, item) in self.items.iter().enumerate() {
            for need in &item.needs {
                if let Some(list) = parents.get_mut(need.item) {
                    list.push(id);
                }
            }
        }
        let mut useful = matches.to_vec();
        let all = (0..matches.len()).filter(|id| is_set(matches, *id));
        let mut queue: Vec<usize> = all.collect();
        while let Some(id) = queue.pop() {
            for parent in parents.get(id).into_iter().flatten() {
                if let Some(slot @ false) = useful.get_mut(*parent) {
                    *slot = true;
                    queue.push(*parent);
                }
            }
        }
        useful
    }
}

fn is_set(flags: &[bool], id: usize) -> bool {
    flags.get(id) == Some(&true)
}
