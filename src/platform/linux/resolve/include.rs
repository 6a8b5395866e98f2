//! Libraries that are asked for though no file needs them by name: they are opened at run time.

use std::path::Path;
use std::sync::Arc;

use super::contexts::Requester;
use super::explain::{Explainer, NO_HOST};
use super::loading::{Reached, Resolver};
use super::search::Found;
use super::{Edge, Searched, Target};
use crate::host::{FoundBy, Probe};
use crate::platform::linux::search_path::WheelDir;

impl Resolver<'_> {
    /// Finds `asked`, a soname, file name or path, and all that it needs.
    pub(super) fn include(&mut self, asked: &str) -> Edge {
        Edge {
            soname: asked.to_owned(),
            target: self.included(asked),
            also: Vec::new(),
        }
    }

    fn included(&mut self, asked: &str) -> Target {
        // A library that fits one file that is judged fits all.
        let mut judged = self.judged.iter();
        let first = judged.position(|judged| *judged);
        let first = first.and_then(|first| Some((first, self.elves.get(first)?)));
        let Some((first, elf)) = first else {
            return Target::Missing(Arc::new([]));
        };
        let nobody = self.search.nobody(&elf.facts);
        let near = self.search.tree.dir(first).cloned();
        let near = near.unwrap_or(WheelDir::Site(String::new()));
        let reached = if asked.contains('/') {
            match self.at_path(&nobody, asked) {
                Ok(found) => self.reached(found),
                Err(searched) => return Target::Missing(Arc::new([*searched])),
            }
        } else {
            let name = self.name(asked);
            if let Some(Some(target)) = self.fixed.get(name) {
                return target.clone();
            }
            self.find(&nobody, None, name, &near)
        };
        match reached {
            Some(Reached::Node(node, found_by)) => {
                self.load_from(node, &near);
                Target::Node(node, found_by)
            }
            Some(Reached::Excluded(target)) => target,
            None => {
                let searched = Explainer::new(&self.search).searched(&nobody, None, asked);
                Target::Missing(searched)
            }
        }
    }

    /// The file at a path: under the sysroot, or from the current folder if it is relative.
    fn at_path(&self, nobody: &Requester, asked: &str) -> Result<Found, Box<Searched>> {
        let host = self.search.options.host;
        let path = Path::new(asked);
        let path = if path.is_absolute() {
            host.in_sysroot(path)
        } else {
            std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
        };
        let dir = path.parent().unwrap_or(Path::new("/"));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = Searched::new(dir.to_string_lossy(), FoundBy::Path);
        Err(Box::new(match host.probe(dir, &name, &nobody.wanted) {
            Probe::Found(library) => {
                return Ok(self.search.unless_excluded(library, FoundBy::Path));
            }
            Probe::Skipped(reason) => Searched {
                unfit: Some(reason),
                ..place
            },
            Probe::Absent if !host.may_search(dir) => Searched {
                unsearched: Some(NO_HOST.to_owned()),
                ..place
            },
            Probe::Absent => place,
        }))
    }
}
