//! Reading any bytes as an ELF file ends in facts or in an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheel_audit::elf;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(facts) = elf::facts(&bytes.to_vec()) {
        let _ = facts.imports().count();
        let _ = facts.defines_function("PyInit_x");
    }
});
