//! Commands that print what is built in: policies, schemas, completions, the manual.

use std::io;

use clap::CommandFactory as _;
use wheel_audit::report::{codes, json::schema, policies};

use crate::Status;
use crate::args::{Cli, PoliciesArgs};
use crate::terminal::Terminal;

/// What `audit` without a command prints.
pub(crate) fn help(terminal: &Terminal) -> io::Result<Status> {
    let mut program = Cli::command();
    let help = program.render_long_help();
    if terminal.layout().color {
        return terminal.data(&help.ansi().to_string());
    }
    terminal.data(&help.to_string())
}

/// `audit policies`.
pub(crate) fn policies(args: &PoliciesArgs, terminal: &Terminal) -> io::Result<Status> {
    let Some(known) = crate::common::policies(&args.policy, terminal) else {
        return Ok(Status::Usage);
    };
    if args.json {
        return terminal.data(&format!("{}\n", policies::json(&known)));
    }
    let Some(tag) = &args.tag else {
        return terminal.data(&policies::list(&known, terminal.layout()));
    };
    if let Some(text) = policies::one(&known, tag, terminal.layout()) {
        return terminal.data(&text);
    }
    let message = format!("no policy knows {tag}; audit policies lists those that are known");
    terminal.usage(&message);
    Ok(Status::Usage)
}

/// `audit explain`.
pub(crate) fn explain(code: Option<&str>, terminal: &Terminal) -> io::Result<Status> {
    let layout = terminal.layout();
    // The argument parser lets no other codes through.
    let one = code.and_then(|code| codes::explain(code, layout));
    terminal.data(&one.unwrap_or_else(|| codes::list(layout)))
}

/// `audit schema`.
pub(crate) fn schema(name: &str, terminal: &Terminal) -> io::Result<Status> {
    // The argument parser lets no other names through.
    let text = schema::Document::from_name(name).map_or("", schema::Document::text);
    terminal.data(text)
}

/// `audit completions`.
pub(crate) fn completions(shell: clap_complete::Shell, terminal: &Terminal) -> io::Result<Status> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "audit", &mut script);
    terminal.bytes(&script)
}

/// `audit man`: the page of the program, or of one command.
pub(crate) fn man(of: Option<&str>, terminal: &Terminal) -> io::Result<Status> {
    let mut program = Cli::command();
    program.build();
    let command = match of {
        None => program,
        Some(name) => {
            let Some(command) = program.find_subcommand(name) else {
                terminal.usage(&format!("there is no command {name}"));
                return Ok(Status::Usage);
            };
            command.clone()
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    terminal.bytes(&page)
}
