//! `audit show` for people: the verdict, why, and what would lift it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::show_json::{has_missing, real_path};
use super::{Judgement, file_name, table::table};
use crate::audit::external::Provider;
use crate::audit::missing::why;
use crate::audit::{Audit, Blame, Input};
use crate::deps::{Origin, Target};
use crate::escape::escape;
use crate::policy::Since;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Show long tables whole.
    pub all: bool,
}

/// Rows of a long table that are shown without `-v`.
const SHORT: usize = 8;

/// The report on a judged wheel; several lines, each ended.
pub fn judged(judgement: &Judgement<'_>, detail: Detail) -> String {
    let Judgement { input, audit, .. } = *judgement;
    let mut text = String::new();
    let name = file_name(input.path);
    let _ = writeln!(text, "{}", escape(&name));
    text.push_str(&table("  ", &summary(input, audit)));
    libraries(&mut text, input, audit, detail);
    symbols(&mut text, input, audit, detail);
    advice(&mut text, input, audit);
    text
}

fn row(cells: [&str; 2]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn summary(input: &Input<'_>, audit: &Audit) -> Vec<Vec<String>> {
    let verdict = &audit.verdict;
    let claimed: Vec<&str> = input
        .claimed()
        .iter()
        .map(crate::tag::PlatformTag::as_str)
        .collect();
    let mut rows = vec![
        row(["deserves", &audit.tag()]),
        row(["claims", &claimed.join(", ")]),
    ];
    if verdict.repaired != verdict.as_is && !has_missing(audit) {
        rows.push(row(["repairable to", &audit.repairable_to()]));
    }
    let judged = audit.judged.iter().filter(|judged| **judged).count();
    let files = format!(
        "{judged} ELF {} for {} on {}",
        if judged == 1 { "file" } else { "files" },
        audit.libc.as_str(),
        audit.arch
    );
    rows.push(row(["holds", &files]));
    if verdict.isa == Since::Never {
        rows.push(row([
            "but",
            "needs instruction sets beyond the baseline of its architecture",
        ]));
    }
    if verdict.ucs2 {
        rows.push(row([
            "but",
            "was built for a narrow-unicode (UCS2) Python 2",
        ]));
    }
    if verdict.pyfpe {
        rows.push(row([
            "but",
            "uses PyFPE_jbuf, which portable Pythons lack (PEP 513)",
        ]));
    }
    rows
}

fn libraries(text: &mut String, input: &Input<'_>, audit: &Audit, detail: Detail) {
    let best = audit.scale.best();
    let outside: Vec<_> = audit
        .externals
        .iter()
        .filter(|external| external.needed_for(best))
        .collect();
    if outside.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nLibraries outside the wheel:");
    let mut rows = Vec::new();
    for external in &outside {
        let found = match external.provider {
            Provider::Libpython => {
                "libpython is never brought in; the dependency is removed".to_owned()
            }
            Provider::Missing => "not found".to_owned(),
            Provider::Node(_) => real_path(audit, external).unwrap_or_default(),
        };
        let allowed = match external.until {
            Since::Never => "no tag lets it stay outside".to_owned(),
            since @ Since::Rung(_) => {
                format!("may stay outside from {} on", audit.scale.tag_name(since))
            }
        };
        let needed_by = needed_by(input, audit, &external.soname);
        rows.push(vec![
            external.soname.clone(),
            found,
            allowed,
            format!("needed by {needed_by}"),
        ]);
    }
    push_rows(text, &rows, detail);
}

/// The first dependant and how many more there are.
fn needed_by(input: &Input<'_>, audit: &Audit, soname: &str) -> String {
    let mut names = Vec::new();
    for node in &audit.graph.nodes {
        if let Some(edge) = node.edges.iter().find(|edge| edge.soname == soname) {
            let how = match &edge.target {
                Target::Node(_, found_by) => format!(" ({})", why(found_by)),
                _ => String::new(),
            };
            names.push(match &node.origin {
                Origin::Member(index) => input
                    .elves
                    .get(*index)
                    .map(|elf| format!("{}{how}", elf.path))
                    .unwrap_or_default(),
                Origin::Host(library) => format!("{}{how}", file_name(&library.path)),
            });
        }
    }
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [one, others @ ..] => format!("{one} and {} more", others.len()),
    }
}

fn symbols(text: &mut String, input: &Input<'_>, audit: &Audit, detail: Detail) {
    let blame = audit.blame(input);
    let Some(worst) = blame.first().map(|blame| blame.since) else {
        return;
    };
    let best = audit.scale.tag_name(Since::Rung(audit.scale.best()));
    let _ = writeln!(
        text,
        "\nSymbols that need a newer tag than {best}, worst first:"
    );
    let mut groups: BTreeMap<(std::cmp::Reverse<Since>, &str, &str, &str), BTreeSet<&str>> =
        BTreeMap::new();
    for found in &blame {
        let key = (
            std::cmp::Reverse(found.since),
            found.file.as_str(),
            found.version.as_str(),
            found.library.as_str(),
        );
        groups
            .entry(key)
            .or_default()
            .extend(found.symbol.as_deref());
    }
    let rows: Vec<Vec<String>> = groups
        .iter()
        .map(|((since, file, version, library), symbols)| {
            let symbols = abbreviate(symbols, detail);
            let what = if version.is_empty() {
                format!("forbidden: {symbols}")
            } else {
                format!("{version}: {symbols}")
            };
            vec![
                audit.scale.tag_name(since.0),
                (*file).to_owned(),
                (*library).to_owned(),
                what,
            ]
        })
        .collect();
    push_rows(text, &rows, detail);
    closing_line(text, audit, &blame, worst);
}

fn closing_line(text: &mut String, audit: &Audit, blame: &[Blame], worst: Since) {
    let at_worst: Vec<&Blame> = blame.iter().filter(|blame| blame.since == worst).collect();
    let symbols: BTreeSet<(&str, &str)> = at_worst
        .iter()
        .map(|blame| {
            (
                blame.version.as_str(),
                blame.symbol.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    let files: BTreeSet<&str> = at_worst.iter().map(|blame| blame.file.as_str()).collect();
    let next = blame
        .iter()
        .map(|blame| blame.since)
        .find(|since| *since < worst);
    let next = next.unwrap_or(Since::Rung(audit.scale.best()));
    let _ = writeln!(
        text,
        "  {} in {} keep this wheel from {}",
        count(symbols.len(), "symbol"),
        count(files.len(), "file"),
        audit.scale.tag_name(next)
    );
}

fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn abbreviate(symbols: &BTreeSet<&str>, detail: Detail) -> String {
    if symbols.is_empty() {
        return "(no symbol bound to it)".to_owned();
    }
    let shown = if detail.all { symbols.len() } else { 3 };
    let mut list: Vec<String> = symbols
        .iter()
        .take(shown)
        .map(|symbol| (*symbol).to_owned())
        .collect();
    if symbols.len() > shown {
        list.push(format!("… {} more", symbols.len().saturating_sub(shown)));
    }
    list.join(", ")
}

fn push_rows(text: &mut String, rows: &[Vec<String>], detail: Detail) {
    let shown = if detail.all {
        rows.len()
    } else {
        rows.len().min(SHORT)
    };
    text.push_str(&table("  ", rows.get(..shown).unwrap_or(rows)));
    if rows.len() > shown {
        let _ = writeln!(
            text,
            "  … {} more rows (-v shows all)",
            rows.len().saturating_sub(shown)
        );
    }
}

fn advice(text: &mut String, input: &Input<'_>, audit: &Audit) {
    let verdict = &audit.verdict;
    let name = file_name(input.path);
    let missing: Vec<&str> = audit
        .externals
        .iter()
        .filter(|external| external.provider == Provider::Missing)
        .map(|external| external.soname.as_str())
        .collect();
    if has_missing(audit) {
        let _ = writeln!(
            text,
            "\nTo repair it, say where {} can be found: --lib-path DIR; or leave it to the system: --exclude {}",
            escape(&missing.join(", ")),
            escape(missing.first().copied().unwrap_or_default())
        );
    } else if verdict.repaired < verdict.as_is {
        let _ = writeln!(
            text,
            "\nTo reach {}: audit repair {}",
            audit.repairable_to(),
            escape(&name)
        );
    }
}
