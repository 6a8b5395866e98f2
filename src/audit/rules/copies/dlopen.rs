//! Libraries that a file says it opens at run time, in its `.note.dlopen`.
//!
//! Spec: <https://uapi-group.org/specifications/specs/elf_dlopen_metadata/>

use serde::Deserialize;

use crate::audit::rules::{Case, File};
use crate::elf::soname::stem;
use crate::finding::Finding;
use crate::shell::shell_word;

/// One entry of the note.
#[derive(Debug, Deserialize)]
struct Opened {
    /// Alternatives, best first.
    soname: Vec<String>,
    feature: Option<String>,
    /// `required`, `recommended` or `suggested`.
    priority: Option<String>,
}

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in case.files() {
        for note in &file.facts.dlopen_notes {
            let entries: Vec<Opened> = serde_json::from_str(note).unwrap_or_default();
            let outside = entries.iter().filter(|entry| !in_wheel(case, entry));
            findings.extend(outside.filter_map(|entry| tell(case, &file, entry)));
        }
    }
    findings
}

fn in_wheel(case: &Case<'_>, entry: &Opened) -> bool {
    let names = || entry.soname.iter().map(|soname| stem(soname));
    case.files()
        .any(|file| names().any(|base| base == stem(file.name)))
}

fn tell(case: &Case<'_>, file: &File<'_>, entry: &Opened) -> Option<Finding> {
    let first = entry.soname.first()?;
    let feature = entry.feature.as_deref();
    let feature = feature.map_or(String::new(), |feature| format!(" for {feature}"));
    let message = format!(
        "opens {} at run time{feature}; it is not in the wheel",
        entry.soname.join(" or ")
    );
    let finding = if entry.priority.as_deref() == Some("required") {
        Finding::warning("dlopen-needed", message)
    } else {
        Finding::note("dlopen-needed", message)
    };
    let help = match case.input.wheel {
        Some(_) => {
            let advice = &case.options.advice;
            let command = advice.repair(&["--include", first], case.input.path);
            format!("to bring it in: {command}")
        }
        None => format!(
            "to bring it in, repair with --include {}",
            shell_word(first)
        ),
    };
    Some(file.told(finding.help(help)))
}
