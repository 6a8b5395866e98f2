//! Judges a wheel: which tag it deserves, and why not a better one.

pub(crate) mod extension;
pub(crate) mod input;
pub(crate) mod libraries;
mod loader_view;
pub(crate) mod request;
pub(crate) mod rules;
pub(crate) mod target;
pub(crate) mod verdict;

use wheel_archive::variant_isa_level;

use crate::elf::arch::{Arch, IsaLevel};
use crate::finding::{Error, ErrorKind, Finding, Levels};
use crate::fnmatch;
use crate::host::Host;
use crate::platform::linux::policy::{Policies, Since, drivers};
use crate::platform::linux::resolve::{Graph, ResolveOptions};
use crate::shell::Advice;
use crate::tag::Libc;
use crate::wheel::Wheel;

pub use input::Input;
pub(crate) use libraries::external::External;
pub use request::PlatRequest;
pub use request::policy_file::read_policies;
pub(crate) use verdict::Verdict;
pub(crate) use verdict::blame::Blame;
pub(crate) use verdict::candidate_tags::CandidateTags;
use verdict::measure::{Measured, Measuring};

/// What to judge by. The default is what `audit show` does without options.
#[derive(Clone, Debug, Default)]
pub struct AuditOptions {
    /// Libraries that stay outside whatever the policy says: Python `fnmatch` patterns on
    /// the soname or the real path.
    pub exclude: Vec<String>,
    /// Lists of libraries that stay outside, by name; see [`AuditOptions::preset_names`].
    pub presets: Vec<String>,
    /// Libraries to bring in although the policy lets them stay outside.
    pub vendor: Vec<String>,
    /// Libraries to bring in though no file needs them by name: sonames, file names or paths.
    pub include: Vec<String>,
    /// Do not look at the instruction set that files ask for.
    pub ignore_isa: bool,
    /// Which findings are not told, and which are errors.
    pub levels: Levels,
    /// The tag asked for; `None`: the best.
    pub plat: Option<PlatRequest>,
    /// How commands are written that findings advise.
    pub advice: Advice,
    /// What tags promise; see [`read_policies`].
    pub policies: Policies,
}

impl AuditOptions {
    /// The names that `presets` may hold.
    pub fn preset_names() -> Vec<&'static str> {
        let presets = drivers::presets().iter();
        presets.map(|preset| preset.name.as_str()).collect()
    }

    /// The patterns of `exclude` and of the presets.
    pub fn all_excludes(&self) -> Vec<String> {
        let chosen = drivers::presets()
            .iter()
            .filter(|preset| self.presets.contains(&preset.name));
        let patterns = chosen.flat_map(|preset| &preset.patterns);
        self.exclude.iter().chain(patterns).cloned().collect()
    }
}

/// The judgement of one wheel.
#[derive(Debug)]
pub struct Audit {
    /// The wheel's architecture.
    pub arch: Arch,
    /// The wheel's C library.
    pub libc: Libc,
    /// No file needs a C library: the tags of another one are deserved too.
    pub any_libc: bool,
    /// The tags it is measured against.
    pub candidates: CandidateTags,
    /// With policies of files: what it deserves by each policy for its C library and architecture, in the
    /// order in which they are asked. Else empty.
    pub by_policy: Vec<(CandidateTags, Since)>,
    /// For each of `Wheel::elves`: whether it takes part.
    pub judged: Vec<bool>,
    /// Who needs whom.
    pub graph: Graph,
    /// Libraries that some tag does not let stay outside.
    pub externals: Vec<External>,
    /// The parts of the verdict.
    pub verdict: Verdict,
    /// What was found on the way.
    pub findings: Vec<Finding>,
}

impl Audit {
    /// The tag that the wheel deserves as it is, such as `manylinux_2_17_x86_64`; `linux_x86_64`
    /// if none.
    pub fn tag(&self) -> String {
        self.candidates.tag_name(self.verdict.as_is)
    }

    /// The tag that a repaired wheel would deserve.
    pub fn repairable_to(&self) -> String {
        self.candidates.tag_name(self.verdict.repaired)
    }

    /// Whether a repair for [`Audit::repairable_to`] would bring `external` in.
    pub fn would_graft(&self, external: &External) -> bool {
        external.grafted_at(self.verdict.repaired)
    }

    /// Every symbol that forces a tag newer than the oldest, worst first.
    pub fn blame(&self, input: &Input<'_>) -> Vec<Blame> {
        verdict::blame::blame(self, input, self.verdict.repaired)
    }
}

/// Judges `wheel`.
///
/// # Errors
/// `ErrorKind::NotPlatform` if the wheel holds no ELF file of its architecture;
/// `ErrorKind::Refused` for ELF files where installers would not find them, and for an
/// architecture or Android level without policy.
pub fn audit(wheel: &Wheel, host: &Host, options: &AuditOptions) -> Result<Audit, Error> {
    audit_input(&Input::from(wheel), host, options)
}

/// Judges a wheel or loose ELF files.
///
/// # Errors
/// As of [`audit`].
pub fn audit_input(input: &Input<'_>, host: &Host, options: &AuditOptions) -> Result<Audit, Error> {
    let mut audit = verdict_on(input, host, options)?;
    let case = rules::Case {
        input,
        audit: &audit,
        options,
        host,
    };
    let found = rules::check(&case);
    audit.findings.extend(found);
    Ok(audit)
}

/// Judges as [`audit_input`] does, without what is told beyond the tag.
///
/// # Errors
/// As of [`audit`].
pub(crate) fn verdict_on(
    input: &Input<'_>,
    host: &Host,
    options: &AuditOptions,
) -> Result<Audit, Error> {
    let name = input.path.display().to_string();
    let mut refused = fnmatch::refused("--exclude", &options.all_excludes());
    refused.extend(fnmatch::refused("--vendor", &options.vendor));
    if !refused.is_empty() {
        return Err(Error::many(ErrorKind::Usage, name, refused));
    }
    let mut subject = target::identify(input, options)
        .map_err(|(kind, findings)| Error::many(kind, &name, findings))?;
    let elves = input.elves;
    let mut findings = std::mem::take(&mut subject.findings);
    let graph = Graph::resolve(
        elves,
        &subject.judged,
        &ResolveOptions {
            host,
            libc: subject.libc,
            arch: subject.arch,
            policies: &options.policies,
            exclude: &options.all_excludes(),
            vendor: &options.vendor,
            include: &options.include,
            folder: input.folder,
        },
    );
    if let Some(reason) = host.shortage() {
        return Err(Error::new(ErrorKind::Refused, &name, short(reason)));
    }
    let measuring = Measuring {
        input,
        subject: &subject,
        graph: &graph,
        options,
    };
    let Measured {
        candidates,
        externals,
        verdict,
    } = measuring
        .asked()
        .map_err(|finding| Error::new(ErrorKind::Refused, &name, finding))?;
    let by_policy = measuring.each();
    candidates.notes(verdict.repaired, &mut findings);
    Ok(Audit {
        arch: subject.arch,
        libc: subject.libc,
        any_libc: subject.any_libc,
        candidates,
        by_policy,
        judged: subject.judged,
        graph,
        externals,
        verdict,
        findings,
    })
}

/// What was not found may be there: nothing can be said.
fn short(reason: &str) -> Finding {
    let message = format!("libraries could not be looked at: {reason}");
    let help = "this process may have too little: raise its limits, such as `ulimit -n 1024`";
    Finding::error("machine-limit", message).help(help)
}

/// The worse of two places on the scale: a wheel deserves what all its parts deserve.
pub(crate) fn worse(left: Since, right: Since) -> Since {
    left.max(right)
}

/// The level of x86-64 that every machine has on which the wheel is to run: that of the tag asked
/// for (`x86_64_v3` and the like), or that which `variant.json` gives its variant label.
pub(crate) fn allowed_isa(input: &Input<'_>, options: &AuditOptions) -> IsaLevel {
    let asked = options.plat.as_ref().and_then(|request| request.isa);
    let variant = input.wheel.and_then(|wheel| {
        let text = wheel.dist_info.variant.as_deref();
        variant_isa_level(&wheel.name, text)
    });
    asked.max(variant).unwrap_or(IsaLevel::V1)
}
