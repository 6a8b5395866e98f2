//! Tests of editing.

mod bionic;
mod cases;
mod large;
mod properties;
mod stripping;

use super::edit::{Edit, Patch, plan};
use super::facts::{Facts, facts};
use super::synth::Synth;

/// The file after `patch`, read as a stream.
fn written(patch: &Patch, source: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    patch.write(&mut &source[..], &mut bytes).unwrap();
    bytes
}

/// The file after `edit`.
fn edited(source: &[u8], edit: &Edit) -> Vec<u8> {
    let patch = plan(&source.to_vec(), edit).unwrap();
    written(&patch, source)
}

fn read(bytes: &[u8]) -> Facts {
    facts(&bytes.to_vec()).unwrap()
}

/// A library with some of everything that an edit touches.
fn library(synth: Synth) -> Synth {
    let synth = synth
        .soname("libgreet.so.1")
        .needed("libwords.so.2")
        .needed("libm.so.6")
        .needed("libc.so.6")
        .needs("libc.so.6", &["GLIBC_2.17", "GLIBC_2.34"])
        .needs("libwords.so.2", &["WORDS_1"])
        .defines_version("libgreet.so.1")
        .defines_version("GREET_1")
        .import("printf", Some("GLIBC_2.17"))
        .import("words", Some("WORDS_1"))
        .import("unversioned", None)
        .function("greet");
    synth.note("GNU", 3, &[0xab; 20])
}
