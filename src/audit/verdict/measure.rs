//! Holds what is judged against the tags of one policy.

use std::sync::Arc;

use crate::audit::libraries::external::{External, externals};
use crate::audit::libraries::outside::Outside;
use crate::audit::target::Subject;
use crate::audit::verdict::candidate_tags::CandidateTags;
use crate::audit::verdict::{self, Verdict};
use crate::audit::{AuditOptions, Input, allowed_isa};
use crate::finding::Finding;
use crate::platform::linux::policy::{Ladder, Since};
use crate::platform::linux::resolve::Graph;

/// What every policy is asked about.
#[derive(Clone, Copy, Debug)]
pub(in crate::audit) struct Measuring<'a> {
    pub(in crate::audit) input: &'a Input<'a>,
    pub(in crate::audit) subject: &'a Subject,
    pub(in crate::audit) graph: &'a Graph,
    pub(in crate::audit) options: &'a AuditOptions,
}

/// What one policy says.
#[derive(Debug)]
pub(in crate::audit) struct Measured {
    pub(in crate::audit) candidates: CandidateTags,
    pub(in crate::audit) externals: Vec<External>,
    pub(in crate::audit) verdict: Verdict,
}

impl Measuring<'_> {
    /// By the first policy that has the tag asked for, else by the first.
    ///
    /// # Errors
    /// A finding if no policy knows that C library on that architecture, or the Android level.
    pub(in crate::audit) fn asked(self) -> Result<Measured, Finding> {
        let Self {
            subject, options, ..
        } = self;
        let ladders = options.policies.ladders(subject.libc, subject.arch);
        let asked = options.plat.as_ref().map(|request| {
            let suffix = subject.libc.arch_suffix(subject.arch);
            format!("{}_{suffix}", request.base)
        });
        let has_it = |ladder: &&Arc<Ladder>| asked.as_ref().is_some_and(|tag| ladder.has(tag));
        let found = ladders.iter().find(has_it).or_else(|| ladders.first());
        let Some(ladder) = found else {
            let message = format!(
                "no policy is known for {} on {}",
                subject.libc.as_str(),
                subject.arch
            );
            return Err(Finding::error("no-policy", message));
        };
        self.by(ladder)
    }

    /// With policies of files: what is deserved by each, in the order in which they are asked. Else
    /// nothing.
    pub(in crate::audit) fn each(self) -> Vec<(CandidateTags, Since)> {
        let Self {
            subject, options, ..
        } = self;
        if options.policies.is_builtin() {
            return Vec::new();
        }
        let ladders = options.policies.ladders(subject.libc, subject.arch);
        let measured = ladders.iter().filter_map(|ladder| self.by(ladder).ok());
        measured
            .map(|one| (one.candidates, one.verdict.drivers_apart))
            .collect()
    }

    fn by(self, ladder: &Arc<Ladder>) -> Result<Measured, Finding> {
        let Self {
            input,
            subject,
            graph,
            options,
        } = self;
        let elves = input.elves;
        let judged = &subject.judged;
        let candidates =
            CandidateTags::new(Arc::clone(ladder), &subject.target, elves, graph, judged)?;
        let outside = Outside::new(&candidates, &options.vendor);
        let externals = externals(graph, elves.len(), judged, &candidates, &outside);
        let verdict = verdict::judge(&verdict::Question {
            abi: input.wheel.map_or(&[], |wheel| &wheel.name.abi),
            isa: allowed_isa(input, options),
            elves,
            judged,
            graph,
            externals: &externals,
            candidates: &candidates,
            options,
        });
        Ok(Measured {
            candidates,
            externals,
            verdict,
        })
    }
}
