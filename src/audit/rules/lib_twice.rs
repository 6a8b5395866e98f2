//! The same library under two names: two copies in memory, each with its own state.

use std::collections::BTreeMap;

use super::{Case, library_base};
use crate::audit::extension::python_extension;
use crate::finding::Finding;

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = same_content(case);
    findings.extend(same_soname(case));
    findings
}

/// Members that are byte for byte the same.
fn same_content(case: &Case<'_>) -> Vec<Finding> {
    let Some(wheel) = case.input.wheel else {
        return Vec::new();
    };
    let mut by_content: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (_, elf) in case.members() {
        if let Some(member) = wheel.members.get(elf.member) {
            let content = (member.size, member.crc, member.sha256);
            by_content.entry(content).or_default().push(&elf.path);
        }
    }
    let mut several: Vec<_> = by_content
        .into_iter()
        .filter(|(_, paths)| paths.len() > 1)
        .collect();
    several.sort_by(|(_, left), (_, right)| left.cmp(right));
    let told = several.into_iter().map(|((size, ..), paths)| {
        let message = format!(
            "{} are the same file ({} KiB each)",
            paths.join(" and "),
            size.div_ceil(1024)
        );
        let help = "wheels hold no links: ship the name that others need, drop the rest";
        Finding::note("same-file-twice", message).help(help)
    });
    told.collect()
}

/// Libraries that are one by soname, but for the hash that repair tools add.
fn same_soname(case: &Case<'_>) -> Vec<Finding> {
    let mut by_soname: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, elf) in case.members() {
        if let Some(soname) = &elf.facts.soname
            && python_extension(elf).is_none()
        {
            let paths = by_soname.entry(plain(soname)).or_default();
            paths.push(elf.path.clone());
        }
    }
    for (_, graft) in case.grafts() {
        let paths = by_soname.entry(plain(graft.name)).or_default();
        paths.push(format!("{} (to be grafted)", graft.name));
    }
    let several = by_soname.into_iter().filter(|(_, paths)| paths.len() > 1);
    let told = several.map(|(soname, paths)| {
        let message = format!(
            "there are {} copies of {soname}: {}",
            paths.len(),
            paths.join(", ")
        );
        let help = "two copies in one process have two states; link everything against one of them";
        Finding::warning("lib-twice", message).help(help)
    });
    told.collect()
}

/// The soname without the hash of a graft.
fn plain(soname: &str) -> String {
    let base = library_base(soname);
    let tail = soname.find(".so").and_then(|at| soname.get(at..));
    format!("{base}{}", tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn the_hash_of_a_graft_is_not_part_of_the_name() {
        assert_eq!(plain("libfoo-1a2b3c4d.so.1"), "libfoo.so.1");
        assert_eq!(plain("libfoo.so.1"), "libfoo.so.1");
        assert_eq!(plain("libfoo-bar.so.1"), "libfoo-bar.so.1");
        assert_eq!(plain("odd"), "odd");
    }
}
