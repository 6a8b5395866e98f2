//! The least that any program must do that checks or repairs a wheel: the benchmark's measure.
//!
//! `floor show WHEEL` inflates every member once and hashes it. `floor repair WHEEL REPAIRED` does that,
//! deflates those members of REPAIRED that are not in WHEEL (their bytes are made before the clock
//! starts) and writes a file with as many bytes. All cores, largest first, the encoder of `audit` and
//! its pieces, buffers that are used again. Nothing is judged, resolved, edited or verified.
//! Prints seconds, and processor seconds.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measure, not a tool"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use sha2::{Digest as _, Sha256};

/// `audit`'s level.
const LEVEL: i32 = 6;
/// What `audit` cuts large members into.
const PIECE: usize = 4 << 20;

/// Processor time of threads that have ended, in ns.
static SPENT: AtomicU64 = AtomicU64::new(0);

struct Member {
    name: String,
    deflated: bool,
    crc: u32,
    compressed: usize,
    size: usize,
    header: u64,
}

/// What a thread uses again and again.
struct Worker {
    packed: Vec<u8>,
    bytes: Vec<u8>,
    inflate: Decompressor,
    deflate: Compressor,
}

impl Worker {
    fn new() -> Self {
        Self {
            packed: Vec::new(),
            bytes: Vec::new(),
            inflate: Decompressor::new(),
            deflate: Compressor::new(CompressionLvl::new(LEVEL).unwrap()),
        }
    }

    /// The content of a member.
    fn content(&mut self, archive: &File, member: &Member) -> &[u8] {
        let mut local = [0; 30];
        archive.read_exact_at(&mut local, member.header).unwrap();
        let skipped = 30 + number(&local, 26, 2) + number(&local, 28, 2);
        let packed = room(&mut self.packed, member.compressed);
        archive
            .read_exact_at(packed, member.header + skipped as u64)
            .unwrap();
        if !member.deflated {
            return packed;
        }
        let bytes = room(&mut self.bytes, member.size);
        self.inflate.deflate_decompress(packed, bytes).unwrap();
        bytes
    }

    fn deflate(&mut self, piece: &[u8]) -> Vec<u8> {
        let bound = self.deflate.deflate_compress_bound(piece.len());
        let out = room(&mut self.packed, bound);
        let len = self.deflate.deflate_compress(piece, out).unwrap();
        out[..len].to_vec()
    }
}

/// The first bytes of a buffer that grows as needed.
fn room(buffer: &mut Vec<u8>, size: usize) -> &mut [u8] {
    if buffer.len() < size {
        *buffer = vec![0; size];
    }
    &mut buffer[..size]
}

/// Does `work` on every item, in their order, on all cores.
fn on_all_cores<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&mut Worker, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().unwrap().get();
    let drain = || {
        let mut worker = Worker::new();
        let taken = std::iter::from_fn(|| items.get(next.fetch_add(1, Ordering::Relaxed)));
        let done: Vec<R> = taken.map(|item| work(&mut worker, item)).collect();
        SPENT.fetch_add(thread_ns(), Ordering::Relaxed);
        done
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(drain)).collect();
        let done = threads.into_iter().map(|thread| thread.join().unwrap());
        done.flatten().collect()
    })
}

/// Processor time of this thread, in ns; 0 where the kernel does not tell.
fn thread_ns() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = told.split(' ').next().and_then(|word| word.parse().ok());
    first.unwrap_or(0)
}

fn number(bytes: &[u8], at: usize, len: usize) -> usize {
    let little = bytes[at..at + len].iter().rev();
    little.fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// The members of a sound archive without zip64 and without a comment.
fn members(archive: &File) -> Vec<Member> {
    let size = archive.metadata().unwrap().len();
    let mut end = [0; 22];
    archive.read_exact_at(&mut end, size - 22).unwrap();
    assert!(end.starts_with(b"PK\x05\x06"), "an archive with a comment");
    let mut list = vec![0; number(&end, 12, 4)];
    archive
        .read_exact_at(&mut list, number(&end, 16, 4) as u64)
        .unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    for _ in 0..number(&end, 10, 2) {
        let name = number(&list, at + 28, 2);
        found.push(Member {
            name: String::from_utf8(list[at + 46..at + 46 + name].to_vec()).unwrap(),
            deflated: number(&list, at + 10, 2) == 8,
            crc: u32::try_from(number(&list, at + 16, 4)).unwrap(),
            compressed: number(&list, at + 20, 4),
            size: number(&list, at + 24, 4),
            header: number(&list, at + 42, 4) as u64,
        });
        at += 46 + name + number(&list, at + 30, 2) + number(&list, at + 32, 2);
    }
    found.sort_by_key(|member| std::cmp::Reverse(member.size));
    found
}

/// Inflates and hashes every member.
fn check(archive: &File) {
    let sums = on_all_cores(&members(archive), |worker, member| {
        let bytes = worker.content(archive, member);
        assert_eq!(crc32fast::hash(bytes), member.crc, "{}", member.name);
        Sha256::digest(bytes)
    });
    assert!(!sums.is_empty(), "no members");
}

/// What is in the repaired wheel only, and how many compressed bytes both have.
fn added(old: &File, new: &File) -> (Vec<Vec<u8>>, usize) {
    let known: HashMap<String, u32> = members(old)
        .into_iter()
        .map(|member| (member.name, member.crc))
        .collect();
    let (kept, new_members): (Vec<_>, Vec<_>) = members(new)
        .into_iter()
        .partition(|member| known.get(&member.name) == Some(&member.crc));
    let mut worker = Worker::new();
    let mut content = |member| worker.content(new, member).to_vec();
    let bytes = new_members.iter().map(&mut content).collect();
    (bytes, kept.iter().map(|member| member.compressed).sum())
}

enum Task<'a> {
    Deflate(&'a [u8]),
    Hash(&'a [u8]),
}

/// Checks the old wheel, deflates and hashes what is new, writes.
fn repair(old: &File, added: &[Vec<u8>], kept: usize, out: &mut File) {
    check(old);
    let whole = added.iter().map(|bytes| Task::Hash(bytes));
    let pieces = added.iter().flat_map(|bytes| bytes.chunks(PIECE));
    let tasks: Vec<Task<'_>> = whole.chain(pieces.map(Task::Deflate)).collect();
    let deflated = on_all_cores(&tasks, |worker, task| match task {
        Task::Deflate(piece) => worker.deflate(piece),
        Task::Hash(bytes) => {
            let sums = (Sha256::digest(bytes), crc32fast::hash(bytes));
            vec![sums.0[0], sums.1.to_le_bytes()[0]]
        }
    });
    let mut left = kept as u64;
    let mut block = vec![0; 1 << 20];
    while left > 0 {
        let part = room(&mut block, usize::try_from(left.min(1 << 20)).unwrap());
        old.read_exact_at(part, kept as u64 - left).unwrap();
        out.write_all(part).unwrap();
        left -= part.len() as u64;
    }
    for piece in &deflated {
        out.write_all(piece).unwrap();
    }
    out.sync_all().unwrap();
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let open = |path: &str| File::open(path).unwrap();
    let (before, start);
    match words[..] {
        ["show", wheel] => {
            (before, start) = (thread_ns(), Instant::now());
            check(&open(wheel));
        }
        ["repair", wheel, repaired] => {
            let (added, kept) = added(&open(wheel), &open(repaired));
            let mut out = tempfile::NamedTempFile::new_in(".").unwrap();
            (before, start) = (thread_ns(), Instant::now());
            repair(&open(wheel), &added, kept, out.as_file_mut());
        }
        _ => {
            println!("usage: floor show WHEEL | floor repair WHEEL REPAIRED");
            return ExitCode::from(2);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let spent = SPENT.load(Ordering::Relaxed) + thread_ns() - before;
    println!("{seconds:.6} {:.6}", spent as f64 / 1e9);
    ExitCode::SUCCESS
}
