//! Findings of `wheel-archive` as findings of this program, whose options the advice names.

use wheel_archive::Finding as Told;

use crate::finding::Finding;

/// What to do about findings of which more is known here than in the crate.
const HELP: [(&str, &str); 6] = [
    (
        "output",
        "choose another folder with --wheel-dir, or make room",
    ),
    ("record-duplicate", FIX_RECORD),
    ("record-ghost", FIX_RECORD),
    (
        "record-hash",
        "the wheel was changed after it was built: build it again or get it from its source; \
         if you know why, repair writes a new RECORD with --fix-record",
    ),
    ("record-unlisted", FIX_RECORD),
    ("self-check", "please report this wheel as a fault of audit"),
];

const FIX_RECORD: &str = "make the wheel again, or let repair write a new RECORD of what the archive holds, with --fix-record";

impl From<Told> for Finding {
    fn from(told: Told) -> Self {
        let own = HELP.iter().find(|(code, _)| *code == told.code);
        Self {
            help: told
                .help
                .map(|help| own.map_or(help, |(_, own)| (*own).to_owned())),
            code: told.code,
            severity: told.severity,
            file: told.member,
            message: told.message,
        }
    }
}

/// The other way: what an examiner tells goes through the crate.
impl From<Finding> for Told {
    fn from(own: Finding) -> Self {
        Self {
            code: own.code,
            severity: own.severity,
            member: own.file,
            message: own.message,
            help: own.help,
        }
    }
}
