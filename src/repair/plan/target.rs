//! Which tag a repair is made for, and which tags the result claims.

use crate::audit::verdict::{needs_more, pyfpe_symbol, ucs2_symbol};
use crate::audit::{Audit, Blame, Input, verdict::blame};
use crate::elf::RpathKind;
use crate::elf::arch::IsaLevel;
use crate::finding::{Error, ErrorKind, Finding};
use crate::platform::linux::policy::markers::{MARKERS, marker};
use crate::platform::linux::policy::{Rung, Since};
use crate::repair::{Plan, RepairOptions};
use crate::tag::{Libc, PlatformTag, WheelName};
use crate::wheel::{ElfMember, Wheel};

/// The goal of a repair.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    /// The tag that decides what is grafted.
    pub tag: String,
    /// Its rung; `None` for `linux_*`, which promises nothing but has everything grafted.
    pub rung: Option<Rung>,
    /// What the result deserves.
    pub deserved: Since,
    /// The platform tags to add to the file name.
    pub claim: Vec<String>,
    /// The platform tag that they replace.
    pub replace: String,
}

/// The code of what keeps a wheel from every tag there is.
const HOPELESS: &str = "pyfpe";

/// Codes of findings that say why no tag allows the symbols of a file.
const NEVER: [&str; 3] = ["glibc-private", "relr-unmarked", "version-never"];

/// Chooses the goal of a repair whose result deserves `reached` at best.
///
/// # Errors
/// `ErrorKind::OutOfReach` with the parts of the verdict that stand in the way.
pub(crate) fn choose(
    wheel: &Wheel,
    audit: &Audit,
    options: &RepairOptions,
    reached: Since,
) -> Result<Goal, Error> {
    let candidates = &audit.candidates;
    let rung = match &options.audit.plat {
        Some(request) if request.is_linux() => return Ok(linux_goal(audit, reached)),
        Some(request) => audit.rung_asked(request, &wheel.path)?,
        None => match reached {
            Since::Rung(rung) => rung,
            // Auditwheel then tries the newest tag, and says what stands in its way.
            Since::Never => candidates.newest(),
        },
    };
    let mut obstacles = obstacles(wheel, audit, rung);
    if let Some(last) = obstacles.last_mut() {
        if let Since::Rung(_) = reached {
            let line = format!("in reach is --plat {}", audit.repairable_to());
            let help = last.help.take().map(|help| format!("{help}\n{line}"));
            last.help = Some(help.unwrap_or(line));
        }
        let input = wheel.path.display().to_string();
        let guilty = Guilty::new(wheel, audit, rung);
        // No other tag would do.
        let hopeless = obstacles.iter().all(|one| one.code == HOPELESS);
        let kind = if hopeless {
            ErrorKind::Refused
        } else {
            ErrorKind::OutOfReach
        };
        let error = Error::many(kind, input, obstacles);
        return Err(error.because(blame::evidence(audit, guilty.0)));
    }
    let mut claim = candidates.names(Since::Rung(rung));
    if !options.only_plat && reached < Since::Rung(rung) {
        claim.splice(0..0, candidates.names(reached));
    }
    Ok(Goal {
        tag: candidates.tag_name(Since::Rung(rung)),
        rung: Some(rung),
        deserved: reached,
        claim,
        replace: format!("linux_{}", audit.arch),
    })
}

fn linux_goal(audit: &Audit, deserved: Since) -> Goal {
    Goal {
        deserved,
        tag: audit.candidates.tag_name(Since::Never),
        rung: None,
        claim: audit.candidates.names(Since::Never),
        replace: String::new(),
    }
}

/// Bionic reads `DT_RUNPATH` from level 24 on, and never `DT_RPATH`.
///
/// Source: <https://android.googlesource.com/platform/bionic/+/main/android-changes-for-ndk-developers.md>
///
/// # Errors
/// A finding if files could not be found on the level of the tag.
pub(in crate::repair) fn check_android(audit: &Audit, plan: &Plan) -> Result<(), Vec<Finding>> {
    if audit.libc != Libc::Android {
        return Ok(());
    }
    if plan.options.rpath.kind == Some(RpathKind::Rpath) {
        let message = "--rpath-kind rpath is of no use: Android reads only RUNPATH";
        return Err(vec![Finding::error("android-rpath", message)]);
    }
    let level = PlatformTag::new(plan.tag.as_str()).version();
    let old = level.is_some_and(|(level, _)| level < 24);
    if old && !plan.grafts.is_empty() {
        let message = format!(
            "{} cannot find libraries brought in: Android reads RUNPATH from level 24 on",
            plan.tag
        );
        let help = "build for android_24 or newer, or link the libraries statically";
        return Err(vec![Finding::error("android-rpath", message).help(help)]);
    }
    Ok(())
}

/// What keeps the wheel from `rung`.
fn obstacles(wheel: &Wheel, audit: &Audit, rung: Rung) -> Vec<Finding> {
    let verdict = &audit.verdict;
    let goal = Since::Rung(rung);
    let tag = audit.candidates.tag_name(goal);
    let mut found = Vec::new();
    let guilty = Guilty::new(wheel, audit, rung);
    if verdict.symbols > goal {
        let message = format!("cannot become {tag}: it needs too-recent versioned symbols");
        let help = guilty.help(
            audit,
            |blame| !blame.version.is_empty(),
            &guilty.advice(audit),
        );
        let told = audit
            .findings
            .iter()
            .filter(|one| NEVER.contains(&one.code));
        let told = told.map(|one| {
            let file = one.file.as_ref().map(|file| format!("{file} "));
            format!("{}{} [{}]", file.unwrap_or_default(), one.message, one.code)
        });
        let lines = told
            .take(Guilty::LINES)
            .chain((!help.is_empty()).then_some(help));
        let help = lines.collect::<Vec<String>>().join("\n");
        found.push(Finding::error("symbols-too-new", message).help(help));
    }
    if verdict.ucs2 {
        let message =
            format!("cannot become {tag}: it was built for a narrow-unicode (UCS2) Python");
        let mut lines = users(wheel, audit, ucs2_symbol);
        lines.push("build it with a wide-unicode Python".to_owned());
        found.push(Finding::error("ucs2", message).help(lines.join("\n")));
    }
    if verdict.pyfpe {
        let message = format!(
            "cannot become {tag}: it uses PyFPE_jbuf or its like, which only a Python built with \
             --with-fpectl has"
        );
        let mut lines = users(wheel, audit, pyfpe_symbol);
        lines.push(
            "build it with a Python that lacks fpectl, as those of the manylinux images".to_owned(),
        );
        found.push(Finding::error("pyfpe", message).help(lines.join("\n")));
    }
    if verdict.forbidden > goal {
        let message = format!("cannot become {tag}: it uses symbols that the policy forbids");
        let help = guilty.help(audit, |blame| blame.version.is_empty(), "");
        found.push(Finding::error("symbols-forbidden", message).help(help));
    }
    if verdict.isa > goal {
        let message = format!("cannot become {tag}: it needs instruction sets beyond the baseline");
        let mut lines = users(wheel, audit, |elf| {
            needs_more(&elf.facts, IsaLevel::V1).then_some("more than the baseline")
        });
        lines.push("build for the baseline, or pass --disable-isa-ext-check".to_owned());
        found.push(Finding::error("isa", message).help(lines.join("\n")));
    }
    found
}

/// `pkg/m.so uses PyFPE_jbuf`, a line for each of the first files of which `what` says something.
fn users<'a>(
    wheel: &'a Wheel,
    audit: &Audit,
    what: impl Fn(&'a ElfMember) -> Option<&'a str>,
) -> Vec<String> {
    let judged = wheel.elves.iter().zip(&audit.judged);
    let judged = judged.filter(|(_, judged)| **judged);
    let lines = judged.filter_map(|(elf, _)| Some(format!("{} uses {}", elf.path, what(elf)?)));
    lines.take(Guilty::LINES).collect()
}

/// The symbols that stand in the way of a goal.
struct Guilty(Vec<Blame>, Rung);

impl Guilty {
    /// How many lines of an error's help they may take.
    const LINES: usize = 6;

    fn new(wheel: &Wheel, audit: &Audit, rung: Rung) -> Self {
        let goal = Since::Rung(rung);
        let mut blame = blame::blame(audit, &Input::from(wheel), goal);
        blame.retain(|blame| blame.since > goal);
        Self(blame, rung)
    }

    /// What helps against versions that are too new: the linker's markers have remedies of their own.
    fn advice(&self, audit: &Audit) -> String {
        let asked = |version: &str| self.0.iter().any(|blame| blame.version == version);
        let markers = MARKERS.iter().filter(|marker| asked(marker.version));
        let mut advice: Vec<&str> = markers.map(|marker| marker.remedy).collect();
        let plain = |blame: &Blame| !blame.version.is_empty() && marker(&blame.version).is_none();
        if self.0.iter().any(plain) {
            advice.push("compile it on an older system, such as a manylinux image of that tag");
        }
        if self.1 < audit.candidates.newest() && audit.verdict.symbols != Since::Never {
            advice.push("or ask for a newer tag");
        }
        advice.join(", ")
    }

    /// The worst of them, one a line, how many there are, then `advice`.
    fn help(&self, audit: &Audit, which: impl Fn(&Blame) -> bool, advice: &str) -> String {
        let blame: Vec<Blame> = self.0.iter().filter(|one| which(one)).cloned().collect();
        let mut lines = blame::lines(audit, &blame, Self::LINES);
        let all = blame.first();
        let all = all.map(|worst| blame::Step::of(&blame, worst.since, self.1));
        lines.extend(all.map(|all| all.sentence(audit, "wheel")));
        lines.extend((!advice.is_empty()).then(|| advice.to_owned()));
        lines.join("\n")
    }
}

impl Goal {
    /// The file name with the tags of this goal, and the claims of the input that go because the
    /// result does not deserve them.
    pub(crate) fn rename(&self, name: &WheelName, audit: &Audit) -> (WheelName, Vec<PlatformTag>) {
        let claims = name
            .platform
            .iter()
            .filter(|tag| !tag.is_any() && tag.as_str() != self.replace);
        let (kept, gone): (Vec<PlatformTag>, Vec<PlatformTag>) = claims
            .cloned()
            .partition(|tag| audit.deserves_at(self.deserved, tag));
        let mut platform = kept;
        platform.extend(self.claim.iter().map(PlatformTag::new));
        platform.sort();
        platform.dedup();
        let name = WheelName {
            platform,
            ..name.clone()
        };
        (name, gone)
    }

    /// `--no-update-tags`: the name stays, so the result must deserve what it says.
    ///
    /// # Errors
    /// One finding for each tag that it would not.
    pub(in crate::repair) fn check_kept(
        &self,
        name: &WheelName,
        audit: &Audit,
        input: &str,
    ) -> Result<(), Error> {
        let undeserved = name
            .platform
            .iter()
            .filter(|tag| !audit.deserves_at(self.deserved, tag));
        let findings = undeserved.map(|tag| {
            let message = format!(
                "the file name claims {tag}, which the result would not deserve, only {}",
                audit.candidates.tag_name(self.deserved)
            );
            let help = "repair it without --no-update-tags, which corrects the name";
            Finding::error("tag-undeserved", message).help(help)
        });
        let findings: Vec<Finding> = findings.collect();
        if findings.is_empty() {
            return Ok(());
        }
        Err(Error::many(ErrorKind::OutOfReach, input, findings))
    }
}

/// What to say of claims that go.
pub(in crate::repair) fn gone(tags: &[PlatformTag]) -> Vec<Finding> {
    let findings = tags.iter().map(|tag| {
        let message = format!(
            "the file name claims {tag}, which the result does not deserve: the claim goes"
        );
        Finding::warning("tag-dropped", message)
    });
    findings.collect()
}
