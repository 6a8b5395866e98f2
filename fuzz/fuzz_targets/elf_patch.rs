//! An edit of any bytes is refused, or shows in the facts of the result and is then complete.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::elf_patch(bytes));
