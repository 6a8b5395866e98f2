//! Wheels to put faults into: every file of `.dist-info` can be replaced, left out, or lie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use elf_synth::Synth;
use sha2::{Digest as _, Sha256};

use super::zip::{Archive, Entry};

/// The file name that most tests use.
pub const NAME: &str = "evil-1.0-cp311-cp311-linux_x86_64.whl";
/// The platform-specific member of every made wheel.
pub const EXTENSION: &str = "evil/ext.cpython-311-x86_64-linux-gnu.so";
/// The metadata folder of every made wheel.
pub const FOLDER: &str = "evil-1.0.dist-info";

/// An extension module of x86-64 that needs `libraries` and `GLIBC_2.2.5`.
pub fn extension(libraries: &[&str]) -> Vec<u8> {
    synth(libraries).build()
}

/// What [`extension`] builds, to be changed further.
pub fn synth(libraries: &[&str]) -> Synth {
    let mut synth = Synth::new(true, false)
        .needs("libc.so.6", &["GLIBC_2.2.5"])
        .import("printf", Some("GLIBC_2.2.5"))
        .function("PyInit_ext");
    for library in libraries {
        synth = synth.needed(library);
    }
    synth
}

/// A wheel to be made.
#[derive(Clone, Debug)]
pub struct Maker {
    /// Its file name.
    pub name: String,
    /// What is not metadata, in order.
    pub files: Vec<Entry>,
    /// The metadata folder, without a slash.
    pub folder: String,
    pub wheel: Option<Vec<u8>>,
    pub metadata: Option<Vec<u8>>,
    /// RECORD as bytes; `None`: made of `rows`.
    pub record: Option<Vec<u8>>,
    pub has_record: bool,
    /// Rows added to the right ones.
    pub more_rows: Vec<String>,
    /// Paths that get no row.
    pub unlisted: Vec<String>,
    /// Rows instead of the right ones.
    pub rows: Vec<(String, String)>,
}

impl Default for Maker {
    fn default() -> Self {
        let library = Entry::new(EXTENSION, extension(&[])).with(|entry| entry.mode = 0o100_755);
        Self::of([Entry::new("evil/__init__.py", ""), library])
    }
}

impl Maker {
    /// A sound wheel with these files.
    pub fn of(files: impl IntoIterator<Item = Entry>) -> Self {
        Self {
            name: NAME.to_owned(),
            files: files.into_iter().collect(),
            folder: FOLDER.to_owned(),
            wheel: Some(wheel_file("false", &["cp311-cp311-linux_x86_64"])),
            metadata: Some(b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n".to_vec()),
            record: None,
            has_record: true,
            more_rows: Vec::new(),
            unlisted: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// The sound wheel with its extension replaced.
    pub fn with_extension(bytes: Vec<u8>) -> Self {
        Self::default().with(|maker| maker.files[1].content = bytes)
    }

    /// The same wheel, changed by `fault`.
    #[must_use]
    pub fn with(mut self, fault: impl FnOnce(&mut Self)) -> Self {
        fault(&mut self);
        self
    }

    /// The same wheel with one more file.
    #[must_use]
    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::new(name, content))
    }

    /// The same wheel with one more entry.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.files.push(entry);
        self
    }

    /// The same wheel under another file name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Its members, metadata last.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = self.files.clone();
        let metadata = [("METADATA", &self.metadata), ("WHEEL", &self.wheel)];
        for (file, content) in metadata {
            if let Some(content) = content {
                entries.push(Entry::new(format!("{}/{file}", self.folder), content));
            }
        }
        if self.has_record {
            let record = self.record_of(&entries);
            entries.push(Entry::new(format!("{}/RECORD", self.folder), record));
        }
        entries
    }

    /// The bytes of RECORD for `entries`.
    pub fn record_of(&self, entries: &[Entry]) -> Vec<u8> {
        if let Some(record) = &self.record {
            return record.clone();
        }
        let mut rows: Vec<String> = Vec::new();
        for entry in entries {
            let path = String::from_utf8_lossy(&entry.name).into_owned();
            if path.ends_with('/') || self.unlisted.contains(&path) {
                continue;
            }
            let instead = self.rows.iter().find(|(listed, _)| *listed == path);
            rows.push(match instead {
                Some((_, row)) => row.clone(),
                None => row(&path, &entry.content),
            });
        }
        rows.extend(self.more_rows.iter().cloned());
        rows.push(format!("{}/RECORD,,", self.folder));
        (rows.join("\n") + "\n").into_bytes()
    }

    /// As an archive, for faults of the framing.
    pub fn archive(&self) -> Archive {
        Archive::of(self.entries())
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        self.archive().build()
    }
}

/// The bytes of WHEEL.
pub fn wheel_file(purelib: &str, tags: &[&str]) -> Vec<u8> {
    let mut text =
        format!("Wheel-Version: 1.0\nGenerator: craft (1)\nRoot-Is-Purelib: {purelib}\n");
    for tag in tags {
        text.push_str(&format!("Tag: {tag}\n"));
    }
    text.into_bytes()
}

/// A right row of RECORD.
pub fn row(path: &str, content: &[u8]) -> String {
    let quoted = if path.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", path.replace('"', "\"\""))
    } else {
        path.to_owned()
    };
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
    format!("{quoted},sha256={digest},{}", content.len())
}
