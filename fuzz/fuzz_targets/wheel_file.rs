//! Email-style headers (WHEEL, METADATA): any bytes are headers and a body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheel_audit::wheel::headers::Headers;

fuzz_target!(|bytes: &[u8]| {
    let _ = Headers::parse(bytes);
});
