//! What a policy file must keep to beyond its form: one tag is older than the next, and nothing is
//! said twice.

use std::collections::BTreeSet;

use super::file::{BySince, PolicyError, PolicyFile};
use crate::elf::arch::Arch;
use crate::tag::{Libc, PlatformTag};

/// More tags than that have never been; each is tried for each wheel.
const MOST_TAGS: usize = 200;
/// Of a tag without its architecture. File names have room for a few tags.
const LONGEST_NAME: usize = 64;
/// How tags begin whose form PEP 600, 656 and 738 lay down, and the C library that they promise.
const FAMILIES: [(&str, Libc); 3] = [
    ("manylinux", Libc::Glibc),
    ("musllinux", Libc::Musl),
    ("android", Libc::Android),
];
/// What tags of other systems begin with, or are.
const OTHERS: [&str; 8] = [
    "any",
    "linux",
    "win",
    "macosx",
    "ios",
    "pyodide",
    "pyemscripten",
    "emscripten",
];
/// The key of symbols that every tag forbids.
pub(super) const NEVER: &str = "never";

/// Checks the file as a whole.
///
/// # Errors
/// The first rule that it breaks, and where.
pub(super) fn check(file: &PolicyFile) -> Result<(), PolicyError> {
    let libc = file.libc();
    check_tags(file, libc)?;
    once(&file.libraries, "libraries", &BTreeSet::new())?;
    let common: BTreeSet<&str> = names(&file.libraries).collect();
    if file.architectures.0.is_empty() {
        return Err(PolicyError::new("architectures", "there is none"));
    }
    for (library, symbols) in &file.symbols.0 {
        once(symbols, &format!("symbols.{library}"), &BTreeSet::new())?;
    }
    for (arch, table) in &file.architectures.0 {
        let at = |key: &str| format!("architectures.{arch}.{key}");
        if Arch::from_name(arch).is_none() {
            let known: Vec<&str> = Arch::ALL.iter().map(|arch| arch.as_str()).collect();
            let reason = format!("no such architecture: known are {}", known.join(", "));
            return Err(PolicyError::new(format!("architectures.{arch}"), reason));
        }
        once(&table.libraries, &at("libraries"), &common)?;
        for (prefix, versions) in &table.versions.0 {
            let key = at(&format!("versions.{prefix}"));
            if prefix.contains('_') {
                let reason = "a prefix ends at the first `_` of a version, and holds none";
                return Err(PolicyError::new(key, reason));
            }
            once(versions, &key, &BTreeSet::new())?;
        }
    }
    Ok(())
}

fn names(table: &BySince) -> impl Iterator<Item = &str> {
    table.0.values().flatten().map(String::as_str)
}

/// Each name stands under one tag, and `never` only forbids symbols.
fn once(table: &BySince, key: &str, before: &BTreeSet<&str>) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    for (tag, listed) in &table.0 {
        let at = format!("{key}.{tag}");
        if tag == NEVER && !key.starts_with("symbols.") {
            return Err(PolicyError::new(at, "what no tag allows is not listed"));
        }
        for name in listed {
            if name.is_empty() {
                return Err(PolicyError::new(at, "there is an empty name"));
            }
            if before.contains(name.as_str()) || !seen.insert(name) {
                let reason = format!("`{name}` is there twice: it is allowed from one tag on");
                return Err(PolicyError::new(at, reason));
            }
        }
    }
    Ok(())
}

fn check_tags(file: &PolicyFile, libc: Libc) -> Result<(), PolicyError> {
    if file.tags.is_empty() || file.tags.len() > MOST_TAGS {
        let reason = format!("{} tags: 1 to {MOST_TAGS} can be", file.tags.len());
        return Err(PolicyError::new("tags", reason));
    }
    let mut seen = BTreeSet::new();
    let mut newest: Option<((u32, u32), &str)> = None;
    for (index, tag) in file.tags.iter().enumerate() {
        let key = format!("tags[{index}].name");
        let version =
            check_name(&tag.name, libc).map_err(|reason| PolicyError::new(&key, reason))?;
        if libc == Libc::Android && version.is_none() {
            let reason = format!("`{}` is no level of Android", tag.name);
            return Err(PolicyError::new(key, reason));
        }
        if let (Some(own), Some((older, name))) = (version, newest)
            && own <= older
        {
            let reason = format!(
                "{} stands behind {name}: tags are listed oldest first, and a newer one allows all that an older one does (PEP 600)",
                tag.name
            );
            return Err(PolicyError::new(key, reason));
        }
        newest = version.map(|own| (own, tag.name.as_str())).or(newest);
        for (place, alias) in tag.aliases.iter().enumerate() {
            let key = format!("tags[{index}].aliases[{place}]");
            let own = check_name(alias, libc).map_err(|reason| PolicyError::new(&key, reason))?;
            if own.is_some() && own != version {
                let reason = format!("`{alias}` is another tag than {}", tag.name);
                return Err(PolicyError::new(key, reason));
            }
        }
        for name in std::iter::once(&tag.name).chain(&tag.aliases) {
            if !seen.insert(name) {
                return Err(PolicyError::new(key, format!("`{name}` is there twice")));
            }
        }
    }
    Ok(())
}

/// The version that a name promises, if it is one that a PEP lays down.
fn check_name(name: &str, libc: Libc) -> Result<Option<(u32, u32)>, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
        return Err(format!(
            "`{name}` cannot be part of a file name: 1 to {LONGEST_NAME} letters, digits and `_`"
        ));
    }
    let ends_with_arch = Arch::ALL.iter().any(|arch| {
        let stem = name.strip_suffix(arch.as_str());
        stem.is_some_and(|stem| stem.ends_with('_'))
    });
    if ends_with_arch {
        return Err(format!(
            "`{name}` ends with an architecture, which is added to each name"
        ));
    }
    if let Some((_, own)) = FAMILIES.iter().find(|(family, _)| name.starts_with(family)) {
        let tag = PlatformTag::new(format!("{name}_{}", libc.arch_suffix(Arch::X86_64)));
        let version = tag.version().filter(|_| tag.arch().is_some());
        return match version {
            Some(version) if *own == libc => Ok(Some(version)),
            Some(_) => Err(format!("`{name}` is a tag for {}", own.as_str())),
            None => Err(format!(
                "`{name}` is no tag of its family, such as manylinux_2_28"
            )),
        };
    }
    if name == NEVER || OTHERS.iter().any(|other| name.starts_with(other)) {
        return Err(format!("`{name}` means something else to installers"));
    }
    Ok(None)
}
