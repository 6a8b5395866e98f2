//! `audit policies`: the platform tags known, what each allows, and what never comes in unasked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::fnmatch::Pattern;
use crate::platform::linux::policy::{Ladder, Policies, Rung, Since, drivers};
use crate::report::line;
use crate::report::text::page::{Layout, Page, Tone};
use crate::tag::Libc;

#[derive(Serialize)]
struct Document<'a> {
    version: u8,
    policies: Vec<PolicyJson<'a>>,
    drivers: Vec<DriverJson<'a>>,
    exclude_presets: BTreeMap<&'a str, &'a [String]>,
}

#[derive(Serialize)]
struct DriverJson<'a> {
    of: &'a str,
    patterns: Vec<&'a str>,
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    file: Option<&'a str>,
    libc: &'a str,
    arch: &'a str,
    tags: Vec<TagJson<'a>>,
    libraries: BTreeMap<&'a str, &'a str>,
    symbol_versions: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
    forbidden_symbols: BTreeMap<&'a str, BTreeMap<&'a str, Option<&'a str>>>,
}

#[derive(Serialize)]
struct TagJson<'a> {
    name: &'a str,
    aliases: &'a [String],
}

/// Every ladder, with those tags and all that they allow, the libraries of drivers, and the lists of
/// `--exclude-preset`, as one line of JSON.
pub fn json(policies: &Policies) -> String {
    let ladders: Vec<_> = policies.all().collect();
    let drivers = drivers::drivers().iter().map(|driver| DriverJson {
        of: &driver.of,
        patterns: driver.patterns.iter().map(Pattern::as_str).collect(),
    });
    let presets = drivers::presets().iter();
    line(&Document {
        version: 1,
        policies: ladders
            .iter()
            .map(|(file, ladder)| policy(*file, ladder))
            .collect(),
        drivers: drivers.collect(),
        exclude_presets: presets
            .map(|preset| (preset.name.as_str(), preset.patterns.as_slice()))
            .collect(),
    })
}

fn tag_of(ladder: &Ladder, since: Since) -> Option<&str> {
    match since {
        Since::Rung(rung) => ladder.tags.get(rung).map(|names| names.name.as_str()),
        Since::Never => None,
    }
}

fn policy<'a>(file: Option<&'a str>, ladder: &'a Ladder) -> PolicyJson<'a> {
    let mut symbol_versions: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (prefix, rest, since) in ladder.versions() {
        if let Some(tag) = tag_of(ladder, since) {
            symbol_versions.entry(prefix).or_default().insert(rest, tag);
        }
    }
    let libraries = ladder.libraries();
    let forbidden = ladder.watched_libraries().map(|library| {
        let symbols = ladder.forbidden(library);
        let symbols = symbols.map(|(symbol, since)| (symbol, tag_of(ladder, since)));
        (library, symbols.collect())
    });
    PolicyJson {
        file,
        libc: ladder.libc.as_str(),
        arch: ladder.arch.as_str(),
        tags: ladder
            .tags
            .iter()
            .map(|names| TagJson {
                name: &names.name,
                aliases: &names.aliases,
            })
            .collect(),
        libraries: libraries
            .filter_map(|(library, since)| Some((library, tag_of(ladder, since)?)))
            .collect(),
        symbol_versions,
        forbidden_symbols: forbidden.collect(),
    }
}

/// All tags: for each, the architectures that have it. Those of files come first. Then what no tag
/// decides: drivers, presets.
pub fn list(policies: &Policies, layout: Layout) -> String {
    let mut page = Page::new(layout);
    let all: Vec<_> = policies.all().collect();
    let same = |left: &Of<'_>, right: &Of<'_>| left.0 == right.0 && left.1.libc == right.1.libc;
    for (place, group) in all.chunk_by(same).enumerate() {
        let Some((file, first)) = group.first() else {
            continue;
        };
        let heading = match (file, first.libc) {
            (Some(file), libc) => format!("{file} ({}), oldest first", libc.as_str()),
            (None, Libc::Glibc) => "manylinux (glibc), oldest first".to_owned(),
            (None, Libc::Musl) => "musllinux (musl)".to_owned(),
            (None, Libc::Android) => "android (bionic)".to_owned(),
        };
        if place > 0 {
            page.blank();
        }
        page.line(Tone::Title, &heading);
        for (tag, arches) in tags_of(group) {
            page.entry(
                34,
                (Tone::Plain, &format!("  {tag}")),
                (Tone::Faint, &arches.join(" ")),
            );
        }
    }
    stay_outside(&mut page);
    page.blank();
    let text = "audit policies TAG tells what a tag allows";
    page.line(Tone::Faint, text);
    page.finish()
}

/// The libraries of drivers, then the lists of `--exclude-preset`.
fn stay_outside(page: &mut Page) {
    const COLUMN: usize = 12;
    page.blank();
    let title = "Drivers of the machine: a repair leaves them outside, unless --vendor names them";
    page.line(Tone::Title, title);
    for driver in drivers::drivers() {
        let patterns: Vec<&str> = driver.patterns.iter().map(Pattern::as_str).collect();
        page.line(Tone::Plain, &format!("  {}", driver.of));
        page.entry(4, (Tone::Plain, ""), (Tone::Faint, &patterns.join(" ")));
    }
    page.blank();
    page.line(Tone::Title, "Lists for --exclude-preset");
    for preset in drivers::presets() {
        let label = format!("  {}", preset.name);
        let patterns = preset.patterns.join(" ");
        page.entry(COLUMN, (Tone::Plain, &label), (Tone::Faint, &patterns));
    }
}

/// A ladder and the file that it is from.
type Of<'a> = (Option<&'a str>, Arc<Ladder>);

/// Tags without their architecture, aliases in brackets, in the order of their ladders.
fn tags_of(group: &[Of<'_>]) -> Vec<(String, Vec<&'static str>)> {
    let mut tags: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (_, ladder) in group {
        let libc = ladder.libc;
        let suffix = format!("_{}", libc.arch_suffix(ladder.arch));
        let mut next = 0;
        let base = |name: &str| name.strip_suffix(&suffix).unwrap_or(name).to_owned();
        for names in &ladder.tags {
            let mut label = base(&names.name);
            let aliases: Vec<String> = names.aliases.iter().map(|alias| base(alias)).collect();
            if !aliases.is_empty() {
                label = format!("{label} ({})", aliases.join(", "));
            }
            let arch = libc.arch_suffix(ladder.arch);
            // Ladders of one policy are in one order; each lacks some tags.
            let place = tags.iter().position(|(known, _)| *known == label);
            let place = place.unwrap_or_else(|| {
                tags.insert(next, (label, Vec::new()));
                next
            });
            if let Some((_, arches)) = tags.get_mut(place) {
                arches.push(arch);
            }
            next = place.saturating_add(1);
        }
    }
    tags
}

/// What `tag` allows, for each architecture that has it; `None` if no policy knows it.
pub fn one(policies: &Policies, tag: &str, layout: Layout) -> Option<String> {
    let mut page = Page::new(layout);
    let mut found = 0_usize;
    for (_, ladder) in policies.all() {
        let suffix = ladder.libc.arch_suffix(ladder.arch);
        let rung = ladder
            .rung(tag)
            .or_else(|| ladder.rung(&format!("{tag}_{suffix}")));
        if let Some(rung) = rung {
            if found > 0 {
                page.blank();
            }
            found = found.saturating_add(1);
            allowed(&mut page, &ladder, rung);
        }
    }
    (found > 0).then(|| page.finish())
}

fn allowed(page: &mut Page, ladder: &Ladder, rung: Rung) {
    const COLUMN: usize = 24;
    let Some(names) = ladder.tags.get(rung) else {
        return;
    };
    let all: Vec<&str> = std::iter::once(&names.name)
        .chain(&names.aliases)
        .map(String::as_str)
        .collect();
    page.line(Tone::Title, &all.join(", "));
    let libraries = ladder.libraries().filter(|(_, since)| since.allows(rung));
    let libraries: Vec<&str> = libraries.map(|(library, _)| library).collect();
    let label = (Tone::Plain, "  libraries outside");
    page.entry(COLUMN, label, (Tone::Plain, &libraries.join(" ")));
    let mut newest: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (prefix, rest, since) in ladder.versions() {
        if since.allows(rung) {
            newest.entry(prefix).or_default().push(rest);
        }
    }
    for (prefix, versions) in newest {
        let versions = newest_of(&versions);
        let label = format!("  {prefix} up to");
        page.entry(COLUMN, (Tone::Plain, &label), (Tone::Plain, &versions));
    }
    for library in ladder.watched_libraries() {
        let symbols = ladder.forbidden(library);
        let symbols = symbols.filter(|(_, since)| !since.allows(rung));
        let symbols: Vec<&str> = symbols.map(|(symbol, _)| symbol).collect();
        if !symbols.is_empty() {
            let label = format!("  not from {library}");
            page.entry(
                COLUMN,
                (Tone::Plain, &label),
                (Tone::Plain, &symbols.join(" ")),
            );
        }
    }
}

/// The newest numbered version, then those that are no numbers.
fn newest_of(versions: &[&str]) -> String {
    let number = |text: &str| -> Option<Vec<u32>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let newest = versions.iter().copied().max_by_key(|text| number(text));
    let named = versions
        .iter()
        .copied()
        .filter(|text| number(text).is_none());
    let mut all: Vec<&str> = newest
        .filter(|text| number(text).is_some())
        .into_iter()
        .collect();
    all.extend(named);
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_told_with_and_without_its_architecture() {
        let builtin = Policies::default();
        let one_arch = one(&builtin, "manylinux2014_x86_64", Layout::default()).unwrap();
        assert!(one_arch.starts_with("manylinux_2_17_x86_64, manylinux2014_x86_64\n"));
        assert!(one_arch.contains("  GLIBC up to"), "{one_arch}");
        assert!(one_arch.contains("2.17"), "{one_arch}");
        let all = one(&builtin, "manylinux_2_17", Layout::default()).unwrap();
        assert!(all.contains("manylinux_2_17_s390x"), "{all}");
        assert_eq!(one(&builtin, "win_amd64", Layout::default()), None);
    }

    #[test]
    fn what_no_tag_decides_is_listed() {
        let text = list(&Policies::default(), Layout::default());
        for expected in ["  NVIDIA driver\n    libcuda.so* ", "  torch     libback"] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(newest_of(&["2.9", "2.17", "2.2.5"]), "2.17");
        assert_eq!(newest_of(&["2.36", "ABI_DT_RELR"]), "2.36, ABI_DT_RELR");
    }
}
