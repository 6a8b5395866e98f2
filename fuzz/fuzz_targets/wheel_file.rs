//! Email-style headers (WHEEL, METADATA): any bytes are headers and a body.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::wheel_file(bytes));
