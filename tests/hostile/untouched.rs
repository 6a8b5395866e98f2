//! A wheel in which a repair finds nothing to do comes out as it went in.

use std::fs;

use crate::craft::judge::{audit, finish};
use crate::craft::wheel::{Maker, wheel_file};
use crate::craft::zip::{Archive, Descriptor, Entry};

const NAME: &str = "evil-1.0-cp311-cp311-manylinux1_x86_64.manylinux_2_5_x86_64.whl";

/// A wheel that has the name and the tags that it deserves.
fn finished() -> Maker {
    let tags = ["manylinux1", "manylinux_2_5"].map(|tag| format!("cp311-cp311-{tag}_x86_64"));
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    Maker::default()
        .named(NAME)
        .with(|maker| maker.wheel = Some(wheel_file("false", &tags)))
}

/// The bytes after a repair, and the codes of what was told.
fn repaired(bytes: &[u8], options: &[&str], epoch: Option<&str>) -> (Vec<u8>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let wheel = folder.path().join(NAME);
    fs::write(&wheel, bytes).unwrap();
    let mut command = audit("repair");
    command
        .args(["--json", "--no-host-libs", "-w"])
        .arg(folder.path().join("out"))
        .arg(&wheel)
        .args(options);
    if let Some(epoch) = epoch {
        command.env("SOURCE_DATE_EPOCH", epoch);
    }
    let (output, _) = finish(&mut command);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let codes = findings.iter().map(|one| one["code"].as_str().unwrap());
    let codes = codes.map(str::to_owned).collect();
    let result = fs::read(folder.path().join("out").join(NAME)).unwrap();
    assert_eq!(fs::read(&wheel).unwrap(), bytes, "the input was written to");
    (result, codes)
}

fn of(change: impl FnOnce(&mut Archive)) -> Vec<u8> {
    finished().archive().with(change).build()
}

#[test]
fn the_result_is_the_input_byte_for_byte() {
    let folder = Entry::new("evil/", "").with(|entry| entry.mode = 0o040_755);
    let kept = [
        ("as we write it", of(|_| ())),
        ("a folder", of(|archive| archive.entries.insert(0, folder))),
        (
            "another mode",
            of(|archive| archive.entries[0].mode = 0o100_600),
        ),
        (
            "RECORD first",
            of(|archive| archive.entries.rotate_right(1)),
        ),
    ];
    for (case, bytes) in kept {
        let (result, codes) = repaired(&bytes, &[], None);
        assert!(result == bytes, "{case} changed");
        assert!(codes.contains(&"wheel-unchanged".to_owned()), "{case}");
    }
}

#[test]
fn what_pypi_refuses_or_somebody_asked_for_is_written_anew() {
    let descriptor = of(|archive| archive.entries[1].descriptor = Descriptor::Signed);
    let (result, codes) = repaired(&descriptor, &[], None);
    assert!(result != descriptor);
    assert!(codes.contains(&"wheel-rewritten".to_owned()), "{codes:?}");

    let sound = of(|_| ());
    for (options, epoch) in [(&["-z", "0"][..], None), (&[], Some("1600000000"))] {
        let (result, codes) = repaired(&sound, options, epoch);
        assert!(result != sound, "{options:?} {epoch:?}");
        let idle = |code: &String| code == "wheel-unchanged" || code == "wheel-rewritten";
        assert!(!codes.iter().any(idle), "{codes:?}");
    }
}
