//! Options of `audit repair` that say what comes into the wheel and how it is found there.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use wheel_audit::{Include, RepairOptions, RpathKind};

/// What comes in.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is brought in")]
pub(crate) struct VendorArgs {
    /// Bring in libraries whose soname or real path matches GLOB although the policy lets them stay
    /// outside (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) vendor: Vec<String>,
    /// Bring in a library that is only opened by name at run time, under that name, into the folder
    /// MEMBER-DIR of the wheel, or else into that of the other libraries (repeatable)
    #[arg(long, value_name = "LIB[=MEMBER-DIR]", value_parser = parse_include)]
    pub(crate) include: Vec<Include>,
    /// Fail if anything is brought in that matches no such GLOB (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Keep the name of libraries that match GLOB instead of adding a hash to it (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) no_mangle: Vec<String>,
    /// Of ELF files with the same content, keep the one whose name is its soname, for all that need
    /// one of them
    #[arg(long)]
    pub(crate) dedupe: bool,
    /// Fail if the repaired wheel is larger than SIZE, such as `100M` (k, M and G: powers of 1000)
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_size: Option<u64>,
    /// Write no SBOM of what was brought in
    #[arg(long)]
    pub(crate) no_sbom: bool,
    /// Copy the licence files of the packages that libraries come from
    #[arg(long)]
    pub(crate) licenses: bool,
    /// Fail if a pattern, of --exclude or any other such option, matched nothing
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Search paths.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search paths of the wheel's files")]
pub(crate) struct RpathArgs {
    /// Keep search-path entries that match GLOB, wherever they lead (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) keep_rpath: Vec<String>,
    /// Search PATH for libraries left outside: a folder of site-packages, such as
    /// `nvidia/cublas/lib`, or as written if it starts with `$ORIGIN` or `/` (repeatable)
    #[arg(long, value_name = "PATH", value_parser = parse_rpath)]
    pub(crate) add_rpath: Vec<String>,
    /// Which tag holds the search path; by default `rpath`, on Android `runpath`
    #[arg(long, value_name = "KIND")]
    pub(crate) rpath_kind: Option<Kind>,
}

/// Where options come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration", group = ArgGroup::new("source"))]
pub(crate) struct ConfigArgs {
    /// Read options from FILE instead of the current folder's `pyproject.toml`
    #[arg(long, value_name = "FILE", group = "source")]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration
    #[arg(long, group = "source")]
    pub(crate) no_config: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// `DT_RPATH`: also serves what a library loads in turn
    Rpath,
    /// `DT_RUNPATH`: gives way to `LD_LIBRARY_PATH`
    Runpath,
}

fn parse_include(text: &str) -> Result<Include, String> {
    let (library, folder) = match text.split_once('=') {
        Some((library, folder)) => (library, Some(folder.trim_end_matches('/'))),
        None => (text, None),
    };
    if library.is_empty() {
        return Err("LIB is a soname, file name or path".to_owned());
    }
    let plain = |folder: &str| {
        let parts = || folder.split('/');
        !folder.contains('\\') && parts().all(|part| !matches!(part, "" | "." | ".."))
    };
    if folder.is_some_and(|folder| !plain(folder)) {
        return Err("MEMBER-DIR is a folder of the wheel, such as `pkg/plugins`".to_owned());
    }
    Ok(Include {
        library: library.to_owned(),
        folder: folder.map(str::to_owned),
    })
}

fn parse_rpath(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(':') {
        return Err("must be one folder; repeat the option for more".to_owned());
    }
    let climbs = text.split('/').any(|part| part == "..");
    if climbs && !text.starts_with('$') {
        return Err("a folder of site-packages cannot climb out of it".to_owned());
    }
    Ok(text.to_owned())
}

/// Bytes; `k`, `M` and `G` stand for powers of 1000, as where upload limits are stated.
fn parse_size(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default();
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(format!("`{unit}` is no unit: use k, M, G, KiB, MiB or GiB")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "must be a whole number with a unit, such as 100M".to_owned())?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "is too large".to_owned())
}

impl VendorArgs {
    /// Carries these options over.
    pub(crate) fn apply(&self, options: &mut RepairOptions) {
        options.audit.vendor.clone_from(&self.vendor);
        options.audit.include = self
            .include
            .iter()
            .map(|include| include.library.clone())
            .collect();
        options.include.clone_from(&self.include);
        options.only.clone_from(&self.only);
        options.no_mangle.clone_from(&self.no_mangle);
        options.dedupe = self.dedupe;
        options.max_size = self.max_size;
        options.sbom = !self.no_sbom;
        options.licenses = self.licenses;
        options.strict = self.strict;
    }
}

impl RpathArgs {
    /// Carries these options over.
    pub(crate) fn apply(&self, options: &mut RepairOptions) {
        options.rpath.keep.clone_from(&self.keep_rpath);
        options.rpath.add.clone_from(&self.add_rpath);
        options.rpath.kind = self.rpath_kind.map(|kind| match kind {
            Kind::Rpath => RpathKind::Rpath,
            Kind::Runpath => RpathKind::Runpath,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let cases = [
            ("100M", Some(100_000_000)),
            ("100mb", Some(100_000_000)),
            ("64KiB", Some(65_536)),
            ("5", Some(5)),
            ("1.5G", None),
            ("99999999999G", None),
            ("M", None),
            ("5 apples", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn inclusions_name_a_library_and_a_folder() {
        let include = parse_include("libfoo.so.1=pkg/plugins/").unwrap();
        assert_eq!(include.library, "libfoo.so.1");
        assert_eq!(include.folder.as_deref(), Some("pkg/plugins"));
        for bad in [
            "",
            "=pkg",
            "libfoo.so=../x",
            "libfoo.so=/x",
            "libfoo.so=a//b",
        ] {
            assert!(parse_include(bad).is_err(), "{bad}");
        }
    }
}
