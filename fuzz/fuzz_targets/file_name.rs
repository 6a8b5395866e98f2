//! A wheel file name prints itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheel_audit::tag::WheelName;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<WheelName>() {
        assert_eq!(name.to_string(), text);
        assert!(!name.expanded_tags().is_empty());
    }
});
