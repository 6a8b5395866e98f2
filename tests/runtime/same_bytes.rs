//! Same input, same bytes: not the time zone, the user's mask, the folder or the threads.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::Place;
use crate::craft::judge::{audit, written};

#[test]
fn the_surroundings_do_not_matter() {
    let place = Place::slow();
    let (home, temporary) = (place.path("home"), place.path("tmp"));
    fs::create_dir(&home).unwrap();
    fs::create_dir(&temporary).unwrap();
    let mut results = Vec::new();
    let masks = ["022", "077", "000"];
    let zones = ["UTC", "Asia/Tokyo", "America/St_Johns"];
    let locales = ["C", "tr_TR.UTF-8", "C.UTF-8"];
    let threads = ["1", "2", "8"];
    for turn in 0..3 {
        for shift in 0..3 {
            let pick = |list: [&'static str; 3], step: usize| list[(turn + shift * step) % 3];
            let out = place.path(&format!("out-{turn}-{shift}"));
            let before = format!("umask {};", pick(masks, 1));
            let mut command = place.shell(&before, &out);
            command.args(["--jobs", pick(threads, 2)]);
            command
                .env("TZ", pick(zones, 1))
                .env("LC_ALL", pick(locales, 2));
            if turn == 1 {
                command
                    .current_dir("/")
                    .env("HOME", &home)
                    .env("TMPDIR", &temporary);
            }
            let output = command.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            let path = written(&out).unwrap();
            results.push((
                path.file_name().unwrap().to_owned(),
                fs::read(path).unwrap(),
            ));
        }
    }
    // Whoever it is that runs it.
    let open = place.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let output = place.as_nobody(&open.join("out")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let path = written(&open.join("out")).unwrap();
    results.push((
        path.file_name().unwrap().to_owned(),
        fs::read(path).unwrap(),
    ));
    let (first, rest) = results.split_first().unwrap();
    assert!(rest.iter().all(|other| other == first), "two runs differ");
}

#[test]
fn a_second_repair_changes_nothing() {
    let place = Place::slow();
    let (once, twice) = (place.path("once"), place.path("twice"));
    assert!(place.repair(&once).output().unwrap().status.success());
    let first = written(&once).unwrap();
    let output = audit("repair")
        .arg("-w")
        .arg(&twice)
        .arg(&first)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let second = written(&twice).unwrap();
    assert_eq!(first.file_name(), second.file_name());
    assert!(
        fs::read(&first).unwrap() == fs::read(&second).unwrap(),
        "the bytes differ"
    );
}

/// Wheels are judged side by side, and told one after the other.
#[test]
fn several_wheels_are_told_as_one_after_the_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/wheels");
    let entries = fs::read_dir(folder).unwrap();
    let mut wheels: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    wheels.retain(|path| path.extension().is_some_and(|end| end == "whl"));
    wheels.sort();
    assert!(wheels.len() > 5, "{wheels:?}");
    let place = Place::new();
    let damaged = place.path("damaged-1.0-cp38-abi3-linux_x86_64.whl");
    fs::write(&damaged, "not a wheel").unwrap();
    wheels.insert(2, damaged);
    wheels.push(place.wheel.clone());

    let show = |jobs: &str, wheels: &[PathBuf]| {
        let mut command = audit("show");
        let output = command.args(["--json", "--jobs", jobs]).args(wheels);
        let output = output.output().unwrap();
        (output.status.code(), output.stdout, output.stderr)
    };
    let one_by_one: Vec<_> = wheels
        .iter()
        .map(|wheel| show("1", std::slice::from_ref(wheel)))
        .collect();
    let worst = one_by_one.iter().map(|(status, ..)| *status).max();
    let told: Vec<u8> = one_by_one
        .iter()
        .flat_map(|(_, told, _)| told.clone())
        .collect();
    let warned: Vec<u8> = one_by_one
        .iter()
        .flat_map(|(.., told)| told.clone())
        .collect();
    for jobs in ["1", "2", "8"] {
        let (status, stdout, stderr) = show(jobs, &wheels);
        assert_eq!(Some(status), worst, "--jobs {jobs}");
        assert!(
            stdout == told,
            "--jobs {jobs}: {}",
            String::from_utf8_lossy(&stdout)
        );
        assert!(
            stderr == warned,
            "--jobs {jobs}: {}",
            String::from_utf8_lossy(&stderr)
        );
    }
}
