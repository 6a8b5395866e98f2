//! A person who waits is told how far the work is; nobody else is.

use std::io;
use std::process::{Command, Output};

use crate::Place;
use crate::craft::judge::AUDIT;

const NEEDED: &str = "script is needed: apt-get install bsdutils";

/// Runs a repair that is held up for longer than a second in the middle of its work.
fn held_up(place: &Place, before: &str, options: &str) -> io::Result<Output> {
    let script = format!(
        "{AUDIT} repair -z 9 {options} --lib-path {lib} -w {out} {wheel} & audit=$!
         while kill -0 $audit && ! ls -A {out} 2>/dev/null | grep -q tmp; do sleep 0.005; done
         kill -STOP $audit; sleep 1.3; kill -CONT $audit; wait $audit",
        lib = place.path("lib").display(),
        out = place.path("out").display(),
        wheel = place.wheel.display(),
    );
    let mut command = Command::new(if before.is_empty() { "bash" } else { before });
    if before.is_empty() {
        command.args(["-c", &script]);
    } else {
        command.args(["-qefc", &script, "/dev/null"]);
    }
    command.env("SHELL", "/bin/bash").output()
}

#[test]
fn on_a_terminal_after_a_second() {
    let output = held_up(&Place::slow(), "script", "").expect(NEEDED);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let (line, rest) = text.rsplit_once("\x1b[K").expect(&text);
    assert!(line.contains("\rread "), "{text}");
    assert!(line.ends_with('\r'), "the line is cleared: {text}");
    assert!(rest.contains("written to"), "{text}");
}

#[test]
fn never_in_pipes_and_never_for_the_quiet() {
    let output = held_up(&Place::slow(), "", "").expect("bash is needed");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let quiet = held_up(&Place::slow(), "script", "--quiet").expect(NEEDED);
    assert_eq!(String::from_utf8_lossy(&quiet.stdout), "");
}
