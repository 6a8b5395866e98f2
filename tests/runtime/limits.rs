//! Too little disk, too little memory, a reader that goes away, an input that changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::craft::judge::{AUDIT, audit, codes, names, written};
use crate::craft::wheel::{Maker, synth, wheel_file};
use crate::craft::zip::Entry;
use crate::{GRAFT, Place, noise};

fn refused_for(output: &Output, code: &str) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(codes(output).contains(code), "{output:?}");
}

#[test]
fn a_limit_on_the_size_of_files() {
    let place = Place::slow();
    let out = place.path("out");
    // 512-byte units: far less than the result.
    let output = place.shell("ulimit -f 2048;", &out).output().unwrap();
    refused_for(&output, "output");
    assert!(!out.exists(), "left {:?}", names(&out));
}

/// What was not looked at is never told as missing.
#[test]
fn a_limit_on_open_files() {
    let place = Place::new();
    let mut reasons = BTreeSet::new();
    for files in 5..20 {
        let out = place.path(&format!("out{files}"));
        let before = format!("ulimit -n {files};");
        let output = place.shell(&before, &out).output().unwrap();
        if output.status.success() {
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{files}: {output:?}");
        reasons.extend(codes(&output));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("Too many open files"), "{files}: {told}");
        assert!(!told.contains("lib-not-found"), "{files}: {told}");
        assert!(!out.exists(), "{files}: left {:?}", names(&out));
    }
    assert!(reasons.contains("machine-limit"), "{reasons:?}");
}

#[test]
fn a_full_disk() {
    let place = Place::slow();
    let disk = place.path("disk");
    fs::create_dir(&disk).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=4m none {disk} || exit 99
         {AUDIT} repair --lib-path {lib} -w {disk}/out {wheel}; status=$?
         ls -A {disk} >&2
         exit $status",
        disk = disk.display(),
        lib = place.path("lib").display(),
        wheel = place.wheel.display(),
    );
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .output()
        .expect("unshare is needed: apt-get install util-linux");
    assert_ne!(
        output.status.code(),
        Some(99),
        "user namespaces are needed to mount a small file system"
    );
    refused_for(&output, "output");
    let last = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!last.lines().any(|line| line == "out"), "{last}");
}

#[test]
fn a_reader_that_goes_away() {
    let place = Place::new();
    let out = place.path("out");
    let run = |script: &str| {
        Command::new("bash")
            .args(["-c", script, "bash", AUDIT])
            .arg(&place.wheel)
            .arg(place.path("lib"))
            .arg(&out)
            .output()
            .unwrap()
    };
    let cases = [
        "\"$1\" show \"$2\" | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}",
        "\"$1\" show --json \"$2\" | true; exit ${PIPESTATUS[0]}",
        "\"$1\" show -v \"$2\" 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}",
        "\"$1\" policies --json | true; exit ${PIPESTATUS[0]}",
        "\"$1\" repair --lib-path \"$3\" -w \"$4\" \"$2\" | true; exit ${PIPESTATUS[0]}",
        "\"$1\" repair --lib-path \"$3\" -w \"$4\" \"$2\" 2>&1 | true; exit ${PIPESTATUS[0]}",
    ];
    for script in cases {
        let output = run(script);
        assert_eq!(output.status.code(), Some(0), "{script}: {output:?}");
    }
    for closed in [">&-", "2>&-", ">&- 2>&- <&-"] {
        let output = run(&format!(
            "\"$1\" repair --lib-path \"$3\" -w \"$4\" \"$2\" {closed}"
        ));
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{closed}: {output:?}"
        );
    }
    written(&out).unwrap();
}

/// The most memory that a run had, in bytes.
fn peak(mut command: Command) -> (u64, Output) {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        // Gone, or a zombie without memory, when the run is over.
        while let Some(peak) = fs::read_to_string(&status)
            .ok()
            .and_then(|text| high_water(&text))
        {
            most = most.max(peak);
            sleep(Duration::from_millis(2));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    (watcher.join().unwrap(), output)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .parse::<u64>()
        .ok()
        .map(|kib| kib << 10)
}

#[cfg(target_os = "linux")]
#[test]
fn large_members_take_little_memory() {
    const LIMIT: u64 = 256 << 20;
    let zeros = Entry::new("evil/zeros.bin", vec![0; 300 << 20]);
    let stored = Entry::new("evil/noise.bin", noise(100 << 20, 1)).with(|entry| entry.method = 0);
    let maker = Maker::with_extension(synth(&[GRAFT]).build())
        .entry(zeros)
        .entry(stored);
    let place = Place::with(&maker);
    drop(maker);
    let mut show = audit("show");
    show.arg(&place.wheel);
    for (what, command) in [("show", show), ("repair", place.repair(&place.path("out")))] {
        let (most, output) = peak(command);
        assert!(output.status.success(), "{output:?}");
        assert!(most > 1 << 20, "{what}: nothing was measured");
        assert!(most < LIMIT, "{what} took {} MiB", most >> 20);
    }
}

/// Symbols of one long name, shared by all: little to read, much to hold, and in many members.
#[cfg(target_os = "linux")]
#[test]
fn many_symbols_in_many_members() {
    const LIMIT: u64 = 384 << 20;
    let name = "x".repeat(250);
    let mut file = synth(&[]);
    file.merge_strings = true;
    let file = (0..100_000).fold(file, |file, _| file.import(&name, None));
    let bytes = file.build();
    let maker = (0..12).fold(Maker::default(), |maker, number| {
        maker.file(format!("evil/lib{number}.so"), &bytes)
    });
    let place = Place::with(&maker);
    let mut show = audit("show");
    show.arg(&place.wheel);
    for (what, command) in [("show", show), ("repair", place.repair(&place.path("out")))] {
        let (most, output) = peak(command);
        refused_for(&output, "too-large");
        assert!(most < LIMIT, "{what} took {} MiB", most >> 20);
    }
    let few = Place::with(&Maker::default().file("evil/lib.so", &bytes));
    let output = few.repair(&few.path("out")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_library_that_changes_is_no_library() {
    let place = Place::slow();
    let library = place.path("lib").join(GRAFT);
    let refused = changed_while_running(&place, &library, |out| place.repair(out));
    assert!(refused > 0, "no change met a run");
}

#[test]
fn a_pure_wheel_that_changes_is_not_copied() {
    let name = "evil-1.0-py3-none-any.whl";
    let maker = (0..8_u64).fold(Maker::of([]), |maker, number| {
        maker.file(format!("evil/{number}.bin"), noise(2 << 20, number))
    });
    let maker = maker.named(name).with(|maker| {
        maker.wheel = Some(wheel_file("true", &["py3-none-any"]));
    });
    let place = Place::with(&maker);
    let repair = |out: &Path| {
        let mut command = place.repair(out);
        command.arg("--allow-pure-python-wheel");
        command
    };
    let refused = changed_while_running(&place, &place.wheel, repair);
    assert!(refused > 0, "no change met a run");
}

#[test]
fn an_input_that_changes_is_no_input() {
    let place = Place::slow();
    let refused = changed_while_running(&place, &place.wheel, |out| place.repair(out));
    assert!(refused > 0, "no change met a run");
}

/// Touches `file` at many instants of a run; how many runs were refused for that. The others must have
/// made a whole wheel.
fn changed_while_running(place: &Place, file: &Path, repair: impl Fn(&Path) -> Command) -> u32 {
    let start = Instant::now();
    let output = repair(&place.path("whole")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let whole = start.elapsed();
    let mut refused = 0;
    for instant in 0..20_u32 {
        let out = place.path(&format!("out-{instant}"));
        let child = repair(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(whole * instant / 20);
        let touched = Command::new("touch").arg(file).status().unwrap();
        assert!(touched.success());
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            written(&out).unwrap();
        } else {
            refused_for(&output, "input-changed");
            assert!(!out.exists(), "left {:?}", names(&out));
            refused += 1;
        }
    }
    refused
}
