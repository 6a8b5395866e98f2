//! Whether a tag that is claimed is deserved.

use super::{Audit, Input, PlatRequest};
use crate::finding::Finding;
use crate::tag::PlatformTag;

impl Audit {
    /// Whether the input as it is keeps what `tag` promises: it was judged for that architecture
    /// and C library, and the tag that it deserves is as old as `tag` or older.
    pub fn deserves(&self, tag: &PlatformTag) -> bool {
        if tag.arch() != Some(self.arch) {
            return false;
        }
        let own = PlatformTag::new(self.tag());
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
    /// error each.
    pub fn undeserved(&self, input: &Input<'_>, plat: Option<&str>) -> Vec<Finding> {
        let request = plat.and_then(PlatRequest::parse);
        let requested = request.map(|request| [request.tag(self.arch)]);
        let tags = match &requested {
            Some(tag) => tag.as_slice(),
            None => input.claimed(),
        };
        let undeserved = tags.iter().filter(|tag| !self.deserves(tag));
        let findings = undeserved.map(|tag| {
            let message = format!("does not deserve {tag}, only {}", self.tag());
            let finding = Finding::error("tag-undeserved", message);
            if self.verdict.repaired < self.verdict.as_is {
                let reached = self.repairable_to();
                finding.help(format!("a repair would reach {reached}: audit repair"))
            } else {
                finding
            }
        });
        findings.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::arch::Arch;
    use crate::audit::PlatRequest;

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
