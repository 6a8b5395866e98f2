//! What show and repair share.

use std::env;
use std::path::{Path, PathBuf};

use wheel_audit::{
    AuditOptions, Error, ErrorKind, Finding, HostOptions, Levels, PlatRequest, WheelName,
};

use crate::Status;
use crate::args::{FindingArgs, SearchArgs};

/// The file name of a wheel, as messages name it.
pub(crate) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
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

/// How wheels are judged.
pub(crate) fn audit_options(search: &SearchArgs, plat: Option<&str>) -> AuditOptions {
    AuditOptions {
        exclude: search.exclude.clone(),
        presets: search.exclude_preset.clone(),
        vendor: Vec::new(),
        include: Vec::new(),
        ignore_isa: search.disable_isa_ext_check,
        levels: Levels::default(),
        plat: plat.and_then(PlatRequest::parse),
    }
}

/// The words that ask a repair to look where `search` says.
pub(crate) fn repeated(search: &SearchArgs) -> Vec<String> {
    let SearchArgs {
        lib_path,
        sysroot,
        no_host_libs,
        ldpaths,
        exclude,
        exclude_preset,
        disable_isa_ext_check,
        allow_pure_python_wheel: _,
        fix_record,
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
    pairs("--exclude", &mut exclude.iter().cloned());
    pairs("--exclude-preset", &mut exclude_preset.iter().cloned());
    let flags = [
        ("--no-host-libs", *no_host_libs),
        ("--disable-isa-ext-check", *disable_isa_ext_check),
        ("--fix-record", *fix_record),
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
    let name = name(path);
    name.ends_with("-any.whl") || name.parse::<WheelName>().is_ok_and(|name| name.is_any())
}
