//! The last lines when there are several inputs: one line each.

use std::path::Path;

use wheel_archive::escape;

use crate::audit::verdict::blame::count;
use crate::finding::{Error, Finding, Severity};
use crate::report::Judgement;
use crate::report::text::page::{Layout, Page, Tone};

/// One input in short.
#[derive(Clone, Debug)]
pub struct Row {
    path: String,
    verdict: String,
    tone: Tone,
    remarks: String,
}

impl Row {
    /// An input that was judged.
    pub fn judged(judgement: &Judgement<'_>) -> Self {
        let Judgement {
            input,
            audit,
            findings,
        } = *judgement;
        let undeserved = input.claimed().iter().any(|tag| !audit.deserves(tag));
        let failed = findings.iter().any(|one| one.severity == Severity::Error);
        let repairable = audit.verdict.repaired < audit.verdict.as_is;
        let mut remarks = Vec::new();
        if undeserved {
            remarks.push("claims more".to_owned());
        }
        if repairable {
            remarks.push(format!("repairable to {}", audit.repairable_to()));
        }
        let absent = findings.iter().filter(|one| one.code == "lib-not-found");
        let absent = absent.count();
        if absent > 0 {
            remarks.push(format!("{} not found", count(absent, "library")));
        }
        remarks.extend(counted(findings));
        Self {
            path: input.path.display().to_string(),
            verdict: audit.tag(),
            tone: if undeserved || failed {
                Tone::Bad
            } else {
                Tone::Good
            },
            remarks: remarks.join(", "),
        }
    }

    /// An input that is refused, or that is not for Linux.
    pub fn refused(path: &Path, error: &Error) -> Self {
        let remarks = error.findings.first().map(ToString::to_string);
        Self {
            path: path.display().to_string(),
            verdict: "refused".to_owned(),
            tone: Tone::Bad,
            remarks: remarks.unwrap_or_default(),
        }
    }

    /// A pure wheel that is let through.
    pub fn pure(path: &Path) -> Self {
        Self {
            path: path.display().to_string(),
            verdict: "pure".to_owned(),
            tone: Tone::Good,
            remarks: String::new(),
        }
    }
}

/// `1 error`, `2 warnings`.
fn counted(findings: &[Finding]) -> Vec<String> {
    let severities = [Severity::Error, Severity::Warning];
    let counts = severities.into_iter().filter_map(|severity| {
        let number = findings
            .iter()
            .filter(|one| one.severity == severity)
            .count();
        (number > 0).then(|| count(number, severity.as_str()))
    });
    counts.collect()
}

/// The table; nothing for fewer than two inputs.
pub fn table(rows: &[Row], layout: Layout) -> String {
    let mut page = Page::new(layout);
    if rows.len() < 2 {
        return page.finish();
    }
    page.blank();
    let width = |text: &str| escape(text).chars().count();
    let verdicts = rows.iter().map(|row| width(&row.verdict)).max();
    let verdicts = verdicts.unwrap_or_default().saturating_add(2);
    let names = rows.iter().map(|row| width(&row.path)).max();
    let column = names.unwrap_or_default().saturating_add(2);
    // Names that leave no room beside them have lines of their own.
    let room = column.saturating_add(verdicts).saturating_add(24);
    let beside = layout.width.is_none_or(|width| room <= width);
    let column = if beside { column } else { 4 };
    for row in rows {
        let verdict = format!("{:verdicts$}{}", row.verdict, row.remarks);
        page.entry(
            column,
            (Tone::Plain, &row.path),
            (row.tone, verdict.trim_end()),
        );
    }
    page.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::ErrorKind;

    #[test]
    fn one_input_needs_no_table() {
        let bad = Finding::error("zip-truncated", "ends early").at("a\nb");
        let error = Error::new(ErrorKind::Refused, "x", bad);
        let rows = [
            Row::pure("dist/six-1-py3-none-any.whl".as_ref()),
            Row::refused("x.whl".as_ref(), &error),
        ];
        assert_eq!(table(&rows[..1], Layout::default()), "");
        let wide = table(&rows, Layout::default());
        assert_eq!(
            wide,
            "\ndist/six-1-py3-none-any.whl  pure\n\
             x.whl                        refused  a\\nb: ends early [zip-truncated]\n"
        );
    }
}
