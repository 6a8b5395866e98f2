//! Applies one edit to an ELF file: the editor that `audit repair` has built in, for
//! tests and experiments.
//!
//! ```text
//! cargo run --example elf_edit -- [EDIT]... IN OUT
//!
//!   --soname NAME              --rpath PATH | --runpath PATH | --remove-rpath
//!   --replace-needed OLD=NEW   --remove-needed NAME     --add-needed NAME
//!   --strip all|debug|unneeded --clear-execstack        --debug-dir DIR
//! ```
//!
//! Prints `SIZE-BEFORE SIZE-AFTER` and one line per remark. `OUT` may be `IN`.
#![allow(clippy::print_stdout, reason = "a command")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use elf_edit::{Edit, Image, Patch, RpathEdit, RpathKind, Strip};
use elf_edit::{plan, plan_with_debug_file};

/// A file that is read where it is looked at.
struct FileImage {
    file: File,
    size: u64,
}

impl Image for FileImage {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

struct Job {
    edit: Edit,
    files: Vec<String>,
    debug_dir: Option<PathBuf>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Job, Box<dyn Error>> {
    let mut edit = Edit::default();
    let mut files = Vec::new();
    let mut debug_dir = None;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--soname" => edit.soname = Some(value()?),
            "--rpath" => edit.rpath = RpathEdit::Set(RpathKind::Rpath, value()?),
            "--runpath" => edit.rpath = RpathEdit::Set(RpathKind::Runpath, value()?),
            "--remove-rpath" => edit.rpath = RpathEdit::Remove,
            "--replace-needed" => {
                let pair = value()?;
                let (old, new) = pair.split_once('=').ok_or("OLD=NEW")?;
                edit.replace_needed.insert(old.to_owned(), new.to_owned());
            }
            "--remove-needed" => {
                edit.remove_needed.insert(value()?);
            }
            "--add-needed" => edit.add_needed.push(value()?),
            "--strip" => {
                edit.strip = match value()?.as_str() {
                    "all" => Strip::All,
                    "debug" => Strip::Debug,
                    "unneeded" => Strip::Unneeded,
                    other => return Err(format!("--strip {other}").into()),
                }
            }
            "--debug-dir" => debug_dir = Some(PathBuf::from(value()?)),
            "--clear-execstack" => edit.clear_execstack = true,
            _ => files.push(argument),
        }
    }
    Ok(Job {
        edit,
        files,
        debug_dir,
    })
}

fn write(patch: &Patch, source: &Path, target: &Path) -> io::Result<()> {
    let mut source = File::open(source)?;
    let mode = source.metadata()?.permissions().mode();
    let mut draft = target.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let mut sink = BufWriter::new(File::create(&draft)?);
    patch.write(&mut source, &mut sink)?;
    sink.flush()?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(mode))?;
    fs::rename(&draft, target)
}

fn main() -> Result<(), Box<dyn Error>> {
    let job = parse(std::env::args().skip(1))?;
    let [input, output] = job.files.as_slice() else {
        return Err("two files, IN and OUT, are needed".into());
    };
    let (input, output) = (Path::new(input), Path::new(output));
    let file = File::open(input)?;
    let size = file.metadata()?.len();
    let image = FileImage { file, size };
    let patch = match &job.debug_dir {
        None => plan(&image, &job.edit)?,
        Some(folder) => {
            let (edited, debug) = plan_with_debug_file(&image, &job.edit)?;
            if let Some(debug) = debug {
                let path = folder.join(debug.path());
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                write(&debug.patch, input, &path)?;
            }
            edited
        }
    };
    write(&patch, input, output)?;
    println!("{size} {}", patch.size());
    for remark in patch.remarks() {
        println!("{remark}");
    }
    Ok(())
}
