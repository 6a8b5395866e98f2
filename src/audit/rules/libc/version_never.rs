//! Versions that no release of a library defines: the loader refuses the file everywhere.

use crate::audit::libraries::external::Inside;
use crate::audit::rules::{Case, File};
use crate::finding::Finding;
use crate::platform::linux::policy::{Known, Ladder};
use crate::platform::linux::resolve::NodeId;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let inside = case.inside();
    let told = case
        .nodes()
        .flat_map(|(node, file)| of_file(case, &inside, node, file));
    told.collect()
}

fn of_file(case: &Case<'_>, inside: &Inside<'_>, node: NodeId, file: File<'_>) -> Vec<Finding> {
    let audit = case.audit;
    let needs = file.facts.version_needs.iter();
    // A copy that is in the wheel or comes in has versions of its own.
    let needs = needs.filter(|need| !inside.provides(node, &need.library));
    let versions = needs.flat_map(|need| need.versions.iter().map(move |version| (need, version)));
    let told = versions.filter_map(|(need, version)| {
        let (library, name) = (&need.library, &version.name);
        let finding = match audit.candidates.knows(library, name) {
            Known::Never if !version.weak => {
                let message = format!(
                    "requires {name} of {library}, which no release of it defines: no loader takes the file"
                );
                let help = "link it against the real library: a stub or a wrong version script names such versions";
                Finding::warning("version-never", message).help(help)
            }
            Known::TooNew => {
                let message = format!(
                    "requires {name} of {library}, far newer than glibc {}, the newest one known here: no tag is known for it",
                    Ladder::newest_glibc()
                );
                Finding::note("newer-glibc", message)
            }
            Known::Never | Known::Defined => return None,
        };
        Some(file.told(finding))
    });
    told.collect()
}
