//! An edit of any bytes is refused, or shows in the facts of the result and is then complete.
//!
//! The first byte chooses the edit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wheel_audit::elf::{self, Edit, RpathEdit, RpathKind, Strip, edit};

fn request(choice: u8, old: &elf::Facts) -> Edit {
    let mut edit = Edit::default();
    if choice & 1 != 0 {
        edit.soname = Some("libfuzz-1a2b3c4d.so.1".to_owned());
    }
    if choice & 2 != 0 {
        edit.rpath = RpathEdit::Set(RpathKind::Rpath, "$ORIGIN/../fuzz.libs".to_owned());
    }
    if choice & 4 != 0 {
        let renamed = old.needed.iter().map(|name| (name.clone(), format!("{name}-renamed")));
        edit.replace_needed = renamed.collect();
    }
    if choice & 8 != 0 {
        edit.strip = Strip::All;
    }
    if choice & 16 != 0 {
        edit.rpath = RpathEdit::Remove;
    }
    edit.clear_execstack = choice & 32 != 0;
    edit
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let bytes = bytes.to_vec();
    let Ok(facts) = elf::facts(&bytes) else { return };
    let request = request(*choice, &facts);
    let Ok(patch) = edit::plan(&bytes, &request) else { return };
    let mut edited = Vec::new();
    patch.write(&mut bytes.as_slice(), &mut edited).expect("memory can be read and written");
    assert_eq!(edited.len() as u64, patch.size());
    let after = elf::facts(&edited).expect("an edited file can be read");
    if let Some(soname) = &request.soname {
        assert_eq!(after.soname.as_ref(), Some(soname));
    }
    let again = edit::plan(&edited, &request).expect("an edited file can be edited");
    assert!(again.is_identity(), "the same edit again changes nothing");
});
