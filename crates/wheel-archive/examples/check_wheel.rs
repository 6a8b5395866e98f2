//! Tells all that is wrong with wheels: `check_wheel WHEEL...`. Ends with status 1 if one is refused.
#![expect(clippy::print_stdout, reason = "its output")]

use std::path::PathBuf;
use std::process::ExitCode;

use wheel_archive::{OpenOptions, Wheel, escape};

fn main() -> ExitCode {
    let mut all_sound = true;
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        let shown = path.display().to_string();
        let (findings, members) = match Wheel::open(&path, &OpenOptions::default()) {
            Ok(wheel) => (wheel.findings, Some(wheel.members.len())),
            Err(refused) => (refused.findings, None),
        };
        for finding in findings {
            println!(
                "{}: {}: {finding}",
                escape(&shown),
                finding.severity.as_str()
            );
            if let Some(help) = finding.help {
                println!("    {}", escape(&help));
            }
        }
        match members {
            Some(members) => println!("{}: sound, {members} members", escape(&shown)),
            None => all_sound = false,
        }
    }
    if all_sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
