//! Runs `audit show` and `audit repair` on a crafted wheel, and checks what must hold for any.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use wheel_audit::{OpenOptions, Wheel};

use super::wheel::Maker;

/// The command under test.
pub const AUDIT: &str = env!("CARGO_BIN_EXE_audit");

/// Far more than any case takes, even unoptimised on a busy machine.
const LONGEST: Duration = Duration::from_secs(90);

/// How a command must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit 0.
    Done,
    /// Exit 1 or 2, with a reason.
    Refused,
    /// Either; only what holds for any input is checked.
    Any,
}

/// A crafted wheel and what must be said of it.
#[derive(Clone, Debug)]
pub struct Case {
    pub id: String,
    pub name: String,
    pub bytes: Vec<u8>,
    pub show: End,
    pub repair: End,
    /// Codes that `show` must tell on standard error.
    pub codes: Vec<&'static str>,
    /// Codes of notes that `show --json` must hold.
    pub notes: Vec<&'static str>,
    /// Codes that it must not tell.
    pub silent: Vec<&'static str>,
    pub options: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Options of `repair` only.
    pub repair_options: Vec<String>,
    /// Codes that `repair` must tell on standard error.
    pub repair_codes: Vec<&'static str>,
}

impl Case {
    fn new(id: &str, name: &str, bytes: Vec<u8>, end: End, codes: &[&'static str]) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            bytes,
            show: end,
            repair: end,
            codes: codes.to_vec(),
            notes: Vec::new(),
            silent: Vec::new(),
            options: Vec::new(),
            environment: Vec::new(),
            repair_options: Vec::new(),
            repair_codes: Vec::new(),
        }
    }

    /// Nothing is wrong with it.
    pub fn sound(id: &str, maker: &Maker) -> Self {
        Self::new(id, &maker.name, maker.build(), End::Done, &[])
    }

    /// It is judged and repaired, and `codes` are told.
    pub fn told(id: &str, maker: &Maker, codes: &[&'static str]) -> Self {
        Self::new(id, &maker.name, maker.build(), End::Done, codes)
    }

    /// Both commands refuse it for the reasons `codes`.
    pub fn refused(id: &str, maker: &Maker, codes: &[&'static str]) -> Self {
        Self::new(id, &maker.name, maker.build(), End::Refused, codes)
    }

    /// As the others, from the bytes of a file called as most are.
    pub fn file(id: &str, bytes: Vec<u8>, end: End, codes: &[&'static str]) -> Self {
        Self::new(id, super::wheel::NAME, bytes, end, codes)
    }

    /// The same case; `repair` ends otherwise than `show`.
    #[must_use]
    pub fn repair(mut self, end: End) -> Self {
        self.repair = end;
        self
    }

    /// The same case; `codes` are notes, which standard error does not tell.
    #[must_use]
    pub fn noted(mut self, codes: &[&'static str]) -> Self {
        self.notes = codes.to_vec();
        self
    }

    /// The same case with an option for both commands.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// The same case with an option for `repair`.
    #[must_use]
    pub fn repair_option(mut self, option: &str) -> Self {
        self.repair_options.push(option.to_owned());
        self
    }

    /// The same case with libraries in `folder`, searched first.
    #[must_use]
    pub fn libraries(self, folder: &Path) -> Self {
        self.option("--lib-path").option(folder.to_str().unwrap())
    }
}

/// Holds the command against every case; says of each what is wrong.
pub fn hold(cases: &[Case]) {
    let ids: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids.len(), cases.len(), "two cases have one name");
    let faults: Vec<String> = std::thread::scope(|scope| {
        let half = cases.len().div_ceil(2).max(1);
        let workers: Vec<_> = cases
            .chunks(half)
            .map(|some| scope.spawn(|| some.iter().flat_map(faults).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(
        faults.is_empty(),
        "{} of {} cases are not handled as they must be:\n{}",
        faults.len(),
        cases.len(),
        faults.join("\n")
    );
}

/// What is wrong with how the command treats one case.
fn faults(case: &Case) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let wheel = place.path().join(&case.name);
    fs::write(&wheel, &case.bytes).unwrap();
    let (cwd, temporary) = (place.path().join("cwd"), place.path().join("tmp"));
    fs::create_dir(&cwd).unwrap();
    fs::create_dir(&temporary).unwrap();
    let run = |verb: &str, more: &[OsString]| {
        let mut command = audit(verb);
        command.current_dir(&cwd).env("TMPDIR", &temporary);
        command.envs(case.environment.iter().cloned());
        command.args(&case.options).args(more).arg(&wheel);
        finish(&mut command)
    };
    let mut faults = Vec::new();
    let mut bad = |what: String| faults.push(format!("{}: {what}", case.id));

    let (shown, took) = run("show", &[]);
    common("show", &shown, took, case.show, &mut bad);
    let told = codes(&shown);
    lacks("show", &told, &case.codes, &mut bad);
    if !case.notes.is_empty() {
        let (shown, _) = run("show", &["--json".into()]);
        lacks("show --json", &notes(&shown), &case.notes, &mut bad);
    }
    for code in &case.silent {
        if told.contains(*code) {
            bad(format!("show tells {code}"));
        }
    }

    let out = place.path().join("out");
    let mut options = vec![OsString::from("-w"), out.clone().into()];
    options.extend(case.repair_options.iter().map(OsString::from));
    let (repaired, took) = run("repair", &options);
    common("repair", &repaired, took, case.repair, &mut bad);
    lacks("repair", &codes(&repaired), &case.repair_codes, &mut bad);
    if repaired.status.success() {
        if let Err(what) = written(&out) {
            bad(format!("repair: {what}"));
        }
    } else if out.exists() {
        bad(format!("repair failed and left {:?}", names(&out)));
    }

    if fs::read(&wheel).unwrap() != case.bytes {
        bad("the input was changed".to_owned());
    }
    for folder in [&cwd, &temporary] {
        if !names(folder).is_empty() {
            bad(format!("left {:?}", names(folder)));
        }
    }
    faults
}

/// Says which of `wanted` was not told.
fn lacks(verb: &str, told: &BTreeSet<String>, wanted: &[&str], bad: &mut dyn FnMut(String)) {
    for code in wanted.iter().filter(|code| !told.contains(**code)) {
        bad(format!("{verb} does not tell {code}, but {told:?}"));
    }
}

/// What must hold whatever the input.
fn common(verb: &str, output: &Output, took: Duration, end: End, bad: &mut dyn FnMut(String)) {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let status = output.status.code();
    match (end, status) {
        (End::Done, Some(0)) | (End::Refused, Some(1 | 2)) | (End::Any, Some(0..=2)) => {}
        _ => bad(format!("{verb} ended with {:?}: {words}", output.status)),
    }
    if words.contains("panicked") || words.contains("[internal]") {
        bad(format!("{verb}: a fault of the program: {words}"));
    }
    if took > LONGEST {
        bad(format!("{verb} took {took:?}"));
    }
    if status != Some(0) && !words.lines().any(|line| line.starts_with("error: ")) {
        bad(format!("{verb} failed without a reason: {words}"));
    }
    for code in codes(output) {
        if !is_documented(&code) {
            bad(format!("{verb} tells {code}, which no page lists"));
        }
    }
    for text in [&output.stdout, &output.stderr] {
        if text.iter().any(|byte| *byte < 32 && *byte != b'\n') || text.contains(&0x7f) {
            bad(format!("{verb} prints control bytes"));
        }
    }
}

/// Whether a page has a row for the code.
fn is_documented(code: &str) -> bool {
    const PAGES: [&str; 2] = [
        include_str!("../../docs/errors.md"),
        include_str!("../../docs/findings.md"),
    ];
    let row = format!("| `{code}` |");
    PAGES.iter().any(|page| page.contains(&row))
}

/// The codes told on standard error.
pub fn codes(output: &Output) -> BTreeSet<String> {
    let words = String::from_utf8_lossy(&output.stderr);
    let told = words
        .lines()
        .filter(|line| line.starts_with("error: ") || line.starts_with("warning: "));
    let code = |line: &str| {
        let (_, code) = line.strip_suffix(']')?.rsplit_once('[')?;
        Some(code.to_owned())
    };
    told.filter_map(code).collect()
}

/// The codes of the notes in the JSON on standard output.
fn notes(output: &Output) -> BTreeSet<String> {
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let findings = document["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| finding["severity"] == "note")
        .filter_map(|finding| Some(finding["code"].as_str()?.to_owned()))
        .collect()
}

/// Checks that `folder` holds one sound wheel and nothing else.
pub fn written(folder: &Path) -> Result<PathBuf, String> {
    let names = names(folder);
    let [name] = names.as_slice() else {
        return Err(format!("wrote {names:?}"));
    };
    let path = folder.join(name);
    let wheel = Wheel::open(&path, &OpenOptions::default()).map_err(|error| error.to_string())?;
    let ours = |code: &str| {
        let theirs = code.ends_with("-twins") || code == "zip-name-private";
        let framing = code.starts_with("zip-") && !theirs;
        framing || (code.starts_with("record-")) || code.starts_with("wheel-")
    };
    let odd: Vec<String> = wheel
        .findings
        .iter()
        .filter(|finding| ours(finding.code) && !KEPT.contains(&finding.code))
        .map(ToString::to_string)
        .collect();
    if !odd.is_empty() {
        return Err(format!("the result has {odd:?}"));
    }
    let last = wheel.members.last().map(|member| member.path.clone());
    let record = format!("{}/RECORD", wheel.dist_info.dir);
    if last != Some(record) {
        return Err(format!("the last member is {last:?}"));
    }
    Ok(path)
}

/// Oddities of the metadata that a repair does not take upon itself to mend.
const KEPT: [&str; 3] = ["wheel-version", "wheel-build", "wheel-duplicate"];

/// The names in a folder, in order; nothing for one that is not there.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The command with an environment that says nothing.
pub fn audit(verb: &str) -> Command {
    let mut command = Command::new(AUDIT);
    command.arg(verb).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let speaks = ["LD_", "AUDITWHEEL_", "SOURCE_DATE"];
        if speaks.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.env("NO_COLOR", "1");
    command
}

/// Runs it to its end.
pub fn finish(command: &mut Command) -> (Output, Duration) {
    let start = Instant::now();
    let output = command.output().unwrap();
    (output, start.elapsed())
}
