//! Goes through a plan without leaving anything: what `--dry-run` knows more than a plan.

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::finding::{Error, ErrorKind, Finding};
use crate::repair::Plan;
use crate::repair::apply::Assembly;
use crate::repair::apply::graft_cache::GraftCache;
use crate::wheel::Wheel;

/// What a repair would come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Size of the repaired wheel in bytes: known where a limit was asked for, since it has to
    /// be compressed to tell.
    pub size: Option<u64>,
    /// What was found while editing.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Plans and verifies every edit; under a size limit also makes the wheel, in a file that has
    /// no name and is gone at the end.
    ///
    /// # Errors
    /// Those that [`Plan::apply`] would end with before it puts a file in its place.
    pub fn dry_run(&self, wheel: &Wheel, store: &GraftCache) -> Result<DryRun, Error> {
        let refused = |findings| {
            let input = wheel.path.display().to_string();
            Error::many(ErrorKind::Refused, input, findings)
        };
        if self.keeps_bytes(wheel) {
            let size = wheel.file_size();
            self.refuse_large(wheel, size)
                .map_err(|finding| refused(vec![finding]))?;
            return Ok(DryRun {
                size: self.options.max_size.map(|_| size),
                findings: Vec::new(),
            });
        }
        let assembly = Assembly::new(self, wheel, store);
        if self.options.max_size.is_none() {
            let findings = assembly.edits().map_err(refused)?;
            return Ok(DryRun {
                size: None,
                findings,
            });
        }
        let made = assembly.members().map_err(refused)?;
        let size = nameless()
            .and_then(|mut file| assembly.write(&mut file, &made.members))
            .map_err(|finding| refused(vec![finding]))?;
        Ok(DryRun {
            size: Some(size.1),
            findings: made.findings,
        })
    }
}

fn nameless() -> Result<std::fs::File, Finding> {
    tempfile::tempfile().map_err(|error| {
        let message = format!("the folder for temporary files cannot hold the wheel: {error}");
        Finding::error("output", message)
    })
}

impl Assembly<'_> {
    /// What every edit tells, or why some cannot be done.
    fn edits(&self) -> Result<Vec<Finding>, Vec<Finding>> {
        let members = self.plan.edits.par_iter().map(|edit| {
            let path = edit.moved_to.as_ref().unwrap_or(&edit.path);
            let planned = self.edited(edit.member, &edit.edit);
            planned
                .map(|planned| planned.findings(path))
                .map_err(|finding| finding.at(&edit.path))
        });
        let grafts = self.plan.grafts.par_iter().map(|graft| {
            let prepared = self.store.prepared(&self.order(graft));
            prepared
                .map(|(_, planned)| planned.findings(&graft.member))
                .map_err(|finding| finding.at(graft.library.real_path.display().to_string()))
        });
        let outcomes: Vec<Result<Vec<Finding>, Finding>> = grafts.chain(members).collect();
        let (mut told, mut problems) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            match outcome {
                Ok(findings) => told.extend(findings),
                Err(finding) => problems.push(finding),
            }
        }
        if problems.is_empty() {
            Ok(told)
        } else {
            Err(problems)
        }
    }
}
