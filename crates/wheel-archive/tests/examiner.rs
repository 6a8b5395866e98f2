//! An examiner sees each member that it wants once, in whatever form the member is read.

#![expect(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use wheel_archive::{
    Examined, Examiner, Finding, Member, MemberId, OpenOptions, Opening, RandomAccess, Wheel,
    Written, check_written,
};
use wheel_synth::{Ends, Entry, archive, entry, on_disk, wheel};

/// Wants members that begin with `DATA`, and reads a number at their end.
#[derive(Default)]
struct Ending {
    /// How many were examined.
    seen: AtomicUsize,
    /// What is wrong with a member that ends with this number.
    wrong: Option<u32>,
}

impl Examiner for Ending {
    type Value = u32;

    fn wants(&self, _: &Member, start: &[u8]) -> bool {
        assert!(start.len() <= 4);
        start == b"DATA"
    }

    fn ranges(&self, start: &[u8]) -> Vec<Range<u64>> {
        assert!(start.starts_with(b"DATA"));
        std::iter::once(u64::MAX - 4..u64::MAX).collect()
    }

    fn examine(&self, member: &Member, bytes: &dyn RandomAccess) -> Examined<u32> {
        self.seen.fetch_add(1, Ordering::Relaxed);
        assert_eq!(bytes.size(), member.size);
        let mut number = [0; 4];
        bytes.read_at(member.size - 4, &mut number).unwrap();
        let number = u32::from_le_bytes(number);
        Examined {
            value: Some(number),
            keep_bytes: true,
            finding: (self.wrong == Some(number)).then(|| Finding::error("wrong", "is wrong")),
        }
    }

    fn conclude(&self, opening: &Opening<'_>, values: &[(MemberId, u32)]) -> Vec<Finding> {
        assert_eq!(opening.name.distribution, "evil");
        assert_eq!(opening.dist_info.dir, "evil-1.0.dist-info");
        let sum: u32 = values.iter().map(|(_, number)| *number).sum();
        let all = opening.members.len();
        vec![Finding::note("sum", format!("{sum} in {all} members"))]
    }
}

fn data(path: &str, size: usize, number: u32, deflated: bool) -> Entry {
    let mut bytes = b"DATA".repeat(size / 4);
    bytes.extend(number.to_le_bytes());
    Entry {
        deflated,
        ..entry(path, bytes)
    }
}

/// Larger than what is held in one piece, in both forms.
const LARGE: usize = 100 << 20;

fn members() -> Vec<Entry> {
    wheel(&[
        entry("evil/a.py", "DAT"),
        data("evil/small", 40, 1, true),
        data("evil/stored", 40, 2, false),
        data("evil/large", LARGE, 3, true),
        data("evil/large_stored", LARGE, 4, false),
    ])
}

#[test]
fn members_are_examined_once_and_kept_as_far_as_there_is_room() {
    let disk = on_disk(&archive(&members(), &Ends::default()));
    for (verify, keep_bytes) in [(true, 0), (true, 1 << 30), (false, 1 << 30)] {
        let options = OpenOptions {
            verify,
            keep_bytes,
            ..OpenOptions::default()
        };
        let examiner = Ending::default();
        let (wheel, values) = Wheel::open_with(&disk.path, &options, &examiner).unwrap();
        assert_eq!(values, [(1, 1), (2, 2), (3, 3), (4, 4)]);
        assert_eq!(examiner.seen.load(Ordering::Relaxed), 4);
        let told = wheel.findings.iter().find(|found| found.code == "sum");
        assert_eq!(told.unwrap().message, "10 in 8 members");
        for (id, number) in values {
            let bytes = wheel.bytes(id).unwrap();
            let mut end = [0; 4];
            bytes.read_at(bytes.size() - 4, &mut end).unwrap();
            assert_eq!(u32::from_le_bytes(end), number);
        }
    }
}

#[test]
fn what_an_examiner_refuses_is_refused() {
    let entries = members();
    let disk = on_disk(&archive(&entries, &Ends::default()));
    let examiner = Ending {
        wrong: Some(2),
        ..Ending::default()
    };
    let refused = Wheel::open_with(&disk.path, &OpenOptions::default(), &examiner).unwrap_err();
    assert_eq!(refused.findings[0].code, "wrong");
    assert_eq!(refused.findings[0].member.as_deref(), Some("evil/stored"));
    assert_eq!(refused.to_string().lines().count(), refused.findings.len());

    // The same of a wheel that was just written, of its new members only.
    let wheel = Wheel::open(&disk.path, &OpenOptions::default()).unwrap();
    let written = |copied: &str| -> Vec<Written> {
        let rows = wheel.members.iter().map(|member| Written {
            path: member.path.clone(),
            size: member.size,
            sha256: member.sha256.unwrap(),
            copied: member.path == copied,
        });
        rows.collect()
    };
    let error = check_written(&disk.path, &written(""), &examiner).unwrap_err();
    assert_eq!(error.code, "self-check");
    let fresh = check_written(&disk.path, &written("evil/stored"), &examiner).unwrap();
    let numbers = [None, Some(1), Some(3), Some(4), None, None, None];
    assert_eq!(fresh, numbers);
}
