//! Where results go: onto the input, onto links, into folders that others use or that are closed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::craft::judge::{audit, codes, names, written};
use crate::craft::wheel::{Maker, extension};
use crate::{GRAFT, Place};

#[test]
fn over_the_input() {
    let place = Place::new();
    let folder = place.path("in");
    let before = fs::read(&place.wheel).unwrap();
    let repair = |options: &[&str]| place.repair(&folder).args(options).output().unwrap();
    let failed = repair(&["--no-update-tags", "--max-size", "1"]);
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert_eq!(
        fs::read(&place.wheel).unwrap(),
        before,
        "a failure changes nothing"
    );

    let first = repair(&["--no-update-tags"]);
    assert!(first.status.success(), "{first:?}");
    let once = fs::read(&place.wheel).unwrap();
    assert_ne!(once, before);
    assert_eq!(names(&folder).len(), 1);

    let second = repair(&["--no-update-tags"]);
    assert!(second.status.success(), "{second:?}");
    assert_eq!(
        fs::read(&place.wheel).unwrap(),
        once,
        "a second repair changes nothing"
    );
}

#[test]
fn hard_links_of_the_input_keep_their_bytes() {
    let place = Place::new();
    let link = place.path("link.whl");
    fs::hard_link(&place.wheel, &link).unwrap();
    let before = fs::read(&link).unwrap();
    let output = place
        .repair(&place.path("in"))
        .arg("--no-update-tags")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read(&link).unwrap(), before);
}

#[test]
fn a_link_at_the_name_of_the_result_is_replaced() {
    let place = Place::new();
    let out = place.path("out");
    assert!(place.repair(&out).output().unwrap().status.success());
    let result = written(&out).unwrap();
    let victim = place.path("victim");
    fs::write(&victim, "precious").unwrap();
    for target in [victim.clone(), place.path("nothing"), place.wheel.clone()] {
        fs::remove_file(&result).unwrap();
        symlink(&target, &result).unwrap();
        let output = place.repair(&out).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(fs::symlink_metadata(&result).unwrap().is_file());
        written(&out).unwrap();
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(!place.path("nothing").exists());
}

#[test]
fn a_folder_at_the_name_of_the_result() {
    let place = Place::new();
    let out = place.path("out");
    assert!(place.repair(&out).output().unwrap().status.success());
    let result = written(&out).unwrap();
    fs::remove_file(&result).unwrap();
    fs::create_dir(&result).unwrap();
    let output = place.repair(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(names(&out).len(), 1);
    assert!(result.is_dir());
}

#[test]
fn pure_wheels_replace_links_too() {
    let place = Place::new();
    let name = "evil-1.0-py3-none-any.whl";
    let pure = Maker::of([crate::craft::zip::Entry::new("evil/__init__.py", "")])
        .named(name)
        .with(|maker| {
            maker.wheel = Some(crate::craft::wheel::wheel_file("true", &["py3-none-any"]));
        });
    let wheel = place.path("in").join(name);
    fs::write(&wheel, pure.build()).unwrap();
    let (out, victim) = (place.path("out"), place.path("victim"));
    fs::create_dir(&out).unwrap();
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, out.join(name)).unwrap();
    let output = audit("repair")
        .args(["--allow-pure-python-wheel", "-w"])
        .arg(&out)
        .arg(&wheel)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(fs::read(out.join(name)).unwrap(), fs::read(&wheel).unwrap());
}

#[test]
fn many_runs_into_one_folder() {
    let place = Place::slow();
    let out = place.path("a/b/out");
    let runs: Vec<_> = (0..6)
        .map(|_| {
            let mut command = place.repair(&out);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    written(&out).unwrap();
}

#[test]
fn folders_that_cannot_hold_results() {
    let place = Place::new();
    let file = place.path("file");
    fs::write(&file, "").unwrap();
    for out in [file.clone(), file.join("below"), file.join("far/below")] {
        let output = place.repair(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{out:?}: {output:?}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"");
}

#[test]
fn folders_that_cannot_be_made() {
    let place = Place::new();
    let link = place.path("link");
    symlink(place.path("nowhere"), &link).unwrap();
    let long = place.path(&"x".repeat(300));
    for out in [
        link.clone(),
        link.join("below"),
        long.clone(),
        long.join("below"),
    ] {
        let output = place.repair(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{out:?}: {output:?}");
    }
    assert!(!place.path("nowhere").exists());
}

/// Not even before minutes of work: a folder that is closed to this user is said first.
#[test]
fn a_closed_folder() {
    let place = Place::new();
    let closed = place.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    for out in [closed.clone(), closed.join("below")] {
        let output = place
            .as_nobody(&out)
            .output()
            .expect("setpriv is needed: apt-get install util-linux");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(names(&closed).is_empty());
    }
}

/// A library that this user may not read is passed over, and told where no other is found.
#[test]
fn a_closed_library() {
    let place = Place::new();
    let closed = place.path("lib").join(GRAFT);
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    fs::copy(&closed, other.join(GRAFT)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let open = |name: &str| {
        let folder = place.path(name);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        folder
    };
    let (alone, both) = (open("alone"), open("both"));
    let output = place.as_nobody(&alone.join("out")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(codes(&output).contains("lib-not-found"), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("permission denied"), "{told}");
    let mut command = place.as_nobody(&both.join("out"));
    let output = command.arg("--lib-path").arg(&other).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    written(&both.join("out")).unwrap();
}

#[test]
fn a_result_that_is_there_already_is_left_alone() {
    use std::os::unix::fs::MetadataExt as _;
    let place = Place::new();
    let out = place.path("out");
    let identity = || {
        let output = place.repair(&out).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let metadata = fs::metadata(written(&out).unwrap()).unwrap();
        (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
    };
    let first = identity();
    assert_eq!(identity(), first);
    let result = written(&out).unwrap();
    fs::write(&result, "other").unwrap();
    assert_ne!(identity(), first, "other bytes are replaced");
}

#[test]
fn two_pure_wheels_of_one_result() {
    let name = "evil-1.0-py3-none-any.whl";
    let pure = Maker::of([crate::craft::zip::Entry::new("evil/__init__.py", "")])
        .named(name)
        .with(|maker| {
            maker.wheel = Some(crate::craft::wheel::wheel_file("true", &["py3-none-any"]));
        });
    let place = Place::with(&pure);
    let second = place.path("lib").join(name);
    fs::write(&second, pure.build()).unwrap();
    let out = place.path("out");
    let output = audit("repair")
        .args(["--allow-pure-python-wheel", "-w"])
        .arg(&out)
        .args([&place.wheel, &second])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(codes(&output).contains("same-output"), "{output:?}");
    assert_eq!(names(&out), [name]);
}

#[test]
fn two_wheels_of_one_result() {
    let place = Place::new();
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    let maker = Maker::with_extension(extension(&[GRAFT]));
    let second = other.join(&maker.name);
    fs::write(&second, maker.build()).unwrap();
    let output = place
        .repair(&place.path("out"))
        .arg(&second)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(codes(&output).contains("same-output"), "{output:?}");
}

#[test]
fn one_bad_wheel_of_several() {
    let place = Place::new();
    let bad = place
        .path("in")
        .join("bad-1.0-cp311-cp311-linux_x86_64.whl");
    fs::write(&bad, "no zip").unwrap();
    let out = place.path("out");
    let stopped = place.repair(&out).arg(&bad).output().unwrap();
    assert_eq!(stopped.status.code(), Some(1), "{stopped:?}");
    written(&out).unwrap();
    let other = place.path("other");
    let going = place
        .repair(&other)
        .arg("--keep-going")
        .arg(&bad)
        .output()
        .unwrap();
    assert_eq!(going.status.code(), Some(1), "{going:?}");
    written(&other).unwrap();
}
