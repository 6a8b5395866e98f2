//! `audit show`.

use std::io;
use std::path::Path;

use wheel_audit::report::{self, Judgement};
use wheel_audit::{Audit, Error, ErrorKind, Finding, Host, Input, OpenOptions, Wheel, audit};

use crate::Status;
use crate::args::ShowArgs;
use crate::common::{audit_options, guarded, host_options, is_pure_name, name, status};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ShowArgs, terminal: &Terminal) -> io::Result<Status> {
    let host = Host::new(host_options(&args.search));
    let mut worst = Status::Done;
    for path in &args.wheels {
        worst = worst.max(one(path, &host, args, terminal)?);
    }
    Ok(worst)
}

fn one(path: &Path, host: &Host, args: &ShowArgs, terminal: &Terminal) -> io::Result<Status> {
    match guarded(path, || judge(path, host, args)) {
        Ok((wheel, judgement)) => judged(&wheel, &judgement, args, terminal),
        Err(error) => refused(path, &error, args, terminal),
    }
}

fn judge(path: &Path, host: &Host, args: &ShowArgs) -> Result<(Wheel, Audit), Error> {
    let options = OpenOptions {
        verify: !args.no_verify,
        fix_record: args.search.fix_record,
        keep_elf_bytes: 0,
    };
    let wheel = Wheel::open(path, &options)?;
    let judgement = audit(
        &wheel,
        host,
        &audit_options(&args.search, &args.findings, None),
    )?;
    Ok((wheel, judgement))
}

fn judged(
    wheel: &Wheel,
    judgement: &Audit,
    args: &ShowArgs,
    terminal: &Terminal,
) -> io::Result<Status> {
    let input = Input::from(wheel);
    let findings: Vec<Finding> = input
        .findings
        .iter()
        .chain(&judgement.findings)
        .cloned()
        .collect();
    terminal.findings(&name(input.path), &findings);
    let report = Judgement {
        input: &input,
        audit: judgement,
        findings: &findings,
    };
    if args.json {
        terminal.data(&format!("{}\n", report::show_json::judged(&report)))?;
    } else {
        let detail = report::show_text::Detail {
            all: terminal.verbose() > 0,
        };
        terminal.words(&report::show_text::judged(&report, detail))?;
    }
    if !args.check {
        return Ok(Status::Done);
    }
    Ok(check(&input, judgement, args, terminal))
}

/// `--check`: the tags that must be deserved.
fn check(input: &Input<'_>, judgement: &Audit, args: &ShowArgs, terminal: &Terminal) -> Status {
    let failures = judgement.undeserved(input, args.plat.as_deref());
    terminal.findings(&name(input.path), &failures);
    if failures.is_empty() {
        Status::Done
    } else {
        Status::Bad
    }
}

fn refused(path: &Path, error: &Error, args: &ShowArgs, terminal: &Terminal) -> io::Result<Status> {
    let wheel = name(path);
    if error.kind == ErrorKind::NotPlatform
        && is_pure_name(path)
        && args.search.allow_pure_python_wheel
    {
        if args.json {
            terminal.data(&format!("{}\n", report::show_json::pure(&wheel)))?;
        } else {
            terminal.words(&format!("{wheel}\n  is a pure Python wheel\n"))?;
        }
        return Ok(Status::Done);
    }
    terminal.error(&wheel, error);
    if args.json {
        terminal.data(&format!("{}\n", report::show_json::refused(&wheel, error)))?;
    }
    Ok(status(error))
}
