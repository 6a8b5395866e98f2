//! Members beyond what is held: images that are read again, and archives past 4 GiB.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use wheel_synth::{Ends, Entry, Lies, NAME, RECORD, archive, entry, on_disk, wheel};

use super::{Compression, Content, NewMember, RecordPlace, write_wheel};
use crate::framing;
use crate::member::DosTime;
use crate::open_for_test as open;
use crate::read::bytes::RandomAccess;
use crate::read::large_member::LargeMember;
use crate::read::reader::Fault;
use crate::read::scan::large_member;
use crate::read::source::Source;

/// Bytes that tell where they are, and deflate to something.
fn counted(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|word| (word / 3).to_le_bytes());
    words.take(len).collect()
}

fn source_of(file: Entry) -> (wheel_synth::OnDisk, Arc<Source>, crate::member::Member) {
    let disk = on_disk(&archive(&wheel(&[file]), &Ends::default()));
    let source = Arc::new(Source::open(&disk.path).unwrap());
    let mut listing = framing::read(&source).unwrap().unwrap();
    (disk, source, listing.members.remove(0))
}

/// Places in an order that goes back, forth, over blocks and to both ends.
const PLACES: [(usize, usize); 8] = [
    (0, 64),
    (2_999_000, 1_000),
    (1_000_000, 600_000),
    (262_143, 2),
    (5, 1),
    (0, 3_000_000),
    (2_999_999, 1),
    (1_500_000, 0),
];

#[test]
fn an_image_that_is_read_again_is_the_member() {
    let bytes = counted(3_000_000);
    for deflated in [true, false] {
        let file = Entry {
            deflated,
            ..entry("evil/data", &bytes)
        };
        let (_disk, source, member) = source_of(file);
        let images = [
            large_member(&source, &member).shared(),
            // Room for few blocks: most are gone when they are asked for again.
            Arc::new(LargeMember::new(&source, &member, 0)),
        ];
        for image in images {
            assert_eq!(image.size(), 3_000_000);
            for (start, len) in PLACES {
                let mut buffer = vec![0xee; len];
                image.read_at(start as u64, &mut buffer).unwrap();
                assert!(buffer == bytes[start..start + len], "{start}+{len}");
            }
            assert!(image.read_at(3_000_000, &mut [0]).is_err());
            assert!(image.read_at(u64::MAX, &mut [0]).is_err());
        }
    }
}

#[test]
fn a_drained_image_gave_every_byte_once_and_still_answers() {
    let bytes = counted(3_000_000);
    let (_disk, source, member) = source_of(entry("evil/data", &bytes));
    let image = LargeMember::new(&source, &member, 0);
    let mut drained = Vec::new();
    image
        .drain(|_| vec![0..9, 2_999_000..2_999_001], &mut |piece| {
            drained.extend_from_slice(piece);
        })
        .unwrap();
    assert!(drained == bytes);
    let mut end = [0; 9];
    image.read_at(2_999_991, &mut end).unwrap();
    assert_eq!(end, bytes[2_999_991..]);
}

#[test]
fn a_member_that_lies_fails_when_it_is_drained() {
    let mut file = entry("evil/data", counted(1_000_000));
    file.local.crc = Some(7);
    file.central.crc = Some(7);
    let (_disk, source, member) = source_of(file);
    let image = LargeMember::new(&source, &member, 0);
    let error = image.drain(|_| Vec::new(), &mut |_| ()).unwrap_err();
    assert_eq!(Fault::of(&error).map(Fault::code), Some("zip-crc"));
}

/// A wheel with a stored member of 4 GiB and a bit, almost all of it a hole in the file.
fn beyond_4_gib(folder: &std::path::Path) -> std::path::PathBuf {
    const SIZE: u64 = (4 << 30) + 4096;
    let extra = |values: &[u64]| {
        let mut field = vec![1, 0, u8::try_from(values.len() * 8).unwrap(), 0];
        field.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        field
    };
    let lies = |values: &[u64]| Lies {
        compressed: Some(u32::MAX),
        size: Some(u32::MAX),
        extra: extra(values),
        ..Lies::default()
    };
    let big = Entry {
        deflated: false,
        local: lies(&[SIZE, SIZE]),
        central: lies(&[SIZE, SIZE]),
        ..entry("evil/big.bin", "")
    };
    let mut entries = wheel(&[]);
    entries.push(big);
    // The hole goes between the last local header and the central directory.
    let ends = Ends {
        zip64: true,
        ..Ends::default()
    };
    let bytes = archive(&entries, &ends);
    let find = |what: &[u8]| bytes.windows(4).position(|window| window == what).unwrap();
    let (directory, end) = (find(b"PK\x01\x02"), find(b"PK\x06\x06"));
    let mut tail = bytes[directory..].to_vec();
    let at = end - directory;
    let moved = |value: usize| (value as u64 + SIZE).to_le_bytes();
    tail[at + 48..at + 56].copy_from_slice(&moved(directory));
    tail[at + 56 + 8..at + 56 + 16].copy_from_slice(&moved(end));
    let short = tail.len() - 6;
    tail[short..short + 4].fill(0xff);
    let path = folder.join(NAME);
    let mut file = File::create(&path).unwrap();
    file.write_all(&bytes[..directory]).unwrap();
    file.seek(SeekFrom::Current(i64::try_from(SIZE).unwrap()))
        .unwrap();
    file.write_all(&tail).unwrap();
    path
}

#[test]
fn framing_past_4_gib() {
    let folder = tempfile::tempdir().unwrap();
    let path = beyond_4_gib(folder.path());
    let source = Source::open(&path).unwrap();
    let listing = framing::read(&source).unwrap().unwrap();
    let big = listing.members.last().unwrap();
    assert_eq!(
        (big.path.as_str(), big.size),
        ("evil/big.bin", (4 << 30) + 4096)
    );
    assert!(listing.findings.is_empty());
}

#[test]
fn headers_past_4_gib_can_be_read() {
    use super::archive_out::{ArchiveOut, Header};
    const SIZE: u64 = (4 << 30) + 7;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    let mut file = File::create(&path).unwrap();
    let mut out = ArchiveOut::new(&mut file).unwrap();
    let header = |path, size| Header {
        path,
        executable: false,
        modified: DosTime::MIN,
        method: 0,
        crc: 0,
        compressed: size,
        size,
    };
    for member in [header("evil/big.bin", SIZE), header("evil/after.py", 0)] {
        out.begin(&member).unwrap();
        out.skip(member.size).unwrap();
        out.end(&member).unwrap();
    }
    out.finish().unwrap();
    let source = Source::open(&path).unwrap();
    let listing = framing::read(&source).unwrap().unwrap();
    let read: Vec<_> = listing
        .members
        .iter()
        .map(|member| (member.path.as_str(), member.size))
        .collect();
    assert_eq!(read, [("evil/big.bin", SIZE), ("evil/after.py", 0)]);
    assert!(listing.members[1].data_offset > u64::from(u32::MAX));
    let mut second = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
    let sizes: Vec<u64> = (0..second.len())
        .map(|index| second.by_index_raw(index).unwrap().size())
        .collect();
    assert_eq!(sizes, [SIZE, 0]);
}

#[test]
fn an_input_that_changes_while_it_is_copied_is_an_error() {
    let disk = on_disk(&archive(
        &wheel(&[entry("evil/a.py", "a")]),
        &Ends::default(),
    ));
    let wheel = open(&disk.path).unwrap();
    let mut input = File::options().append(true).open(&disk.path).unwrap();
    input.write_all(&[0; 8]).unwrap();
    let members = [NewMember {
        path: "evil/a.py".to_owned(),
        executable: false,
        modified: DosTime::MIN,
        content: Content::Copy(0),
    }];
    let record = RecordPlace {
        path: RECORD.to_owned(),
        modified: DosTime::MIN,
    };
    let mut file = File::create(disk.folder.path().join("out")).unwrap();
    let compression = Compression { level: None };
    let finding = write_wheel(&mut file, &wheel, &members, &record, compression).unwrap_err();
    assert_eq!(finding.code, "input-changed");
}
