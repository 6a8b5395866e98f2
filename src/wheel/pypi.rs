//! What PyPI refuses in an upload, as far as no other check tells it already.
//!
//! Source: <https://github.com/pypi/warehouse/blob/main/warehouse/forklift/legacy.py>

use super::Member;
use super::dist_info::{canonical, is_canonical};
use super::tally::some_of;
use crate::finding::Finding;
use crate::tag::{PlatformTag, WheelName, pypi};

const MIB: u64 = 1 << 20;
/// The largest file that a project may upload without asking.
const FILE_LIMIT: u64 = 100 * MIB;
/// Archives that inflate to less are never taken for bombs.
const INFLATED_LIMIT: u64 = 64 * MIB;
/// How many times its size an archive may inflate to.
const RATIO_LIMIT: u64 = 50;

/// What PyPI would refuse of a wheel with this name, these members and a file of `file_size` bytes.
pub fn lint(name: &WheelName, members: &[Member], file_size: u64) -> Vec<Finding> {
    [
        platforms(name),
        project(name),
        size(file_size),
        ratio(members, file_size),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn platforms(name: &WheelName) -> Option<Finding> {
    let refused: Vec<&str> = name
        .platform
        .iter()
        .filter(|tag| !pypi::accepts(tag))
        .map(PlatformTag::as_str)
        .collect();
    let message = format!(
        "PyPI does not take the platform tag {}",
        some_of(refused.iter().copied())
    );
    (!refused.is_empty()).then(|| Finding::note("pypi-platform-tag", message))
}

fn project(name: &WheelName) -> Option<Finding> {
    let message = format!(
        "PyPI wants the project in the file name as `{}`, not `{}`",
        canonical(&name.distribution),
        name.distribution
    );
    (!is_canonical(name)).then(|| Finding::note("pypi-name", message))
}

fn size(file_size: u64) -> Option<Finding> {
    let message = format!(
        "the file has {} MiB, and PyPI takes {} MiB unless the project was granted more",
        file_size / MIB,
        FILE_LIMIT / MIB
    );
    (file_size > FILE_LIMIT).then(|| Finding::note("pypi-size", message))
}

fn ratio(members: &[Member], file_size: u64) -> Option<Finding> {
    let inflated = members
        .iter()
        .fold(0_u64, |sum, member| sum.saturating_add(member.size));
    let bomb = inflated > INFLATED_LIMIT && inflated / RATIO_LIMIT > file_size;
    let message = format!(
        "the archive inflates to {} MiB, more than {RATIO_LIMIT} times its size: PyPI will refuse it as a compression bomb",
        inflated / MIB
    );
    bomb.then(|| Finding::warning("pypi-ratio", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wheel::DosTime;

    fn member(size: u64) -> Member {
        Member {
            path: "evil/zeros".to_owned(),
            executable: false,
            modified: DosTime { date: 33, time: 0 },
            method: 8,
            crc: 0,
            compressed_size: size / 1000,
            size,
            data_offset: 40,
            sha256: None,
        }
    }

    #[test]
    fn what_pypi_refuses() {
        let good = "evil-1.0-cp311-cp311-manylinux_2_17_x86_64.whl";
        let cases = [
            (good, 10 * MIB, MIB, vec![]),
            (
                "evil-1.0-cp311-cp311-linux_x86_64.whl",
                10,
                10,
                vec!["pypi-platform-tag"],
            ),
            ("Evil.Pkg-1.0-py3-none-any.whl", 10, 10, vec!["pypi-name"]),
            (good, 200 * MIB, 101 * MIB, vec!["pypi-size"]),
            (good, 256 * MIB, MIB, vec!["pypi-ratio"]),
            (good, 60 * MIB, MIB / 100, vec![]),
            (good, 100 * MIB, 2 * MIB, vec![]),
            (good, u64::MAX, 3 * MIB, vec!["pypi-ratio"]),
        ];
        for (name, inflated, file_size, expected) in cases {
            let members = [member(inflated), member(1)];
            let codes: Vec<&str> = lint(&name.parse().unwrap(), &members, file_size)
                .iter()
                .map(|finding| finding.code)
                .collect();
            assert_eq!(codes, expected, "{name} {inflated} {file_size}");
        }
    }
}
