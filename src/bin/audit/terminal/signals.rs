//! A signal that asks to stop: nothing half done is left, and the exit status says which it was.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use wheel_audit::abandon;

use crate::terminal::progress_line;

/// Watches for the rest of the run.
///
/// A limit on the size of files (`ulimit -f`) ends programs with a signal of its own; here it
/// becomes an error of the write.
pub(crate) fn watch() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in &mut signals {
                stop(signal);
            }
        })?;
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the other threads are in the middle of their work"
)]
fn stop(signal: i32) {
    // Held to the end: nothing gets its final name any more.
    let _abandoned = abandon();
    progress_line::clear();
    std::process::exit(signal.saturating_add(128));
}
