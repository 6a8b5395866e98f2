//! What is written can be read, by us and by another reader, and is the same every time.

use std::fs;
use std::path::Path;

use wheel_synth::{NAME, OnDisk, RECORD, entry, on_disk};

use super::*;
use crate::open_for_test as open;
use crate::work::budget::Budget;

/// Bytes that compress somewhat, different for every seed.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b"abcdefghijklmnop"[(state >> 33) as usize % 16]
    };
    std::iter::repeat_with(byte).take(len).collect()
}

fn input(files: &[wheel_synth::Entry]) -> (OnDisk, Wheel) {
    let disk = on_disk(&wheel_synth::archive(
        &wheel_synth::wheel(files),
        &wheel_synth::Ends::default(),
    ));
    let wheel = open(&disk.path).unwrap();
    (disk, wheel)
}

fn copies(wheel: &Wheel) -> Vec<NewMember> {
    let all = wheel.members.iter().enumerate();
    all.filter(|(_, member)| member.path != RECORD)
        .map(|(id, member)| NewMember {
            path: member.path.clone(),
            executable: member.executable,
            modified: member.modified,
            content: Content::Copy(id),
        })
        .collect()
}

fn added(path: &str, bytes: Vec<u8>) -> NewMember {
    NewMember {
        path: path.to_owned(),
        executable: false,
        modified: DosTime::MIN,
        content: Content::Bytes(bytes.into()),
    }
}

fn write_to(path: &Path, wheel: &Wheel, members: &[NewMember], level: Option<u8>) -> Vec<Written> {
    let mut file = File::create(path).unwrap();
    let record = RecordPlace {
        path: RECORD.to_owned(),
        modified: DosTime::MIN,
    };
    write_wheel(&mut file, wheel, members, &record, Compression { level }).unwrap()
}

fn read_all(wheel: &Wheel, id: MemberId) -> Vec<u8> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut wheel.reader(id), &mut bytes).unwrap();
    bytes
}

/// Opens what was written, and has another reader and another decompressor agree on every member.
fn reopen(path: &Path) -> Wheel {
    let wheel = open(path).unwrap();
    let findings = wheel
        .findings
        .iter()
        .filter(|finding| finding.code.starts_with("zip"));
    assert_eq!(findings.count(), 0);
    let mut second = zip::ZipArchive::new(io::Cursor::new(fs::read(path).unwrap())).unwrap();
    assert_eq!(second.len(), wheel.members.len());
    for (index, member) in wheel.members.iter().enumerate() {
        let mut entry = second.by_index_raw(index).unwrap();
        assert_eq!(entry.name().unwrap(), member.path);
        assert_eq!(entry.size(), member.size);
        let stored = entry.compression() == zip::CompressionMethod::Stored;
        let crc = entry.crc32();
        let mut bytes = Vec::new();
        if stored {
            io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        } else {
            let mut inflated = flate2::read::DeflateDecoder::new(&mut entry);
            io::Read::read_to_end(&mut inflated, &mut bytes).unwrap();
        }
        assert_eq!(crc32fast::hash(&bytes), crc, "{}", member.path);
        assert_eq!(u64::try_from(bytes.len()).unwrap(), member.size);
    }
    wheel
}

#[test]
fn copies_and_new_members_come_back_as_they_were() {
    let files = [
        entry("evil/__init__.py", ""),
        entry("evil/café.txt", noise(10_000, 1)),
        entry("evil/a.py", noise(70_000, 2)).described(true, false),
        wheel_synth::Entry {
            deflated: false,
            mode: 0o104_777,
            ..entry("evil/stored", noise(3_000_000, 3))
        },
        entry("evil/dir/", ""),
    ];
    let (disk, wheel) = input(&files);
    let random: Vec<u8> = (0..50_000_u32)
        .flat_map(|n| crc32fast::hash(&n.to_le_bytes()).to_le_bytes())
        .collect();
    let mut members = copies(&wheel);
    members.push(added("evil.libs/large.so", noise(9_000_000, 4)));
    members.push(added("evil.libs/random.so", random));
    members.push(added("evil.libs/empty", Vec::new()));
    for level in [None, Some(0), Some(1), Some(9)] {
        let path = disk.folder.path().join("out").join(NAME);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let written = write_to(&path, &wheel, &members, level);
        let again = reopen(&path);
        assert_eq!(again.members.len(), members.len() + 1);
        assert_eq!(again.members.last().unwrap().path, RECORD);
        for (id, ((new, member), row)) in
            members.iter().zip(&again.members).zip(&written).enumerate()
        {
            assert_eq!((&new.path, new.modified), (&member.path, member.modified));
            assert_eq!((row.size, Some(row.sha256)), (member.size, member.sha256));
            match &new.content {
                Content::Bytes(bytes) => assert_eq!(read_all(&again, id), bytes[..]),
                Content::Copy(from) => {
                    let old = &wheel.members[*from];
                    assert_eq!(old.sha256, member.sha256);
                    assert_eq!(member.executable, old.executable);
                    if level.is_none() {
                        assert_eq!(
                            (old.method, old.compressed_size),
                            (member.method, member.compressed_size)
                        );
                    }
                }
                _ => unreachable!(),
            }
            let stored = level == Some(0) || member.compressed_size == member.size;
            assert_eq!(member.method == 0, stored, "{} at {level:?}", member.path);
        }
        // Random bytes do not shrink.
        assert_eq!(again.members[members.len() - 2].method, 0);
    }
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let (disk, wheel) = input(&[entry("evil/a.py", noise(70_000, 2))]);
    let mut members = copies(&wheel);
    for (index, len) in [0, 1, 3_000_000, 5 << 20].into_iter().enumerate() {
        members.push(added(
            &format!("evil.libs/{index}"),
            noise(len, index as u64),
        ));
    }
    // More than is held as a whole.
    let large = noise(20_000, 9).repeat(1800);
    assert!(large.len() as u64 > jobs::LARGE);
    members.push(added("evil.libs/large", large));
    for level in [None, Some(1)] {
        let mut seen = None;
        for threads in [1, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let path = disk.folder.path().join(format!("{threads}"));
            pool.install(|| write_to(&path, &wheel, &members, level));
            let bytes = fs::read(&path).unwrap();
            let first = seen.get_or_insert_with(|| bytes.clone());
            assert!(*first == bytes, "{threads} threads, level {level:?}");
        }
    }
}

#[test]
fn writing_the_result_again_changes_nothing() {
    let (disk, wheel) = input(&[entry("evil/a.py", noise(70_000, 2)).described(false, true)]);
    let (first, second) = (disk.folder.path().join("1"), disk.folder.path().join("2"));
    fs::create_dir_all(&first).unwrap();
    fs::create_dir_all(&second).unwrap();
    let (first, second) = (first.join(NAME), second.join(NAME));
    write_to(&first, &wheel, &copies(&wheel), None);
    let wheel = reopen(&first);
    write_to(&second, &wheel, &copies(&wheel), None);
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
}

/// Puts a line before the bytes.
#[derive(Debug)]
struct Headed {
    source_size: u64,
}

const LINE: &[u8] = b"# edited\n";

impl Edit for Headed {
    fn source_size(&self) -> u64 {
        self.source_size
    }

    fn size(&self) -> u64 {
        self.source_size + LINE.len() as u64
    }

    fn read_at(&self, source: &dyn RandomAccess, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let head = LINE.get(usize::try_from(offset).unwrap()..);
        let head = head.unwrap_or_default();
        let (own, rest) = buffer.split_at_mut(head.len().min(buffer.len()));
        own.copy_from_slice(&head[..own.len()]);
        source.read_at(offset.saturating_sub(LINE.len() as u64), rest)
    }
}

fn file(path: &Path) -> Arc<dyn RandomAccess + Send> {
    Arc::new(Source::open(path).unwrap())
}

#[test]
fn edited_members_and_packed_files_are_what_the_edit_makes() {
    for len in [20, 5_000_000] {
        let library = noise(len, 7);
        let (disk, wheel) = input(&[entry("evil/ext.so", &library)]);
        let edit: Arc<dyn Edit> = Arc::new(Headed {
            source_size: len as u64,
        });
        let expected = [LINE, &library].concat();
        let host = disk.folder.path().join("libhost.so");
        fs::write(&host, &library).unwrap();
        for room in [0, 1 << 30] {
            let budget = Budget::new(room);
            let packed = Arc::new(Packed::new(file(&host), Arc::clone(&edit), &budget));
            let mut members = copies(&wheel);
            members[0].content = Content::EditedMember(0, Arc::clone(&edit));
            members.push(NewMember {
                content: Content::Packed(Arc::clone(&packed)),
                ..added("evil.libs/libhost.so", Vec::new())
            });
            for run in ["1", "2"] {
                let out = disk.folder.path().join(run).join(NAME);
                fs::create_dir_all(out.parent().unwrap()).unwrap();
                write_to(&out, &wheel, &members, None);
                let again = reopen(&out);
                for path in ["evil/ext.so", "evil.libs/libhost.so"] {
                    assert_eq!(read_all(&again, again.find(path).unwrap()), expected);
                }
            }
        }
    }
}

#[test]
fn a_host_file_that_changed_is_not_written() {
    let library = noise(3_000, 7);
    let (disk, wheel) = input(&[entry("evil/ext.so", &library)]);
    let edit = Arc::new(Headed { source_size: 3_000 });
    let host = disk.folder.path().join("libhost.so");
    fs::write(&host, &library[1..]).unwrap();
    let packed = Packed::new(file(&host), edit, &Budget::new(1 << 30));
    let members = [NewMember {
        content: Content::Packed(Arc::new(packed)),
        ..added("evil.libs/libhost.so", Vec::new())
    }];
    let mut file = File::create(disk.folder.path().join("out")).unwrap();
    let record = RecordPlace {
        path: RECORD.to_owned(),
        modified: DosTime::MIN,
    };
    let compression = Compression { level: None };
    let finding = write_wheel(&mut file, &wheel, &members, &record, compression).unwrap_err();
    assert!(finding.message.contains("changed"), "{finding}");
}

#[test]
fn seventy_thousand_members() {
    let files: Vec<_> = (0..70_000)
        .map(|n| entry(format!("evil/d{}/f{n}.txt", n / 1000), "x"))
        .collect();
    let ends = wheel_synth::Ends {
        zip64: true,
        ..wheel_synth::Ends::default()
    };
    // The short end record cannot hold the count.
    let mut bytes = wheel_synth::archive(&wheel_synth::wheel(&files), &ends);
    let end = bytes.len() - 22;
    bytes[end + 8..end + 12].fill(0xff);
    let at = end - 20 - 56 + 24;
    for field in [at, at + 8] {
        bytes[field..field + 8].copy_from_slice(&70_003_u64.to_le_bytes());
    }
    let disk = on_disk(&bytes);
    let wheel = open(&disk.path).unwrap();
    assert_eq!(wheel.members.len(), 70_003);
    let path = disk.folder.path().join("out").join(NAME);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_to(&path, &wheel, &copies(&wheel), None);
    assert_eq!(reopen(&path).members.len(), 70_003);
}
