//! `audit show`.

use std::io;

use rayon::prelude::*;
use wheel_audit::report::{self, Judgement, text::summary};
use wheel_audit::{
    Audit, AuditOptions, Claims, Error, ErrorKind, Finding, Host, Input, OpenOptions, Severity,
    audit_input,
};

use crate::Status;
use crate::args::inputs::{Opened, Source, sources};
use crate::args::{Format, ShowArgs};
use crate::common::{
    audit_options, guarded, host_options, is_plat, is_pure_name, levels, name, policies, status,
    told,
};
use crate::terminal::Terminal;

/// How many inputs are opened and judged at once: what is held is bounded, and what is told comes
/// in their order, group by group.
const SIDE_BY_SIDE: usize = 4;

/// Codes that the text report tells in its own words.
const IN_THE_TEXT: [&str; 1] = ["lib-not-found"];

pub(crate) fn run(args: &ShowArgs, terminal: &Terminal) -> io::Result<Status> {
    let Some(policies) = policies(&args.search.policy, terminal) else {
        return Ok(Status::Usage);
    };
    if !is_plat(args.plat.as_deref(), &policies, terminal) {
        return Ok(Status::Usage);
    }
    let show = Show {
        args,
        terminal,
        format: if args.json { Format::Json } else { args.format },
        host: Host::new(host_options(&args.search)),
        options: AuditOptions {
            levels: levels(&args.findings),
            policies,
            ..audit_options(&args.search, &args.config, None)
        },
    };
    let mut worst = Status::Done;
    let mut rows = Vec::new();
    for group in sources(&args.paths).chunks(SIDE_BY_SIDE) {
        let line = terminal.progress();
        let judged: Vec<_> = group
            .par_iter()
            .map(|source| guarded(source.path(), || show.judge(source)))
            .collect();
        drop(line);
        for (source, judged) in group.iter().zip(judged) {
            let (status, row) = show.tell(source, judged, rows.is_empty())?;
            worst = worst.max(status);
            rows.push(row);
        }
    }
    if show.format != Format::Json {
        terminal.words(&summary::table(&rows, terminal.layout()))?;
    }
    Ok(worst)
}

struct Show<'a> {
    args: &'a ShowArgs,
    terminal: &'a Terminal,
    format: Format,
    host: Host,
    options: AuditOptions,
}

impl Show<'_> {
    fn tell(
        &self,
        source: &Source,
        judged: Result<(Opened, Audit), Error>,
        first: bool,
    ) -> io::Result<(Status, summary::Row)> {
        if !first && self.format != Format::Json {
            self.terminal.words("\n")?;
        }
        match judged {
            Ok((opened, audit)) => self.judged(&opened.input(), &audit),
            Err(error) => self.refused(source, &error),
        }
    }

    fn judge(&self, source: &Source) -> Result<(Opened, Audit), Error> {
        let options = OpenOptions {
            verify: !self.args.no_verify,
            ..OpenOptions::default()
        };
        let opened = source.open(&options)?;
        let audit = audit_input(&opened.input(), &self.host, &self.options)?;
        Ok((opened, audit))
    }

    fn judged(&self, input: &Input<'_>, audit: &Audit) -> io::Result<(Status, summary::Row)> {
        let findings = self.findings(input, audit);
        let judgement = Judgement {
            input,
            audit,
            findings: &findings,
        };
        let name = name(input.path);
        match self.format {
            Format::Json => {
                self.terminal
                    .findings(&name, told(&findings, true, self.terminal));
                let document = report::json::show::judged(&judgement);
                self.terminal.data(&format!("{document}\n"))?;
            }
            Format::Text => {
                let told = findings.iter().filter(|one| {
                    one.severity == Severity::Error || !IN_THE_TEXT.contains(&one.code)
                });
                self.terminal.findings(&name, told);
                let text = self.text(&judgement);
                self.terminal.words(&text)?;
            }
            Format::Github => {
                let text = self.text(&judgement);
                self.terminal.words(&text)?;
                self.annotate(input.path, &findings)?;
            }
        }
        let failed = findings.iter().any(|one| one.severity == Severity::Error);
        let status = if failed { Status::Bad } else { Status::Done };
        Ok((status, summary::Row::judged(&judgement)))
    }

    fn text(&self, judgement: &Judgement<'_>) -> String {
        report::text::show::judged(judgement, self.terminal.layout(), &self.options.advice)
    }

    /// What is told, at the levels that were asked for. With `--check` an undeserved tag is an error.
    fn findings(&self, input: &Input<'_>, audit: &Audit) -> Vec<Finding> {
        let all = input.findings.iter().chain(&audit.findings);
        let mut findings = self.options.levels.apply(all);
        if self.args.check.is_some() {
            findings.retain(|one| one.code != "tag-undeserved");
            let claims = Claims {
                input,
                plat: self.args.plat.as_deref(),
                advice: &self.options.advice,
            };
            let failures = audit.undeserved(&claims, &findings);
            findings.splice(0..0, failures);
        }
        findings
    }

    fn annotate(&self, path: &std::path::Path, findings: &[Finding]) -> io::Result<()> {
        let notes = self.terminal.verbose() > 0;
        let told = findings
            .iter()
            .filter(|one| notes || one.severity != Severity::Note);
        let path = path.display().to_string();
        self.terminal
            .data(&report::github::annotations(&path, told))?;
        Ok(())
    }

    fn refused(&self, source: &Source, error: &Error) -> io::Result<(Status, summary::Row)> {
        let path = source.path();
        let wheel = name(path);
        if error.kind == ErrorKind::NotPlatform
            && is_pure_name(path)
            && self.args.search.allow_pure_python_wheel
        {
            if self.format == Format::Json {
                let document = report::json::show::pure(path);
                self.terminal.data(&format!("{document}\n"))?;
            } else {
                let text = format!("{wheel}\n  is a pure Python wheel\n");
                self.terminal.words(&text)?;
            }
            return Ok((Status::Done, summary::Row::pure(path)));
        }
        match self.format {
            Format::Github => self.annotate(path, &error.findings)?,
            Format::Text => self.terminal.error(&wheel, error),
            Format::Json => {
                self.terminal.error(&wheel, error);
                let document = report::json::show::refused(path, error);
                self.terminal.data(&format!("{document}\n"))?;
            }
        }
        Ok((status(error), summary::Row::refused(path, error)))
    }
}
