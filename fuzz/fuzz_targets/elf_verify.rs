//! The verifier of edited files, on edited files that are damaged.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::elf_verify(bytes));
