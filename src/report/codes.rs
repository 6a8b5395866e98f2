//! The codes of findings and refusals, and what the pages of the documentation say of each: what is
//! documented is what is accepted, and what `audit explain` prints.

use crate::report::text::page::{Layout, Page, Tone};

/// Where findings are told, and where refusals.
const PAGES: [(&str, &str); 2] = [
    (FINDINGS, include_str!("../../docs/findings.md")),
    ("docs/errors.md", include_str!("../../docs/errors.md")),
];
const FINDINGS: &str = "docs/findings.md";
/// Where the text begins.
const INDENT: usize = 2;

/// What a page says of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The code.
    pub code: &'static str,
    /// The page.
    pub page: &'static str,
    /// The heading that it stands under.
    pub section: &'static str,
    /// `warning; error with --check` and the like; of what always refuses, `error`.
    pub severity: String,
    /// What it means, and why it matters.
    pub meaning: String,
    /// What to do, if the page says it.
    pub remedy: Option<String>,
}

/// Every code, in the order of the pages.
pub fn entries() -> Vec<Entry> {
    let of_page = |(page, text): &(&'static str, &'static str)| of_page(page, text);
    PAGES.iter().flat_map(of_page).collect()
}

fn of_page(page: &'static str, text: &'static str) -> Vec<Entry> {
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        }
        found.extend(row(page, section, line));
    }
    found
}

/// The entry of a row ``| `code` | … |``.
fn row(page: &'static str, section: &'static str, line: &'static str) -> Option<Entry> {
    let row = line.strip_prefix("| `")?.strip_suffix(" |")?;
    let (code, rest) = row.split_once("` | ")?;
    let mut cells = rest.split(" | ").map(plain);
    let severity = if page == FINDINGS {
        cells.next()?
    } else {
        "error".to_owned()
    };
    Some(Entry {
        code,
        page,
        section,
        severity,
        meaning: cells.next()?,
        remedy: cells.next().filter(|text| text != "–"),
    })
}

/// Without the marks of Markdown: `code`, [words](of a link).
fn plain(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::with_capacity(text.len());
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let target = link.split_once("](");
        let parts = target.and_then(|(words, after)| Some((words, after.split_once(')')?.1)));
        let (words, after) = parts.unwrap_or(("[", link));
        plain.push_str(words);
        rest = after;
    }
    plain.push_str(rest);
    plain.replace('`', "").replace("\\|", "|")
}

/// Every code that `--ignore` and `--error` take, in the order of the page.
pub fn all() -> impl Iterator<Item = &'static str> {
    let findings = entries().into_iter().filter(|entry| entry.page == FINDINGS);
    findings.map(|entry| entry.code)
}

/// The code that was probably meant by one that does not exist, of those in `known`.
pub fn nearest<'a>(code: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    crate::nearest::nearest(code, known).into_iter().next()
}

/// What is documented of `code`, for a terminal; `None` for what is no code.
pub fn explain(code: &str, layout: Layout) -> Option<String> {
    let entry = entries().into_iter().find(|entry| entry.code == code)?;
    let mut page = Page::new(layout);
    let tone = if entry.severity.starts_with("note") {
        Tone::Plain
    } else if entry.severity.starts_with("warning") {
        Tone::Odd
    } else {
        Tone::Bad
    };
    page.flow(
        "  ",
        &[
            (Tone::Title, entry.code),
            (Tone::Plain, ": "),
            (tone, &entry.severity),
        ],
    );
    page.blank();
    page.entry(INDENT, (Tone::Plain, ""), (Tone::Plain, &entry.meaning));
    if let Some(remedy) = &entry.remedy {
        page.blank();
        page.line(Tone::Title, "What to do");
        page.entry(INDENT, (Tone::Plain, ""), (Tone::Plain, remedy));
    }
    page.blank();
    let place = format!("{}, {}", entry.page, entry.section);
    page.entry(0, (Tone::Plain, ""), (Tone::Faint, &place));
    Some(page.finish())
}

/// Every code with the first sentence that is said of it, one a line, under their headings.
pub fn list(layout: Layout) -> String {
    let entries = entries();
    let widest = entries.iter().map(|entry| entry.code.len()).max();
    let column = widest.unwrap_or_default().saturating_add(4);
    let mut page = Page::new(layout);
    let mut section = ("", "");
    for entry in &entries {
        if section != (entry.page, entry.section) {
            if !section.0.is_empty() {
                page.blank();
            }
            section = (entry.page, entry.section);
            let heading = format!("{} ({})", entry.section, entry.page);
            page.line(Tone::Title, &heading);
        }
        let sentence = match entry.meaning.split_once(". ") {
            Some((first, _)) => format!("{first}."),
            None => entry.meaning.clone(),
        };
        let code = format!("  {}", entry.code);
        page.entry(column, (Tone::Plain, &code), (Tone::Plain, &sentence));
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_from_the_pages() {
        assert!(all().any(|code| code == "execstack"));
        assert!(all().all(|code| !code.contains(' ')));
        assert!(!all().any(|code| code == "zip-crc"), "an error");
        let rows = PAGES.iter().flat_map(|(_, text)| text.lines());
        let rows = rows.filter(|line| line.starts_with("| `")).count();
        let entries = entries();
        assert!(rows > 150, "{rows}");
        assert_eq!(entries.len(), rows, "each row is read");
        for entry in &entries {
            let texts = [Some(&entry.meaning), entry.remedy.as_ref()];
            for text in texts.into_iter().flatten() {
                assert!(
                    !text.contains(['`', '|']) && !text.contains("]("),
                    "{entry:?}"
                );
                assert!(text.ends_with(['.', ')', '…']), "{entry:?}");
            }
            let word = entry.severity.split([';', ',', ' ']).next().unwrap();
            assert!(["error", "warning", "note"].contains(&word), "{entry:?}");
            assert!(!entry.section.is_empty(), "{entry:?}");
        }
    }

    #[test]
    fn one_code_is_explained_and_all_are_listed() {
        let layout = Layout {
            width: Some(60),
            ..Layout::default()
        };
        for Entry { code, meaning, .. } in entries() {
            let text = explain(code, layout).unwrap();
            assert!(text.starts_with(&format!("{code}: ")), "{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            let meaning: Vec<&str> = meaning.split_whitespace().collect();
            assert!(words.join(" ").contains(&meaning.join(" ")), "{text}");
        }
        assert_eq!(explain("nothing", layout), None);
        let listed = list(Layout::default());
        for code in all() {
            let line = format!("  {code} ");
            assert!(
                listed.lines().any(|known| known.starts_with(&line)),
                "{code}"
            );
        }
    }
}
