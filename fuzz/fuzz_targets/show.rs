//! A whole judgement of a mutated wheel: hashes are not checked, so that mutations get past
//! them.
#![no_main]

use std::io::Write as _;

use libfuzzer_sys::fuzz_target;
use wheel_audit::{AuditOptions, Host, HostOptions, OpenOptions, Wheel, audit, report};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("evil-1.0-cp311-cp311-linux_x86_64.whl");
    let mut file = std::fs::File::create(&path).expect("a file");
    file.write_all(bytes).expect("room on the disk");
    let options = OpenOptions {
        verify: false,
        ..OpenOptions::default()
    };
    let Ok(wheel) = Wheel::open(&path, &options) else { return };
    let host = Host::new(HostOptions {
        no_host: true,
        ..HostOptions::default()
    });
    if let Ok(judgement) = audit(&wheel, &host, &AuditOptions::default()) {
        let _ = report::show_json::judged(&wheel, &judgement);
    }
});
