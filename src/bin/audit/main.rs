//! The `audit` command: turns what was typed into calls of the library, and findings into words.

mod args;
mod commands;
mod common;
mod config;
mod terminal;

use std::process::ExitCode;

use args::Command;
use terminal::Terminal;

/// Exit statuses; with several inputs the worst is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Done = 0,
    Bad = 1,
    Usage = 2,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

fn main() -> ExitCode {
    let cli = match config::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(error) => return error.report(),
    };
    let terminal = Terminal::new(&cli.global);
    silence_panics();
    #[cfg(unix)]
    if let Err(error) = terminal::signals::watch() {
        terminal.usage(&format!("cannot watch for signals: {error}"));
        return Status::Bad.into();
    }
    if let Err(error) = start_pool(cli.global.jobs) {
        terminal.usage(&error);
        return Status::Usage.into();
    }
    let Some(command) = &cli.command else {
        return ended(commands::print::help(&terminal), &terminal);
    };
    let outcome = match command {
        Command::Show(args) => commands::show::run(args, &terminal),
        Command::Repair(args) if args.print_config => config::print(&terminal),
        Command::Repair(args) => commands::repair::run(args, &terminal),
        Command::Tree(args) => commands::tree::run(args, &terminal),
        Command::Policies(args) => commands::print::policies(args, &terminal),
        Command::Explain { code } => commands::print::explain(code.as_deref(), &terminal),
        Command::Schema { name } => commands::print::schema(name, &terminal),
        Command::Completions { shell } => commands::print::completions(*shell, &terminal),
        Command::Man { command } => commands::print::man(command.as_deref(), &terminal),
    };
    ended(outcome, &terminal)
}

fn ended(outcome: std::io::Result<Status>, terminal: &Terminal) -> ExitCode {
    match outcome {
        Ok(status) => status.into(),
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            terminal.usage(&format!("cannot write the output: {error}"));
            Status::Bad.into()
        }
    }
}

/// A fault of ours is reported in one line by whoever catches it, not by a backtrace.
fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

fn start_pool(jobs: Option<usize>) -> Result<(), String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0));
    pool.build_global()
        .map_err(|error| format!("cannot start threads: {error}"))
}
