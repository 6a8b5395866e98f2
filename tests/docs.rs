//! Examples in README and docs that start with `$ audit` print what the pages say.
//!
//! A block of kind `console` is a list of commands, each followed by what it prints to standard output,
//! or by all that it prints, complaints first.
//! They run in an empty folder with `testdata` in it, one page after the other. Where the page
//! says `/home/you/wheel-audit`, this machine says where the repository or that folder is.
#![expect(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages.insert(0, root().join("README.md"));
    pages
}

/// Commands of the page's console blocks with what they print.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        if let Some(command) = line.strip_prefix("$ ") {
            found.push((command.to_owned(), String::new()));
        } else if let Some((_, output)) = found.last_mut() {
            output.push_str(line);
            output.push('\n');
        }
    }
    found
}

/// The words of a command; quotes around one are the shell's.
fn words(command: &str) -> Vec<String> {
    let words = command.split_whitespace();
    words
        .map(|word| word.trim_matches('\'').to_owned())
        .collect()
}

/// The long options of a command, each with its short form if it has one.
fn options(command: &str) -> Vec<(String, Option<String>)> {
    let done = Command::new(env!("CARGO_BIN_EXE_audit"))
        .args([command, "-h"])
        .output()
        .unwrap();
    let help = String::from_utf8(done.stdout).unwrap();
    let option = |line: &str| {
        let words = line.trim_start();
        let short = words.split(',').next().filter(|word| word.len() == 2);
        let (_, long) = words.split_once("--").filter(|_| words.starts_with('-'))?;
        let end = long.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        let long = long.split_at(end.unwrap_or(long.len())).0;
        Some((format!("--{long}"), short.map(str::to_owned)))
    };
    help.lines().filter_map(option).collect()
}

/// Whether a page says the option, and not just one that begins like it.
fn says(page: &str, option: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    page.match_indices(option).any(|(at, _)| {
        let (before, rest) = page.split_at(at);
        let after = &rest[option.len()..];
        !before.ends_with(part) && !after.starts_with(part)
    })
}

#[test]
fn every_option_is_on_some_page() {
    let pages: Vec<String> = pages()
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    let mut missing = Vec::new();
    for command in ["show", "repair", "tree", "policies"] {
        let options = options(command);
        assert!(options.len() > 5, "{command}: {options:?}");
        for (long, short) in options {
            // clap's own, the same everywhere.
            if ["--help", "--version"].contains(&long.as_str()) {
                continue;
            }
            let mut forms = [Some(long.as_str()), short.as_deref()]
                .into_iter()
                .flatten();
            if !forms.any(|form| pages.iter().any(|page| says(page, form))) {
                missing.push(format!("audit {command} {long}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs say nothing of {missing:#?}");
}

/// A runnable example: the command as words without `audit`, and what it should print.
fn runnable(page: &Path) -> Vec<(Vec<String>, String)> {
    let text = fs::read_to_string(page).unwrap();
    let audit = examples(&text).into_iter().filter_map(|(command, output)| {
        let rest = command
            .strip_prefix("audit ")
            .or_else(|| command.strip_prefix("cargo run --release -- "))?
            .to_owned();
        // Commands on files that are not here only show the form.
        (rest.contains("testdata") || rest.contains("wheelhouse") || rest == "policies")
            .then(|| (words(&rest), output))
    });
    audit.filter(|(_, output)| !output.is_empty()).collect()
}

#[cfg(unix)]
#[test]
fn the_pages_show_what_is_printed() {
    let mut run = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root().join("testdata"), folder.path().join("testdata"))
            .unwrap();
        for (words, expected) in runnable(&page) {
            let done = Command::new(env!("CARGO_BIN_EXE_audit"))
                .args(&words)
                .current_dir(folder.path())
                .env_clear()
                .output()
                .unwrap();
            let text = |bytes: Vec<u8>| {
                let here = [root(), folder.path()].into_iter();
                here.fold(String::from_utf8(bytes).unwrap(), |printed, here| {
                    printed.replace(here.to_str().unwrap(), "/home/you/wheel-audit")
                })
            };
            let (printed, complaint) = (text(done.stdout), text(done.stderr));
            let all = format!("{complaint}{printed}");
            if ![printed.trim_end(), all.trim_end()].contains(&expected.trim_end()) {
                let name = page.strip_prefix(root()).unwrap().display();
                wrong.push(format!(
                    "{name}: audit {}\n{printed}{complaint}",
                    words.join(" ")
                ));
            }
            run += 1;
        }
    }
    assert!(run >= 2, "README's first examples were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The anchor that a heading gets where the pages are shown.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Whether a page has a heading outside its examples that an anchor names.
fn has_anchor(page: &str, wanted: &str) -> bool {
    let prose = page.split("```").step_by(2);
    prose
        .flat_map(str::lines)
        .filter(|line| line.starts_with('#'))
        .any(|line| anchor(line.trim_start_matches('#')) == wanted)
}

#[test]
fn every_link_leads_somewhere() {
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', ' ', '\n']).next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, wanted) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}: no file", page.display());
            if !wanted.is_empty() {
                let there = fs::read_to_string(&target).unwrap();
                let found = has_anchor(&there, wanted);
                assert!(found, "{}: {link}: no such heading", page.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 20, "only {followed} links were seen");
}
