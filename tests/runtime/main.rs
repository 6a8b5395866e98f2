//! What happens to a run from outside: signals, full disks, limits, other runs, odd places.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may die")]

#[path = "../craft/mod.rs"]
mod craft;

mod limits;
mod places;
mod progress;
mod same_bytes;
mod signals;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf_synth::Synth;

use craft::judge::audit;
use craft::wheel::{Maker, extension};

const GRAFT: &str = "libgraft.so.1";

/// A folder with a wheel that needs a graft, the library, and room for results.
struct Place {
    folder: tempfile::TempDir,
    wheel: PathBuf,
}

impl Place {
    /// A small wheel.
    fn new() -> Self {
        Self::with(&Maker::with_extension(extension(&[GRAFT])))
    }

    /// A wheel that takes some time.
    fn slow() -> Self {
        let maker = Maker::with_extension(extension(&[GRAFT]));
        let maker = (0..8_u64).fold(maker, |maker, number| {
            maker.file(format!("evil/{number}.bin"), noise(2 << 20, number))
        });
        Self::with(&maker)
    }

    fn with(maker: &Maker) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = Synth::new(true, false)
            .soname(GRAFT)
            .needed("libc.so.6")
            .function("graft");
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(folder.path().join("lib").join(GRAFT), library.build()).unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let wheel = folder.path().join("in").join(&maker.name);
        fs::write(&wheel, maker.build()).unwrap();
        Self { folder, wheel }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `audit repair` of the wheel into `out`.
    fn repair(&self, out: &Path) -> Command {
        let mut command = audit("repair");
        command.arg("--lib-path").arg(self.path("lib"));
        command.arg("-w").arg(out).arg(&self.wheel);
        command
    }

    /// The same as words for a shell.
    fn shell(&self, before: &str, out: &Path) -> Command {
        let mut command = Command::new("sh");
        let exec = format!("{before} exec \"$@\"");
        command.args([
            "-c",
            &exec,
            "sh",
            craft::judge::AUDIT,
            "repair",
            "--lib-path",
        ]);
        command.arg(self.path("lib")).arg("-w").arg(out);
        command.arg(&self.wheel);
        command
    }

    /// The same as a user whom folders can keep out, whoever runs the tests.
    fn as_nobody(&self, out: &Path) -> Command {
        if !is_root() {
            return self.repair(out);
        }
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // A copy: the folder of the build may be closed to others.
        let binary = self.path("audit");
        if !binary.exists() {
            fs::copy(craft::judge::AUDIT, &binary).unwrap();
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.arg(binary).arg("repair").arg("--lib-path");
        command.arg(self.path("lib")).arg("-w").arg(out);
        command.arg(&self.wheel);
        command
    }
}

/// Bytes that do not compress, the same for the same seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Whether this run may do everything: such users are not kept out of folders.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}
