//! Findings as annotations of a GitHub Actions run.
//!
//! Format: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;

use wheel_archive::escape;

use crate::finding::{Finding, Severity};

/// One annotation for each finding about the input at `path`.
pub fn annotations<'a>(path: &str, findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let mut text = String::new();
    for finding in findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut message = match &finding.file {
            Some(file) => format!("{}: {}", escape(file), escape(&finding.message)),
            None => escape(&finding.message).into_owned(),
        };
        for help in finding.help.iter().flat_map(|help| help.lines()) {
            let _ = write!(message, "\nhelp: {}", escape(help));
        }
        let _ = writeln!(
            text,
            "::{command} file={},title={}::{}",
            property(path),
            property(finding.code),
            data(&message)
        );
    }
    text
}

/// The part after `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value between commas.
fn property(text: &str) -> String {
    data(&escape(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_an_annotation_early() {
        let finding = Finding::warning("execstack", "100% bad")
            .at("a\n::error::b")
            .help("one\ntwo");
        assert_eq!(
            annotations("dist/a,b.whl", [&finding]),
            "::warning file=dist/a%2Cb.whl,title=execstack::a\\n::error::b: 100%25 bad%0Ahelp: one%0Ahelp: two\n"
        );
    }
}
