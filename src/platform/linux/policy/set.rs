//! The policies in force: the built-in ones, and those of files that somebody gave.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::file::{self, PolicyError};
use super::{Ladder, TagNames};
use crate::elf::arch::Arch;
use crate::tag::Libc;

/// Policies, in the order in which they are asked: those that were added, then the built-in ones. A
/// tag means what the first of them that has it says.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    added: Vec<Added>,
}

/// What one file holds.
#[derive(Clone, Debug)]
struct Added {
    source: String,
    ladders: Vec<Arc<Ladder>>,
}

/// All names of a tag.
fn names(tag: &TagNames) -> impl Iterator<Item = &String> {
    std::iter::once(&tag.name).chain(&tag.aliases)
}

impl Policies {
    /// Adds the policy `text`, in the form of `policy/*.json`. `source` is its name in reports: the path.
    ///
    /// # Errors
    /// If the text is not in that form, breaks one of its rules, or has a tag that a policy added
    /// before has too.
    pub fn add(&mut self, source: &str, text: &[u8]) -> Result<(), PolicyError> {
        let ladders = file::parse(text)?;
        for ladder in &ladders {
            let own: BTreeSet<&String> = ladder.tags.iter().flat_map(names).collect();
            for other in &self.added {
                let tags = other.ladders.iter().flat_map(|ladder| &ladder.tags);
                if let Some(tag) = tags.flat_map(names).find(|tag| own.contains(tag)) {
                    let reason = format!("{tag} is a tag of {} too", other.source);
                    return Err(PolicyError::new("tags", reason));
                }
            }
        }
        self.added.push(Added {
            source: source.to_owned(),
            ladders: ladders.into_iter().map(Arc::new).collect(),
        });
        Ok(())
    }

    /// Whether nothing was added.
    pub fn is_builtin(&self) -> bool {
        self.added.is_empty()
    }

    /// The ladders of a C library and an architecture, in the order in which they are asked.
    pub fn ladders(&self, libc: Libc, arch: Arch) -> Vec<Arc<Ladder>> {
        let added = self.added.iter().flat_map(|added| &added.ladders);
        let fit = added.filter(|ladder| ladder.libc == libc && ladder.arch == arch);
        fit.cloned().chain(file::builtin(libc, arch)).collect()
    }

    /// The C library whose tags an added policy calls `base`, a name without architecture.
    pub fn libc_of(&self, base: &str) -> Option<Libc> {
        let mut added = self.added.iter().flat_map(|added| &added.ladders);
        let found = added.find(|ladder| {
            let tag = format!("{base}_{}", ladder.libc.arch_suffix(ladder.arch));
            ladder.tags.iter().flat_map(names).any(|name| *name == tag)
        });
        found.map(|ladder| ladder.libc)
    }

    /// Every ladder with where it is from (`None`: built in), in the order in which they are asked.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, Arc<Ladder>)> {
        let added = self.added.iter().flat_map(|added| {
            let ladders = added.ladders.iter();
            ladders.map(|ladder| (Some(added.source.as_str()), Arc::clone(ladder)))
        });
        added.chain(Libc::ALL.into_iter().flat_map(|libc| {
            let arches = Arch::ALL.into_iter();
            arches.filter_map(move |arch| Some((None, file::builtin(libc, arch)?)))
        }))
    }
}
