//! Gives a wheel other platform tags, in its name and in WHEEL: `retag WHEEL FOLDER TAG...`. All
//! other members keep their compressed bytes.
#![expect(clippy::print_stdout, reason = "its output")]

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use wheel_archive::{
    Compression, Content, Finding, NewMember, OpenOptions, PlatformTag, RecordPlace, Wheel,
    Written, check_written, publish, rewritten_wheel_file, write_wheel,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(wheel), Some(folder)) = (words.next(), words.next()) else {
        return Err("usage: retag WHEEL FOLDER TAG...".into());
    };
    let tags: Vec<PlatformTag> = words.map(PlatformTag::new).collect();
    if tags.is_empty() {
        return Err("name one platform tag or more".into());
    }
    println!(
        "{}",
        retag(wheel.as_ref(), folder.as_ref(), tags)?.display()
    );
    Ok(())
}

fn retag(path: &Path, folder: &Path, tags: Vec<PlatformTag>) -> Result<PathBuf, Box<dyn Error>> {
    let wheel = Wheel::open(path, &OpenOptions::default())?;
    let name = wheel.name.with_platforms(tags);
    let dir = &wheel.dist_info.dir;
    let text = rewritten_wheel_file(&wheel.dist_info.wheel, &name, !name.is_any());
    let mut members = Vec::new();
    let mut record = None;
    for (id, member) in wheel.members.iter().enumerate() {
        let content = match member.path.strip_prefix(dir.as_str()) {
            Some("/RECORD") => {
                record = Some(RecordPlace {
                    path: member.path.clone(),
                    modified: member.modified,
                });
                continue;
            }
            // They sign the RECORD that is written anew.
            Some("/RECORD.jws" | "/RECORD.p7s") => continue,
            Some("/WHEEL") => Content::Bytes(text.clone().into()),
            _ => Content::Copy(id),
        };
        members.push(NewMember {
            path: member.path.clone(),
            executable: member.executable,
            modified: member.modified,
            content,
        });
    }
    let record = record.ok_or("no RECORD")?;
    let destination = folder.join(name.to_string());
    let write =
        |file: &mut File| write_wheel(file, &wheel, &members, &record, Compression { level: None });
    let check = |path: &Path, written: &Vec<Written>| -> Result<(), Finding> {
        check_written(path, written, &()).map(|_| ())
    };
    publish(&destination, write, check, |_| Ok(()))?;
    Ok(destination)
}
