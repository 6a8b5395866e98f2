//! The command `wheel-audit`: runs the `audit` that lies beside it. macOS has an `/usr/sbin/audit` of its own, and
//! `uvx wheel-audit` looks for a command with the name of the package. A program of its own, not a second copy, so
//! that packages stay small.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let error = match beside() {
        Ok(audit) => match become_audit(&audit) {
            Ok(status) => return status,
            Err(error) => format!("cannot run {}: {error}", audit.display()),
        },
        Err(error) => format!("cannot tell where this program lies: {error}"),
    };
    let advice = "`audit` is installed together with this command: pip install --force-reinstall wheel-audit";
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "wheel-audit: {error}\n{advice}");
    ExitCode::FAILURE
}

/// `audit` in the folder of this program, which may have been called through a link.
fn beside() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?.canonicalize()?;
    Ok(own.with_file_name(format!("audit{}", std::env::consts::EXE_SUFFIX)))
}

/// Takes the place of this process, so that signals and the exit status are those of `audit`.
#[cfg(unix)]
fn become_audit(audit: &PathBuf) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(Command::new(audit).args(std::env::args_os().skip(1)).exec())
}

/// Elsewhere a process cannot be replaced: runs it, and ends as it ends.
#[cfg(not(unix))]
fn become_audit(audit: &PathBuf) -> io::Result<ExitCode> {
    let status = Command::new(audit)
        .args(std::env::args_os().skip(1))
        .status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
