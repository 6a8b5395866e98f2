//! Reading any bytes as an ELF file ends in facts or in an error.
#![no_main]

#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::elf_facts(bytes));
