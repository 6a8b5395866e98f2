//! A workbench for one test: a folder, a compiler, wheels made and taken apart, `audit` run on them.

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use elf_edit::{self as elf, Edit, Facts};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wheel_audit::{OpenOptions, Wheel};

/// A folder that goes when the test ends.
pub(crate) struct Bench {
    folder: TempDir,
}

/// What a run of `audit` said.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Compiles C (or C++, by `compiler`) into a shared library and gives its bytes.
    pub(crate) fn compile(
        &self,
        compiler: &str,
        source: &str,
        out: &str,
        args: &[&str],
    ) -> Vec<u8> {
        let mut all = vec!["-shared", "-fPIC"];
        all.extend(args);
        self.link(compiler, source, out, &all)
    }

    /// Compiles a program.
    pub(crate) fn program(&self, source: &str, out: &str, args: &[&str]) -> Vec<u8> {
        self.link("gcc", source, out, args)
    }

    fn link(&self, compiler: &str, source: &str, out: &str, args: &[&str]) -> Vec<u8> {
        let suffix = if compiler.ends_with("g++") { "cc" } else { "c" };
        let source = self.write(&format!("{out}.{suffix}"), source);
        let out = self.path(out);
        let output = Command::new(compiler)
            .args(["-Wl,--no-as-needed", "-o"])
            .arg(&out)
            .arg(source)
            .args(args)
            .current_dir(self.folder.path())
            .output();
        let output = output.unwrap_or_else(|_| {
            panic!(
                "{compiler} is missing: apt-get install {}",
                package_of(compiler)
            )
        });
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{compiler}: {told}");
        fs::read(out).unwrap()
    }

    /// A chain of libraries in `libs/`: the returned extension needs libmid.so.1, which needs
    /// libbase.so.1.
    pub(crate) fn chain(&self) -> Vec<u8> {
        fs::create_dir_all(self.path("libs")).unwrap();
        self.compile(
            "gcc",
            "int base(void) { return 40; }",
            "libs/libbase.so.1",
            &["-Wl,-soname,libbase.so.1"],
        );
        self.compile(
            "gcc",
            "int base(void); int mid(void) { return base() + 1; }",
            "libs/libmid.so.1",
            &["-Wl,-soname,libmid.so.1", "libs/libbase.so.1"],
        );
        self.extension(&[])
    }

    /// The extension of the chain, linked with more arguments.
    pub(crate) fn extension(&self, args: &[&str]) -> Vec<u8> {
        let mut all = vec!["libs/libmid.so.1", "-Wl,--allow-shlib-undefined"];
        all.extend(args);
        self.compile(
            "gcc",
            "int mid(void); int answer(void) { return mid() + 1; }",
            "_x.so",
            &all,
        )
    }

    /// A wheel of the project `pkg` for x86-64.
    pub(crate) fn wheel(&self, members: &[(&str, &[u8])]) -> PathBuf {
        self.wheel_for("linux_x86_64", members)
    }

    /// A wheel of the project `pkg` with that platform tag; its metadata is added.
    pub(crate) fn wheel_for(&self, platform: &str, members: &[(&str, &[u8])]) -> PathBuf {
        self.wheel_of(&format!("py3-none-{platform}"), false, members)
    }

    /// A wheel of the project `pkg` with these tags; its root is pure or not.
    pub(crate) fn wheel_of(&self, tags: &str, pure: bool, members: &[(&str, &[u8])]) -> PathBuf {
        let headers = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tags}\n");
        let mut all: Vec<(&str, &[u8])> = members.to_vec();
        all.push((
            "pkg-1.0.dist-info/METADATA",
            b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n",
        ));
        all.push(("pkg-1.0.dist-info/WHEEL", headers.as_bytes()));
        let mut record = String::new();
        for (path, content) in &all {
            let digest =
                base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(content));
            writeln!(record, "{path},sha256={digest},{}", content.len()).unwrap();
        }
        record.push_str("pkg-1.0.dist-info/RECORD,,\n");
        all.push(("pkg-1.0.dist-info/RECORD", record.as_bytes()));
        self.write(&format!("in/pkg-1.0-{tags}.whl"), archive(&all))
    }

    /// Runs `audit repair` hermetically: libraries come from `libs/`.
    pub(crate) fn repair(&self, wheel: &Path, args: &[&str]) -> Run {
        let mut all = vec!["--no-host-libs", "--lib-path", "libs"];
        all.extend(args);
        self.repair_with(wheel, &all)
    }

    /// Runs `audit repair` with just these options.
    pub(crate) fn repair_with(&self, wheel: &Path, args: &[&str]) -> Run {
        let wheel = wheel.to_str().unwrap();
        let mut all = vec!["repair", wheel, "-w", "out"];
        all.extend(args);
        self.audit(&all)
    }

    pub(crate) fn audit(&self, args: &[&str]) -> Run {
        self.audit_where(&[], args)
    }

    /// Runs `audit` with these environment variables and no others.
    pub(crate) fn audit_where(&self, environment: &[(&str, &str)], args: &[&str]) -> Run {
        let output: Output = Command::new(env!("CARGO_BIN_EXE_audit"))
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        Run {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The only wheel in `out/`.
    pub(crate) fn result(&self) -> Wheel {
        let mut found = fs::read_dir(self.path("out")).unwrap();
        let path = found.next().expect("a repaired wheel").unwrap().path();
        assert!(found.next().is_none(), "more than one result");
        Wheel::open(&path, &OpenOptions::for_repair()).unwrap()
    }

    /// Unpacks the result into `site/` as an installer would.
    pub(crate) fn install(&self) {
        let wheel = self.result();
        for (id, member) in wheel.members.iter().enumerate() {
            let path = member.path.replace("pkg-1.0.data/platlib/", "");
            let mut content = Vec::new();
            wheel.reader(id).read_to_end(&mut content).unwrap();
            self.write(&format!("site/{path}"), content);
        }
    }

    /// Installs the result, and calls `answer()` of `pkg/_x.so` in a fresh process.
    pub(crate) fn answer(&self) -> i32 {
        self.install();
        let script = "import ctypes; print(ctypes.CDLL('site/pkg/_x.so').answer())";
        self.python(script).parse().unwrap()
    }

    /// What a fresh Python prints, without what ends the line. It runs in the bench's folder.
    pub(crate) fn python(&self, script: &str) -> String {
        let output = Command::new("python3")
            .args(["-c", script])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .output()
            .expect("python3 is missing: apt-get install python3");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Run {
    /// The JSON document of a run that went well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn done(&self) -> &Self {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self
    }

    /// The run was refused with this status and these words.
    #[track_caller]
    pub(crate) fn refused(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self.tells(words);
    }

    #[track_caller]
    pub(crate) fn tells(&self, words: &[&str]) {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{word} is not in\n{}",
                self.stderr
            );
        }
    }

    #[track_caller]
    pub(crate) fn says_nothing_of(&self, word: &str) {
        assert!(!self.stderr.contains(word), "{word} is in\n{}", self.stderr);
    }
}

fn package_of(compiler: &str) -> String {
    match compiler.rsplit_once('-') {
        Some((target, tool)) => format!("{tool}-{}", target.replace('_', "-")),
        None => compiler.to_owned(),
    }
}

/// The paths of a wheel's members.
pub(crate) fn paths(wheel: &Wheel) -> Vec<&str> {
    wheel
        .members
        .iter()
        .map(|member| member.path.as_str())
        .collect()
}

/// What a wheel's ELF file says of itself.
#[track_caller]
pub(crate) fn facts<'a>(wheel: &'a Wheel, path: &str) -> &'a Facts {
    let elf = wheel.elves.iter().find(|elf| elf.path == path);
    &elf.unwrap_or_else(|| panic!("{path} is not in {:?}", paths(wheel)))
        .facts
}

pub(crate) fn read(wheel: &Wheel, path: &str) -> Vec<u8> {
    let id = wheel.members.iter().position(|member| member.path == path);
    let id = id.unwrap_or_else(|| panic!("{path} is not in {:?}", paths(wheel)));
    let mut content = Vec::new();
    wheel.reader(id).read_to_end(&mut content).unwrap();
    content
}

/// The names in a list of JSON objects.
pub(crate) fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry[key].as_str().unwrap()).collect()
}

/// An ELF file with a few changes.
pub(crate) fn edited(file: &[u8], edit: &Edit) -> Vec<u8> {
    let file = file.to_vec();
    let patch = elf::plan(&file, edit).unwrap();
    let mut new = Vec::new();
    patch.write(&mut file.as_slice(), &mut new).unwrap();
    new
}

/// A file of `testdata/`.
pub(crate) fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(path)
}

/// A zip archive of stored members.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in members {
        let offset = u32::try_from(body.len()).unwrap();
        let size = u32::try_from(content.len()).unwrap();
        let mode: u32 = if path.contains(".so") || path.contains("/scripts/") {
            0o100_755
        } else {
            0o100_644
        };
        let mut common = Vec::new();
        // Flags (UTF-8), method, time, date (2024-01-01).
        for word in [0x0800_u16, 0, 0, 0x5821] {
            common.extend(word.to_le_bytes());
        }
        for word in [crc32fast::hash(content), size, size] {
            common.extend(word.to_le_bytes());
        }
        common.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        body.extend(b"PK\x03\x04\x14\x00");
        body.extend(&common);
        body.extend(path.as_bytes());
        body.extend(*content);
        directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(path.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap();
    let start = u32::try_from(body.len()).unwrap();
    let size = u32::try_from(directory.len()).unwrap();
    body.extend(directory);
    body.extend(b"PK\x05\x06\0\0\0\0");
    body.extend(count.to_le_bytes());
    body.extend(count.to_le_bytes());
    body.extend(size.to_le_bytes());
    body.extend(start.to_le_bytes());
    body.extend([0, 0]);
    body
}
