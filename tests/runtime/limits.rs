//! Too little disk, too little memory, a reader that goes away, an input that changes.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::craft::judge::{AUDIT, audit, codes, names, written};
use crate::craft::wheel::{Maker, synth};
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

#[test]
fn an_input_that_changes_is_no_input() {
    let place = Place::slow();
    let start = Instant::now();
    assert!(
        place
            .repair(&place.path("whole"))
            .output()
            .unwrap()
            .status
            .success()
    );
    let whole = start.elapsed();
    let mut refused = 0;
    for instant in 0..20_u32 {
        let out = place.path(&format!("out-{instant}"));
        let child = place
            .repair(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(whole * instant / 20);
        let touched = Command::new("touch").arg(&place.wheel).status().unwrap();
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
    assert!(refused > 0, "no change met a run");
}
