//! Search-path entries of a file: which stay, which go, and what is added.
//!
//! Everything is computed on the *installed* tree: site-packages is the root, and
//! `.data/platlib` is spread over it.

use crate::elf::{Facts, RpathEdit, RpathKind};
use crate::fnmatch::Pattern;

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
pub struct Owner<'a> {
    /// What was read from it.
    pub facts: &'a Facts,
    /// The folder that `$ORIGIN` stands for, in site-packages; `None`: not known.
    pub folder: Option<&'a str>,
    /// Whether it, or what it loads, needs something that stays outside by request.
    pub serves_outside: bool,
    /// Entries that leave site-packages for another part of the wheel.
    pub reaches: Vec<String>,
    /// Entries that it needs.
    pub added: Vec<String>,
    /// The tag for a new path.
    pub kind: RpathKind,
    /// Whether `kind` was asked for.
    pub kind_asked: bool,
}

/// An entry that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// As written.
    pub entry: String,
    /// Why.
    pub fate: Fate,
}

/// The edit of `owner`'s search path, and what it drops.
pub fn edit(owner: Owner<'_>, keep: &[Pattern]) -> (RpathEdit, Vec<Dropped>) {
    let facts = owner.facts;
    // With both, the loader reads only RUNPATH; the other is no less published.
    let (current, shadowed) = match (&facts.runpath, &facts.rpath) {
        (Some(runpath), rpath) => (Some(runpath), rpath.as_ref()),
        (None, rpath) => (rpath.as_ref(), None),
    };
    let mut kept: Vec<String> = Vec::new();
    let mut dropped = Vec::new();
    for entry in entries(current.map(String::as_str)) {
        match owner.goes(entry, keep) {
            Some(fate) => dropped.push(Dropped {
                entry: entry.to_owned(),
                fate,
            }),
            None if kept.iter().any(|known| known == entry) => {}
            None => kept.push(entry.to_owned()),
        }
    }
    for entry in entries(shadowed.map(String::as_str)) {
        if let Some(fate) = owner.goes(entry, keep)
            && !dropped.iter().any(|known| known.entry == entry)
        {
            dropped.push(Dropped {
                entry: entry.to_owned(),
                fate,
            });
        }
    }
    let adds = owner.added.iter().any(|entry| !kept.contains(entry));
    let written_as = if facts.runpath.is_some() {
        RpathKind::Runpath
    } else {
        RpathKind::Rpath
    };
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
    fn goes(&self, entry: &str, keep: &[Pattern]) -> Option<Fate> {
        if keep.iter().any(|pattern| pattern.matches(entry)) {
            return None;
        }
        // Where the file lies is not known, but `$ORIGIN` is no folder of the build machine.
        let fate = match self.folder {
            Some(folder) => fate(entry, folder),
            None if origin_rest(entry).is_some() => return None,
            None => fate(entry, ""),
        };
        match fate {
            Fate::Inside => None,
            Fate::Leaves if self.serves_outside => None,
            Fate::Leaves if self.reaches.iter().any(|known| known == entry) => None,
            fate => Some(fate),
        }
    }
}

/// The entry for `--add-rpath path` in a file of `folder`; `None` if it cannot be said.
pub fn requested(path: &str, folder: Option<&str>) -> Option<String> {
    if path.starts_with('/') || origin_rest(path).is_some() {
        return Some(path.to_owned());
    }
    folder.map(|folder| origin_to(folder, path))
}

/// What becomes of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Leads to a folder inside site-packages.
    Inside,
    /// `$ORIGIN`-relative, but leaves site-packages.
    Leaves,
    /// Absolute: a folder of the machine that built the wheel.
    Absolute,
    /// Empty or relative: the current directory of whoever runs it.
    Relative,
}

impl Fate {
    /// Why such an entry goes, to follow "it".
    pub fn reason(self) -> &'static str {
        match self {
            Self::Inside => "is not needed",
            Self::Leaves => "leaves site-packages, and nothing that stays outside needs it",
            Self::Absolute => "is a folder of the build machine",
            Self::Relative => "depends on the current directory",
        }
    }
}

/// Says where `entry` of a file in `folder` (slash-separated, relative to site-packages) leads.
pub fn fate(entry: &str, folder: &str) -> Fate {
    let Some(rest) = origin_rest(entry) else {
        return if entry.starts_with('/') {
            Fate::Absolute
        } else {
            Fate::Relative
        };
    };
    let mut depth = parts(folder).count();
    for part in parts(rest) {
        match part {
            ".." if depth == 0 => return Fate::Leaves,
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
    }
    Fate::Inside
}

/// What follows `$ORIGIN` in an entry that starts with it.
fn origin_rest(entry: &str) -> Option<&str> {
    let rest = entry
        .strip_prefix("$ORIGIN")
        .or_else(|| entry.strip_prefix("${ORIGIN}"))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

/// The entry that leads from `folder` to `target`, both relative to site-packages.
pub fn origin_to(folder: &str, target: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (parts(folder).collect(), parts(target).collect());
    let common = from
        .iter()
        .zip(&to)
        .take_while(|(left, right)| left == right)
        .count();
    let up = std::iter::repeat_n("..", from.len().saturating_sub(common));
    let down = to.iter().skip(common).copied();
    std::iter::once("$ORIGIN")
        .chain(up)
        .chain(down)
        .collect::<Vec<_>>()
        .join("/")
}

/// The folder of an installed path.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The entries of a search path; an absent one has none, an empty one has one (the loader
/// takes it for the current directory).
pub fn entries(path: Option<&str>) -> Vec<&str> {
    path.map(|path| path.split(':').collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf;
    use elf_synth::Synth;

    #[test]
    fn entries_are_judged_on_the_installed_tree() {
        let cases = [
            ("$ORIGIN", "pkg", Fate::Inside),
            ("${ORIGIN}/../pkg.libs/", "pkg", Fate::Inside),
            ("$ORIGIN/..", "pkg", Fate::Inside),
            ("$ORIGIN/../nvidia/cublas/lib", "pkg", Fate::Inside),
            ("$ORIGIN/../../lib", "pkg", Fate::Leaves),
            ("$ORIGIN/../../lib", "pkg/sub", Fate::Inside),
            ("$ORIGINAL/x", "pkg", Fate::Relative),
            ("/usr/lib", "pkg", Fate::Absolute),
            ("", "pkg", Fate::Relative),
            ("lib", "", Fate::Relative),
        ];
        for (entry, folder, expected) in cases {
            assert_eq!(fate(entry, folder), expected, "{entry} in {folder}");
        }
    }

    #[test]
    fn the_way_to_a_folder_is_the_shortest() {
        let cases = [
            ("pkg", "pkg.libs", "$ORIGIN/../pkg.libs"),
            ("", "pkg.libs", "$ORIGIN/pkg.libs"),
            ("pkg/a/b", "pkg/c", "$ORIGIN/../../c"),
            ("pkg", "pkg", "$ORIGIN"),
        ];
        for (folder, target, expected) in cases {
            assert_eq!(origin_to(folder, target), expected);
            assert_eq!(fate(&origin_to(folder, target), folder), Fate::Inside);
        }
    }

    fn edit_of(
        file: &Synth,
        keep: &[&str],
        owner: impl FnOnce(&mut Owner<'_>),
    ) -> (RpathEdit, usize) {
        let facts = elf::facts(&file.build()).unwrap();
        let keep: Vec<Pattern> = keep.iter().map(|glob| Pattern::new(*glob)).collect();
        let mut plain = Owner {
            facts: &facts,
            folder: Some("pkg"),
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
