//! Search-path entries of a file: which stay, which go, and what is added.
//!
//! Everything is computed on the *installed* tree: site-packages is the root, and
//! `.data/platlib` is spread over it.

use crate::elf::{Facts, RpathEdit, RpathKind};
use crate::fnmatch::Pattern;
use crate::platform::linux::search_path::{self, Loader, Problem, WheelDir};

/// What was asked about search paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpathOptions {
    /// Patterns of entries that stay wherever they lead (`--keep-rpath`).
    pub keep: Vec<String>,
    /// Folders to search for libraries that stay outside (`--add-rpath`): in site-packages, or as
    /// written if they start with `$ORIGIN` or `/`.
    pub add: Vec<String>,
    /// Which tag holds the path; `None`: what the C library reads best.
    pub kind: Option<RpathKind>,
}

/// The file whose search path is planned.
#[derive(Debug)]
pub(crate) struct Owner<'a> {
    /// What was read from it.
    pub(crate) facts: &'a Facts,
    /// The folder that `$ORIGIN` stands for.
    pub(crate) home: &'a WheelDir,
    /// The loader that reads its search path.
    pub(crate) loader: Loader,
    /// Whether it, or what it loads, needs something that stays outside by request.
    pub(crate) serves_outside: bool,
    /// Entries that leave site-packages for another part of the wheel.
    pub(crate) reaches: Vec<String>,
    /// Entries that it needs.
    pub(crate) added: Vec<String>,
    /// The tag for a new path.
    pub(crate) kind: RpathKind,
    /// Whether `kind` was asked for.
    pub(crate) kind_asked: bool,
}

/// An entry that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// As written.
    pub(crate) entry: String,
    /// Why.
    pub(crate) problem: Problem,
}

/// The edit of `owner`'s search path, and what it drops.
pub(crate) fn edit(owner: Owner<'_>, keep: &[Pattern]) -> (RpathEdit, Vec<Dropped>) {
    let facts = owner.facts;
    let loader = owner.loader;
    let current = search_path::current(facts);
    let mut kept: Vec<String> = Vec::new();
    let mut dropped = Vec::new();
    for entry in current.into_iter().flat_map(|(_, list)| loader.split(list)) {
        match owner.drops(entry, keep) {
            Some(problem) => dropped.push(Dropped {
                entry: entry.to_owned(),
                problem,
            }),
            None if kept.iter().any(|known| known == entry) => {}
            None => kept.push(entry.to_owned()),
        }
    }
    let shadowed = search_path::shadowed(facts).into_iter();
    for entry in shadowed.flat_map(|list| loader.split(list)) {
        if let Some(problem) = owner.drops(entry, keep)
            && !dropped.iter().any(|known| known.entry == entry)
        {
            dropped.push(Dropped {
                entry: entry.to_owned(),
                problem,
            });
        }
    }
    let adds = owner.added.iter().any(|entry| !kept.contains(entry));
    let written_as = current.map_or(RpathKind::Rpath, |(kind, _)| kind);
    let converts = owner.kind_asked && !kept.is_empty() && written_as != owner.kind;
    if !adds && !converts && dropped.is_empty() {
        return (RpathEdit::Keep, dropped);
    }
    let kind = if adds || owner.kind_asked {
        owner.kind
    } else {
        written_as
    };
    for entry in owner.added {
        if !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    if kept.is_empty() {
        return (RpathEdit::Remove, dropped);
    }
    (RpathEdit::Set(kind, kept.join(":")), dropped)
}

impl Owner<'_> {
    /// Why an entry goes; `None`: it stays.
    fn drops(&self, entry: &str, keep: &[Pattern]) -> Option<Problem> {
        if keep.iter().any(|pattern| pattern.matches(entry)) {
            return None;
        }
        let problem = self.loader.problem(entry, self.home)?;
        let asked = self.serves_outside || self.reaches.iter().any(|known| known == entry);
        (problem != Problem::LeavesWheel || !asked).then_some(problem)
    }
}

/// The entry for `--add-rpath path` in a file of `home`; `None` if it cannot be said.
pub(crate) fn requested(path: &str, home: &WheelDir, loader: Loader) -> Option<String> {
    if path.starts_with('/') || loader.after_origin(path).is_some() {
        return Some(path.to_owned());
    }
    home.way_to(&WheelDir::Site(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf;
    use crate::elf::arch::Arch;
    use crate::tag::Libc;
    use elf_synth::Synth;

    fn edit_of(
        file: &Synth,
        keep: &[&str],
        owner: impl FnOnce(&mut Owner<'_>),
    ) -> (RpathEdit, usize) {
        let facts = elf::facts(&file.build()).unwrap();
        let keep: Vec<Pattern> = keep.iter().map(|glob| Pattern::new(*glob)).collect();
        let mut plain = Owner {
            facts: &facts,
            home: &WheelDir::Site("pkg".to_owned()),
            loader: Loader {
                libc: Libc::Glibc,
                arch: Arch::X86_64,
            },
            serves_outside: false,
            reaches: Vec::new(),
            added: Vec::new(),
            kind: RpathKind::Rpath,
            kind_asked: false,
        };
        owner(&mut plain);
        let (edit, dropped) = edit(plain, &keep);
        (edit, dropped.len())
    }

    fn set(kind: RpathKind, path: &str) -> RpathEdit {
        RpathEdit::Set(kind, path.to_owned())
    }

    #[test]
    fn a_path_changes_only_where_it_must() {
        use RpathKind::{Rpath, Runpath};
        let file = || Synth::new(true, false);
        let unchanged = |file: Synth| edit_of(&file, &[], |_| {});
        assert_eq!(unchanged(file()), (RpathEdit::Keep, 0));
        assert_eq!(
            unchanged(file().rpath("$ORIGIN/a:$ORIGIN/a")),
            (RpathEdit::Keep, 0)
        );
        assert_eq!(unchanged(file().runpath("/x")), (RpathEdit::Remove, 1));
        assert_eq!(unchanged(file().runpath("")), (RpathEdit::Remove, 1));
        assert_eq!(
            unchanged(file().runpath("/x:$ORIGIN")),
            (set(Runpath, "$ORIGIN"), 1)
        );
        let adds = |owner: &mut Owner<'_>| owner.added = vec!["$ORIGIN/lib".to_owned()];
        assert_eq!(edit_of(&file(), &[], adds), (set(Rpath, "$ORIGIN/lib"), 0));
        assert_eq!(
            edit_of(&file().runpath("$ORIGIN/lib"), &[], adds),
            (RpathEdit::Keep, 0)
        );
        assert_eq!(
            edit_of(&file().runpath("$ORIGIN"), &[], adds),
            (set(Rpath, "$ORIGIN:$ORIGIN/lib"), 0)
        );
        let asked = |owner: &mut Owner<'_>| owner.kind_asked = true;
        assert_eq!(
            edit_of(&file().runpath("$ORIGIN"), &[], asked),
            (set(Rpath, "$ORIGIN"), 0)
        );
        assert_eq!(
            edit_of(&file().rpath("$ORIGIN"), &[], asked),
            (RpathEdit::Keep, 0)
        );
        assert_eq!(
            edit_of(&file().rpath("/x:/y"), &["/x*"], |_| {}),
            (set(Rpath, "/x"), 1)
        );
    }

    #[test]
    fn an_entry_for_which_musl_would_read_none_goes() {
        let on_musl = |owner: &mut Owner<'_>| {
            owner.loader.libc = Libc::Musl;
            owner.added = vec!["$ORIGIN/../pkg.libs".to_owned()];
        };
        let file = Synth::new(true, false).rpath("$ORIGIN/$LIB:$ORIGIN");
        assert_eq!(
            edit_of(&file, &[], on_musl),
            (set(RpathKind::Rpath, "$ORIGIN:$ORIGIN/../pkg.libs"), 1)
        );
    }

    /// With RUNPATH the loader does not read RPATH; but whoever publishes it tells it.
    #[test]
    fn a_shadowed_path_is_cleaned_too() {
        let both = Synth::new(true, false)
            .runpath("$ORIGIN")
            .rpath("/secret:$ORIGIN/a");
        assert_eq!(
            edit_of(&both, &[], |_| {}),
            (set(RpathKind::Runpath, "$ORIGIN"), 1)
        );
        let harmless = Synth::new(true, false)
            .runpath("$ORIGIN")
            .rpath("$ORIGIN/a");
        assert_eq!(edit_of(&harmless, &[], |_| {}), (RpathEdit::Keep, 0));
    }
}
