//! Is the wheel that was written the wheel that was promised? Asked before it gets its name.

use std::path::Path;

use crate::audit::{AuditOptions, audit};
use crate::finding::{Finding, Levels};
use crate::host::Host;
use crate::repair::Plan;
use crate::tag::PlatformTag;
use crate::wheel::read_back::{Expected, read_fresh};
use crate::wheel::{Wheel, Written};

/// Reads the wheel at `path` back: it is sound, holds the grafts under their names, and
/// deserves the tag that the plan is for.
///
/// # Errors
/// The first thing that is not so.
pub(in crate::repair) fn check(
    plan: &Plan,
    input: &Wheel,
    host: &Host,
    path: &Path,
    written: &[Written],
) -> Result<(), Finding> {
    let fresh = &read_fresh(path, &plan.name, written)?;
    let expected = Expected {
        name: &plan.name,
        input,
        written,
        fresh,
    };
    promised(plan, host, path, expected)
}

/// Is what was read back the plan's wheel?
fn promised(plan: &Plan, host: &Host, path: &Path, expected: Expected<'_>) -> Result<(), Finding> {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::elf::facts;
    use crate::host::HostOptions;
    use crate::repair::{GraftCache, RepairOptions};
    use crate::wheel::OpenOptions;
    use elf_synth::Synth;
    use wheel_synth::{Ends, archive, entry, on_disk};

    struct Made {
        _folder: tempfile::TempDir,
        input: Wheel,
        store: GraftCache,
        plan: Plan,
        written: Vec<Written>,
        path: PathBuf,
    }

    fn made() -> Made {
        let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata");
        let wheel = data.join("wheels/greet-1.0-cp38-abi3-linux_x86_64.whl");
        let input = Wheel::open(&wheel, &OpenOptions::for_repair()).unwrap();
        let store = GraftCache::new(Host::new(HostOptions {
            no_host: true,
            lib_paths: vec![data.join("libs/x86_64-glibc")],
            ..HostOptions::default()
        }));
        let judgement = audit(&input, store.host(), &AuditOptions::default()).unwrap();
        let options = RepairOptions::default();
        let plan = Plan::new(&input, &judgement, store.host(), &options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let repaired = plan.apply(&input, &store, folder.path()).unwrap();
        Made {
            _folder: folder,
            input,
            store,
            plan,
            written: repaired.members,
            path: repaired.path,
        }
    }

    impl Made {
        /// As [`check`], of a wheel that its writer would vouch for, with `bytes` in the place of
        /// the member that `which` picks.
        fn check(
            &self,
            path: &Path,
            which: impl Fn(&str) -> bool,
            bytes: &[u8],
        ) -> Result<(), Finding> {
            let result = Wheel::open(&self.path, &OpenOptions::default()).unwrap();
            let facts_of = |path: &str| {
                if which(path) {
                    return facts(&bytes).ok().map(Arc::new);
                }
                let mut elves = result.elves.iter();
                elves
                    .find(|elf| elf.path == path)
                    .map(|elf| Arc::clone(&elf.facts))
            };
            let new = self.written.iter().filter(|written| !written.copied);
            let fresh: Vec<_> = new.map(|written| facts_of(&written.path)).collect();
            let expected = Expected {
                name: &self.plan.name,
                input: &self.input,
                written: &self.written,
                fresh: &fresh,
            };
            promised(&self.plan, self.store.host(), path, expected)
        }

        /// Why the result is refused with the member that `which` picks replaced by `bytes`.
        fn refused(&self, which: impl Fn(&str) -> bool, bytes: &[u8]) -> String {
            let result = Wheel::open(&self.path, &OpenOptions::default()).unwrap();
            let members = result.members.iter().enumerate();
            let entries: Vec<_> = members
                .map(|(id, member)| {
                    let own = || result.read(id, u64::MAX).unwrap();
                    let replaced = which(&member.path).then(|| bytes.to_vec());
                    entry(&member.path, replaced.unwrap_or_else(own))
                })
                .collect();
            let disk = on_disk(&archive(&entries, &Ends::default()));
            let finding = self.check(&disk.path, which, bytes).unwrap_err();
            assert_eq!(finding.code, "self-check");
            finding.message
        }
    }

    #[test]
    fn only_the_wheel_that_was_promised_passes() {
        let made = made();
        made.check(&made.path, |_| false, b"").unwrap();
        let host = made.store.host();
        check(&made.plan, &made.input, host, &made.path, &made.written).unwrap();

        let graft = made.plan.grafts[0].member.clone();
        let synth = || Synth::new(true, false).needed("libc.so.6");
        let other = synth().soname("libother.so.1").build();
        let message = made.refused(|path| path == graft, &other);
        assert!(message.contains("is not there as"), "{message}");
        let message = made.refused(|path| path == graft, b"no library");
        assert!(message.contains("is not there as"), "{message}");

        let is_extension = |path: &str| path.ends_with("_greet.abi3.so");
        let newer = synth()
            .needs("libc.so.6", &["GLIBC_2.38"])
            .import("strlcpy", Some("GLIBC_2.38"));
        let message = made.refused(is_extension, &newer.build());
        assert!(message.contains("it deserves manylinux_2_38"), "{message}");
        let lost = synth().needed("liblost.so.1").build();
        let message = made.refused(is_extension, &lost);
        assert!(message.contains("it deserves linux_x86_64"), "{message}");

        let is_wheel = |path: &str| path.ends_with(".dist-info/WHEEL");
        let text = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp38-abi3-linux_x86_64\n";
        let message = made.refused(is_wheel, text.as_bytes());
        assert!(message.contains("wheel-tags-differ"), "{message}");
        let message = made.refused(|path| path.ends_with("/METADATA"), b"Name: other\n");
        assert!(message.contains("metadata-"), "{message}");
    }
}
