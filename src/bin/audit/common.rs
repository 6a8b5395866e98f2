//! What show and repair share.

use std::env;
use std::path::{Path, PathBuf};

use wheel_audit::{
    Advice, AuditOptions, Error, ErrorKind, Finding, HostOptions, Levels, PlatRequest, Policies,
    Severity, WheelName, read_policies,
};

use crate::Status;
use crate::args::vendoring::ConfigArgs;
use crate::args::{FindingArgs, SearchArgs};
use crate::terminal::Terminal;

/// A wheel as messages name it: the path as given, which also tells two of one name apart.
pub(crate) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Where libraries come from, by options and environment.
pub(crate) fn host_options(search: &SearchArgs) -> HostOptions {
    let mut ld_library_path = folders(env::var_os("AUDITWHEEL_LD_LIBRARY_PATH"));
    // Like the loader's configuration, it speaks of this machine.
    if search.ldpaths.is_none() && search.sysroot.is_none() {
        ld_library_path.extend(folders(env::var_os("LD_LIBRARY_PATH")));
    }
    HostOptions {
        sysroot: search.sysroot.clone(),
        no_host: search.no_host_libs,
        lib_paths: search.lib_path.clone(),
        ldpaths: search
            .ldpaths
            .clone()
            .map(|list| folders(Some(list.into()))),
        ld_library_path,
    }
}

/// The folders of a colon-separated list; empty entries would mean the current directory.
fn folders(list: Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let list = list.unwrap_or_default();
    env::split_paths(&list)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect()
}

/// The policies to judge by; what is wrong with a file is told.
pub(crate) fn policies(files: &[PathBuf], terminal: &Terminal) -> Option<Policies> {
    let told = |error: Error| terminal.error(&error.input, &error);
    read_policies(files).map_err(told).ok()
}

/// Whether `--plat` names a tag, of whatever system; before any wheel is opened. If not, the nearest
/// is told.
pub(crate) fn is_plat(plat: Option<&str>, policies: &Policies, terminal: &Terminal) -> bool {
    let Some(request) = plat.and_then(PlatRequest::parse) else {
        return true;
    };
    if request.is_tag() || policies.libc_of(&request.base).is_some() {
        return true;
    }
    let meant = request.meant();
    let meant = meant.map_or(String::new(), |base| format!("; did you mean {base}?"));
    terminal.usage(&format!("--plat {} is no tag{meant}", request.base));
    false
}

/// How wheels are judged; the policies are the built-in ones.
pub(crate) fn audit_options(
    search: &SearchArgs,
    config: &ConfigArgs,
    plat: Option<&str>,
) -> AuditOptions {
    AuditOptions {
        advice: Advice {
            program: program(),
            typed: repeated(search, config),
        },
        policies: Policies::default(),
        exclude: search.exclude.clone(),
        presets: search.exclude_preset.clone(),
        vendor: Vec::new(),
        include: Vec::new(),
        ignore_isa: search.disable_isa_ext_check,
        levels: Levels::default(),
        plat: plat.and_then(PlatRequest::parse),
    }
}

/// The name that this program was called by, if it is one of its own.
fn program() -> String {
    const NAMES: [&str; 3] = ["audit", "auditwheel", "wheel-audit"];
    let called = env::args_os().next().map(PathBuf::from);
    let name = called.as_deref().and_then(Path::file_stem);
    let own = NAMES.into_iter().find(|own| name == Some(own.as_ref()));
    own.unwrap_or("audit").to_owned()
}

/// The words that ask a repair to look where `search` says.
fn repeated(search: &SearchArgs, config: &ConfigArgs) -> Vec<String> {
    let SearchArgs {
        lib_path,
        sysroot,
        no_host_libs,
        ldpaths,
        exclude,
        exclude_preset,
        policy,
        disable_isa_ext_check,
        allow_pure_python_wheel: _,
    } = search;
    let mut words: Vec<String> = Vec::new();
    let mut pairs = |option: &str, values: &mut dyn Iterator<Item = String>| {
        words.extend(values.flat_map(|value| {
            // What looks like an option must be tied to its own.
            if value.starts_with('-') {
                return vec![format!("{option}={value}")];
            }
            vec![option.to_owned(), value]
        }));
    };
    let shown = |path: &PathBuf| path.display().to_string();
    pairs("--lib-path", &mut lib_path.iter().map(shown));
    pairs("--sysroot", &mut sysroot.iter().map(shown));
    pairs("--ldpaths", &mut ldpaths.iter().cloned());
    pairs("--policy", &mut policy.iter().map(shown));
    pairs("--exclude", &mut exclude.iter().cloned());
    pairs("--exclude-preset", &mut exclude_preset.iter().cloned());
    pairs("--config", &mut config.config.iter().map(shown));
    let flags = [
        ("--no-host-libs", *no_host_libs),
        ("--no-config", config.no_config),
        ("--disable-isa-ext-check", *disable_isa_ext_check),
    ];
    let flags = flags.into_iter().filter(|(_, set)| *set);
    words.extend(flags.map(|(flag, _)| flag.to_owned()));
    words
}

/// What is told of findings.
pub(crate) fn levels(args: &FindingArgs) -> Levels {
    Levels {
        ignore: args.ignore.clone(),
        error: args.error.clone(),
    }
}

/// What is said of findings on standard error beside the JSON that holds them all: what failed, and
/// the rest with `-v`.
pub(crate) fn told<'a>(
    findings: &'a [Finding],
    json: bool,
    terminal: &Terminal,
) -> impl Iterator<Item = &'a Finding> + use<'a> {
    let all = !json || terminal.verbose() > 0;
    let mut findings = findings.iter();
    std::iter::from_fn(move || findings.find(|one| all || one.severity == Severity::Error))
}

/// The exit status of a refusal.
pub(crate) fn status(error: &Error) -> Status {
    match error.kind {
        ErrorKind::Usage | ErrorKind::OutOfReach => Status::Usage,
        _ => Status::Bad,
    }
}

/// Runs the work on one input; a panic becomes an error that says how to report it.
pub(crate) fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    outcome.unwrap_or_else(|_| {
        let message = format!(
            "internal error in wheel-audit {}",
            env!("CARGO_PKG_VERSION")
        );
        let help = concat!(
            "please report it with the wheel at ",
            env!("CARGO_PKG_REPOSITORY"),
            "/issues"
        );
        let finding = Finding::error("internal", message).help(help);
        Err(Error::new(
            ErrorKind::Internal,
            path.display().to_string(),
            finding,
        ))
    })
}

/// Whether a wheel's file name says that it is pure.
pub(crate) fn is_pure_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with("-any.whl") || name.parse::<WheelName>().is_ok_and(|name| name.is_any())
}
