//! Tests of editing.

mod bionic;
mod cases;
mod large;
mod peers;
mod properties;
mod stripping;
mod surroundings;
mod tables;
mod tails;

use crate::error::EditError;
use crate::facts::{Facts, facts};
use crate::patch::Patch;
use crate::plan::plan;
use crate::read::header::{Header, Segment};
use crate::request::{Edit, RpathEdit, RpathKind};
use elf_synth::Synth;

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

fn rename(old: &str, new: &str) -> Edit {
    Edit {
        replace_needed: [(old.to_owned(), new.to_owned())].into(),
        ..Edit::default()
    }
}

fn soname(name: &str) -> Edit {
    Edit {
        soname: Some(name.to_owned()),
        ..Edit::default()
    }
}

fn path(kind: RpathKind, path: &str) -> Edit {
    Edit {
        rpath: RpathEdit::Set(kind, path.to_owned()),
        ..Edit::default()
    }
}

fn segments(bytes: &[u8]) -> Vec<Segment> {
    let bytes = bytes.to_vec();
    Header::read(&bytes).unwrap().segments(&bytes).unwrap()
}

fn unsafe_reason(bytes: &[u8], edit: &Edit) -> String {
    match plan(&bytes.to_vec(), edit) {
        Err(EditError::Unsafe(reason)) => reason,
        other => panic!("{other:?}"),
    }
}
