//! `audit show` for people: the verdict, why, and what would lift it.

use std::collections::BTreeSet;

use crate::audit::libraries::external::Provider;
use crate::audit::libraries::missing::{Missing, missing};
use crate::audit::verdict::blame::{Group, Step, abbreviate, count, groups, steps};
use crate::audit::verdict::claimed_tags::blocks_repair;
use crate::audit::{Audit, External};
use crate::platform::linux::policy::Since;
use crate::platform::linux::resolve::{Origin, Target};
use crate::report::json::show::real_path;
use crate::report::text::page::{Page, Tone};
use crate::report::{Judgement, file_name};
use crate::shell::Advice;
use crate::tag::PlatformTag;

pub use crate::report::text::page::Layout;

/// Rows of a long table that are shown without `-v`.
const SHORT: usize = 6;
/// Steps of the scale, and rows of the worst of them, that are shown without `-v`.
const FEW_STEPS: usize = 4;
const FEW_ROWS: usize = 4;
/// Symbols of one file that are shown without `-v`.
const FEW_SYMBOLS: usize = 4;
/// Where the text of the summary begins.
const COLUMN: usize = 17;

/// The report on a judged input; several lines, each ended. `told` is how a repair is advised.
pub fn judged(judgement: &Judgement<'_>, layout: Layout, told: &Advice) -> String {
    let mut page = Page::new(layout);
    let Judgement { input, audit, .. } = *judgement;
    let missing = missing(audit, input, audit.verdict.repaired);
    page.flow("    ", &[(Tone::Title, &input.path.display().to_string())]);
    summary(&mut page, judgement, &missing);
    libraries(&mut page, judgement, &missing, layout);
    symbols(&mut page, judgement, layout);
    advice(&mut page, judgement, &missing, told);
    page.finish()
}

fn summary(page: &mut Page, judgement: &Judgement<'_>, missing: &[Missing]) {
    let Judgement { input, audit, .. } = *judgement;
    let verdict = &audit.verdict;
    let mut row = |label: &str, tone: Tone, text: &str| {
        page.entry(COLUMN, (Tone::Plain, &format!("  {label}")), (tone, text));
    };
    let claimed = input.claimed();
    let undeserved = claimed.iter().any(|tag| !audit.deserves(tag));
    let tone = match verdict.as_is {
        Since::Never => Tone::Odd,
        Since::Rung(_) => Tone::Good,
    };
    row("deserves", tone, &audit.tag());
    if !claimed.is_empty() {
        let tone = if undeserved { Tone::Bad } else { Tone::Plain };
        let tags: Vec<&str> = claimed.iter().map(PlatformTag::as_str).collect();
        row("claims", tone, &tags.join(", "));
    }
    if verdict.repaired < verdict.as_is {
        let mut reached = audit.repairable_to();
        let absent = missing.len();
        if let Some(blocking) = judgement.findings.iter().find(|one| blocks_repair(one)) {
            let code = blocking.code;
            reached = format!("{reached} at best, once what [{code}] tells is mended");
        } else if absent > 0 {
            let verb = if absent == 1 { "is" } else { "are" };
            let names = count(absent, "missing library");
            reached = format!("{reached} at best, once {names} {verb} found");
        }
        row("repairable to", Tone::Plain, &reached);
    }
    let judged = audit.judged.iter().filter(|judged| **judged).count();
    let files = format!(
        "{} for {} on {}",
        count(judged, "ELF file"),
        audit.libc.as_str(),
        audit.arch
    );
    row("holds", Tone::Plain, &files);
    if verdict.isa == Since::Never {
        let text = "needs instruction sets beyond the baseline of its architecture";
        row("but", Tone::Bad, text);
    }
    if verdict.ucs2 {
        row(
            "but",
            Tone::Bad,
            "was built for a narrow-unicode (UCS2) Python 2",
        );
    }
    if verdict.pyfpe {
        let text = "uses PyFPE_jbuf, which portable Pythons lack (PEP 513)";
        row("but", Tone::Bad, text);
    }
}

fn heading(page: &mut Page, text: &str) {
    page.blank();
    page.line(Tone::Title, text);
}

/// Tells how many rows of a long table are left out.
fn more(page: &mut Page, left: usize, noun: &str) {
    if left > 0 {
        let text = format!("  … {} (-v shows all)", count(left, noun));
        page.line(Tone::Faint, &text);
    }
}

fn libraries(page: &mut Page, judgement: &Judgement<'_>, missing: &[Missing], layout: Layout) {
    let audit = judgement.audit;
    let best = audit.candidates.best();
    let outside: Vec<&External> = audit
        .externals
        .iter()
        .filter(|external| external.needed_for(best))
        .collect();
    if outside.is_empty() {
        return;
    }
    heading(page, "Libraries outside the wheel");
    let shown = if layout.all { outside.len() } else { SHORT };
    let names = outside.iter().take(shown);
    let widest = names.map(|external| external.soname.chars().count()).max();
    let column = widest.unwrap_or_default().min(28).saturating_add(4);
    for external in outside.iter().take(shown) {
        let label = format!("  {}", external.soname);
        page.list(column, &label, &library(judgement, missing, external));
    }
    more(page, outside.len().saturating_sub(shown), "more library");
}

/// What there is to tell of a library, one thing a line.
fn library(
    judgement: &Judgement<'_>,
    missing: &[Missing],
    external: &External,
) -> Vec<(Tone, String)> {
    let audit = judgement.audit;
    let mut lines = Vec::new();
    match external.provider {
        Provider::Libpython => {
            let text = "is never brought in; a repair removes the need for it";
            return vec![
                (Tone::Plain, text.to_owned()),
                (Tone::Faint, needed_by(judgement, &external.soname)),
            ];
        }
        Provider::Missing => lines.push((Tone::Bad, "not found".to_owned())),
        Provider::Node(_) => {
            lines.push((Tone::Plain, real_path(audit, external).unwrap_or_default()));
        }
    }
    lines.extend(fate(audit, external));
    match missing.iter().find(|one| one.soname == external.soname) {
        Some(missing) => {
            lines.push((Tone::Plain, missing.needed_by()));
            lines.push((Tone::Faint, missing.searched_line()));
            let near = missing.near.iter();
            lines.extend(near.map(|near| (Tone::Odd, format!("near miss: {near}"))));
        }
        None => lines.push((Tone::Faint, needed_by(judgement, &external.soname))),
    }
    lines
}

/// Why a library is not just brought in, if that is so.
fn fate(audit: &Audit, external: &External) -> Option<(Tone, String)> {
    if external.driver {
        let text = "belongs to a driver of the machine: it is not brought in, and no tag allows it";
        return Some((Tone::Odd, text.to_owned()));
    }
    match external.until {
        Since::Never => None,
        since @ Since::Rung(_) => {
            let tag = audit.candidates.tag_name(since);
            Some((Tone::Plain, format!("may stay outside from {tag} on")))
        }
    }
}

/// The first dependant, how it finds the library, and how many more there are.
fn needed_by(judgement: &Judgement<'_>, soname: &str) -> String {
    let Judgement { input, audit, .. } = *judgement;
    let mut names = BTreeSet::new();
    let mut first = None;
    for node in &audit.graph.nodes {
        let Some(edge) = node.edges.iter().find(|edge| edge.soname == soname) else {
            continue;
        };
        let how = match &edge.target {
            Target::Node(_, found_by) if !found_by.is_usual() => format!(" ({found_by})"),
            _ => String::new(),
        };
        let name = match &node.origin {
            Origin::Member(member) => input.elves.get(*member).map(|elf| elf.path.clone()),
            Origin::Host(library) => Some(file_name(&library.path)),
        };
        let name = name.unwrap_or_default();
        first.get_or_insert_with(|| format!("{name}{how}"));
        names.insert(name);
    }
    match (first, names.len()) {
        (None, _) => String::new(),
        (Some(first), 0 | 1) => format!("needed by {first}"),
        (Some(first), number) => {
            format!("needed by {first}, and {} more", number.saturating_sub(1))
        }
    }
}

fn symbols(page: &mut Page, judgement: &Judgement<'_>, layout: Layout) {
    let Judgement { input, audit, .. } = *judgement;
    let blame = audit.blame(input);
    if blame.is_empty() {
        return;
    }
    let best = audit.candidates.best();
    let newer = format!(
        "Symbols newer than {}, worst first",
        audit.candidates.tag_name(Since::Rung(best))
    );
    heading(page, &newer);
    let groups = groups(&blame);
    let steps = steps(&blame, best);
    let shown = if layout.all { steps.len() } else { FEW_STEPS };
    for (index, step) in steps.iter().take(shown).enumerate() {
        one_step(page, judgement, step);
        let of_step = groups.iter().filter(|group| group.since == step.since);
        // What stands in the way after the worst is gone, only in short.
        if index == 0 || layout.all {
            rows(page, of_step, layout);
        } else {
            first_row(page, of_step);
        }
    }
    more(page, steps.len().saturating_sub(shown), "more step");
}

/// The tag, and what it would take to get an older one.
fn one_step(page: &mut Page, judgement: &Judgement<'_>, step: &Step) {
    let Judgement { input, audit, .. } = *judgement;
    let tag = audit.candidates.tag_name(step.since);
    let tone = match step.since {
        Since::Never => Tone::Bad,
        since if since == audit.verdict.symbols => Tone::Odd,
        Since::Rung(_) => Tone::Plain,
    };
    let sentence = format!(" {}", step.sentence(audit, input.noun()));
    page.running(2, (tone, &format!("{tag}:")), (Tone::Plain, &sentence));
}

/// Who asks for what, at one step.
fn rows<'a>(page: &mut Page, groups: impl Iterator<Item = &'a Group<'a>>, layout: Layout) {
    let few = if layout.all { usize::MAX } else { FEW_SYMBOLS };
    let mut left = if layout.all { usize::MAX } else { FEW_ROWS };
    let mut hidden: usize = 0;
    for group in groups {
        if left > 0 {
            page.line(Tone::Plain, &format!("    {}", group.what()));
        }
        for (who, symbols) in &group.files {
            if left == 0 {
                hidden = hidden.saturating_add(1);
                continue;
            }
            let label = format!("{who}:");
            let symbols = format!(" {}", abbreviate(group.version, symbols, few));
            page.running(6, (Tone::Plain, &label), (Tone::Faint, &symbols));
            left = left.saturating_sub(1);
        }
    }
    if hidden > 0 {
        let text = format!("      … {} (-v shows all)", count(hidden, "more row"));
        page.line(Tone::Faint, &text);
    }
}

/// The first of those who ask at one step, and for what.
fn first_row<'a>(page: &mut Page, mut groups: impl Iterator<Item = &'a Group<'a>>) {
    let Some(group) = groups.next() else { return };
    let Some((who, symbols)) = group.files.first() else {
        return;
    };
    let others = groups.map(|group| group.files.len());
    let left = others.fold(group.files.len().saturating_sub(1), usize::saturating_add);
    let symbols = abbreviate(group.version, symbols, FEW_SYMBOLS);
    let mut text = format!(" {symbols}, by {who}");
    if left > 0 {
        text = format!("{text}, … {}", count(left, "more row"));
    }
    let what = format!("{}:", group.what());
    page.running(4, (Tone::Plain, &what), (Tone::Faint, &text));
}

/// Commands to paste.
fn advice(page: &mut Page, judgement: &Judgement<'_>, missing: &[Missing], told: &Advice) {
    let Judgement { input, audit, .. } = *judgement;
    // A repair must fail as long as that is told.
    if input.wheel.is_none() || judgement.findings.iter().any(blocks_repair) {
        return;
    }
    let say = |page: &mut Page, text: &str| page.entry(0, (Tone::Plain, ""), (Tone::Plain, text));
    let command = |page: &mut Page, more: &[&str]| {
        page.line(Tone::Good, &format!("  {}", told.repair(more, input.path)));
    };
    if !missing.is_empty() {
        page.blank();
        say(
            page,
            "To repair it, DIR being the folder that holds what was not found:",
        );
        command(page, &["--lib-path", "DIR"]);
        if missing.len() > SHORT && !page.layout().all {
            return;
        }
        say(page, "or, if every machine that it is for has it already:");
        let names = missing.iter().map(|one| one.soname.as_str());
        let excludes: Vec<&str> = names.flat_map(|name| ["--exclude", name]).collect();
        command(page, &excludes);
    } else if audit.verdict.repaired < audit.verdict.as_is {
        page.blank();
        say(page, &format!("To reach {}:", audit.repairable_to()));
        command(page, &[]);
    }
}
