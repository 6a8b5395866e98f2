//! Any bytes are a sound archive or refused with findings.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use wheel_audit::{OpenOptions, Wheel};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("evil-1.0-cp311-cp311-linux_x86_64.whl");
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(bytes).expect("room on the disk");
    if let Err(error) = Wheel::open(&path, &OpenOptions::default()) {
        assert!(!error.findings.is_empty());
    }
});
