//! RECORD: any bytes are rows or findings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheel_audit::wheel::record::Record;

fuzz_target!(|bytes: &[u8]| {
    let _ = Record::parse(bytes, "fuzz-1.0.dist-info/RECORD");
});
