//! `audit repair`.
//!
//! Every wheel is opened, judged and planned first, then the results are written: both side by
//! side over the wheels of a run. Without `--keep-going` nothing is written for the first wheel that
//! cannot be repaired, nor for those after it, as if they had been done one after the other.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use wheel_audit::{
    Audit, AuditOptions, DryRun, Error, ErrorKind, Finding, GraftCache, Host, Input, OpenOptions,
    Plan, Policies, RepairOptions, Repaired, Strip, Wheel, WheelName, audit, publish, report,
};

use crate::Status;
use crate::args::RepairArgs;
use crate::common::{
    audit_options, guarded, host_options, is_pure_name, levels, name, policies, status, told,
};
use crate::terminal::Terminal;

struct Planned {
    wheel: Wheel,
    judgement: Audit,
    plan: Plan,
}

/// What is to be done with a wheel.
enum Task {
    Repair(Box<Planned>),
    /// A pure wheel that may pass as it is.
    Copy(Box<Wheel>),
}

/// What became of one wheel.
enum Outcome {
    Repaired(Box<Planned>, Repaired),
    DryRun(Box<Planned>, DryRun),
    Pure,
    Refused(Error),
}

pub(crate) fn run(args: &RepairArgs, terminal: &Terminal) -> io::Result<Status> {
    let Some(policies) = policies(&args.search.policy, terminal) else {
        return Ok(Status::Usage);
    };
    let options = match options(args, policies) {
        Ok(options) => options,
        Err(message) => {
            terminal.usage(&message);
            return Ok(Status::Usage);
        }
    };
    if args.patcher.is_some() {
        terminal.note("--patcher is ignored: the editor is built in");
    }
    let store = GraftCache::new(Host::new(host_options(&args.search)));
    let line = terminal.progress();
    let mut tasks: Vec<Result<Task, Error>> = args
        .wheels
        .par_iter()
        .map(|path| guarded(path, || task(path, store.host(), &options, args)))
        .collect();
    refuse_twins(&mut tasks);
    let first_failure = tasks.iter().position(Result::is_err);
    let end = match first_failure {
        Some(index) if !args.keep_going => index.saturating_add(1),
        _ => tasks.len(),
    };
    tasks.truncate(end);
    let carry = |path: &Path, task| carry_out(path, task, &store, args);
    let pairs = args.wheels.par_iter().zip(tasks);
    let outcomes: Vec<(&PathBuf, Outcome)> = if args.debug_dir.is_none() {
        let pairs = pairs.map(|(path, task)| (path, carry(path, task)));
        pairs.collect()
    } else {
        // Which of two debug files keeps a name that both have is a matter of order.
        let pairs: Vec<_> = pairs.collect();
        let pairs = pairs.into_iter();
        pairs
            .map(|(path, task)| (path, carry(path, task)))
            .collect()
    };
    drop(line);
    let mut worst = Status::Done;
    for (path, outcome) in &outcomes {
        worst = worst.max(tell(path, outcome, args, terminal)?);
    }
    summary(&outcomes, args, terminal);
    Ok(worst)
}

fn options(args: &RepairArgs, policies: Policies) -> Result<RepairOptions, String> {
    if !args.dry_run {
        can_hold_results("--wheel-dir", &args.wheel_dir)?;
        if let Some(folder) = &args.debug_dir {
            can_hold_results("--debug-dir", folder)?;
        }
    }
    let mut options = RepairOptions {
        audit: AuditOptions {
            levels: levels(&args.findings),
            policies,
            ..audit_options(&args.search, &args.config, Some(&args.plat))
        },
        only_plat: args.only_plat,
        update_tags: !args.no_update_tags,
        lib_sdir: args.lib_sdir.clone(),
        strip: match args.strip.as_deref() {
            None => Strip::None,
            Some("debug") => Strip::Debug,
            Some("unneeded") => Strip::Unneeded,
            Some(_) => Strip::All,
        },
        debug_dir: args.debug_dir.clone(),
        clear_execstack: args.clear_execstack,
        compression: args.zip_compression_level,
        source_date_epoch: source_date_epoch()?,
        ..RepairOptions::default()
    };
    args.vendoring.apply(&mut options);
    args.rpath.apply(&mut options);
    Ok(options)
}

/// Whether results can be written to `folder`, which may be still to be made: asked before the
/// work, because repairs can take minutes.
fn can_hold_results(option: &str, folder: &Path) -> Result<(), String> {
    let named = format!("{option} {}", folder.display());
    let there = nearest(folder).map_err(|error| format!("{named} cannot be made: {error}"))?;
    if !there.is_dir() {
        return Err(format!("{named}: {} is not a folder", there.display()));
    }
    writable(there).map_err(|error| format!("{named} cannot be written to: {error}"))
}

/// The folder itself, or the nearest above it that is there. A link counts, wherever it leads.
fn nearest(folder: &Path) -> io::Result<&Path> {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    for folder in folder.ancestors().filter(|folder| *folder != Path::new("")) {
        match folder.symlink_metadata() {
            Ok(_) => return Ok(folder),
            Err(error) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Path::new("."))
}

#[cfg(unix)]
fn writable(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn writable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Spec: <https://reproducible-builds.org/specs/source-date-epoch/>
fn source_date_epoch() -> Result<Option<i64>, String> {
    let value = env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty());
    let Some(value) = value else {
        return Ok(None);
    };
    let value = value.to_string_lossy();
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(seconds) if digits => Ok(Some(seconds)),
        _ => Err(format!(
            "SOURCE_DATE_EPOCH \"{value}\" is not a number of seconds since 1970"
        )),
    }
}

fn task(
    path: &Path,
    host: &Host,
    options: &RepairOptions,
    args: &RepairArgs,
) -> Result<Task, Error> {
    let wheels = u64::try_from(args.wheels.len()).unwrap_or(u64::MAX).max(1);
    let all = OpenOptions::for_repair();
    let open = OpenOptions {
        fix_record: args.fix_record,
        keep_elf_bytes: all.keep_elf_bytes / wheels,
        ..all
    };
    refuse_by_name(path, options)?;
    let wheel = Wheel::open(path, &open)?;
    let judgement = match audit(&wheel, host, &options.audit) {
        Err(error) if passes_as_pure(path, &error, args) => return Ok(Task::Copy(Box::new(wheel))),
        judgement => judgement?,
    };
    let plan = Plan::new(&wheel, &judgement, host, options)?;
    Ok(Task::Repair(Box::new(Planned {
        wheel,
        judgement,
        plan,
    })))
}

/// A name that contradicts `--plat` needs no reading.
fn refuse_by_name(path: &Path, options: &RepairOptions) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (Some(request), Ok(name)) = (&options.audit.plat, name.parse::<WheelName>()) else {
        return Ok(());
    };
    // What is not there has an error of its own.
    match request
        .contradiction(&name.platform)
        .filter(|_| path.is_file())
    {
        Some(finding) => {
            let input = path.display().to_string();
            Err(Error::new(ErrorKind::OutOfReach, input, finding))
        }
        None => Ok(()),
    }
}

/// Two wheels must not become one file.
fn refuse_twins(tasks: &mut [Result<Task, Error>]) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for slot in tasks {
        let (wheel, output) = match &*slot {
            Ok(Task::Repair(planned)) => (&planned.wheel, planned.plan.name.to_string()),
            Ok(Task::Copy(wheel)) => (&**wheel, wheel.name.to_string()),
            Err(_) => continue,
        };
        let input = wheel.path.display().to_string();
        if let Some(other) = names.insert(output, input.clone()) {
            let message = format!("would be written to the same file as {other}");
            *slot = Err(Error::new(
                ErrorKind::Usage,
                input,
                Finding::error("same-output", message),
            ));
        }
    }
}

fn passes_as_pure(path: &Path, error: &Error, args: &RepairArgs) -> bool {
    error.kind == ErrorKind::NotPlatform
        && is_pure_name(path)
        && args.search.allow_pure_python_wheel
}

fn carry_out(
    path: &Path,
    task: Result<Task, Error>,
    store: &GraftCache,
    args: &RepairArgs,
) -> Outcome {
    let planned = match task {
        Ok(Task::Repair(planned)) => planned,
        Ok(Task::Copy(wheel)) => {
            let refused = |finding| {
                let input = path.display().to_string();
                Error::new(ErrorKind::Refused, input, finding)
            };
            let copied = guarded(path, || copy_pure(&wheel, args).map_err(refused));
            return copied.map_or_else(Outcome::Refused, |()| Outcome::Pure);
        }
        Err(error) => return Outcome::Refused(error),
    };
    if args.dry_run {
        return match guarded(path, || planned.plan.dry_run(&planned.wheel, store)) {
            Ok(dry_run) => Outcome::DryRun(planned, dry_run),
            Err(error) => Outcome::Refused(error),
        };
    }
    match guarded(path, || {
        planned.plan.apply(&planned.wheel, store, &args.wheel_dir)
    }) {
        Ok(repaired) => Outcome::Repaired(planned, repaired),
        Err(error) => Outcome::Refused(error),
    }
}

fn copy_pure(wheel: &Wheel, args: &RepairArgs) -> Result<(), Finding> {
    let destination = args.wheel_dir.join(wheel.name.to_string());
    let real = |path: &Path| fs::canonicalize(path).ok();
    let in_place = real(&wheel.path).is_some_and(|input| real(&destination) == Some(input));
    if args.dry_run || in_place {
        return Ok(());
    }
    publish(
        &destination,
        |out| Ok(wheel.copy_to(out)?),
        |_, ()| Ok(()),
        |()| Ok(()),
    )
    .map(|_| ())
}

fn tell(
    path: &Path,
    outcome: &Outcome,
    args: &RepairArgs,
    terminal: &Terminal,
) -> io::Result<Status> {
    let wheel = name(path);
    match outcome {
        Outcome::Repaired(planned, repaired) => {
            tell_repaired(planned, report::Carried::Out(repaired), args, terminal)
        }
        Outcome::DryRun(planned, dry_run) => {
            let carried = report::Carried::DryRun(dry_run);
            tell_repaired(planned, carried, args, terminal)
        }
        Outcome::Pure if args.json => {
            terminal.data(&format!("{}\n", report::json::show::pure_repair(path)))
        }
        Outcome::Pure => {
            terminal.words(&format!("{wheel}: a pure Python wheel, copied as it is\n"))?;
            Ok(Status::Done)
        }
        Outcome::Refused(error) => {
            terminal.error(&wheel, error);
            if args.json {
                terminal.data(&format!(
                    "{}\n",
                    report::json::show::refused_repair(path, error)
                ))?;
            }
            Ok(status(error))
        }
    }
}

fn tell_repaired(
    planned: &Planned,
    carried: report::Carried<'_>,
    args: &RepairArgs,
    terminal: &Terminal,
) -> io::Result<Status> {
    let Planned {
        wheel,
        judgement,
        plan,
    } = planned;
    let all = wheel
        .findings
        .iter()
        .chain(&judgement.findings)
        .filter(|finding| !plan.mends(finding, wheel))
        .chain(&plan.findings)
        .chain(carried.findings());
    let findings = levels(&args.findings).apply(all);
    terminal.findings(&name(&wheel.path), told(&findings, args.json, terminal));
    if args.json {
        let judgement = report::Judgement {
            input: &Input::from(wheel),
            audit: judgement,
            findings: &findings,
        };
        let document = report::json::repair::document(&judgement, wheel, plan, carried);
        return terminal.data(&format!("{document}\n"));
    }
    let layout = terminal.layout();
    let text = match carried {
        report::Carried::Out(repaired) => report::text::repair::done(wheel, plan, repaired, layout),
        report::Carried::DryRun(dry_run) => {
            report::text::repair::plan(wheel, plan, dry_run, layout)
        }
    };
    terminal.words(&text)?;
    Ok(Status::Done)
}

/// One line on how a run over several wheels ended.
fn summary(outcomes: &[(&PathBuf, Outcome)], args: &RepairArgs, terminal: &Terminal) {
    let refused = outcomes
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Refused(_)))
        .count();
    let total = args.wheels.len();
    if total < 2 || refused == 0 {
        return;
    }
    let done = outcomes.len().saturating_sub(refused);
    let skipped = total.saturating_sub(outcomes.len());
    terminal.note(&format!(
        "{done} of {total} wheels repaired, {refused} refused, {skipped} not tried"
    ));
}
