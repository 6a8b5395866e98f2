//! What was typed: options, their help, their defaults.

pub(crate) mod argparse;
pub(crate) mod codes;
pub(crate) mod inputs;
pub(crate) mod vendoring;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::Resettable;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use wheel_audit::AuditOptions;
use wheel_audit::report::json::schema;

use crate::args::codes::Codes;
use crate::args::vendoring::{ConfigArgs, RpathArgs, VendorArgs};

/// Judge Linux Python wheels and repair them.
///
/// A wheel with compiled code runs only where the libraries and symbol versions it needs
/// exist; its platform tag promises where that is. `audit show` says which tag a wheel deserves
/// and why not a better one; `audit repair` copies the libraries it needs into it and gives it the
/// best tag.
#[derive(Debug, Parser)]
#[command(
    name = "audit",
    version,
    propagate_version = true,
    args_override_self = true, // the last one counts, as in auditwheel
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    /// Without one, the help is printed
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl Cli {
    /// The definition, with the values of the environment. A variable that is set but empty counts
    /// as unset.
    pub(crate) fn from_environment() -> clap::Command {
        let empty = |arg: &clap::Arg| {
            let name = arg.get_env();
            name.is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()))
        };
        Self::command().mut_subcommands(|command| {
            command.mut_args(|arg| {
                if empty(&arg) {
                    arg.env(Resettable::Reset)
                } else {
                    arg
                }
            })
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Say more; show long tables whole
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: Color,
    /// Threads to use; all cores by default
    #[arg(long, value_name = "N", global = true, value_parser = parse_jobs)]
    pub(crate) jobs: Option<usize>,
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("must be a number from 1 on".to_owned()),
        Ok(jobs) => Ok(jobs),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// If standard error or output is a terminal, and `NO_COLOR` is not set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge wheels: which platform tag they deserve, and why not a better one
    Show(Box<ShowArgs>),
    /// Copy the libraries a wheel needs into it and tag it for the oldest platform it runs on
    ///
    /// With several wheels, the first that cannot be repaired ends the run, unless --keep-going.
    Repair(Box<RepairArgs>),
    /// Show who needs whom, and where each library was found
    ///
    /// Marks tell what becomes of each file: in the wheel, to be grafted, missing, excluded, or
    /// free to stay outside. With -v, what stays outside is followed too.
    #[command(alias = "lddtree")]
    Tree(Box<TreeArgs>),
    /// List the platform tags known, what each allows, and which libraries never come in unasked
    Policies(PoliciesArgs),
    /// Explain the code of a finding or refusal, or list them all: what it means and what to do
    Explain {
        /// The code, which stands in brackets behind each message
        #[arg(value_name = "CODE", value_parser = Codes::All, hide_possible_values = true)]
        code: Option<String>,
    },
    /// Print the JSON Schema of what a command prints with --json
    Schema {
        #[arg(value_name = "NAME", value_parser = schema_names())]
        name: String,
    },
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, or that of one command, such as `audit man show`
    Man {
        #[arg(value_name = "COMMAND")]
        command: Option<String>,
    },
}

fn schema_names() -> PossibleValuesParser {
    PossibleValuesParser::new(schema::Document::ALL.map(schema::Document::as_str))
}

/// Where libraries are looked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where libraries are looked for")]
pub(crate) struct SearchArgs {
    /// Search DIR before everything else outside the wheel (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(crate) lib_path: Vec<PathBuf>,
    /// Look everything up under DIR instead of /
    #[arg(long, value_name = "DIR")]
    pub(crate) sysroot: Option<PathBuf>,
    /// Open nothing outside the wheel, --lib-path and --sysroot
    #[arg(long)]
    pub(crate) no_host_libs: bool,
    /// Colon-separated folders that replace the loader's own list; `AUDITWHEEL_LD_LIBRARY_PATH` adds
    /// to it
    #[arg(long, value_name = "DIRS")]
    pub(crate) ldpaths: Option<String>,
    /// Leave libraries outside whose soname or real path matches GLOB (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Leave the libraries of a list outside, such as those of `cuda` (repeatable)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = PossibleValuesParser::new(AuditOptions::preset_names()))]
    pub(crate) exclude_preset: Vec<String>,
    /// Ask the policy in FILE before the built-in ones (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// Do not look at instruction sets beyond the baseline (such as `x86_64_v3`); no wheel remembers
    /// it, so that `show --check` of a result needs it too
    #[arg(long)]
    pub(crate) disable_isa_ext_check: bool,
    /// Let pure Python wheels through instead of failing
    #[arg(long)]
    pub(crate) allow_pure_python_wheel: bool,
}

/// What is told of findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is told")]
pub(crate) struct FindingArgs {
    /// Say nothing of findings with this code, which stands in brackets behind each (repeatable)
    #[arg(long, value_name = "CODE", value_parser = Codes::Findings, hide_possible_values = true)]
    pub(crate) ignore: Vec<String>,
    /// Fail if there is a finding with this code (repeatable)
    #[arg(long, value_name = "CODE", value_parser = Codes::Findings, hide_possible_values = true)]
    pub(crate) error: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Wheels, ELF files, or folders of either
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// The same as --format json: one JSON object an input
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// Exit with 1 unless each wheel deserves every tag it claims, or the tag of --plat; `all`: and has
    /// no error in anything else that is judged
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "tags")]
    pub(crate) check: Option<Check>,
    /// The tag to check for
    #[arg(long, value_name = "TAG", requires = "check")]
    pub(crate) plat: Option<String>,
    /// Trust the wheel: skip CRCs and RECORD hashes
    #[arg(long)]
    pub(crate) no_verify: bool,
    #[command(flatten)]
    pub(crate) findings: FindingArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
}

/// What `--check` holds a wheel to. Nothing but tags is judged so far, so both say the same; what comes
/// to be judged later counts for `all` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// The tags, and the form of the wheel
    Tags,
    /// Everything that is judged
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// One JSON object an input, one line each
    Json,
    /// Text, and findings as annotations of a GitHub Actions run
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// Wheels, ELF files, or folders of either
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Print only the chains that lead to LIB (a name, a path or a glob)
    #[arg(long, value_name = "LIB")]
    pub(crate) why: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TreeFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// The tag that the marks are for, instead of what a repair would reach
    #[arg(long, value_name = "TAG")]
    pub(crate) plat: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TreeFormat {
    /// For people
    Text,
    /// One JSON object an input, one line each
    Json,
    /// For Graphviz
    Dot,
    /// For pages of GitHub and GitLab
    Mermaid,
}

#[derive(Debug, Args)]
pub(crate) struct PoliciesArgs {
    /// Tell what TAG allows, with or without its architecture
    #[arg(value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// Print all of them as one JSON object
    #[arg(long, conflicts_with = "tag")]
    pub(crate) json: bool,
    /// Ask the policy in FILE before the built-in ones (repeatable)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// Wheels to repair
    #[arg(value_name = "WHEEL", required_unless_present = "print_config")]
    pub(crate) wheels: Vec<PathBuf>,
    /// The tag to repair for, with or without its architecture, such as `manylinux_2_28`; `auto` is
    /// the oldest within reach, `linux` promises nothing
    #[arg(
        long,
        value_name = "TAG",
        default_value = "auto",
        env = "AUDITWHEEL_PLAT",
        hide_env_values = true
    )]
    pub(crate) plat: String,
    /// Claim just the tag of --plat, even if a better one is deserved
    #[arg(long)]
    pub(crate) only_plat: bool,
    /// Keep the tags in the file name, and write those in WHEEL
    #[arg(long)]
    pub(crate) no_update_tags: bool,
    /// Accept a RECORD that is wrong (hashes, sizes, files that are not listed or not there), say
    /// where, and write a right one
    #[arg(long)]
    pub(crate) fix_record: bool,
    /// Folder for the results
    #[arg(short, long, value_name = "DIR", default_value = "wheelhouse")]
    pub(crate) wheel_dir: PathBuf,
    /// What the name of the folder for libraries ends with, after the project's name
    #[arg(short = 'L', long, value_name = "SUFFIX", default_value = ".libs")]
    pub(crate) lib_sdir: String,
    /// Strip all symbols, or just `debug` information, or what is `unneeded` to load
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "all", value_parser = PossibleValuesParser::new(["all", "debug", "unneeded"]))]
    pub(crate) strip: Option<String>,
    /// Keep what --strip takes: a debug file for each in DIR/.build-id, where debuggers look
    #[arg(long, value_name = "DIR", requires = "strip")]
    pub(crate) debug_dir: Option<PathBuf>,
    /// Take the wish for an executable stack from files, which glibc 2.41 and newer refuse to load
    #[arg(long)]
    pub(crate) clear_execstack: bool,
    /// Compress every member again at level 0 to 9
    #[arg(short = 'z', long, value_name = "LEVEL", env = "AUDITWHEEL_ZIP_COMPRESSION_LEVEL", hide_env_values = true, value_parser = clap::value_parser!(u8).range(0..=9))]
    pub(crate) zip_compression_level: Option<u8>,
    /// Accepted for auditwheel's sake: the editor is built in
    #[arg(
        long,
        value_name = "NAME",
        env = "AUDITWHEEL_PATCHER",
        hide_env_values = true
    )]
    pub(crate) patcher: Option<String>,
    /// Print the plan, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Go on with the next wheel if one cannot be repaired
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Print one JSON object a wheel
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) findings: FindingArgs,
    #[command(flatten)]
    pub(crate) vendoring: VendorArgs,
    #[command(flatten)]
    pub(crate) rpath: RpathArgs,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Print the options in force as TOML, and where each comes from
    #[arg(long, help_heading = "Configuration")]
    pub(crate) print_config: bool,
    #[command(flatten)]
    pub(crate) search: SearchArgs,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory as _;

    /// In one line, as `-h`, completions and manual pages have it.
    #[test]
    fn every_option_says_what_it_does() {
        let mut cli = Cli::command();
        cli.build();
        let mut seen = 0;
        for command in cli.get_subcommands() {
            let options = command
                .get_arguments()
                .filter(|one| one.get_long().is_some());
            for option in options {
                let name = format!("{} --{}", command.get_name(), option.get_id());
                let help = option.get_help().map(ToString::to_string);
                let help = help.unwrap_or_else(|| panic!("{name} says nothing"));
                assert!(help.split(' ').count() > 1, "{name}: {help}");
                assert!(
                    !help.ends_with('.') && !help.contains('\n'),
                    "{name}: {help}"
                );
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
    }
}
