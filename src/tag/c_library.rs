//! The C library that a file was linked for: everything that asks, asks here.
//!
//! What a file says of itself, the surest first: its interpreter, its own soname, its needs, the
//! versions that it requires of glibc's own libraries, and the file name that a Python gave it.
//! Versions that a file *defines* say nothing: `libgcc_s` has `GLIBC_2.0` among them on musl
//! too, and whoever links to it there requires that of it.

use wheel_archive::{ExtensionSuffix, Libc};

use crate::elf::arch::{Arch, LinuxArch as _};
use crate::elf::{Facts, Loader, Tagged as _};

/// The libraries of glibc that share its version names and its private symbols.
const GLIBC: [&str; 13] = [
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libc_malloc_debug.so.0",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
];

/// Those of Android's that must be of one piece with its loader.
const ANDROID: [&str; 5] = [
    "libandroid.so",
    "libc.so",
    "libdl.so",
    "liblog.so",
    "libm.so",
];

/// A C library by its names: which files are of it, and which are for it.
pub trait CLibrary: Copy {
    /// The name that the dynamic loader of this C library has on `arch`.
    fn loader(self, arch: Arch) -> String;

    /// Which loader maps the files of a wheel for this C library.
    fn loader_view(self) -> Loader;

    /// Whether `name` is the loader's on `arch`, or that of the library that the kernel brings:
    /// in every process already. Names of other architectures are libraries like any other.
    fn is_loader(self, name: &str, arch: Arch) -> bool;

    /// Whether `soname` is a part of the C library, which must be of one piece with the loader:
    /// beside what every program has, glibc's rarer libraries, which share its private symbols.
    fn owns(self, soname: &str, arch: Arch) -> bool;

    /// The C library that a file was linked for; `None` if it does not say. `path` is its
    /// path or name, as far as it is one that Python's build gave it.
    fn of(facts: &Facts, path: &str) -> Option<Self>;
}

impl CLibrary for Libc {
    fn loader(self, arch: Arch) -> String {
        match self {
            Self::Glibc => arch.glibc_loader().to_owned(),
            Self::Musl => format!("ld-musl-{}.so.1", arch.musl_name()),
            Self::Android => "ld-android.so".to_owned(),
        }
    }

    fn loader_view(self) -> Loader {
        match self {
            Self::Glibc => Loader::Glibc,
            Self::Musl => Loader::Musl,
            Self::Android => Loader::Bionic,
        }
    }

    fn is_loader(self, name: &str, arch: Arch) -> bool {
        // musl and Android do not know the kernel's library by its name.
        name == self.loader(arch) || (self == Self::Glibc && name == arch.vdso())
    }

    fn owns(self, soname: &str, arch: Arch) -> bool {
        let part = match self {
            Self::Glibc => GLIBC.contains(&soname) || soname.starts_with("libnss_"),
            Self::Musl => soname == "libc.so" || is_musl_libc(soname),
            Self::Android => ANDROID.contains(&soname),
        };
        part || self.is_loader(soname, arch)
    }

    fn of(facts: &Facts, path: &str) -> Option<Self> {
        of_interpreter(facts)
            .or_else(|| of_names(facts))
            .or_else(|| of_versions(facts))
            .or_else(|| ExtensionSuffix::of(path)?.libc)
    }
}

/// musl by the name that Alpine and its likes give it: `libc.musl-x86.so.1`.
fn is_musl_libc(soname: &str) -> bool {
    let arch = soname.strip_prefix("libc.musl-");
    arch.is_some_and(|rest| rest.ends_with(".so.1"))
}

/// The C library whose loader is called so, on the file's architecture or, for files of one that
/// tags don't know, on any.
fn of_loader(name: &str, arch: Option<Arch>) -> Option<Libc> {
    let all = match &arch {
        Some(arch) => std::slice::from_ref(arch),
        None => Arch::ALL.as_slice(),
    };
    [Libc::Glibc, Libc::Musl, Libc::Android]
        .into_iter()
        .find(|libc| all.iter().any(|arch| libc.loader(*arch) == name))
}

fn of_interpreter(facts: &Facts) -> Option<Libc> {
    let name = facts.interpreter.as_ref()?.rsplit('/').next()?;
    let android = matches!(name, "linker" | "linker64").then_some(Libc::Android);
    android.or_else(|| of_loader(name, facts.arch().ok()))
}

fn of_names(facts: &Facts) -> Option<Libc> {
    let arch = facts.arch().ok();
    let mut names = facts.soname.iter().chain(&facts.needed);
    names.find_map(|name| {
        if name == "libc.so.6" {
            Some(Libc::Glibc)
        } else if is_musl_libc(name) {
            Some(Libc::Musl)
        } else {
            of_loader(name, arch)
        }
    })
}

fn of_versions(facts: &Facts) -> Option<Libc> {
    let mut glibc = facts.version_needs.iter().filter(|need| {
        let mut versions = need.versions.iter();
        GLIBC.contains(&need.library.as_str())
            && versions.any(|version| version.name.starts_with("GLIBC_"))
    });
    glibc.next().map(|_| Libc::Glibc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::facts;
    use elf_synth::Synth;

    #[test]
    fn a_loader_has_one_name_for_each_architecture() {
        let loader = |name, libc: Libc, arch| libc.is_loader(name, arch);
        let yes = [
            ("ld-linux-x86-64.so.2", Libc::Glibc, Arch::X86_64),
            ("ld-linux.so.2", Libc::Glibc, Arch::I686),
            ("ld-linux-aarch64.so.1", Libc::Glibc, Arch::Aarch64),
            ("ld-linux-armhf.so.3", Libc::Glibc, Arch::Armv7l),
            ("ld64.so.1", Libc::Glibc, Arch::S390x),
            ("ld64.so.1", Libc::Glibc, Arch::Ppc64),
            ("ld64.so.2", Libc::Glibc, Arch::Ppc64le),
            ("ld-linux-riscv64-lp64d.so.1", Libc::Glibc, Arch::Riscv64),
            (
                "ld-linux-loongarch-lp64d.so.1",
                Libc::Glibc,
                Arch::Loongarch64,
            ),
            ("ld-musl-x86_64.so.1", Libc::Musl, Arch::X86_64),
            ("ld-musl-i386.so.1", Libc::Musl, Arch::I686),
            ("ld-musl-armhf.so.1", Libc::Musl, Arch::Armv7l),
            ("ld-android.so", Libc::Android, Arch::Aarch64),
            ("linux-vdso.so.1", Libc::Glibc, Arch::X86_64),
            ("linux-gate.so.1", Libc::Glibc, Arch::I686),
            ("linux-vdso64.so.1", Libc::Glibc, Arch::S390x),
        ];
        let no = [
            ("ld-linux.so.2", Libc::Glibc, Arch::X86_64),
            ("ld-linux.so.3", Libc::Glibc, Arch::Armv7l),
            ("ld-linux-x86-64.so.2.evil", Libc::Glibc, Arch::X86_64),
            ("ld-linux-evil.so", Libc::Glibc, Arch::X86_64),
            ("ld64.so.2", Libc::Glibc, Arch::S390x),
            ("ld64.so.1", Libc::Glibc, Arch::Ppc64le),
            ("ld-musl-x86_64.so.1", Libc::Glibc, Arch::X86_64),
            ("ld-linux-x86-64.so.2", Libc::Musl, Arch::X86_64),
            ("ld-musl-aarch64.so.1", Libc::Musl, Arch::X86_64),
            ("ld-musl-x86_64.so.2", Libc::Musl, Arch::X86_64),
            ("linux-gate.so.1", Libc::Glibc, Arch::X86_64),
            ("linux-vdso.so.1", Libc::Musl, Arch::X86_64),
            ("linux-vdso.so.2", Libc::Glibc, Arch::X86_64),
        ];
        for (name, libc, arch) in yes {
            assert!(loader(name, libc, arch), "{name} on {arch}");
        }
        for (name, libc, arch) in no {
            assert!(!loader(name, libc, arch), "{name} on {arch}");
        }
    }

    #[test]
    fn the_c_library_is_one_piece() {
        let cases = [
            ("libc.so.6", Libc::Glibc, true),
            ("libnss_dns.so.2", Libc::Glibc, true),
            ("libcrypt.so.1", Libc::Glibc, false),
            ("libstdc++.so.6", Libc::Glibc, false),
            ("ld-linux-x86-64.so.2", Libc::Glibc, true),
            ("ld64.so.2", Libc::Glibc, false),
            ("libc.musl-x86_64.so.1", Libc::Musl, true),
            ("ld-musl-x86_64.so.1", Libc::Musl, true),
            ("libz.so.1", Libc::Musl, false),
            ("libc.so", Libc::Android, true),
            ("libz.so", Libc::Android, false),
        ];
        for (soname, libc, expected) in cases {
            assert_eq!(libc.owns(soname, Arch::X86_64), expected, "{soname}");
        }
    }

    fn of(synth: &Synth, path: &str) -> Option<Libc> {
        Libc::of(&facts(&synth.build()).unwrap(), path)
    }

    #[test]
    fn a_file_says_which_c_library_it_is_for() {
        let new = || Synth::new(true, false);
        let cases = [
            (new().needed("libc.so.6"), Some(Libc::Glibc)),
            (new().needed("libc.musl-x86_64.so.1"), Some(Libc::Musl)),
            (new().needed("ld-musl-x86_64.so.1"), Some(Libc::Musl)),
            (new().needed("ld-linux-x86-64.so.2"), Some(Libc::Glibc)),
            (new().needed("ld-linux-evil.so"), None),
            (new().needed("ld-linux.so.2"), None),
            (new().soname("ld-musl-x86_64.so.1"), Some(Libc::Musl)),
            (new().needed("libc.so"), None),
            (
                new()
                    .needed("libm.so.6")
                    .needs("libm.so.6", &["GLIBC_2.2.5"]),
                Some(Libc::Glibc),
            ),
            // As every user of libgcc_s on musl for 32-bit Arm does.
            (
                new()
                    .needed("libgcc_s.so.1")
                    .needs("libgcc_s.so.1", &["GLIBC_2.0"]),
                None,
            ),
        ];
        for (index, (synth, expected)) in cases.iter().enumerate() {
            assert_eq!(of(synth, "libfoo.so"), *expected, "case {index}");
        }
    }

    #[test]
    fn the_suffix_of_an_extension_names_its_c_library() {
        let plain = Synth::new(true, false);
        let musl = "pkg/x.cpython-312-x86_64-linux-musl.so";
        assert_eq!(of(&plain, musl), Some(Libc::Musl));
        assert_eq!(of(&plain, "pkg/x.abi3.so"), None);
    }
}
