//! A whole judgement of a mutated wheel: hashes are not checked, so that mutations get past
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::show(bytes));
