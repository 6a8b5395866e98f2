//! Whether a tag that is claimed is deserved.

use crate::audit::libraries::missing::missing;
use crate::audit::verdict::blame::count;
use crate::audit::{Audit, Input, PlatRequest};
use crate::finding::{Finding, Severity};
use crate::platform::linux::policy::Since;
use crate::shell::Advice;
use crate::tag::PlatformTag;

impl Audit {
    /// Whether the input as it is keeps what `tag` promises: it was judged for that architecture
    /// and C library, and the tag that it deserves is as old as `tag` or older. Libraries of the
    /// machine's drivers do not count: repairs leave them outside, and a finding tells.
    pub fn deserves(&self, tag: &PlatformTag) -> bool {
        self.deserves_at(self.verdict.drivers_apart, tag)
    }

    /// Whether what deserves `deserved` keeps what `tag` promises.
    ///
    /// With policies of files, the first that says what `tag` means is asked. What is deserved by one
    /// that the repair is not made for is what is deserved without it.
    pub fn deserves_at(&self, deserved: Since, tag: &PlatformTag) -> bool {
        let mut measured = self.by_policy.iter();
        let by_file = measured.find_map(|(candidates, as_is)| {
            let own = candidates.is_by_policy_of(&self.candidates);
            candidates.deserves(tag, if own { deserved } else { *as_is })
        });
        if let Some(deserved) = by_file {
            return deserved;
        }
        if tag.arch() != Some(self.arch) {
            return false;
        }
        let own = PlatformTag::new(self.candidates.tag_name(deserved));
        let promise = |tag: &PlatformTag| tag.libc().zip(tag.version());
        match (promise(&own), promise(tag)) {
            (Some((own_libc, own)), Some((libc, version))) if own_libc == libc => own <= version,
            (Some(_), Some(_)) => self.any_libc,
            // `linux_*` promises nothing.
            (_, None) => tag.is_linux(),
            (None, Some(_)) => false,
        }
    }

    /// The tags that the wheel claims, or the tag `plat`, as far as it does not deserve them; one
    /// error each. `found` is what else was found: some of it stands in the way of a repair.
    pub fn undeserved(&self, question: &Claims<'_>, found: &[Finding]) -> Vec<Finding> {
        let Claims {
            input,
            plat,
            advice,
        } = *question;
        let request = plat.and_then(PlatRequest::parse);
        let requested = request.map(|request| [request.tag(self.arch)]);
        let tags = match &requested {
            Some(tag) => tag.as_slice(),
            None => input.claimed(),
        };
        let undeserved = tags.iter().filter(|tag| !self.deserves(tag));
        let findings = undeserved.map(|tag| {
            let deserved = self.candidates.tag_name(self.verdict.drivers_apart);
            let message = format!("does not deserve {tag}, only {deserved}");
            let finding = Finding::error("tag-undeserved", message);
            match self.remedy(tag, input, advice, found) {
                Some(help) => finding.help(help),
                None => finding,
            }
        });
        findings.collect()
    }

    /// What a repair would do for `tag`, and what must be done before it can.
    fn remedy(
        &self,
        tag: &PlatformTag,
        input: &Input<'_>,
        advice: &Advice,
        found: &[Finding],
    ) -> Option<String> {
        if input.wheel.is_none() || self.verdict.repaired >= self.verdict.as_is {
            return None;
        }
        let reached = self.repairable_to();
        let promised = PlatformTag::new(reached.as_str()).version();
        let enough = promised
            .zip(tag.version())
            .is_some_and(|(reached, tag)| reached <= tag);
        let reached = if enough {
            reached
        } else {
            format!("no more than {reached}")
        };
        let command = advice.repair(&[], input.path);
        let Some(obstacle) = self.obstacle(input, found) else {
            return Some(format!("a repair would reach {reached}: {command}"));
        };
        Some(format!("{obstacle}; a repair would then reach {reached}"))
    }

    /// What must be done before a repair can succeed, if anything must.
    pub fn obstacle(&self, input: &Input<'_>, found: &[Finding]) -> Option<String> {
        if let Some(blocking) = found.iter().find(|one| blocks_repair(one)) {
            return Some(format!(
                "what [{}] tells must be mended first",
                blocking.code
            ));
        }
        let missing = missing(self, input, self.verdict.repaired);
        let soname = &missing.first()?.soname;
        let others = match missing.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {}", count(more, "other library")),
        };
        Some(format!(
            "{soname}{others} must be found first, with --lib-path DIR, or be left to the system with --exclude"
        ))
    }
}

/// What [`Audit::undeserved`] asks.
#[derive(Clone, Copy, Debug)]
pub struct Claims<'a> {
    /// What was judged.
    pub input: &'a Input<'a>,
    /// The tag to hold it against, instead of those that it claims.
    pub plat: Option<&'a str>,
    /// How a repair is advised.
    pub advice: &'a Advice,
}

/// Warnings that forbid a rewrite: what they are about would be laundered or broken, or stay as it is.
const BLOCKING: [&str; 3] = ["elf-loads-also", "libpython-linked", "needed-path"];

/// Whether a repair refuses a wheel of which this is told.
pub(crate) fn blocks_repair(finding: &Finding) -> bool {
    finding.severity == Severity::Warning && BLOCKING.contains(&finding.code)
}

#[cfg(test)]
mod tests {
    use crate::audit::PlatRequest;
    use crate::elf::arch::Arch;

    #[test]
    fn a_request_becomes_a_whole_tag() {
        let tag = |text: &str| PlatRequest::parse(text).unwrap().tag(Arch::Aarch64);
        assert_eq!(tag("manylinux2014").as_str(), "manylinux2014_aarch64");
        assert_eq!(
            tag("manylinux_2_28_x86_64").as_str(),
            "manylinux_2_28_x86_64"
        );
        assert_eq!(tag("android_24").as_str(), "android_24_arm64_v8a");
    }
}
