//! Is the wheel that was written the wheel that was promised? Asked before it gets its name.

use std::path::Path;

use super::Plan;
use crate::audit::{AuditOptions, audit};
use crate::finding::{Finding, Levels};
use crate::host::Host;
use crate::tag::PlatformTag;
use crate::wheel::Wheel;
use crate::wheel::read_back::Expected;
use crate::wheel::write::Written;

/// Reads the wheel at `path` back: it is sound, holds the grafts under their names, and
/// deserves the tag that the plan is for.
///
/// # Errors
/// The first thing that is not so.
pub(super) fn check(
    plan: &Plan,
    input: &Wheel,
    host: &Host,
    path: &Path,
    written: &[Written],
) -> Result<(), Finding> {
    let expected = Expected {
        name: &plan.name,
        input,
        written,
    };
    let wheel = Wheel::read_back(path, expected).map_err(|findings| {
        let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
        failed(&said.join("; "))
    })?;
    grafts_are_there(plan, &wheel)?;
    deserved(plan, &wheel, host)
}

fn grafts_are_there(plan: &Plan, wheel: &Wheel) -> Result<(), Finding> {
    for graft in &plan.grafts {
        let mut found = wheel.elves.iter().filter(|elf| elf.path == graft.member);
        let there = found.next().is_some_and(|elf| {
            let meant = graft.edit.soname.as_ref();
            meant.is_none_or(|meant| elf.facts.soname.as_ref() == Some(meant))
        });
        if !there {
            let message = format!("{} is not there as {}", graft.member, graft.new_soname);
            return Err(failed(&message));
        }
    }
    Ok(())
}

fn deserved(plan: &Plan, wheel: &Wheel, host: &Host) -> Result<(), Finding> {
    let tag = PlatformTag::new(plan.tag.as_str());
    if tag.is_linux() {
        return Ok(());
    }
    let mut options = AuditOptions {
        levels: Levels::default(),
        // What was asked for is in the wheel now.
        include: Vec::new(),
        ..plan.options.audit.clone()
    };
    let judge = |options: &AuditOptions| {
        audit(wheel, host, options).map_err(|error| failed(&error.to_string()))
    };
    let mut judgement = judge(&options)?;
    // Drivers are left outside on purpose, though no tag allows it.
    let externals = judgement.externals.iter();
    let drivers: Vec<String> = externals
        .filter(|external| external.driver)
        .map(|external| external.soname.clone())
        .collect();
    if !drivers.is_empty() {
        options.exclude.extend(drivers);
        judgement = judge(&options)?;
    }
    if judgement.deserves(&tag) {
        return Ok(());
    }
    let message = format!("it deserves {}, not {tag}", judgement.tag());
    Err(failed(&message))
}

fn failed(what: &str) -> Finding {
    let message =
        format!("the repaired wheel does not pass the check before it is published: {what}");
    Finding::error("self-check", message)
        .help("please report this with the wheel; nothing was written")
}
