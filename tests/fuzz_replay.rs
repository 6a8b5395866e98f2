//! The fuzz targets over their seeds, and over seeds that are damaged in a fixed way: what
//! can be had of them without a fuzzer.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may die, and says where"
)]

#[path = "../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::{Path, PathBuf};

/// Damaged inputs for each seed.
const DAMAGED: u64 = 40;

fn seeds(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let entries = fs::read_dir(folder.join(target)).unwrap();
    let mut seeds: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(
        seeds.len() > 4,
        "{target} has no seeds: cargo run --example fuzz_seeds"
    );
    seeds
}

/// Marsaglia's xorshift: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }
}

/// Values that sit at the edges of fields.
const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            2 => {
                let edge = EDGES[numbers.below(EDGES.len())].to_le_bytes();
                let width = 1 << numbers.below(4);
                let end = bytes.len().min(at + width);
                bytes[at..end].copy_from_slice(&edge[..end - at]);
            }
            3 => bytes.truncate(at),
            _ => {
                let end = bytes.len().min(at + 1 + numbers.below(64));
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
}

fn replay(target: &str, check: checks::Check) {
    for seed in seeds(target) {
        let bytes = fs::read(&seed).unwrap();
        let shown = seed.display();
        println!("{shown}");
        check(&bytes);
        for round in 1..=DAMAGED {
            // Printed only if the check dies: the input can be made again from it.
            println!("{shown}, damage {round}");
            let mut numbers = Numbers(round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut damaged = bytes.clone();
            damage(&mut damaged, &mut numbers);
            check(&damaged);
        }
    }
}

#[test]
fn every_target_holds_over_its_seeds_and_their_damage() {
    for (target, check) in checks::ALL {
        replay(target, check);
    }
}
