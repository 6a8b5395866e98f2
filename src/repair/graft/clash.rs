//! Names that are taken: a copy that the wheel has already is used, anything else is refused.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use sha2::{Digest as _, Sha256};

use crate::elf;
use crate::finding::Finding;
use crate::repair::graft::{Graft, Question};
use crate::wheel::{self, Member};

/// The grafts that are still to be added. File systems that ignore case count.
///
/// # Errors
/// One finding for each name that stands for two contents.
pub(in crate::repair) fn settle(
    question: &Question<'_>,
    grafts: Vec<Graft>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Graft>, Vec<Finding>> {
    let members: BTreeMap<String, &Member> = question
        .wheel
        .members
        .iter()
        .map(|member| (member.path.to_lowercase(), member))
        .collect();
    let mut problems = Vec::new();
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let mut added = Vec::with_capacity(grafts.len());
    for graft in grafts {
        let key = graft.member.to_lowercase();
        let path = graft.library.real_path.display().to_string();
        if let Err(reason) = wheel::check_path(&graft.member) {
            let message = format!("the copy of {path} cannot have this name: {reason}");
            let finding = Finding::error("graft-name", message).at(&graft.member);
            problems.push(finding.help("rename the library, or --exclude it"));
            continue;
        }
        if let Some(other) = sources.insert(key.clone(), path.clone()) {
            let message = format!("{other} and {path} would get the same name");
            problems.push(Finding::error("graft-clash", message).at(&graft.member));
            continue;
        }
        if let Some(other) = file_and_folder(&members, &key) {
            let message = format!(
                "`{other}` is a file where this graft needs a folder, or the other way round"
            );
            problems.push(Finding::error("graft-clash", message).at(&graft.member));
            continue;
        }
        let Some(member) = members.get(&key) else {
            added.push(graft);
            continue;
        };
        let equal = member.path == graft.member
            && member.sha256.is_some()
            && edited_sha256(question, &graft).ok() == member.sha256;
        if equal {
            let message = "is what a repair would add: it is used as it is";
            findings.push(Finding::note("graft-present", message).at(&member.path));
        } else {
            let message =
                format!("the name for the copy of {path} already exists with other content");
            problems.push(Finding::error("graft-clash", message).at(&member.path));
        }
    }
    if problems.is_empty() {
        Ok(added)
    } else {
        Err(problems)
    }
}

/// A member below `path`, or one that is a file where `path` has a folder.
fn file_and_folder<'a>(members: &'a BTreeMap<String, &Member>, path: &str) -> Option<&'a str> {
    let slash = path.match_indices('/').map(|(at, _)| at);
    let mut folders = slash.filter_map(|at| path.get(..at));
    let above = folders.find_map(|folder| members.get(folder));
    let inside = format!("{path}/");
    let mut below = members.range(inside.clone()..);
    let below = below.next().filter(|(key, _)| key.starts_with(&inside));
    let other = above.or(below.map(|(_, member)| member));
    other.map(|member| member.path.as_str())
}

/// SHA-256 of the copy. Only for names that are taken: it costs a whole edit.
fn edited_sha256(question: &Question<'_>, graft: &Graft) -> io::Result<[u8; 32]> {
    let mut bytes = Vec::new();
    let mut file = question.host.open(&graft.library)?;
    file.read_to_end(&mut bytes)?;
    let patch = elf::plan(&bytes, &graft.edit).map_err(io::Error::other)?;
    let mut hasher = HashSink(Sha256::new());
    patch.write(&mut bytes.as_slice(), &mut hasher)?;
    Ok(hasher.0.finalize().into())
}

struct HashSink(Sha256);

impl io::Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
