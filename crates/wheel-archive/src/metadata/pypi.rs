//! What PyPI refuses in an upload, as far as no other check tells it already.
//!
//! Source: <https://github.com/pypi/warehouse/blob/main/warehouse/forklift/legacy.py>

use super::dist_info::{canonical, is_canonical};
use crate::finding::Finding;
use crate::finding::tally::some_of;
use crate::member::Member;
use crate::tag::{PlatformTag, WheelName, pypi};

const MIB: u64 = 1 << 20;
/// The largest file that a project may upload without asking.
const FILE_LIMIT: u64 = 100 * MIB;
/// Archives that inflate to less are never taken for bombs.
const INFLATED_LIMIT: u64 = 64 * MIB;
/// How many times its size an archive may inflate to.
const RATIO_LIMIT: u64 = 50;

/// How much of the start of a file [`lint`] wants to see: a header of a tar archive.
pub(crate) const START: usize = 512;

/// What PyPI would refuse of a wheel with this name, these members and a file of `file_size` bytes
/// that begins with `start`.
pub(crate) fn lint(
    name: &WheelName,
    members: &[Member],
    file_size: u64,
    start: &[u8],
) -> Vec<Finding> {
    [
        platforms(name),
        project(name),
        variant(name),
        size(file_size),
        ratio(members, file_size),
        tar(start),
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

/// As does `packaging`, which installers use, until PEP 825 is more than a draft.
fn variant(name: &WheelName) -> Option<Finding> {
    let label = name.variant.as_ref()?;
    let message = format!(
        "PyPI does not take file names with a variant label (`{label}`) yet, and pip does not install them"
    );
    Some(Finding::note("pypi-variant", message))
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

/// The first local header may be crafted so that it is a tar header too.
fn tar(start: &[u8]) -> Option<Finding> {
    let message = "the file can be read as a tar archive too, which PyPI refuses";
    is_tar(start).then(|| Finding::warning("pypi-tar", message))
}

/// Whether a file that begins with `start` has a tar header whose checksum is right: the sum of its
/// bytes, those of the checksum taken for spaces.
///
/// Spec: <https://www.gnu.org/software/tar/manual/html_node/Standard.html>
fn is_tar(start: &[u8]) -> bool {
    const BEFORE: usize = 148;
    const FIELD: usize = 8;
    let Some(header) = start.get(..START) else {
        return false;
    };
    let (before, rest) = header.split_at(BEFORE);
    let (field, after) = rest.split_at(FIELD);
    let sum = |byte: &dyn Fn(u8) -> i64| {
        let others = before.iter().chain(after).map(|own| byte(*own));
        others.chain([byte(b' '); FIELD]).sum::<i64>()
    };
    let sums = [
        sum(&|byte| i64::from(byte)),
        sum(&|byte| i64::from(byte.cast_signed())),
    ];
    tar_number(field).is_some_and(|said| sums.contains(&said))
}

/// Octal digits up to a NUL; or, after a byte of 0x80, binary.
fn tar_number(field: &[u8]) -> Option<i64> {
    if let Some((0x80, digits)) = field.split_first() {
        let digits = digits.iter().map(|byte| i64::from(*byte));
        return Some(digits.fold(0, |number, digit| (number << 8) | digit));
    }
    let text = field.split(|byte| *byte == 0).next()?;
    let text = str::from_utf8(text).ok()?.trim();
    i64::from_str_radix(text, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::DosTime;

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
            (
                "evil-1.0-cp311-cp311-manylinux_2_17_x86_64-v3.whl",
                10,
                10,
                vec!["pypi-variant"],
            ),
            (good, 200 * MIB, 101 * MIB, vec!["pypi-size"]),
            (good, 256 * MIB, MIB, vec!["pypi-ratio"]),
            (good, 60 * MIB, MIB / 100, vec![]),
            (good, 100 * MIB, 2 * MIB, vec![]),
            (good, u64::MAX, 3 * MIB, vec!["pypi-ratio"]),
        ];
        for (name, inflated, file_size, expected) in cases {
            let members = [member(inflated), member(1)];
            let codes: Vec<&str> = lint(&name.parse().unwrap(), &members, file_size, b"PK")
                .iter()
                .map(|finding| finding.code)
                .collect();
            assert_eq!(codes, expected, "{name} {inflated} {file_size}");
        }
    }

    #[test]
    fn headers_of_tar_archives_are_known_by_their_checksum() {
        // As tar 1.34 writes it for an empty file.
        let mut header = vec![0; START];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, b"evil");
        put(100, b"0000644\x000000000\x000000000\x00");
        put(124, b"00000000000\x0014500000000\x00");
        put(156, b"0");
        put(257, b"ustar  \x00root");
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * 32;
        assert!(!is_tar(&header));
        for number in [
            format!("{sum:06o}\0 "),
            format!("{sum:7o}\0"),
            format!("{sum:07o} "),
        ] {
            header[148..156].copy_from_slice(number.as_bytes());
            assert!(is_tar(&header), "{number:?}");
            assert!(!is_tar(&header[..511]));
        }
        header[148..156].copy_from_slice(&(sum | 0x80 << 56).to_be_bytes());
        assert!(is_tar(&header));
        header[0] = b'E';
        assert!(!is_tar(&header));
        // Bytes over 127, signed as some programs sum them.
        header[0] = 0xff;
        let signed = sum - u64::from(b'e') - 1;
        header[148..156].copy_from_slice(format!("{signed:06o}\0 ").as_bytes());
        assert!(is_tar(&header));
        assert!(!is_tar(&[0; START]));
    }
}
