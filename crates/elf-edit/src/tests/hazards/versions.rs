//! The chains of needed and defined versions.

use super::{complaint, complaint_after};
use crate::abi::dt;
use elf_synth::Synth;

#[test]
fn version_chains_must_lead_forward_through_the_file() {
    let need = |at: u64, value: u32| {
        complaint_after(|file| file.put_u32(file.place("verneed") + at, value))
    };
    // vn_next, vn_aux, vna_next.
    assert_eq!(need(12, 8), "DT_VERNEED: the records overlap");
    assert_eq!(
        need(12, 0xffff_fff0),
        "DT_VERNEED: a record lies outside the file's segments"
    );
    assert_eq!(
        need(8, 0x0100_0000),
        "DT_VERNEED: a record lies outside the file's segments"
    );
    assert_eq!(need(16 + 12, 1), "DT_VERNEED: the records overlap");
    let version = complaint_after(|file| file.put_u16(file.place("verneed"), 2));
    assert_eq!(version, "DT_VERNEED: a record has an unknown version");
    let place = complaint_after(|file| file.set_dynamic(dt::VERNEED, 1 << 40));
    assert_eq!(place, "DT_VERNEED lies outside the file's segments");
    let def = |at: u64, value: u32| {
        complaint_after(|file| file.put_u32(file.place("verdef") + at, value))
    };
    assert_eq!(def(16, 4), "DT_VERDEF: the records overlap");
    assert_eq!(
        def(16, u32::MAX),
        "DT_VERDEF: a record lies outside the file's segments"
    );
}

#[test]
fn shared_version_chains_cost_no_more_than_the_file_has_records() {
    // 2000 records that all lead into one chain: two million versions, were they followed.
    let mut synth = Synth::new(true, false).needed("l");
    for _ in 0..2000 {
        synth = synth.needs("l", &["A"]);
    }
    let mut file = synth.make();
    let start = file.place("verneed");
    // Each record's chain goes on with the versions of all that follow.
    for index in 0..1999 {
        file.put_u32(start + index * 32 + 16 + 12, 32);
    }
    assert_eq!(complaint(&file.bytes), "DT_VERNEED: the records overlap");
}
