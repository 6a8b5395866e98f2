//! What a repair made.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::finding::Finding;
use crate::repair::Plan;
use crate::repair::apply::editing::Stripped;
use crate::wheel::Wheel;
use crate::wheel::Written;

/// A repaired wheel.
#[derive(Debug)]
pub struct Repaired {
    /// Where it is.
    pub path: PathBuf,
    /// Its members.
    pub members: Vec<Written>,
    /// Size of the file in bytes.
    pub size: u64,
    /// Whether a file with the same bytes was already there.
    pub unchanged: bool,
    /// What was stripped: from libraries that came in, then from members.
    pub stripped: Vec<Stripped>,
    /// What was found while editing.
    pub findings: Vec<Finding>,
}

impl Repaired {
    /// Members that the input had not, the largest first.
    pub fn added(&self, wheel: &Wheel) -> Vec<&Written> {
        let known: BTreeSet<&str> = wheel
            .members
            .iter()
            .map(|member| member.path.as_str())
            .collect();
        let mut added: Vec<&Written> = self
            .members
            .iter()
            .filter(|member| !known.contains(member.path.as_str()))
            .collect();
        added.sort_by(|left, right| (right.size, &left.path).cmp(&(left.size, &right.path)));
        added
    }

    /// SHA-256 of the file.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn sha256(&self) -> io::Result<[u8; 32]> {
        let mut hasher = Sha256::new();
        let mut file = File::open(&self.path)?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok(hasher.finalize().into());
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
        }
    }
}

impl Plan {
    /// Whether the result no longer has what `finding` told of `wheel`. There is a plan only where each
    /// need is reached in the result; its tags are those of its name. Of an executable that moves, what
    /// was wrong is still told: it is started by a script from then on.
    pub fn mends(&self, finding: &Finding, wheel: &Wheel) -> bool {
        let (old, new) = (&wheel.name.platform, &self.name.platform);
        let for_index = || !new.iter().any(|tag| tag.as_str().starts_with("linux_"));
        let moves = || {
            let mut moved = self.edits.iter().filter(|edit| edit.moved_to.is_some());
            moved.any(|edit| finding.file.as_deref() == Some(&edit.path))
        };
        match finding.code {
            "lib-unreachable" => !moves(),
            "tag-undeserved" | "tag-weak" => old != new,
            "pypi-platform-tag" => old != new && for_index(),
            _ => false,
        }
    }
}
