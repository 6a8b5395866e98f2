//! Plans a repair, and carries it out.
//!
//! A [`Plan`] is data made without touching anything: what is grafted, edited, moved and
//! named. [`Plan::apply`] does the only writes.

pub(crate) mod apply;
pub(crate) mod graft;
pub(crate) mod license;
pub(crate) mod plan;
pub(crate) mod sbom;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::audit::verdict::claimed_tags::blocks_repair;
use crate::audit::{Audit, AuditOptions, PlatRequest};
use crate::elf::Strip;
use crate::finding::{Error, ErrorKind, Finding, Severity};
use crate::fnmatch;
use crate::host::Host;
use crate::platform::linux::layout::libs_dir::libs_dir;
use crate::platform::linux::policy::{Rung, Since};
use crate::tag::MAX_NAME;
use crate::tag::WheelName;
use crate::wheel::{DosTime, Wheel};

pub(crate) use crate::platform::linux::layout::rpath::RpathOptions;
pub use apply::dry_run::DryRun;
pub use apply::graft_cache::GraftCache;
pub use apply::repaired::Repaired;
pub(crate) use graft::Graft;
pub(crate) use graft::origin::Package;
pub(crate) use license::LicenseFile;
pub(crate) use plan::dedupe::Removed;
pub(crate) use plan::excluded::{Excluded, Spared};
pub(crate) use plan::member::MemberEdit;

/// What a repair may do.
#[derive(Clone, Debug)]
pub struct RepairOptions {
    /// How the wheel is judged, the requested tag included.
    pub audit: AuditOptions,
    /// `--only-plat`: claim the requested tag even if a better one is deserved.
    pub only_plat: bool,
    /// Change the tags in the file name and in WHEEL.
    pub update_tags: bool,
    /// Suffix of the folder for grafts, `.libs` by default.
    pub lib_sdir: String,
    /// What to strip from grafts and from members that are edited.
    pub strip: Strip,
    /// Folder for what is stripped: a debug file for each.
    pub debug_dir: Option<PathBuf>,
    /// Take the wish for an executable stack from grafts and members.
    pub clear_execstack: bool,
    /// 0 to 9 to compress every member again at that level.
    pub compression: Option<u8>,
    /// Seconds since 1970 for every member's date.
    pub source_date_epoch: Option<i64>,
    /// Write a CycloneDX SBOM if something is grafted.
    pub sbom: bool,
    /// Libraries to bring in though nothing needs them by name (`--include`).
    pub include: Vec<Include>,
    /// If not empty: patterns of the only libraries that may be brought in (`--only`).
    pub only: Vec<String>,
    /// Patterns of libraries that keep their names (`--no-mangle`).
    pub no_mangle: Vec<String>,
    /// Search paths.
    pub rpath: RpathOptions,
    /// Of members with the same content, keep one.
    pub dedupe: bool,
    /// The largest wheel that may come out, in bytes.
    pub max_size: Option<u64>,
    /// Copy the licence files of the packages that grafts come from.
    pub licenses: bool,
    /// What was asked must have had an effect (`--strict`).
    pub strict: bool,
}

/// A library that is opened by name at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Its soname or file name.
    pub library: String,
    /// Its folder in the wheel; `None`: that of the grafts, and files that open libraries by name
    /// get a search path to it.
    pub folder: Option<String>,
}

impl Default for RepairOptions {
    fn default() -> Self {
        Self {
            audit: AuditOptions::default(),
            only_plat: false,
            update_tags: true,
            lib_sdir: ".libs".to_owned(),
            strip: Strip::None,
            debug_dir: None,
            clear_execstack: false,
            compression: None,
            source_date_epoch: None,
            sbom: true,
            include: Vec::new(),
            only: Vec::new(),
            no_mangle: Vec::new(),
            rpath: RpathOptions::default(),
            dedupe: false,
            max_size: None,
            licenses: false,
            strict: false,
        }
    }
}

/// Everything that a repair will do to one wheel.
#[derive(Debug)]
pub struct Plan {
    /// The tag that the repair is made for.
    pub tag: String,
    /// The new file name.
    pub name: WheelName,
    /// Libraries to bring in, by member path.
    pub grafts: Vec<Graft>,
    /// ELF members to edit, in archive order.
    pub edits: Vec<MemberEdit>,
    /// ELF members that go because another has the same content, in archive order.
    pub removed: Vec<Removed>,
    /// Licence files to copy, by place.
    pub licenses: Vec<LicenseFile>,
    /// The folder for grafts.
    pub libs_dir: String,
    /// What stays outside by request.
    pub excluded: Vec<Excluded>,
    /// What is not brought in any more because of that.
    pub spared: Vec<Spared>,
    /// Date of every member, or of those that have none.
    pub date: Option<DosTime>,
    /// What was found while planning.
    pub findings: Vec<Finding>,
    /// What was asked.
    pub options: RepairOptions,
}

impl Plan {
    /// Plans the repair of `wheel` as judged in `audit`.
    ///
    /// # Errors
    /// `ErrorKind::OutOfReach` if the requested tag cannot be deserved; `ErrorKind::Refused` if a
    /// library is missing or the wheel's own metadata forbids a rewrite.
    pub fn new(
        wheel: &Wheel,
        audit: &Audit,
        host: &Host,
        options: &RepairOptions,
    ) -> Result<Self, Error> {
        let input = wheel.path.display().to_string();
        let lists = [
            ("--only", &options.only),
            ("--no-mangle", &options.no_mangle),
            ("--keep-rpath", &options.rpath.keep),
        ];
        let refused = lists.map(|(option, patterns)| fnmatch::refused(option, patterns));
        let refused = refused.concat();
        if !refused.is_empty() {
            return Err(Error::many(ErrorKind::Usage, input, refused));
        }
        refuse_unrepairable(wheel, audit, options, &input)?;
        let mut floor = audit.verdict.repaired;
        loop {
            let plan = Self::for_floor(wheel, audit, (host, options), floor)?;
            let installed = plan::installed::Installed::new(wheel, audit, &plan);
            let result = installed.audit(wheel, host)?;
            let lost = installed.unreachable(&result);
            if !lost.is_empty() {
                return Err(Error::many(ErrorKind::Refused, input, lost));
            }
            let undeserved = installed.undeserved(&result);
            if undeserved.is_empty() {
                return Ok(plan);
            }
            // What comes in asks for more than was known: once more, for that.
            let reached = result.verdict.drivers_apart;
            if options.audit.plat.is_some() || reached <= floor || reached == Since::Never {
                return Err(Error::many(ErrorKind::OutOfReach, input, undeserved));
            }
            floor = reached;
        }
    }

    /// Plans a repair for a wheel that deserves `floor` at best.
    fn for_floor(
        wheel: &Wheel,
        audit: &Audit,
        (host, options): (&Host, &RepairOptions),
        floor: Since,
    ) -> Result<Self, Error> {
        let input = wheel.path.display().to_string();
        let libs_dir = libs_dir(&wheel.name.distribution, &options.lib_sdir)
            .map_err(|finding| Error::new(ErrorKind::Usage, &input, finding))?;
        let goal = plan::target::choose(wheel, audit, options, floor)?;
        let (name, gone) = if options.update_tags {
            goal.rename(&wheel.name, audit)
        } else {
            goal.check_kept(&wheel.name, audit, &input)?;
            (wheel.name.clone(), Vec::new())
        };
        let mut plan = Self {
            name,
            tag: goal.tag.clone(),
            grafts: Vec::new(),
            edits: Vec::new(),
            removed: Vec::new(),
            licenses: Vec::new(),
            libs_dir,
            excluded: Vec::new(),
            spared: Vec::new(),
            date: options.source_date_epoch.map(DosTime::from_epoch),
            findings: plan::target::gone(&gone),
            options: options.clone(),
        };
        refuse_long_name(&plan.name, &input)?;
        plan.fill(wheel, audit, host, goal.rung)
            .and_then(|()| plan::target::check_android(audit, &plan))
            .map_err(|findings| Error::many(ErrorKind::Refused, &input, findings))?;
        let idle = plan::unused_options::without_effect(wheel, audit, &plan);
        plan.findings.extend(idle);
        plan.findings.extend(plan.idle(wheel));
        plan.refuse_raised(&input)?;
        Ok(plan)
    }

    /// Plans what comes, what goes and what changes.
    fn fill(
        &mut self,
        wheel: &Wheel,
        audit: &Audit,
        host: &Host,
        rung: Option<Rung>,
    ) -> Result<(), Vec<Finding>> {
        let options = &self.options;
        let (removed, replaced) = if options.dedupe {
            plan::dedupe::plan(wheel, audit)
        } else {
            Default::default()
        };
        let question = graft::Question {
            wheel,
            audit,
            host,
            rung,
            libs_dir: &self.libs_dir,
            options,
            replaced: &replaced,
        };
        let grafts = graft::plan(&question, &mut self.findings)?;
        self.excluded = plan::excluded::excluded(&question);
        self.spared = plan::excluded::spared(&question, &self.excluded);
        let question = plan::member::Question {
            wheel,
            audit,
            grafts: &grafts,
            removed: &removed,
            libs_dir: &self.libs_dir,
            options,
        };
        self.edits = plan::member::plan(&question, &mut self.findings)?;
        self.grafts = grafts.list;
        if self.options.licenses {
            self.licenses = license::plan(&self.grafts, &mut self.findings);
        }
        self.removed = removed;
        Ok(())
    }

    /// Findings of the plan that the user takes for errors.
    fn refuse_raised(&self, input: &str) -> Result<(), Error> {
        let mut levels = self.options.audit.levels.clone();
        if self.options.strict {
            levels
                .error
                .extend(plan::unused_options::CODES.map(str::to_owned));
        }
        let raised = levels.apply(&self.findings).into_iter();
        let errors: Vec<Finding> = raised
            .filter(|finding| finding.severity == Severity::Error)
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        Err(Error::many(ErrorKind::Refused, input, errors))
    }

    /// The paths of the ELF files that the result will have.
    pub(super) fn elves<'a>(&'a self, wheel: &'a Wheel) -> impl Iterator<Item = &'a str> {
        let moved = self.moved();
        let members = wheel.elves.iter().map(move |elf| {
            let path = elf.path.as_str();
            moved.get(path).copied().unwrap_or(path)
        });
        let grafts = self.grafts.iter().map(|graft| graft.member.as_str());
        members.chain(grafts)
    }

    /// The member that each name now stands for, by the name it was needed by.
    pub fn renamed(&self) -> BTreeMap<&str, &str> {
        let mut renamed = BTreeMap::new();
        for graft in &self.grafts {
            let own = graft.library.facts.soname.iter();
            for name in graft.sonames.iter().chain(own) {
                renamed.insert(name.as_str(), graft.member.as_str());
            }
        }
        renamed
    }

    /// The new member path of each old one that moves (ELF scripts), by old path.
    pub fn moved(&self) -> BTreeMap<&str, &str> {
        let moved = self
            .edits
            .iter()
            .filter_map(|edit| Some((edit.path.as_str(), edit.moved_to.as_deref()?)));
        moved.collect()
    }
}

/// Said before the work: no file system takes such a name.
fn refuse_long_name(name: &WheelName, input: &str) -> Result<(), Error> {
    let length = name.to_string().len();
    if length <= MAX_NAME {
        return Ok(());
    }
    let message =
        format!("the result's file name would have {length} bytes, and {MAX_NAME} are the most");
    let finding = Finding::error("output-name", message)
        .help("--no-update-tags keeps the name, --only-plat claims fewer tags");
    Err(Error::new(ErrorKind::Usage, input, finding))
}

fn refuse_unrepairable(
    wheel: &Wheel,
    audit: &Audit,
    options: &RepairOptions,
    input: &str,
) -> Result<(), Error> {
    let known = wheel.findings.iter().chain(&audit.findings);
    // `linux` promises nothing, so what no tag allows may stay.
    let linux = options
        .audit
        .plat
        .as_ref()
        .is_some_and(PlatRequest::is_linux);
    let mut findings: Vec<Finding> = known
        .clone()
        .filter(|finding| blocks_repair(finding))
        .filter(|finding| !linux || finding.code != "libpython-linked")
        .map(|finding| finding.clone().with(Severity::Error))
        .collect();
    let raised = options.audit.levels.apply(known);
    let raised = raised.into_iter();
    findings.extend(raised.filter(|finding| finding.severity == Severity::Error));
    findings.dedup();
    if findings.is_empty() {
        return Ok(());
    }
    Err(Error::many(ErrorKind::Refused, input, findings))
}

#[cfg(test)]
mod tests;
