//! What Python's argparse lets people type, for scripts that were written for auditwheel: its long
//! options may be cut short. Ours need their full names, so that a new one never takes a short form
//! away.
//!
//! Source: <https://docs.python.org/3/library/argparse.html#argument-abbreviations-prefix-matching>

use std::ffi::{OsStr, OsString};

use clap::Command;

/// The long options of auditwheel 6.8.2 before a command, and of each command.
const AUDITWHEEL: [(&str, &[&str]); 4] = [
    ("", &["help", "verbose", "version"]),
    ("lddtree", &["help", "ldpaths"]),
    (
        "repair",
        &[
            "allow-pure-python-wheel",
            "disable-isa-ext-check",
            "exclude",
            "help",
            "ldpaths",
            "lib-sdir",
            "no-update-tags",
            "only-plat",
            "patcher",
            "plat",
            "strip",
            "wheel-dir",
            "zip-compression-level",
        ],
    ),
    (
        "show",
        &[
            "allow-pure-python-wheel",
            "disable-isa-ext-check",
            "help",
            "json",
            "ldpaths",
        ],
    ),
];

/// The place of the command's name among `args`, of which the first is the program.
pub(crate) fn command_place(program: &Command, args: &[OsString]) -> Option<usize> {
    let mut place = 1;
    while let Some(arg) = args.get(place) {
        let text = arg.to_string_lossy();
        if !text.starts_with('-') {
            return Some(place);
        }
        let option = text.strip_prefix("--");
        let takes_value = program.get_arguments().any(|known| {
            known.get_long().is_some()
                && known.get_long() == option
                && known.get_action().takes_values()
        });
        place = place.saturating_add(if takes_value { 2 } else { 1 });
    }
    None
}

/// Spells the abbreviations out.
///
/// # Errors
/// What argparse says of one that stands for several options.
pub(crate) fn spelled_out(
    program: &Command,
    mut args: Vec<OsString>,
) -> Result<Vec<OsString>, clap::Error> {
    let place = command_place(program, &args).unwrap_or(args.len());
    let command = args
        .get(place)
        .map(|name| name.to_string_lossy().into_owned());
    let name = command.unwrap_or_default();
    let sub = program.find_subcommand(&name);
    for index in 1..args.len() {
        let (Some(arg), next) = (args.get(index), args.get(index.saturating_add(1))) else {
            break;
        };
        if arg == "--" {
            break;
        }
        let known = if index < place { Some(program) } else { sub };
        let theirs = options_of(if index < place { "" } else { canonical(&name) });
        let longer = spell(known, program, theirs, arg, next).map_err(|message| {
            program
                .clone()
                .error(clap::error::ErrorKind::UnknownArgument, message)
        })?;
        if let (Some(longer), Some(slot)) = (longer, args.get_mut(index)) {
            *slot = longer;
        }
    }
    Ok(args)
}

/// `tree` is what auditwheel calls `lddtree`.
fn canonical(command: &str) -> &str {
    if command == "tree" {
        "lddtree"
    } else {
        command
    }
}

fn options_of(command: &str) -> &'static [&'static str] {
    let mut known = AUDITWHEEL.iter();
    known
        .find(|(name, _)| *name == command)
        .map_or(&[], |(_, options)| options)
}

/// `arg` in full, if it is an abbreviation.
fn spell(
    command: Option<&Command>,
    program: &Command,
    theirs: &[&str],
    arg: &OsStr,
    next: Option<&OsString>,
) -> Result<Option<OsString>, String> {
    // What is no text is no option.
    let Some(text) = arg.to_str().and_then(|text| text.strip_prefix("--")) else {
        return Ok(None);
    };
    let (typed, value) = match text.split_once('=') {
        Some((typed, value)) => (typed, Some(value)),
        None => (text, None),
    };
    let commands = command.into_iter().chain([program]);
    let mut options = commands.flat_map(Command::get_arguments);
    let exact = options.any(|option| option.get_long() == Some(typed))
        || ["help", "version"].contains(&typed);
    if typed.is_empty() || (exact && !is_their_only(typed, value, next)) {
        return Ok(None);
    }
    let meant: Vec<&str> = theirs
        .iter()
        .copied()
        .filter(|known| known.starts_with(typed))
        .collect();
    match meant.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(match value {
            Some(value) => format!("--{one}={value}").into(),
            None => format!("--{one}").into(),
        })),
        several => Err(format!(
            "ambiguous option: --{typed} could match --{}",
            several.join(", --")
        )),
    }
}

/// `--only` is an option of ours with a value, and short for auditwheel's `--only-plat`, which has
/// none: that is meant where a wheel, another option or nothing follows.
fn is_their_only(typed: &str, value: Option<&str>, next: Option<&OsString>) -> bool {
    let no_value = |next: &OsString| {
        let next = next.to_string_lossy();
        next.starts_with('-') || next.ends_with(".whl")
    };
    typed == "only" && value.is_none() && next.is_none_or(no_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    fn spelled(words: &[&str]) -> Result<Vec<String>, String> {
        let args = [&["audit"], words].concat();
        let args = args.into_iter().map(OsString::from).collect();
        let mut program = Cli::command();
        program.build();
        let args = spelled_out(&program, args).map_err(|error| error.to_string())?;
        let words = args.iter().skip(1);
        Ok(words
            .map(|word| word.to_str().unwrap().to_owned())
            .collect())
    }

    /// Every abbreviation that argparse takes for one option, by itself and with a value.
    #[test]
    fn each_abbreviation_of_one_option_is_that_option() {
        let mut seen = 0;
        for (command, options) in AUDITWHEEL {
            for option in options {
                for end in 1..=option.len() {
                    let typed = &option[..end];
                    let others = options.iter().filter(|other| other.starts_with(typed));
                    if others.count() > 1 && !options.contains(&typed) {
                        continue;
                    }
                    seen += 1;
                    for value in ["", "=x"] {
                        let typed = format!("--{typed}{value}");
                        if typed == "--only=x" {
                            continue;
                        }
                        let full = format!("--{option}{value}");
                        let (typed, full) = if command.is_empty() {
                            (vec![typed.as_str(), "show"], vec![full.as_str(), "show"])
                        } else {
                            (vec![command, typed.as_str()], vec![command, full.as_str()])
                        };
                        assert_eq!(spelled(&typed).unwrap(), full, "{typed:?}");
                    }
                }
            }
        }
        assert!(seen > 150, "{seen}");
    }

    #[test]
    fn what_argparse_does_not_take_stays_as_it_is() {
        let cases: [&[&str]; 10] = [
            // Ours, whole or cut short.
            &["repair", "--strict", "--dry", "--sys", "/x"],
            &["show", "--check", "--chec", "--jobs", "--jo"],
            &["repair", "--only", "libfoo*", "a.whl"],
            &["repair", "--only=libfoo*", "a.whl"],
            // Behind `--`, and in commands that auditwheel has not.
            &["repair", "--", "--strip"],
            &["policies", "--js"],
            &["repair", "-L", "--", "--exc"],
            &["--color", "always", "show", "--nothing"],
            &["show", "--exclude", "a"],
            &["-v", "show"],
        ];
        for words in cases {
            assert_eq!(spelled(words).unwrap(), words, "{words:?}");
        }
        let only = ["repair", "--only", "a.whl"];
        assert_eq!(spelled(&only).unwrap()[1], "--only-plat");
        let only = ["repair", "a.whl", "--only"];
        assert_eq!(spelled(&only).unwrap()[2], "--only-plat");
        let behind_a_value = ["--jobs", "2", "repair", "--no", "a.whl"];
        assert_eq!(spelled(&behind_a_value).unwrap()[3], "--no-update-tags");
        assert_eq!(spelled(&["tree", "--l", "/x"]).unwrap()[1], "--ldpaths");
    }

    #[test]
    fn what_stands_for_several_is_refused() {
        for (words, options) in [
            (vec!["repair", "--p"], "--patcher, --plat"),
            (vec!["repair", "--l=x"], "--ldpaths, --lib-sdir"),
            (vec!["--ver", "show"], "--verbose, --version"),
        ] {
            let error = spelled(&words).unwrap_err();
            let typed = words.iter().find(|word| word.starts_with("--")).unwrap();
            let typed = typed.trim_end_matches("=x");
            let expected = format!("ambiguous option: {typed} could match {options}");
            assert!(error.contains(&expected), "{error}");
        }
    }
}
