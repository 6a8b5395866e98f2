//! `[tool.wheel-audit]` of `pyproject.toml`: options of `audit repair`, as if typed. `show` and `tree`
//! read those of them that say how a wheel is judged, so that they speak of the repair that will run.
//!
//! What is typed, or set in the environment, replaces what the file says of that option. Keys are
//! the long names of options, so there is no second list of them that could fall behind.

pub(crate) mod small_file;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches as _, ValueHint};
use wheel_audit::{escape, nearest};

use crate::Status;
use crate::args::Cli;
use crate::args::argparse::{command_place, spelled_out};
use crate::terminal::Terminal;

/// The file that is read unless `--config` names another.
const PROJECT: &str = "pyproject.toml";
const TABLE: &str = "wheel-audit";
/// More than any project says of itself, in bytes.
const LARGEST: u64 = 4 << 20;
/// What only makes sense when typed.
const TYPED_ONLY: [&str; 7] = [
    "config",
    "dry-run",
    "help",
    "no-config",
    "print-config",
    "version",
    "wheels",
];

/// Why there is no command line.
pub(crate) enum ConfigError {
    /// What was typed is wrong, or asks for help.
    Typed(clap::Error),
    /// What the file says is wrong.
    File {
        path: PathBuf,
        reason: String,
        help: Option<String>,
    },
}

impl ConfigError {
    /// Tells it.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            // Help goes to standard output, usage errors to standard error with status 2.
            Self::Typed(error) => error.exit(),
            Self::File { path, reason, help } => {
                let mut text = format!(
                    "error: {}: {}\n",
                    escape(&path.to_string_lossy()),
                    escape(&reason)
                );
                if let Some(help) = help {
                    let _ = writeln!(text, "  help: {}", escape(&help));
                }
                // Nobody is left to tell if this fails.
                let _ = io::stderr().write_all(text.as_bytes());
                Status::Usage.into()
            }
        }
    }
}

/// A file that was read.
struct Config {
    path: PathBuf,
    options: toml::Table,
}

/// Options of `repair` that `show` and `tree` have too, and that say something else there: how to
/// print, and for `show` what to check for.
const APART: [(&str, &[&str]); 3] = [
    ("repair", &[]),
    ("show", &["json", "plat"]),
    ("tree", &["json"]),
];

/// The command line, spelled out and completed by the configuration file.
fn completed(typed: Vec<OsString>) -> Result<(ArgMatches, Option<Config>), ConfigError> {
    let mut program = Cli::from_environment();
    program.build();
    let mut args = spelled_out(&program, typed).map_err(ConfigError::Typed)?;
    let matches = |args: &[OsString]| Cli::from_environment().try_get_matches_from(args);
    let typed = matches(&args).map_err(ConfigError::Typed)?;
    let Some((name, own)) = typed.subcommand() else {
        return Ok((typed, None));
    };
    let Some((name, apart)) = APART.iter().find(|(known, _)| *known == name) else {
        return Ok((typed, None));
    };
    let Some(config) = find(own)? else {
        return Ok((typed, None));
    };
    let command = program.find_subcommand(name);
    let takes = |key: &str| {
        let mut known = command.into_iter().flat_map(Command::get_arguments);
        !apart.contains(&key) && known.any(|arg| arg.get_long() == Some(key))
    };
    let added = config.as_typed(own, takes)?;
    let place = command_place(&program, &args).unwrap_or(args.len());
    let behind = place.saturating_add(1).min(args.len());
    args.splice(behind..behind, added);
    let all = matches(&args).map_err(|error| config.rejects(in_short(&error.to_string())))?;
    // What `--print-config` tells of is what was typed.
    let matches = if is_printed(&all) { typed } else { all };
    Ok((matches, Some(config)))
}

fn is_printed(matches: &ArgMatches) -> bool {
    let repair = matches.subcommand_matches("repair");
    repair.is_some_and(|repair| repair.get_flag("print_config"))
}

/// The command line, completed by the configuration file.
pub(crate) fn parse(typed: Vec<OsString>) -> Result<Cli, ConfigError> {
    let (matches, config) = completed(typed)?;
    Cli::from_arg_matches(&matches).map_err(|error| match &config {
        Some(config) => config.rejects(in_short(&error.to_string())),
        None => ConfigError::Typed(error),
    })
}

/// What clap says, without the frame for a command line.
fn in_short(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let lines = lines.take_while(|line| !line.starts_with("For more information"));
    let words: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let text = words.join(" ");
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

/// Reads the file that applies, if there is one.
fn find(typed: &ArgMatches) -> Result<Option<Config>, ConfigError> {
    if typed.get_flag("no_config") {
        return Ok(None);
    }
    let named = typed.get_one::<PathBuf>("config");
    let path = named.cloned().unwrap_or_else(|| PROJECT.into());
    let refuse = |reason: String| ConfigError::File {
        path: path.clone(),
        reason,
        help: None,
    };
    let text = match small_file::read(&path, LARGEST) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(refuse(format!("cannot be read: {error}"))),
    };
    let document: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| line_of(&text, span.start));
        let line = line.map_or(String::new(), |line| format!("line {line}: "));
        refuse(format!("{line}{}", error.message()))
    })?;
    let table = document.get("tool").and_then(|tool| tool.get(TABLE));
    let options = match table {
        Some(toml::Value::Table(options)) => options.clone(),
        Some(_) => return Err(refuse(format!("[tool.{TABLE}] must be a table"))),
        None if path.file_name() == Some(PROJECT.as_ref()) => return Ok(None),
        None => document,
    };
    Ok(Some(Config { path, options }))
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count().saturating_add(1)
}

impl Config {
    fn rejects(&self, reason: String) -> ConfigError {
        ConfigError::File {
            path: self.path.clone(),
            reason,
            help: None,
        }
    }

    /// The options of the file that were not typed, as if typed.
    fn as_typed(
        &self,
        matches: &ArgMatches,
        takes: impl Fn(&str) -> bool,
    ) -> Result<Vec<OsString>, ConfigError> {
        let options = options();
        let mut added = Vec::new();
        for (key, value) in &self.options {
            let known = options.iter().find(|arg| arg.get_long() == Some(key));
            let Some(arg) = known else {
                return Err(self.unknown(key, &options));
            };
            if !takes(key) {
                continue;
            }
            let source = matches.value_source(arg.get_id().as_str());
            if !matches!(source, None | Some(ValueSource::DefaultValue)) {
                continue;
            }
            self.add(key, value, arg, &mut added)?;
        }
        Ok(added)
    }

    fn unknown(&self, key: &str, options: &[Arg]) -> ConfigError {
        let known = options.iter().filter_map(Arg::get_long);
        let near = nearest(key, known);
        let help = match near.first() {
            Some(first) => format!("did you mean `{first}`?"),
            None if TYPED_ONLY.contains(&key) => format!("--{key} can only be typed"),
            None => "keys are the long names of options, see `audit repair --help`".to_owned(),
        };
        ConfigError::File {
            path: self.path.clone(),
            reason: format!("`{key}` is not an option of audit repair"),
            help: Some(help),
        }
    }

    fn add(
        &self,
        key: &str,
        value: &toml::Value,
        arg: &Arg,
        added: &mut Vec<OsString>,
    ) -> Result<(), ConfigError> {
        let flag = || OsString::from(format!("--{key}"));
        let mut push = |text: &str| {
            let mut option = OsString::from(format!("--{key}="));
            option.push(self.located(arg, text));
            added.push(option);
        };
        let optional = arg
            .get_num_args()
            .is_some_and(|range| range.min_values() == 0);
        let many = matches!(arg.get_action(), ArgAction::Append);
        let takes_none = matches!(arg.get_action(), ArgAction::SetTrue) || optional;
        match value {
            toml::Value::Boolean(true) if takes_none => added.push(flag()),
            toml::Value::Boolean(false) if takes_none => {}
            _ if matches!(arg.get_action(), ArgAction::SetTrue) => {
                return Err(self.rejects(format!("`{key}` must be true or false")));
            }
            toml::Value::String(text) => push(text),
            toml::Value::Integer(number) => push(&number.to_string()),
            toml::Value::Array(values) if many => {
                for value in values {
                    let toml::Value::String(text) = value else {
                        return Err(self.rejects(format!("`{key}` must be a list of strings")));
                    };
                    push(text);
                }
            }
            _ if many => return Err(self.rejects(format!("`{key}` must be a list of strings"))),
            _ => return Err(self.rejects(format!("`{key}` must be a string"))),
        }
        Ok(())
    }

    /// Folders are named from where the file is.
    fn located(&self, arg: &Arg, text: &str) -> OsString {
        let is_path = arg.get_value_hint() == ValueHint::AnyPath;
        let folder = self.path.parent().filter(|folder| *folder != Path::new(""));
        match folder {
            Some(folder) if is_path => folder.join(text).into_os_string(),
            _ => text.into(),
        }
    }
}

/// The options of `audit repair` that a file may hold.
fn options() -> Vec<Arg> {
    let command = Cli::from_environment();
    let repair = command.find_subcommand("repair");
    let args = repair.into_iter().flat_map(Command::get_arguments);
    let optional = args.filter(|arg| {
        arg.get_long()
            .is_some_and(|long| !TYPED_ONLY.contains(&long) && !arg.is_global_set())
    });
    optional.cloned().collect()
}

/// `--print-config`: the options in force, as a file that says the same.
pub(crate) fn print(terminal: &Terminal) -> io::Result<Status> {
    let Ok((matches, config)) = completed(std::env::args_os().collect()) else {
        return Ok(Status::Usage);
    };
    let Some(repair) = matches.subcommand_matches("repair") else {
        return Ok(Status::Usage);
    };
    let mut text = format!("[tool.{TABLE}]\n");
    for arg in options() {
        if let Some(line) = in_force(&arg, repair, config.as_ref()) {
            text.push_str(&line);
        }
    }
    terminal.data(&text)
}

/// The line of one option, if it has a value.
fn in_force(arg: &Arg, repair: &ArgMatches, config: Option<&Config>) -> Option<String> {
    let key = arg.get_long()?;
    let id = arg.get_id().as_str();
    let source = repair.value_source(id);
    let typed = !matches!(source, None | Some(ValueSource::DefaultValue));
    let written = config.filter(|_| !typed);
    if let Some((config, value)) =
        written.and_then(|config| Some((config, config.options.get(key)?)))
    {
        return Some(format!("{key} = {value} # {}\n", config.path.display()));
    }
    let source = match source? {
        ValueSource::EnvVariable => arg.get_env()?.to_string_lossy().into_owned(),
        ValueSource::CommandLine => "command line".to_owned(),
        _ => "default".to_owned(),
    };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        let set = repair.get_flag(id);
        return set.then(|| format!("{key} = true # {source}\n"));
    }
    let raw = repair.get_raw(id)?;
    let values: Vec<toml::Value> = raw
        .map(|value| toml::Value::String(value.to_string_lossy().into_owned()))
        .collect();
    let value = match arg.get_action() {
        ArgAction::Append => toml::Value::Array(values),
        _ => values.into_iter().next()?,
    };
    Some(format!("{key} = {value} # {source}\n"))
}
