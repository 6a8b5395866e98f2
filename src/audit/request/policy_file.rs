//! Policies of files: `--policy`.

use std::path::PathBuf;

use crate::finding::{Error, ErrorKind, Finding};
use crate::platform::linux::policy::Policies;
use crate::wheel::Source;

/// Many times the size of the built-in tables.
const LARGEST: u64 = 4 << 20;

/// The built-in policies, and those of files in the form of `policy/*.json`.
///
/// # Errors
/// `ErrorKind::Usage` for the first file that is not a regular file of sane size, or not a policy: the
/// finding names the key that is wrong.
pub fn read_policies(paths: &[PathBuf]) -> Result<Policies, Error> {
    let mut policies = Policies::default();
    for path in paths {
        let name = path.display().to_string();
        let refuse = |reason: String| {
            let finding = Finding::error("policy-file", reason);
            let help = "docs/policies.md describes the form; the built-in policies have it too";
            Error::new(ErrorKind::Usage, &name, finding.help(help))
        };
        let source =
            Source::open(path).map_err(|error| refuse(format!("cannot be read: {error}")))?;
        if source.size() > LARGEST {
            let reason = format!("has more than {} MiB: this is no policy", LARGEST >> 20);
            return Err(refuse(reason));
        }
        let text = source.bytes_at(0, source.size());
        let text = text.map_err(|error| refuse(format!("cannot be read: {error}")))?;
        let added = policies.add(&name, &text);
        added.map_err(|error| refuse(format!("is not a policy: {error}")))?;
    }
    Ok(policies)
}
