//! Where the entries of an RPATH or RUNPATH lead, for a file that is installed somewhere.
//!
//! A wheel is not unpacked, so `$ORIGIN` of a member is a folder of the tree that an installer
//! would make: what leaves that tree leads nowhere.
//!
//! Spec: ld.so(8), "Dynamic string tokens".

use std::path::{Path, PathBuf};

use super::wheel_dir::{WheelDir, plain_parts};
use crate::arch::Arch;
use crate::elf::Facts;
use crate::host::config;
use crate::tag::Libc;
use crate::wheel::ElfMember;

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RpathProblem {
    /// A folder of the machine that built the wheel.
    Absolute,
    /// The loader takes it for the current directory.
    Empty,
    /// Relative to the current directory of whoever runs it.
    Relative,
    /// Leads out of site-packages (or the folder that the file is installed under).
    LeavesWheel,
}

impl RpathProblem {
    /// As a phrase about the entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absolute => "an absolute path",
            Self::Empty => "empty",
            Self::Relative => "relative to the current directory",
            Self::LeavesWheel => "leads out of the wheel",
        }
    }
}

/// Where a file is, for `$ORIGIN`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home<'a> {
    Member(&'a WheelDir),
    /// Of a loose file: what is beside it counts too.
    Loose(&'a WheelDir, &'a Path),
    /// A folder of the host.
    Host(&'a Path),
}

/// Where one entry, or one reading of it, leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Wheel(WheelDir),
    /// As written: a sysroot, if there is one, comes before it.
    Absolute(PathBuf),
    /// A folder as it is.
    Folder(PathBuf),
    Nowhere(RpathProblem),
}

/// One entry, and where it leads; to several places if a token has several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) leads: Vec<Lead>,
}

/// Tokens of the target, not of the machine that this runs on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    pub(super) libc: Libc,
    pub(super) arch: Arch,
}

impl Tokens {
    /// The entries of a search path of a file at `home`.
    pub(super) fn entries(self, list: &str, home: Home<'_>) -> Vec<Entry> {
        if self.libc == Libc::Musl && has_foreign_token(list) {
            // musl drops the whole list (fixup_rpath).
            return Vec::new();
        }
        let entries = list.split(':').map(|text| Entry {
            text: text.to_owned(),
            leads: self.leads(text, home),
        });
        entries.collect()
    }

    fn leads(self, text: &str, home: Home<'_>) -> Vec<Lead> {
        if text.is_empty() {
            return vec![Lead::Nowhere(RpathProblem::Empty)];
        }
        let spellings = self.spellings(text);
        let leads = spellings.iter().flat_map(|text| match home {
            Home::Loose(dir, folder) => {
                // What leaves the folder that was named is still there.
                let near = lead(text, Home::Member(dir));
                let here = lead(text, Home::Host(&folder.join(dir.path())));
                let near = Some(near).filter(|near| matches!(near, Lead::Wheel(_)));
                vec![near, Some(here)]
            }
            home => vec![Some(lead(text, home))],
        });
        leads.flatten().collect()
    }

    /// `text` with each value of `$LIB` and `$PLATFORM`; `$ORIGIN` stays.
    fn spellings(self, text: &str) -> Vec<String> {
        let mut spellings = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let (values, len) = self.values(from);
            let longer = spellings.iter().flat_map(|known| {
                values
                    .iter()
                    .map(move |value| format!("{known}{before}{value}"))
            });
            // An entry is not worth more readings than this.
            spellings = longer.take(16).collect();
            rest = from.get(len..).unwrap_or_default();
        }
        for spelling in &mut spellings {
            spelling.push_str(rest);
        }
        spellings
    }

    /// What the `$` that `text` starts with stands for, and how much of `text` that takes.
    fn values(self, text: &str) -> (Vec<String>, usize) {
        match token(text) {
            Some(("ORIGIN", len)) => (vec!["$ORIGIN".to_owned()], len),
            Some(("LIB", len)) if self.libc != Libc::Musl => (self.lib(), len),
            Some(("PLATFORM", len)) if self.libc == Libc::Glibc => (self.platform(), len),
            _ => (vec!["$".to_owned()], 1),
        }
    }

    /// Debian's glibc has one value, all others another.
    fn lib(self) -> Vec<String> {
        let native = config::lib64(self.arch).last().copied();
        let native = native.unwrap_or("lib").to_owned();
        if self.libc == Libc::Android {
            return vec![native];
        }
        vec![
            format!("lib/{}", config::multiarch(self.libc, self.arch)),
            native,
        ]
    }

    /// `AT_PLATFORM`, which for some machines names the processor: the oldest that is supported.
    fn platform(self) -> Vec<String> {
        let name = match self.arch {
            Arch::Armv7l => "v7l",
            Arch::Ppc64 | Arch::Ppc64le => "power8",
            Arch::S390x => "z13",
            Arch::Riscv64 => "riscv",
            Arch::Loongarch64 => "loongarch",
            other => other.as_str(),
        };
        vec![name.to_owned()]
    }
}

/// The token that `text` starts with, `$NAME` or `${NAME}`, and its length.
fn token(text: &str) -> Option<(&'static str, usize)> {
    let rest = text.strip_prefix('$')?;
    ["ORIGIN", "LIB", "PLATFORM"].into_iter().find_map(|name| {
        let braced = rest
            .strip_prefix('{')
            .and_then(|rest| rest.strip_prefix(name));
        if braced.is_some_and(|rest| rest.starts_with('}')) {
            return Some((name, name.len().saturating_add(3)));
        }
        let after = rest.strip_prefix(name)?;
        let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (!longer).then_some((name, name.len().saturating_add(1)))
    })
}

fn has_foreign_token(list: &str) -> bool {
    let origin = |at: usize| {
        let rest = list.get(at..).unwrap_or_default();
        rest.starts_with("$ORIGIN") || rest.starts_with("${ORIGIN}")
    };
    list.match_indices('$').any(|(at, _)| !origin(at))
}

/// `text` has no tokens left but `$ORIGIN`.
fn lead(text: &str, home: Home<'_>) -> Lead {
    let way = text
        .strip_prefix("$ORIGIN")
        .filter(|way| way.is_empty() || way.starts_with('/'));
    match (way, home) {
        (Some(way), Home::Member(dir) | Home::Loose(dir, _)) => match dir.join(way) {
            Some(dir) => Lead::Wheel(dir),
            None => Lead::Nowhere(RpathProblem::LeavesWheel),
        },
        (Some(way), Home::Host(dir)) => {
            let mut folder = dir.to_path_buf();
            folder.extend(plain_parts(way));
            Lead::Folder(folder)
        }
        (None, _) if !text.starts_with('/') => Lead::Nowhere(RpathProblem::Relative),
        (None, Home::Member(_) | Home::Loose(..)) if text.contains("$ORIGIN") => {
            Lead::Nowhere(RpathProblem::LeavesWheel)
        }
        (None, _) => Lead::Absolute(PathBuf::from(text)),
    }
}

/// The folders of the installed wheel that an entry of a member's search path leads to.
pub fn wheel_folders(elf: &ElfMember, entry: &str, libc: Libc, arch: Arch) -> Vec<WheelDir> {
    let (dir, _) = WheelDir::of(&elf.installed);
    let leads = Tokens { libc, arch }.leads(entry, Home::Member(&dir));
    let folders = leads.into_iter().filter_map(|lead| match lead {
        Lead::Wheel(dir) => Some(dir),
        _ => None,
    });
    folders.collect()
}

/// The entries of a member's RPATH and RUNPATH that have no place in a published wheel, as written.
pub fn rpath_problems(elf: &ElfMember, libc: Libc, arch: Arch) -> Vec<(String, RpathProblem)> {
    let (dir, _) = WheelDir::of(&elf.installed);
    let tokens = Tokens { libc, arch };
    let facts: &Facts = &elf.facts;
    let lists = facts.rpath.iter().chain(&facts.runpath);
    let entries = lists.flat_map(|list| {
        list.split(':')
            .map(|text| (text, tokens.leads(text, Home::Member(&dir))))
    });
    let mut problems = Vec::new();
    for (text, leads) in entries {
        let problem = leads.iter().find_map(|lead| match lead {
            Lead::Nowhere(problem) => Some(*problem),
            Lead::Absolute(_) => Some(RpathProblem::Absolute),
            Lead::Wheel(to) if std::mem::discriminant(to) != std::mem::discriminant(&dir) => {
                Some(RpathProblem::LeavesWheel)
            }
            Lead::Wheel(_) | Lead::Folder(_) => None,
        });
        if let Some(problem) = problem {
            let found = (text.to_owned(), problem);
            if !problems.contains(&found) {
                problems.push(found);
            }
        }
    }
    problems
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

    const X86: Tokens = Tokens {
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
                vec![Lead::Nowhere(RpathProblem::LeavesWheel)],
            ),
            (
                "$ORIGIN/../../../x/pkg",
                vec![Lead::Nowhere(RpathProblem::LeavesWheel)],
            ),
            ("$ORIGINAL", vec![Lead::Nowhere(RpathProblem::Relative)]),
            ("$ORIGIN_X/lib", vec![Lead::Nowhere(RpathProblem::Relative)]),
            ("", vec![Lead::Nowhere(RpathProblem::Empty)]),
            ("lib", vec![Lead::Nowhere(RpathProblem::Relative)]),
            ("x/$ORIGIN", vec![Lead::Nowhere(RpathProblem::Relative)]),
            ("/x/$ORIGIN", vec![Lead::Nowhere(RpathProblem::LeavesWheel)]),
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
            (
                Libc::Glibc,
                Arch::Riscv64,
                vec!["/lib/riscv64-linux-gnu/riscv", "/lib64/riscv"],
            ),
            (Libc::Android, Arch::Aarch64, vec!["/lib64/$PLATFORM"]),
        ];
        for (libc, arch, expected) in cases {
            let tokens = Tokens { libc, arch };
            assert_eq!(tokens.spellings("/$LIB/$PLATFORM"), expected, "{arch}");
        }
    }

    #[test]
    fn musl_drops_a_list_with_a_token_that_it_does_not_know() {
        let musl = Tokens {
            libc: Libc::Musl,
            arch: Arch::X86_64,
        };
        let home = WheelDir::Site("pkg".to_owned());
        assert_eq!(musl.entries("/a:$LIB", Home::Member(&home)), []);
        let leads = |list: &str| {
            let entries = musl.entries(list, Home::Member(&home));
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
}
