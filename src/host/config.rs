//! The loaders' own configuration: `ld.so.conf`, musl's path files, the trusted folders.
//!
//! Specs: ld.so(8), ldconfig(8); `ldso/dynlink.c` of musl.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::file::{self, NoFile};
use super::glob::Glob;
use super::{FoundBy, SearchDir};
use crate::elf::arch::{Arch, LinuxArch as _};
use crate::tag::Libc;

/// So much text is read at most, of all files together: a thousand times what systems have.
const MOST_TEXT: u64 = 1 << 20;
/// Far more than any system includes; a guard against folders of a million files.
const MOST_FILES: usize = 4096;

/// Takes why a file of the configuration was not read.
type Unread<'a> = &'a dyn Fn(&NoFile);

/// The folders that the loader of `libc` searches last, under `root`, in order. Those that do
/// not exist are left out, and so are further names of one folder.
pub(super) fn system_dirs(
    root: &Path,
    libc: Libc,
    arch: Arch,
    unread: Unread<'_>,
) -> Vec<SearchDir> {
    let dirs = match libc {
        Libc::Glibc => glibc_dirs(root, arch, unread),
        Libc::Musl => musl_dirs(root, arch, unread),
        Libc::Android => Vec::new(),
    };
    existing(root, dirs)
}

/// `dirs` without those that do not exist or were there before under another name.
pub(super) fn existing(root: &Path, dirs: Vec<SearchDir>) -> Vec<SearchDir> {
    let mut seen = BTreeSet::new();
    let exists = |dir: &SearchDir| {
        let found = file::real_path(root, &dir.dir);
        found.is_ok_and(|(real, metadata)| metadata.is_dir() && seen.insert(real))
    };
    let mut dirs = dirs;
    let mut exists = exists;
    dirs.retain(|dir| exists(dir));
    dirs
}

fn glibc_dirs(root: &Path, arch: Arch, unread: Unread<'_>) -> Vec<SearchDir> {
    let mut reader = ConfReader {
        root,
        seen: BTreeSet::new(),
        dirs: Vec::new(),
        text_left: MOST_TEXT,
        glob: Glob::new(root),
        unread,
    };
    reader.read(Path::new("/etc/ld.so.conf"));
    let mut dirs = reader.dirs;
    let trusted = trusted_dirs(arch).into_iter().map(|dir| SearchDir {
        dir: under(root, Path::new(&dir)),
        found_by: FoundBy::Trusted,
    });
    dirs.extend(trusted);
    dirs
}

/// Built into glibc; which of them depends on who built it, so all that any distribution uses.
fn trusted_dirs(arch: Arch) -> Vec<String> {
    let mut names = vec![format!("lib/{}", multiarch(Libc::Glibc, arch))];
    names.extend(lib64(arch).iter().map(|name| (*name).to_owned()));
    names.push("lib".to_owned());
    let roots = ["/", "/usr/"];
    let both = names
        .iter()
        .flat_map(|name| roots.map(|root| format!("{root}{name}")));
    both.collect()
}

/// The word that Debian puts between `lib/` and a library (and GNU calls the triplet).
pub(crate) fn multiarch(libc: Libc, arch: Arch) -> String {
    let machine = match arch {
        Arch::I686 => "i386",
        Arch::Armv7l => "arm",
        Arch::Ppc64 => "powerpc64",
        Arch::Ppc64le => "powerpc64le",
        other => other.as_str(),
    };
    let system = match (libc, arch) {
        (Libc::Glibc, Arch::Armv7l) => "linux-gnueabihf",
        (Libc::Glibc, _) => "linux-gnu",
        (Libc::Musl, Arch::Armv7l) => "linux-musleabihf",
        (Libc::Musl, _) => "linux-musl",
        (Libc::Android, Arch::Armv7l) => "linux-androideabi",
        (Libc::Android, _) => "linux-android",
    };
    format!("{machine}-{system}")
}

/// The folder beside `lib` for 64-bit libraries.
pub(crate) fn lib64(arch: Arch) -> &'static [&'static str] {
    match arch {
        Arch::I686 | Arch::Armv7l => &[],
        Arch::Riscv64 => &["lib64/lp64d", "lib64"],
        Arch::X86_64
        | Arch::Aarch64
        | Arch::Ppc64
        | Arch::Ppc64le
        | Arch::S390x
        | Arch::Loongarch64 => &["lib64"],
    }
}

fn musl_dirs(root: &Path, arch: Arch, unread: Unread<'_>) -> Vec<SearchDir> {
    let conf = format!("/etc/ld-musl-{}.path", arch.musl_name());
    let search = |dir: &str, found_by: &FoundBy| SearchDir {
        dir: under(root, Path::new(dir)),
        found_by: found_by.clone(),
    };
    match file::read_text(root, &under(root, Path::new(&conf)), MOST_TEXT) {
        Ok(text) => {
            let found_by = FoundBy::LoaderConfig(PathBuf::from(conf));
            let dirs = text.split([':', '\n']).map(str::trim);
            let dirs = dirs.filter(|dir| dir.starts_with('/'));
            dirs.map(|dir| search(dir, &found_by)).collect()
        }
        Err(NoFile::Absent) => ["/lib", "/usr/local/lib", "/usr/lib"]
            .map(|dir| search(dir, &FoundBy::Trusted))
            .into(),
        Err(error) => {
            unread(&error);
            Vec::new()
        }
    }
}

/// `path`, absolute or not, under `root`.
pub(super) fn under(root: &Path, path: &Path) -> PathBuf {
    let parts = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    let mut joined = root.to_path_buf();
    joined.extend(parts);
    joined
}

struct ConfReader<'a> {
    root: &'a Path,
    seen: BTreeSet<PathBuf>,
    dirs: Vec<SearchDir>,
    text_left: u64,
    glob: Glob<'a>,
    unread: Unread<'a>,
}

impl ConfReader<'_> {
    /// Reads `conf`, a path as written in the configuration, and what it includes, where it
    /// includes it.
    fn read(&mut self, conf: &Path) {
        // Lines that are still to be read, last one first: includes do not recurse.
        let mut pending = self.lines(conf);
        while let Some((conf, line)) = pending.pop() {
            let Some(patterns) = included(&line) else {
                self.add_dir(&conf, &line);
                continue;
            };
            let folder = conf.parent().unwrap_or(Path::new("/")).to_path_buf();
            let mut files = Vec::new();
            for pattern in patterns.split_whitespace() {
                files.extend(self.glob.paths(&folder.join(pattern)));
            }
            for file in files.iter().rev() {
                let lines = self.lines(file);
                pending.extend(lines);
            }
        }
    }

    /// The lines of a file that was not read before, last one first.
    fn lines(&mut self, conf: &Path) -> Vec<(PathBuf, String)> {
        if self.seen.len() >= MOST_FILES || !self.seen.insert(conf.to_path_buf()) {
            return Vec::new();
        }
        let path = under(self.root, conf);
        let text = file::read_text(self.root, &path, self.text_left);
        let text = text.inspect_err(self.unread).unwrap_or_default();
        self.text_left = self.text_left.saturating_sub(text.len() as u64);
        let lines = text.lines().rev().map(|line| {
            let line = line.split('#').next().unwrap_or_default().trim();
            (conf.to_path_buf(), line.to_owned())
        });
        lines.filter(|(_, line)| !line.is_empty()).collect()
    }

    fn add_dir(&mut self, conf: &Path, line: &str) {
        // `hwcap …` lines and relative folders mean nothing to a loader; `=libc6` once named
        // the kind of the libraries.
        let dir = line.split('=').next().unwrap_or_default().trim();
        if dir.starts_with('/') {
            self.dirs.push(SearchDir {
                dir: under(self.root, Path::new(dir)),
                found_by: FoundBy::LoaderConfig(conf.to_path_buf()),
            });
        }
    }
}

/// What follows `include`.
fn included(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("include")?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn folders(root: &Path, paths: &[&str]) {
        for path in paths {
            fs::create_dir_all(root.join(path)).unwrap();
        }
    }

    fn listed(root: &Path, libc: Libc, arch: Arch) -> Vec<(String, FoundBy)> {
        let dirs = system_dirs(root, libc, arch, &|_| {}).into_iter();
        let inside = |dir: &Path| dir.strip_prefix(root).unwrap().display().to_string();
        dirs.map(|dir| (inside(&dir.dir), dir.found_by)).collect()
    }

    fn names(root: &Path, libc: Libc, arch: Arch) -> Vec<String> {
        let dirs = listed(root, libc, arch).into_iter();
        dirs.map(|(dir, _)| dir).collect()
    }

    #[test]
    fn ld_so_conf_is_read_as_ldconfig_does() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        folders(
            root,
            &[
                "first", "b/one", "a/two", "last", "third", "sub", "kind", "lib",
            ],
        );
        write(
            root,
            "etc/ld.so.conf",
            "# comment\n\n  /first  # why\ninclude conf.d/*.conf  /etc/more/x.conf\n\
             hwcap 1 nosegneg\nrelative/dir\n/gone\n/kind=libc6\n/first/\n\t/last\ninclude ld.so.conf\n",
        );
        write(root, "etc/conf.d/2.conf", "/b/one\n");
        write(root, "etc/conf.d/1.conf", "/a/two\ninclude sub/?.conf\n");
        write(root, "etc/conf.d/.hidden.conf", "/third\n");
        write(root, "etc/conf.d/sub/z.conf", "/sub\n");
        write(root, "etc/more/x.conf", "/third\n");
        let conf = |path: &str| FoundBy::LoaderConfig(PathBuf::from(path));
        let expected = [
            ("first", conf("/etc/ld.so.conf")),
            ("a/two", conf("/etc/conf.d/1.conf")),
            ("sub", conf("/etc/conf.d/sub/z.conf")),
            ("b/one", conf("/etc/conf.d/2.conf")),
            ("third", conf("/etc/more/x.conf")),
            ("kind", conf("/etc/ld.so.conf")),
            ("last", conf("/etc/ld.so.conf")),
            ("lib", FoundBy::Trusted),
        ];
        let expected = expected.map(|(dir, found_by)| (dir.to_owned(), found_by));
        assert_eq!(listed(root, Libc::Glibc, Arch::X86_64), expected);
    }

    #[test]
    fn trusted_folders_follow_the_target() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let all = [
            "lib/x86_64-linux-gnu",
            "usr/lib/i386-linux-gnu",
            "usr/lib/arm-linux-gnueabihf",
            "usr/lib/powerpc64le-linux-gnu",
            "lib64/lp64d",
            "usr/lib64",
        ];
        folders(root, &all);
        let cases: [(Arch, &[&str]); 6] = [
            (
                Arch::X86_64,
                &[
                    "lib/x86_64-linux-gnu",
                    "lib64",
                    "usr/lib64",
                    "lib",
                    "usr/lib",
                ],
            ),
            (Arch::I686, &["usr/lib/i386-linux-gnu", "lib", "usr/lib"]),
            (
                Arch::Armv7l,
                &["usr/lib/arm-linux-gnueabihf", "lib", "usr/lib"],
            ),
            (
                Arch::Ppc64le,
                &[
                    "usr/lib/powerpc64le-linux-gnu",
                    "lib64",
                    "usr/lib64",
                    "lib",
                    "usr/lib",
                ],
            ),
            (Arch::S390x, &["lib64", "usr/lib64", "lib", "usr/lib"]),
            (
                Arch::Riscv64,
                &["lib64/lp64d", "lib64", "usr/lib64", "lib", "usr/lib"],
            ),
        ];
        for (arch, expected) in cases {
            assert_eq!(names(root, Libc::Glibc, arch), expected, "{arch}");
        }
    }

    #[test]
    fn one_folder_under_two_names_is_searched_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        folders(root, &["usr/lib64", "usr/lib"]);
        symlink("usr/lib", root.join("lib")).unwrap();
        symlink("/usr/lib64", root.join("lib64")).unwrap();
        assert_eq!(names(root, Libc::Glibc, Arch::X86_64), ["lib64", "lib"]);
    }

    #[test]
    fn musl_reads_its_own_file_or_takes_its_defaults() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        folders(root, &["lib", "usr/lib", "usr/local/lib", "opt/a", "opt/b"]);
        write(root, "etc/ld.so.conf", "/opt/a\n");
        assert_eq!(
            names(root, Libc::Musl, Arch::Aarch64),
            ["lib", "usr/local/lib", "usr/lib"]
        );
        write(
            root,
            "etc/ld-musl-aarch64.path",
            "/opt/b:/opt/a\n/lib\nrelative\n",
        );
        assert_eq!(
            names(root, Libc::Musl, Arch::Aarch64),
            ["opt/b", "opt/a", "lib"]
        );
        assert_eq!(
            names(root, Libc::Musl, Arch::I686),
            ["lib", "usr/local/lib", "usr/lib"]
        );
        write(root, "etc/ld-musl-i386.path", "");
        assert_eq!(names(root, Libc::Musl, Arch::I686), [""; 0]);
        assert_eq!(names(root, Libc::Android, Arch::Aarch64), [""; 0]);
    }

    /// Links of a folder to itself, so that nine stars mean a billion paths.
    #[test]
    fn what_an_include_finds_by_many_ways_is_read_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        folders(root, &["one", "two", "last", "etc/sub"]);
        for link in 0..12 {
            symlink(".", root.join(format!("etc/l{link}"))).unwrap();
        }
        let stars = "*/".repeat(9);
        let text = format!("include /etc/{stars}x.conf\ninclude /etc/*/y.conf\n/last\n");
        write(root, "etc/ld.so.conf", &text);
        write(root, "etc/sub/x.conf", "/one\n");
        write(root, "etc/y.conf", "/two\n");
        let names = names(root, Libc::Glibc, Arch::X86_64);
        assert_eq!(names, ["one", "two", "last"]);
    }

    #[test]
    fn text_has_an_end() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        folders(root, &["first", "never"]);
        write(root, "etc/ld.so.conf", "include /etc/many/*\n/never\n");
        let text = format!("/first\n{}", "# nothing\n".repeat(50_000));
        for number in 0..10 {
            write(root, &format!("etc/many/{number}"), &text);
        }
        let mut reader = ConfReader {
            root,
            seen: BTreeSet::new(),
            dirs: Vec::new(),
            text_left: MOST_TEXT,
            glob: Glob::new(root),
            unread: &|_| {},
        };
        reader.read(Path::new("/etc/ld.so.conf"));
        assert_eq!((reader.dirs.len(), reader.text_left), (4, 0));
    }
}
