//! The tags that one wheel is measured against.
//!
//! A ladder of the policy floor, narrowed to what applies: a musl wheel is measured against
//! one tag, an Android wheel against the level in its name, and a glibc newer than the
//! tables gets the name that PEP 600 gives it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::audit::target::TargetSpec;
use crate::elf::arch::Arch;
use crate::finding::Finding;
use crate::platform::linux::policy::{Known, Ladder, Rung, Since};
use crate::platform::linux::resolve::{Graph, Origin};
use crate::tag::{CLibrary as _, Libc, PlatformTag};
use crate::wheel::ElfMember;

/// Tags, oldest first; smaller rungs are better.
#[derive(Clone, Debug)]
pub struct CandidateTags {
    ladder: Arc<Ladder>,
    rungs: RangeInclusive<Rung>,
    /// Minor versions of glibc 2 newer than the tables, ascending; their rungs follow the ladder's.
    beyond: Vec<u32>,
    /// The tag of the file name, where it stands for the rung (Android).
    fixed_name: Option<String>,
    arch: Arch,
}

impl CandidateTags {
    /// The scale for a wheel, by the tags of `ladder`.
    ///
    /// # Errors
    /// A finding that names the Android level that no policy knows.
    pub fn new(
        ladder: Arc<Ladder>,
        target: &TargetSpec,
        elves: &[ElfMember],
        graph: &Graph,
        judged: &[bool],
    ) -> Result<Self, Finding> {
        let newest = ladder.tags.len().saturating_sub(1);
        let mut candidates = Self {
            ladder,
            rungs: 0..=newest,
            beyond: Vec::new(),
            fixed_name: None,
            arch: target.arch,
        };
        match target.libc {
            Libc::Glibc => candidates.add_newer_glibc(elves, graph, judged),
            Libc::Musl => {
                let rung = candidates.musl_rung(target).unwrap_or(newest);
                candidates.rungs = rung..=rung;
            }
            Libc::Android => candidates.fix_android_level(target)?,
        }
        Ok(candidates)
    }

    /// Whether `tag` is as new as the place `reached`, or newer: it is deserved. `None` if no tag here
    /// says what `tag` means.
    pub fn deserves(&self, tag: &PlatformTag, reached: Since) -> Option<bool> {
        let rung = self.rung_of_tag(tag.as_str());
        let rung = rung.or_else(|| self.ladder.rung(tag.as_str()));
        if let Some(rung) = rung {
            return Some(reached <= Since::Rung(rung));
        }
        let rung = self.ladder.rung_at_or_below(tag.as_str())?;
        // What lies beyond the tables has its place by its number.
        let own = PlatformTag::new(self.tag_name(reached)).version();
        let by_number = own.is_some_and(|own| Some(own) <= tag.version());
        Some(by_number || reached <= Since::Rung(rung))
    }

    /// Whether both measure by one policy.
    pub fn is_by_policy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ladder, &other.ladder)
    }

    fn add_newer_glibc(&mut self, elves: &[ElfMember], graph: &Graph, judged: &[bool]) {
        let mut minors = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let facts = match &node.origin {
                Origin::Member(member) if judged.get(*member) != Some(&true) => continue,
                // What may stay outside is the system's own business.
                Origin::Host(library) if self.allowed_somewhere(library) => continue,
                _ => graph.facts(index, elves),
            };
            let needs = facts.iter().flat_map(|facts| &facts.version_needs);
            let versions =
                needs.flat_map(|need| need.versions.iter().map(move |version| (need, version)));
            let known = versions.filter(|(need, version)| {
                self.knows(&need.library, &version.name) == Known::Defined
            });
            minors.extend(known.filter_map(|(_, version)| self.beyond_minor(&version.name)));
        }
        minors.sort_unstable();
        minors.dedup();
        self.rungs = 0..=self
            .ladder
            .tags
            .len()
            .saturating_sub(1)
            .saturating_add(minors.len());
        self.beyond = minors;
    }

    fn beyond_minor(&self, version: &str) -> Option<u32> {
        self.ladder.glibc_beyond(version).map(|(_, minor)| minor)
    }

    fn allowed_somewhere(&self, library: &crate::host::HostLibrary) -> bool {
        let name = library.path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| self.ladder.library(&name) != Since::Never)
    }

    /// The rung that the request, or else the file name, asks for.
    fn musl_rung(&self, target: &TargetSpec) -> Option<Rung> {
        let requested = target
            .requested
            .as_ref()
            .map(|base| format!("{base}_{}", target.arch));
        let requested = requested.and_then(|tag| self.ladder.rung(&tag));
        requested.or_else(|| {
            target
                .claimed
                .iter()
                .filter_map(|tag| self.ladder.rung(tag.as_str()))
                .min()
        })
    }

    /// Android wheels keep their tag; the newest policy that is not newer applies (PEP 738).
    fn fix_android_level(&mut self, target: &TargetSpec) -> Result<(), Finding> {
        let [tag] = target.claimed.as_slice() else {
            let message = "an Android wheel must have exactly one platform tag";
            return Err(Finding::error("android-tags", message));
        };
        let level = android_level(tag.as_str());
        let levels = self
            .ladder
            .tags
            .iter()
            .map(|names| android_level(&names.name));
        let rung = levels
            .enumerate()
            .filter(|(_, known)| *known <= level)
            .map(|(rung, _)| rung)
            .max();
        let rung = rung.ok_or_else(|| {
            let message = format!("no Android policy matches the platform tag {tag}");
            Finding::error("android-level", message)
                .help("the oldest Android level that Python supports is 21")
        })?;
        self.rungs = rung..=rung;
        self.fixed_name = Some(tag.as_str().to_owned());
        Ok(())
    }

    /// The rungs that apply.
    pub fn rungs(&self) -> RangeInclusive<Rung> {
        self.rungs.clone()
    }

    /// The best tag there is.
    pub fn best(&self) -> Rung {
        *self.rungs.start()
    }

    /// The newest tag, which allows most.
    pub fn newest(&self) -> Rung {
        *self.rungs.end()
    }

    fn clamp(&self, since: Since) -> Since {
        match since {
            Since::Rung(rung) if rung <= self.newest() => Since::Rung(rung.max(self.best())),
            _ => Since::Never,
        }
    }

    /// The C library.
    pub fn libc(&self) -> Libc {
        self.ladder.libc
    }

    /// Whether `soname` is a part of the C library.
    pub fn owns(&self, soname: &str) -> bool {
        self.ladder.libc.owns(soname, self.arch)
    }

    /// From where on `soname` may stay outside the wheel.
    pub fn library(&self, soname: &str) -> Since {
        self.clamp(self.ladder.library(soname))
    }

    /// Whether `library` defines `version` in some release; see [`Ladder::knows`].
    pub fn knows(&self, library: &str, version: &str) -> Known {
        self.ladder.knows(library, version)
    }

    /// From where on a symbol version of `library` is allowed; `None` for those that are not judged.
    pub fn version(&self, library: &str, version: &str) -> Option<Since> {
        if self.knows(library, version) != Known::Defined {
            return Some(Since::Never);
        }
        if let Some(minor) = self.beyond_minor(version) {
            let place = self.beyond.iter().position(|known| *known == minor);
            return Some(place.map_or(Since::Never, |place| {
                Since::Rung(self.ladder.tags.len().saturating_add(place))
            }));
        }
        self.ladder.version(version).map(|since| self.clamp(since))
    }

    /// From where on an undefined `symbol` of `library` is allowed.
    pub fn symbol(&self, library: &str, symbol: &str) -> Since {
        self.clamp(self.ladder.symbol(library, symbol))
    }

    /// The libraries with symbols that some tag forbids.
    pub fn guards(&self, library: &str) -> bool {
        self.ladder.guards(library)
    }

    /// The tag's name, or `linux_<arch>` for [`Since::Never`].
    pub fn tag_name(&self, since: Since) -> String {
        self.names(since).swap_remove(0)
    }

    /// The tag's name and its legacy aliases.
    pub fn names(&self, since: Since) -> Vec<String> {
        let Since::Rung(rung) = since else {
            return vec![format!("linux_{}", self.arch)];
        };
        if let Some(name) = &self.fixed_name {
            return vec![name.clone()];
        }
        let known = self.ladder.tags.len();
        if let Some(names) = self.ladder.tags.get(rung) {
            std::iter::once(&names.name)
                .chain(&names.aliases)
                .cloned()
                .collect()
        } else {
            let minor = self
                .beyond
                .get(rung.saturating_sub(known))
                .copied()
                .unwrap_or_default();
            vec![format!("manylinux_2_{minor}_{}", self.arch)]
        }
    }

    /// The rung of a tag's base name or alias, such as `manylinux2014`.
    pub fn rung_of_base(&self, base: &str) -> Option<Rung> {
        let tag = format!("{base}_{}", self.arch);
        self.rung_of_tag(&tag)
    }

    /// The rung of a full tag or alias.
    pub fn rung_of_tag(&self, tag: &str) -> Option<Rung> {
        self.rungs().find(|rung| {
            self.names(Since::Rung(*rung))
                .iter()
                .any(|name| name == tag)
        })
    }

    /// Tells when `reached` lies beyond the tables.
    pub fn notes(&self, reached: Since, findings: &mut Vec<Finding>) {
        if matches!(reached, Since::Rung(rung) if rung >= self.ladder.tags.len()) {
            let newest = self
                .ladder
                .tags
                .last()
                .map_or("", |names| names.name.as_str());
            let message = format!(
                "{} is newer than the policies known here ({newest}); PEP 600 gives it its name",
                self.tag_name(reached)
            );
            findings.push(Finding::note("newer-glibc", message));
        }
    }
}

/// The API level in `android_24_arm64_v8a`; 0 if there is none.
pub(in crate::audit) fn android_level(tag: &str) -> u32 {
    tag.split('_')
        .nth(1)
        .and_then(|level| level.parse().ok())
        .unwrap_or_default()
}
