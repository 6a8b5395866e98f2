//! The least that any program must do that checks or repairs a wheel: the benchmark's measure.
//!
//! `floor show WHEEL` inflates every member once and hashes it. `floor repair WHEEL REPAIRED` does that,
//! deflates those members of REPAIRED that are not in WHEEL (their bytes are made before the clock
//! starts) and writes a file with the same bytes in it. All cores, largest first, the encoder of
//! `audit`. Nothing is judged, resolved, edited or verified. Prints seconds.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measure, not a tool"
)]

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Instant;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

/// `audit`'s level.
const LEVEL: i32 = 6;

struct Member {
    name: String,
    deflated: bool,
    crc: u32,
    compressed: usize,
    size: usize,
    data: usize,
}

fn number(bytes: &[u8], at: usize, len: usize) -> usize {
    bytes[at..at + len]
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// The members of a sound archive without zip64.
fn members(archive: &[u8]) -> Vec<Member> {
    let end = archive.len()
        - 22
        - (0..65_536)
            .find(|back| archive[archive.len() - 22 - back..].starts_with(b"PK\x05\x06"))
            .unwrap();
    let mut at = number(archive, end + 16, 4);
    let mut found = Vec::new();
    for _ in 0..number(archive, end + 10, 2) {
        let (name, extra, comment) = (
            number(archive, at + 28, 2),
            number(archive, at + 30, 2),
            number(archive, at + 32, 2),
        );
        let header = number(archive, at + 42, 4);
        found.push(Member {
            name: String::from_utf8(archive[at + 46..at + 46 + name].to_vec()).unwrap(),
            deflated: number(archive, at + 10, 2) == 8,
            crc: u32::try_from(number(archive, at + 16, 4)).unwrap(),
            compressed: number(archive, at + 20, 4),
            size: number(archive, at + 24, 4),
            data: header + 30 + number(archive, header + 26, 2) + number(archive, header + 28, 2),
        });
        at += 46 + name + extra + comment;
    }
    found.sort_by_key(|member| std::cmp::Reverse(member.size));
    found
}

fn inflate(archive: &[u8], member: &Member) -> Vec<u8> {
    let data = &archive[member.data..member.data + member.compressed];
    if !member.deflated {
        return data.to_vec();
    }
    let mut bytes = vec![0; member.size];
    Decompressor::new()
        .deflate_decompress(data, &mut bytes)
        .unwrap();
    bytes
}

/// Inflates and hashes every member.
fn check(archive: &[u8]) -> Vec<[u8; 32]> {
    let list = members(archive);
    let queue = list.par_iter().with_max_len(1);
    queue
        .map(|member| {
            let bytes = inflate(archive, member);
            assert_eq!(crc32fast::hash(&bytes), member.crc, "{}", member.name);
            Sha256::digest(&bytes).into()
        })
        .collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = Compressor::new(CompressionLvl::new(LEVEL).unwrap());
    let mut out = vec![0; encoder.deflate_compress_bound(bytes.len())];
    let len = encoder.deflate_compress(bytes, &mut out).unwrap();
    out.truncate(len);
    out
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let seconds = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["show", wheel] => {
            let start = Instant::now();
            assert!(!check(&std::fs::read(wheel).unwrap()).is_empty());
            start.elapsed()
        }
        ["repair", wheel, repaired] => {
            let (old, new) = (
                std::fs::read(wheel).unwrap(),
                std::fs::read(repaired).unwrap(),
            );
            let known: HashMap<String, u32> = members(&old)
                .into_iter()
                .map(|member| (member.name, member.crc))
                .collect();
            let list = members(&new);
            let added: Vec<Vec<u8>> = list
                .iter()
                .filter(|member| known.get(&member.name) != Some(&member.crc))
                .map(|member| inflate(&new, member))
                .collect();
            let kept: usize = list
                .iter()
                .filter(|member| known.get(&member.name) == Some(&member.crc))
                .map(|member| member.compressed)
                .sum();
            drop((old, new));
            let mut file = tempfile::NamedTempFile::new_in(".").unwrap();
            let start = Instant::now();
            let old = std::fs::read(wheel).unwrap();
            check(&old);
            let hashed = |bytes: &Vec<u8>| {
                (
                    deflate(bytes),
                    Sha256::digest(bytes),
                    crc32fast::hash(bytes),
                )
            };
            let deflated: Vec<_> = added.par_iter().with_max_len(1).map(hashed).collect();
            file.write_all(&old[..kept.min(old.len())]).unwrap();
            for (bytes, ..) in &deflated {
                file.write_all(bytes).unwrap();
            }
            file.as_file().sync_all().unwrap();
            start.elapsed()
        }
        _ => panic!("usage: floor show WHEEL | floor repair WHEEL REPAIRED"),
    };
    println!("{:.6}", seconds.as_secs_f64());
}
