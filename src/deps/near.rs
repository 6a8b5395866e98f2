//! What a user may have meant: libraries that are nearly the one that was not found.

use super::names::stem;
use super::tree::Tree;
use super::{ResolveOptions, Searched};
use crate::elf::Facts;
use crate::host::{Probe, Wanted};
use crate::wheel::ElfMember;
use std::path::Path;

/// No reader wants more.
const MOST: usize = 8;

/// A library that is nearly the one that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// A member's path, or a file outside.
    pub path: String,
    /// Whether it is in the wheel.
    pub in_wheel: bool,
    /// Why it is not the one, as a phrase: `another version`, `built for aarch64` …
    pub reason: String,
}

/// Libraries that are nearly `soname`, which `requester` needs: in the wheel, then in the folders
/// that were `searched`, `--lib-path` and the system's.
pub fn near_misses(
    soname: &str,
    requester: &Facts,
    searched: &[Searched],
    (elves, judged): (&[ElfMember], &[bool]),
    options: &ResolveOptions<'_>,
) -> Vec<NearMiss> {
    let wanted = Wanted {
        platform: requester.platform,
        libc: options.libc,
    };
    let similar = |name: &str| similar(name, soname);
    let tree = Tree::new(elves, judged);
    let members = tree.similar(similar).into_iter().filter_map(|member| {
        let elf = elves.get(member)?;
        let reason = tree.unfit(member, &wanted);
        Some(NearMiss {
            path: elf.path.clone(),
            in_wheel: true,
            reason: reason.unwrap_or_else(|| other_name(&elf.path, soname)),
        })
    });
    let mut found: Vec<NearMiss> = members.take(MOST).collect();
    let system = options.host.system_dirs(options.libc, options.arch);
    let dirs = searched.iter().map(|row| row.dir.as_str()).map(Path::new);
    let dirs = dirs.filter(|dir| dir.is_absolute());
    let dirs = dirs.chain(system.iter().map(|dir| dir.dir.as_path()));
    let mut seen = std::collections::BTreeSet::new();
    for dir in dirs {
        let fresh = options.host.real_folder(dir);
        if !fresh.is_some_and(|real| seen.insert(real)) {
            continue;
        }
        for name in options.host.names_in(dir, similar) {
            if found.len() >= MOST {
                return found;
            }
            let reason = match options.host.probe(dir, &name, &wanted) {
                Probe::Found(_) => other_name(&name, soname),
                Probe::Skipped(reason) => reason,
                Probe::Absent => continue,
            };
            found.push(NearMiss {
                path: dir.join(&name).to_string_lossy().into_owned(),
                in_wheel: false,
                reason,
            });
        }
    }
    found
}

fn similar(name: &str, soname: &str) -> bool {
    name.contains(".so") && stem(name).eq_ignore_ascii_case(stem(soname))
}

fn other_name(path: &str, soname: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let reason = if file == soname {
        "in another folder"
    } else if file.strip_suffix(".so") == Some(stem(file)) {
        "without a version"
    } else {
        "another version"
    };
    reason.to_owned()
}
