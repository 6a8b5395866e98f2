//! Any bytes are a sound archive or refused with findings.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::zip_reader(bytes));
