//! Inflating, hashing and deflating, one core, on shared libraries.
//!
//! `cargo bench --bench archive [-- FILE...]`; without files, large libraries of this machine.
#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measure, not a tool"
)]

mod corpus;

use std::hint::black_box;
use std::io::Read as _;
use std::ops::Range;
use std::time::Instant;

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use sha2::{Digest as _, Sha256};

const PIECE: usize = 4 << 20;
/// Enough to measure, little enough to wait for.
const TOTAL: usize = 100 << 20;
/// Of the libraries of this machine, in bytes.
const SIZES: Range<u64> = 1_000_000..12_000_000;

fn main() {
    let files = measured();
    let total: usize = files.iter().map(Vec::len).sum();
    println!("{} files, {:.1} MB", files.len(), total as f64 / 1e6);
    let time = |what: &str, work: &mut dyn FnMut() -> usize| {
        let start = Instant::now();
        let size = work();
        let rate = total as f64 / 1e6 / start.elapsed().as_secs_f64();
        let share = 100.0 * size as f64 / total as f64;
        println!("{what:32} {rate:9.1} MB/s  {share:6.2} %");
    };
    let each = |work: &mut dyn FnMut(&[u8]) -> usize| files.iter().map(|file| work(file)).sum();
    time("sha256", &mut || {
        each(&mut |file| black_box(Sha256::digest(file)).len())
    });
    time("crc32", &mut || {
        each(&mut |file| black_box(crc32fast::hash(file)) as usize & 3)
    });
    let packed: Vec<Vec<u8>> = files.iter().map(|file| deflate(file, 6)).collect();
    let longest = files.iter().map(Vec::len).max().unwrap_or(0);
    let mut buffer = vec![0; longest];
    time("inflate, libdeflate", &mut || {
        let mut decoder = Decompressor::new();
        let pairs = packed.iter().zip(&files);
        let inflate = |(stream, file): (&Vec<u8>, &Vec<u8>)| {
            let room = buffer.get_mut(..file.len()).unwrap_or_default();
            decoder.deflate_decompress(stream, room).unwrap_or(0)
        };
        pairs.map(inflate).sum()
    });
    time("inflate, zlib-rs", &mut || {
        let mut piece = vec![0; 128 << 10];
        let drain = |stream: &Vec<u8>| {
            let mut decoder = DeflateDecoder::new(stream.as_slice());
            std::iter::from_fn(|| decoder.read(&mut piece).ok().filter(|count| *count > 0))
                .sum::<usize>()
        };
        packed.iter().map(drain).sum()
    });
    for level in 1..=9 {
        let what = format!("deflate, libdeflate {level}, pieces");
        time(&what, &mut || {
            each(&mut |file| {
                file.chunks(PIECE)
                    .map(|piece| deflate(piece, level).len())
                    .sum()
            })
        });
    }
    for level in [6, 9] {
        let what = format!("deflate, zlib-rs {level}");
        time(&what, &mut || each(&mut |file| zlib_rs(file, level)));
    }
}

fn deflate(bytes: &[u8], level: i32) -> Vec<u8> {
    let level = CompressionLvl::new(level).unwrap_or_default();
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; compressor.deflate_compress_bound(bytes.len())];
    let len = compressor.deflate_compress(bytes, &mut out).unwrap_or(0);
    out.truncate(len);
    out
}

fn zlib_rs(bytes: &[u8], level: u32) -> usize {
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
    let written = std::io::Write::write_all(&mut encoder, bytes);
    written
        .and_then(|()| encoder.finish())
        .map_or(0, |out| out.len())
}

fn measured() -> Vec<Vec<u8>> {
    let mut left = TOTAL;
    corpus::files(SIZES)
        .take_while(|file| {
            let fits = file.len() <= left;
            left = left.saturating_sub(file.len());
            fits
        })
        .collect()
}
