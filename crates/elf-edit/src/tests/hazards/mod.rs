//! What the loader would refuse, or show us otherwise than it sees it, is refused.

mod damage;
mod dynamic;
mod headers;
mod loaders;
mod segments;
mod symbols;
mod versions;

use super::rich;
use crate::error::ElfError;
use crate::facts::facts;
use elf_synth::{Synth, Synthetic};

/// What is wrong with a file.
fn complaint(image: &[u8]) -> String {
    match facts(&image.to_vec()) {
        Err(ElfError::Malformed(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// What is wrong with the rich library for x86-64 after `change`.
fn complaint_after(change: impl FnOnce(&mut Synthetic)) -> String {
    let mut file = rich(Synth::new(true, false)).make();
    change(&mut file);
    complaint(&file.bytes)
}
