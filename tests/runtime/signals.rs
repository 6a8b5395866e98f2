//! A run that is stopped leaves nothing, whenever that is.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Place;
use crate::craft::judge::{names, written};

fn send(signal: &str, child: &Child) {
    // It may be gone already.
    let _ = Command::new("kill")
        .args(["-s", signal, &child.id().to_string()])
        .stderr(Stdio::null())
        .status();
}

/// Starts a repair, sends a signal after `delay`, and says how it ended.
fn stopped(place: &Place, out: &str, signal: &str, delay: Duration) -> ExitStatus {
    let mut child = place
        .repair(&place.path(out))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(delay);
    send(signal, &child);
    child.wait().unwrap()
}

fn whole_run(place: &Place) -> Duration {
    let start = Instant::now();
    let status = place.repair(&place.path("whole")).output().unwrap().status;
    assert!(status.success());
    start.elapsed()
}

fn is_wheel(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "whl")
}

#[test]
fn interrupts_leave_nothing() {
    const INSTANTS: u32 = 25;
    let place = Place::slow();
    let whole = whole_run(&place);
    let mut caught = 0;
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        for instant in 0..INSTANTS {
            let out = format!("{signal}-{instant}");
            let status = stopped(&place, &out, signal, whole * instant / INSTANTS);
            let folder = place.path(&out);
            match (status.code(), status.signal()) {
                (Some(0), _) => {
                    written(&folder).unwrap();
                }
                // Before the program has begun to watch, the system ends it.
                (Some(found), _) if found == code => {
                    caught += 1;
                    // A result that had its name already is whole.
                    if names(&folder).iter().any(|name| is_wheel(name)) {
                        written(&folder).unwrap();
                    } else {
                        assert!(!folder.exists(), "{out} left {:?}", names(&folder));
                    }
                }
                (None, Some(_)) => assert!(!folder.exists(), "{out}"),
                other => panic!("{out} ended with {other:?}"),
            }
        }
    }
    assert!(caught > 20, "only {caught} signals met a run");
}

#[test]
fn a_kill_leaves_no_half_wheel() {
    const INSTANTS: u32 = 25;
    let place = Place::slow();
    let whole = whole_run(&place);
    for instant in 0..INSTANTS {
        let out = format!("kill-{instant}");
        stopped(&place, &out, "KILL", whole * instant / INSTANTS);
        let folder = place.path(&out);
        let (wheels, rest): (Vec<String>, Vec<String>) =
            names(&folder).into_iter().partition(|name| is_wheel(name));
        assert!(rest.iter().all(|name| name.starts_with('.')), "{rest:?}");
        for name in rest {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        if !wheels.is_empty() {
            written(&folder).unwrap();
        }
    }
}
