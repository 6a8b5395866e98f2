//! A line on a terminal that tells how far the work is, for who waits longer than a second.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wheel_audit::report::text::repair::size;
use wheel_audit::{Progress, progress};

/// Most runs end before that and show nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_millis(100);

/// Whether there is a line to clear.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// The line; it goes when this is dropped.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    /// Dropping it tells the thread to end.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Begins to wait; `None` if no thread can be had.
    pub(crate) fn start(columns: usize) -> Option<Self> {
        let (end, ended) = channel();
        let draw = move || draw(&ended, columns);
        let thread = thread::Builder::new().name("progress".to_owned());
        let thread = thread.spawn(draw).ok()?;
        Some(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to say if it failed.
            let _ = thread.join();
        }
        clear();
    }
}

fn draw(ended: &Receiver<()>, columns: usize) {
    let mut wait = PATIENCE;
    while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(wait) {
        let text: String = text(progress())
            .chars()
            .take(columns.saturating_sub(1))
            .collect();
        SHOWN.store(true, Ordering::Relaxed);
        // Nobody is left to tell if this fails.
        let _ = write!(io::stderr().lock(), "\r{text}\x1b[K");
        wait = BETWEEN;
    }
}

fn text(progress: Progress) -> String {
    let Progress {
        members,
        read,
        compressed,
    } = progress;
    let plural = if members == 1 { "" } else { "s" };
    let mut text = format!("read {members} member{plural}, {}", size(read));
    if compressed > 0 {
        text.push_str("; compressed ");
        text.push_str(&size(compressed));
    }
    text
}

/// Clears the line if there is one; also for a process that ends at once.
pub(crate) fn clear() {
    if SHOWN.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr().lock(), "\r\x1b[K");
    }
}
