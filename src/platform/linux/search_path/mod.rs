//! Search paths (RPATH, RUNPATH): their entries, what is wrong with one, and where it leads.
//! Everything that reads a search path asks here.
//!
//! A wheel is not unpacked, so `$ORIGIN` of a member is a folder of the tree that an installer
//! would make: what leaves that tree leads nowhere.
//!
//! Specs: ld.so(8), "Dynamic string tokens"; `is_dst` and `decompose_rpath` of glibc, `fixup_rpath`
//! and `path_open` of musl, `format_string` of bionic's linker.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::elf::arch::Arch;
use crate::elf::{Facts, RpathKind};
use crate::tag::Libc;

mod tokens;
mod wheel_dir;

pub(crate) use wheel_dir::WheelDir;
use wheel_dir::plain_parts;

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Problem {
    /// A folder of the machine that built the wheel.
    Absolute,
    /// glibc takes it for the current directory.
    Empty,
    /// Relative to the current directory of whoever runs it.
    Relative,
    /// Leads out of site-packages (or the folder that the file is installed under).
    LeavesWheel,
    /// musl reads nothing of a list with a variable that it does not know.
    ForeignToken,
}

impl Problem {
    /// As a phrase about the entry.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Absolute => "an absolute path",
            Self::Empty => "empty",
            Self::Relative => "relative to the current directory",
            Self::LeavesWheel => "leads out of the wheel",
            Self::ForeignToken => "has a variable that musl does not know",
        }
    }

    /// Why a repair drops the entry, to follow "it".
    pub(crate) fn why_dropped(self) -> &'static str {
        match self {
            Self::Absolute => "is a folder of the build machine",
            Self::Empty | Self::Relative => "depends on the current directory",
            Self::LeavesWheel => "leaves site-packages, and nothing that stays outside needs it",
            Self::ForeignToken => {
                "has a variable that musl does not know, so that it reads no entry of the path"
            }
        }
    }
}

/// Where a file is, for `$ORIGIN`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Home<'a> {
    Member(&'a WheelDir),
    /// Of a loose file: what is beside it counts too.
    Loose(&'a WheelDir, &'a Path),
    /// A folder of the host.
    Host(&'a Path),
}

/// Where one entry, or one reading of it, leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lead {
    Wheel(WheelDir),
    /// As written: a sysroot, if there is one, comes before it.
    Absolute(PathBuf),
    /// A folder as it is.
    Folder(PathBuf),
    Nowhere(Problem),
}

/// One entry, and where it leads; to several places if a token has several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) text: String,
    pub(crate) leads: Vec<Lead>,
}

/// The list that loaders read, and its tag: with both, only RUNPATH.
pub(crate) fn current(facts: &Facts) -> Option<(RpathKind, &str)> {
    let runpath = facts.runpath.as_deref();
    let runpath = runpath.map(|list| (RpathKind::Runpath, list));
    runpath.or_else(|| Some((RpathKind::Rpath, facts.rpath.as_deref()?)))
}

/// The list that no loader reads because there is another; it is no less published.
pub(crate) fn shadowed(facts: &Facts) -> Option<&str> {
    facts.rpath.as_deref().filter(|_| facts.runpath.is_some())
}

/// The tag for a new list: Android reads only RUNPATH; RPATH also serves what a library loads in turn.
pub(crate) fn kind_for(libc: Libc) -> RpathKind {
    match libc {
        Libc::Android => RpathKind::Runpath,
        Libc::Glibc | Libc::Musl => RpathKind::Rpath,
    }
}

/// The loader that reads a search path: the target's, not that of the machine that this runs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loader {
    pub(crate) libc: Libc,
    pub(crate) arch: Arch,
}

impl Loader {
    /// The entries of a list as written. An empty list has one, which is empty.
    pub(crate) fn split(self, list: &str) -> impl Iterator<Item = &str> + use<'_> {
        let lines = self.libc == Libc::Musl;
        list.split(move |c: char| c == ':' || (lines && c == '\n'))
    }

    /// What is wrong with `entry` of a file in `home`; `None`: it leads to a folder of the part of an
    /// installation that the file is in, or of another part if that is not site-packages.
    pub(crate) fn problem(self, entry: &str, home: &WheelDir) -> Option<Problem> {
        let Some(way) = self.after_origin(entry) else {
            return Some(without_origin(entry));
        };
        if self.drops(entry) {
            return Some(Problem::ForeignToken);
        }
        let WheelDir::Site(folder) = home else {
            return None;
        };
        leaves(folder, way).then_some(Problem::LeavesWheel)
    }

    /// What follows `$ORIGIN` in an entry that starts with it.
    ///
    /// Without braces glibc before 2.28 takes it only before a slash and at the end; musl and
    /// bionic take it before anything, so that what follows is a part of the folder's name.
    pub(crate) fn after_origin(self, entry: &str) -> Option<&str> {
        if let Some(way) = entry.strip_prefix("${ORIGIN}") {
            return Some(way);
        }
        let way = entry.strip_prefix("$ORIGIN")?;
        let ends = way.is_empty() || way.starts_with('/');
        (ends || self.libc != Libc::Glibc).then_some(way)
    }

    /// Whether musl drops a list for what it has in it.
    fn drops(self, list: &str) -> bool {
        self.libc == Libc::Musl && tokens::has_other_than_origin(list)
    }

    /// The entries of a search path of a file at `home`, each once. They are made as they are asked for:
    /// a list may have a hundred thousand.
    pub(crate) fn entries<'l>(
        self,
        list: &'l str,
        home: Home<'l>,
    ) -> impl Iterator<Item = Entry> + use<'l> {
        let list = Some(list).filter(|list| !self.drops(list));
        let mut seen = HashSet::new();
        let texts = list.into_iter().flat_map(move |list| self.split(list));
        let texts = texts.filter(move |text| seen.insert(*text));
        texts.map(move |text| Entry {
            text: text.to_owned(),
            leads: self.leads(text, home),
        })
    }

    fn leads(self, text: &str, home: Home<'_>) -> Vec<Lead> {
        let way = self.after_origin(text);
        let spellings = self.spellings(way.unwrap_or(text));
        let leads = spellings.iter().flat_map(|text| match home {
            Home::Loose(dir, folder) => {
                // What leaves the folder that was named is still there.
                let near = lead(way.is_some(), text, Home::Member(dir));
                let here = folder.join(dir.path());
                let here = lead(way.is_some(), text, Home::Host(&here));
                let near = Some(near).filter(|near| matches!(near, Lead::Wheel(_)));
                vec![near, Some(here)]
            }
            home => vec![Some(lead(way.is_some(), text, home))],
        });
        leads.flatten().collect()
    }

    /// The folders of the installed wheel that an entry of a member's search path leads to.
    pub(crate) fn wheel_folders(self, entry: &str, home: &WheelDir) -> Vec<WheelDir> {
        let leads = self.leads(entry, Home::Member(home)).into_iter();
        let folders = leads.filter_map(|lead| match lead {
            Lead::Wheel(dir) => Some(dir),
            _ => None,
        });
        folders.collect()
    }
}

/// What an entry is that does not start with `$ORIGIN`.
fn without_origin(entry: &str) -> Problem {
    match entry.chars().next() {
        None => Problem::Empty,
        Some('/') => Problem::Absolute,
        Some(_) => Problem::Relative,
    }
}

/// Whether `way`, walked from a folder of site-packages, climbs out of that, be it to come back.
fn leaves(folder: &str, way: &str) -> bool {
    // What follows `$ORIGIN` without a slash makes another name of the folder's.
    let (renames, way) = match way.find('/') {
        _ if way.is_empty() => (false, ""),
        Some(at) => (at > 0, way.get(at..).unwrap_or_default()),
        None => (true, ""),
    };
    let mut depth = plain_parts(folder).count();
    if renames && depth == 0 {
        return true;
    }
    for part in plain_parts(way) {
        match part {
            ".." if depth == 0 => return true,
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
    }
    false
}

/// `text` has no tokens left: what follows `$ORIGIN`, or a whole entry.
fn lead(from_origin: bool, text: &str, home: Home<'_>) -> Lead {
    match home {
        Home::Member(dir) | Home::Loose(dir, _) if from_origin => match dir.join(text) {
            Some(dir) => Lead::Wheel(dir),
            None => Lead::Nowhere(Problem::LeavesWheel),
        },
        Home::Host(dir) if from_origin => {
            let (renamed, way) = match text.find('/') {
                Some(at) => text.split_at_checked(at).unwrap_or((text, "")),
                None => (text, ""),
            };
            let mut folder = dir.as_os_str().to_owned();
            folder.push(renamed);
            let mut folder = PathBuf::from(folder);
            folder.extend(plain_parts(way));
            Lead::Folder(folder)
        }
        Home::Member(_) | Home::Loose(..) if text.contains("$ORIGIN") => {
            Lead::Nowhere(without_origin(text))
        }
        _ => match without_origin(text) {
            Problem::Absolute => Lead::Absolute(PathBuf::from(text)),
            problem => Lead::Nowhere(problem),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(path: &str) -> Lead {
        Lead::Wheel(WheelDir::Site(path.to_owned()))
    }

    fn absolute(path: &str) -> Lead {
        Lead::Absolute(PathBuf::from(path))
    }

    const X86: Loader = Loader {
        libc: Libc::Glibc,
        arch: Arch::X86_64,
    };

    #[test]
    fn entries_of_a_member_lead_through_the_installed_tree() {
        let home = WheelDir::Site("pkg/sub".to_owned());
        let cases = [
            ("$ORIGIN", vec![site("pkg/sub")]),
            ("${ORIGIN}/", vec![site("pkg/sub")]),
            ("$ORIGIN/.././/lib", vec![site("pkg/lib")]),
            ("$ORIGIN/../../pkg.libs", vec![site("pkg.libs")]),
            ("$ORIGIN/../..", vec![site("")]),
            (
                "$ORIGIN/../../..",
                vec![Lead::Nowhere(Problem::LeavesWheel)],
            ),
            (
                "$ORIGIN/../../../x/pkg",
                vec![Lead::Nowhere(Problem::LeavesWheel)],
            ),
            ("$ORIGINAL", vec![Lead::Nowhere(Problem::Relative)]),
            ("$ORIGIN_X/lib", vec![Lead::Nowhere(Problem::Relative)]),
            ("$ORIGIN.libs", vec![Lead::Nowhere(Problem::Relative)]),
            ("${ORIGIN}.libs/x", vec![site("pkg/sub.libs/x")]),
            ("", vec![Lead::Nowhere(Problem::Empty)]),
            ("lib", vec![Lead::Nowhere(Problem::Relative)]),
            ("x/$ORIGIN", vec![Lead::Nowhere(Problem::Relative)]),
            ("/x/$ORIGIN", vec![Lead::Nowhere(Problem::Absolute)]),
            ("/opt/lib", vec![absolute("/opt/lib")]),
            ("/opt/$FOO", vec![absolute("/opt/$FOO")]),
            (
                "/opt/$LIB",
                vec![
                    absolute("/opt/lib/x86_64-linux-gnu"),
                    absolute("/opt/lib64"),
                ],
            ),
            ("/opt/${PLATFORM}/lib", vec![absolute("/opt/x86_64/lib")]),
            (
                "$ORIGIN/$LIB",
                vec![site("pkg/sub/lib/x86_64-linux-gnu"), site("pkg/sub/lib64")],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(X86.leads(text, Home::Member(&home)), expected, "{text}");
        }
    }

    #[test]
    fn tokens_are_those_of_the_target() {
        let cases = [
            (
                Libc::Glibc,
                Arch::I686,
                vec!["/lib/i386-linux-gnu/i686", "/lib/i686"],
            ),
            (
                Libc::Glibc,
                Arch::Armv7l,
                vec!["/lib/arm-linux-gnueabihf/v7l", "/lib/v7l"],
            ),
            (
                Libc::Glibc,
                Arch::Ppc64le,
                vec!["/lib/powerpc64le-linux-gnu/power8", "/lib64/power8"],
            ),
            (Libc::Glibc, Arch::Riscv64, vec![]),
            (Libc::Android, Arch::Aarch64, vec!["/lib64/$PLATFORM"]),
        ];
        for (libc, arch, expected) in cases {
            let loader = Loader { libc, arch };
            assert_eq!(loader.spellings("/$LIB/$PLATFORM"), expected, "{arch}");
        }
    }

    #[test]
    fn musl_drops_a_list_with_a_token_that_it_does_not_know() {
        let home = WheelDir::Site("pkg".to_owned());
        assert_eq!(musl().entries("/a:$LIB", Home::Member(&home)).count(), 0);
        let leads = |list: &str| {
            let entries = musl().entries(list, Home::Member(&home));
            entries
                .into_iter()
                .flat_map(|entry| entry.leads)
                .collect::<Vec<_>>()
        };
        assert_eq!(leads("/a:${ORIGIN}/x"), [absolute("/a"), site("pkg/x")]);
    }

    #[test]
    fn entries_of_a_host_library_lead_through_its_folder() {
        let home = Home::Host(Path::new("/opt/lib"));
        let folder = |path: &str| vec![Lead::Folder(PathBuf::from(path))];
        assert_eq!(X86.leads("$ORIGIN", home), folder("/opt/lib"));
        assert_eq!(X86.leads("$ORIGIN/../x", home), folder("/opt/lib/../x"));
        assert_eq!(X86.leads("/usr/lib", home), [absolute("/usr/lib")]);
    }

    fn musl() -> Loader {
        Loader {
            libc: Libc::Musl,
            arch: Arch::X86_64,
        }
    }

    #[test]
    fn what_is_wrong_with_an_entry_is_judged_on_the_installed_tree() {
        use Problem::{Absolute, Empty, ForeignToken, LeavesWheel, Relative};
        let both = [
            ("$ORIGIN", "pkg", None),
            ("${ORIGIN}/../pkg.libs/", "pkg", None),
            ("$ORIGIN/..", "pkg", None),
            ("$ORIGIN/../nvidia/cublas/lib", "pkg", None),
            ("$ORIGIN/../..", "pkg", Some(LeavesWheel)),
            ("$ORIGIN/..", "", Some(LeavesWheel)),
            ("$ORIGIN/../../lib", "pkg", Some(LeavesWheel)),
            ("$ORIGIN/../../lib", "pkg/sub", None),
            ("$ORIGIN/.././/../../c", "a/b", Some(LeavesWheel)),
            ("$ORIGIN/b/../../..", "a", Some(LeavesWheel)),
            ("$ORIGIN/../../site-packages/pkg", "pkg", Some(LeavesWheel)),
            ("${ORIGIN}.libs", "pkg", None),
            ("${ORIGIN}.libs", "", Some(LeavesWheel)),
            ("${ORIGIN}.libs/../..", "pkg", Some(LeavesWheel)),
            ("/usr/lib", "pkg", Some(Absolute)),
            ("/usr/$ORIGIN", "pkg", Some(Absolute)),
            ("/usr/$LIB", "pkg", Some(Absolute)),
            ("", "pkg", Some(Empty)),
            ("lib", "", Some(Relative)),
            ("x/$ORIGIN", "", Some(Relative)),
            ("$LIB/x", "pkg", Some(Relative)),
        ];
        for loader in [X86, musl()] {
            for (entry, folder, expected) in both {
                let home = WheelDir::Site(folder.to_owned());
                assert_eq!(
                    loader.problem(entry, &home),
                    expected,
                    "{entry} in {folder}"
                );
            }
        }
        // Where glibc reads a name of a folder, musl reads `$ORIGIN` and a part of another name.
        let differ = [
            ("$ORIGINAL/x", Some(Relative), None),
            ("$ORIGIN.libs", Some(Relative), None),
            ("$ORIGIN/$LIB", None, Some(ForeignToken)),
            ("$ORIGIN/$FOO", None, Some(ForeignToken)),
        ];
        let home = WheelDir::Site("pkg".to_owned());
        for (entry, glibc, on_musl) in differ {
            assert_eq!(X86.problem(entry, &home), glibc, "{entry}");
            assert_eq!(musl().problem(entry, &home), on_musl, "{entry}");
        }
        assert_eq!(
            musl().leads("$ORIGINAL/x", Home::Member(&home)),
            [site("pkgAL/x")]
        );
        // Of other parts of an installation it is not known what lies above.
        let scripts = WheelDir::Scripts(String::new());
        assert_eq!(X86.problem("$ORIGIN/../../lib", &scripts), None);
        assert_eq!(X86.problem("/lib", &scripts), Some(Absolute));
    }

    #[test]
    fn musl_ends_an_entry_at_a_line_too() {
        let split = |loader: Loader| loader.split("/a:$ORIGIN\n/b").count();
        assert_eq!((split(X86), split(musl())), (2, 3));
    }
}
