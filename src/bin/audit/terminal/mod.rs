//! Data to standard output, words to standard error, colour only for terminals.

pub(crate) mod progress_line;
#[cfg(unix)]
pub(crate) mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use wheel_audit::report::Layout;
use wheel_audit::{Error, Finding, Severity, escape};

use crate::Status;
use crate::args::{Color, Global};
use crate::terminal::progress_line::ProgressLine;

/// What stands below `  help: `.
const BELOW_HELP: &str = "        ";
/// What stands below the first line of a message.
const BELOW: &str = "    ";
/// Findings of one kind that are told without `-v`: each error is work to do, many warnings say
/// one thing.
const FEW_ERRORS: usize = 12;
const FEW_WARNINGS: usize = 3;

/// How to talk.
#[derive(Debug)]
pub(crate) struct Terminal {
    quiet: bool,
    verbose: u8,
}

impl Terminal {
    pub(crate) fn new(global: &Global) -> Self {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// `-v`, `-vv` …
    pub(crate) fn verbose(&self) -> u8 {
        self.verbose
    }

    /// A line that tells how far the work is, as long as what is returned is there. Only a person
    /// who waits sees it.
    pub(crate) fn progress(&self) -> Option<ProgressLine> {
        let wanted = !self.quiet && io::stderr().is_terminal();
        wanted.then(|| ProgressLine::start(columns())).flatten()
    }

    /// How text on standard output is laid out.
    pub(crate) fn layout(&self) -> Layout {
        let stdout = io::stdout();
        let color = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        Layout {
            all: self.verbose > 0,
            width: stdout.is_terminal().then(columns),
            color,
        }
    }

    /// Prints data.
    pub(crate) fn data(&self, text: &str) -> io::Result<Status> {
        self.bytes(text.as_bytes())
    }

    /// Prints data as it is.
    #[expect(clippy::unused_self, reason = "all output goes through the terminal")]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<Status> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(Status::Done)
    }

    /// Prints words for a person, unless they asked for silence.
    pub(crate) fn words(&self, text: &str) -> io::Result<()> {
        if self.quiet {
            return Ok(());
        }
        io::stdout().lock().write_all(text.as_bytes())
    }

    /// Prints warnings, and notes if asked for with `-v`.
    pub(crate) fn findings<'a>(
        &self,
        wheel: &str,
        findings: impl IntoIterator<Item = &'a Finding>,
    ) {
        let shown = findings
            .into_iter()
            .filter(|finding| match finding.severity {
                Severity::Error => true,
                Severity::Warning => !self.quiet,
                Severity::Note => self.verbose > 0,
            });
        self.some(wheel, shown);
    }

    /// Prints findings, but not hundreds of one kind.
    fn some<'a>(&self, wheel: &str, findings: impl Iterator<Item = &'a Finding>) {
        let mut kinds: BTreeMap<&str, (Severity, usize)> = BTreeMap::new();
        let mut helped: BTreeSet<(&str, &str)> = BTreeSet::new();
        for finding in findings {
            let (_, count) = kinds.entry(finding.code).or_insert((finding.severity, 0));
            *count = count.saturating_add(1);
            if *count <= few(finding.severity) || self.verbose > 0 {
                self.finding(wheel, finding);
                // An error stands for itself; for warnings that say the same, once is enough.
                if let Some(help) = finding.help.as_deref()
                    && (helped.insert((finding.code, help)) || finding.severity == Severity::Error)
                {
                    self.help(help);
                }
            }
        }
        if self.verbose > 0 {
            return;
        }
        for (code, (severity, count)) in kinds {
            let more = count.saturating_sub(few(severity));
            if more > 0 {
                let plural = if more == 1 { "" } else { "s" };
                let message = format!("{more} more finding{plural} of this kind");
                self.finding(wheel, &Finding::new(severity, code, message));
                self.help(if code == "lib-not-found" {
                    "-v tells them all; audit tree shows what each ELF file needs"
                } else {
                    "-v tells them all"
                });
            }
        }
    }

    fn finding(&self, wheel: &str, finding: &Finding) {
        let (name, style) = match finding.severity {
            Severity::Error => ("error", AnsiColor::Red.on_default().bold()),
            Severity::Warning => ("warning", AnsiColor::Magenta.on_default().bold()),
            Severity::Note => ("note", Style::new().bold()),
        };
        self.stderr_line(name, style, &format!("{}: {finding}", escape(wheel)), BELOW);
    }

    fn help(&self, help: &str) {
        for line in help.lines() {
            let style = AnsiColor::Green.on_default();
            self.stderr_line("  help", style, &escape(line), BELOW_HELP);
        }
    }

    /// Prints why the work on an input ended.
    pub(crate) fn error(&self, wheel: &str, error: &Error) {
        self.some(wheel, error.findings.iter());
    }

    /// Prints what is wrong with the command line or the run as a whole.
    pub(crate) fn usage(&self, message: &str) {
        self.stderr_line(
            "error",
            AnsiColor::Red.on_default().bold(),
            &escape(message),
            BELOW,
        );
    }

    /// Prints a remark for a person.
    pub(crate) fn note(&self, message: &str) {
        if !self.quiet {
            self.stderr_line("note", Style::new().bold(), &escape(message), BELOW);
        }
    }

    #[expect(clippy::unused_self, reason = "all output goes through the terminal")]
    fn stderr_line(&self, word: &str, style: Style, text: &str, margin: &str) {
        let used = word.len().saturating_add(": ".len());
        let lines = stderr_layout().hang(text, used, margin.len());
        let text = lines.join(&format!("\n{margin}"));
        let mut err = anstream::stderr().lock();
        // Nobody is left to tell if this fails.
        let _ = writeln!(err, "{style}{word}{style:#}: {text}");
    }
}

fn few(severity: Severity) -> usize {
    match severity {
        Severity::Error => FEW_ERRORS,
        Severity::Warning | Severity::Note => FEW_WARNINGS,
    }
}

/// How text on standard error is laid out; what can be pasted stands in lines of its own on
/// standard output.
fn stderr_layout() -> Layout {
    Layout {
        width: io::stderr().is_terminal().then(columns),
        ..Layout::default()
    }
}

/// The width of the terminal in columns.
fn columns() -> usize {
    const USUAL: usize = 80;
    let told = std::env::var("COLUMNS").ok();
    let told = told.and_then(|columns| columns.parse().ok());
    let measured = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(measured).unwrap_or(USUAL)
}
