//! On databases as the package managers write them: see `testdata/packages/README.md`.
#![expect(clippy::too_many_lines, reason = "a table of claims is one thing")]

use super::*;

fn root(system: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("testdata/packages").join(system)
}

fn read(root: &Path) -> Databases {
    Databases::read(root, &Dpkg::open(root))
}

#[test]
fn likely_packages_are_those_of_like_names() {
    let root = root("debian");
    let dpkg = Dpkg::open(&root);
    let folder = Path::new("/usr/lib/x86_64-linux-gnu");
    let owners = |libraries: &[&str]| -> Vec<Option<String>> {
        let paths: Vec<PathBuf> = libraries.iter().map(|name| folder.join(name)).collect();
        let likely = Databases::likely(&root, &dpkg, paths.iter().map(PathBuf::as_path));
        let owners = paths.iter().map(|path| likely.owner(path));
        owners.map(|owner| Some(owner?.name)).collect()
    };
    let ssl = || Some("libssl3".to_owned());
    assert_eq!(owners(&["libssl.so.3"]), [ssl()]);
    // What came with another one is found with it, and only with it.
    assert_eq!(owners(&["libcrypto.so.3"]), [None]);
    assert_eq!(owners(&["libcrypto.so.3", "libssl.so.3"]), [ssl(), ssl()]);
    assert_eq!(owners(&["libz.so.1.2.13", "x", ""]), [None, None, None]);
}

#[test]
fn owners_are_found_in_databases_of_every_kind() {
    // System, path, and `vendor name version arch epoch distro`.
    let cases = [
        (
            "debian",
            "/usr/lib/x86_64-linux-gnu/libssl.so.3",
            "debian libssl3 3.0.22-1~deb12u2 amd64 - debian-12",
        ),
        (
            "debian",
            "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
            "debian libssl3 3.0.22-1~deb12u2 amd64 - debian-12",
        ),
        // The database has /lib, the file system /usr/lib, and the other way round.
        (
            "debian",
            "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13",
            "debian zlib1g 1:1.2.13.dfsg-1 amd64 - debian-12",
        ),
        (
            "debian",
            "/lib/x86_64-linux-gnu/libz.so.1",
            "debian zlib1g 1:1.2.13.dfsg-1 amd64 - debian-12",
        ),
        (
            "debian",
            "/lib/x86_64-linux-gnu/libssl.so.3",
            "debian libssl3 3.0.22-1~deb12u2 amd64 - debian-12",
        ),
        ("debian", "/usr/lib/libz.so.1", "-"),
        ("debian", "/usr/share/doc/zlib1g/copyright", "-"),
        (
            "alpine",
            "/usr/lib/libwords.so.2.0",
            "alpine libwords 2.0-r3 s390x - alpine-3.14.0",
        ),
        (
            "alpine",
            "/usr/lib/libwords.so.2",
            "alpine libwords 2.0-r3 s390x - alpine-3.14.0",
        ),
        (
            "alpine",
            "/lib/ld-musl-s390x.so.1",
            "alpine musl-words 2.0-r3 s390x - alpine-3.14.0",
        ),
        (
            "alpine",
            "/lib/libwords.so.2",
            "alpine libwords 2.0-r3 s390x - alpine-3.14.0",
        ),
        (
            "fedora",
            "/usr/lib64/libwords.so.2",
            "fedora libwords 2.0-3.fc40 x86_64 1 fedora-40",
        ),
        (
            "fedora",
            "/lib64/libwords.so.2.0",
            "fedora libwords 2.0-3.fc40 x86_64 1 fedora-40",
        ),
        (
            "fedora",
            "/usr/lib64/words/libword-249.so",
            "fedora words-many 2.0-3.fc40 x86_64 1 fedora-40",
        ),
        (
            "mariner",
            "/usr/lib64/libwords.so.2",
            "mariner libwords 2.0-3.fc40 x86_64 1 mariner-2.0",
        ),
        (
            "mariner",
            "/lib64/libwords.so.2.0",
            "mariner libwords 2.0-3.fc40 x86_64 1 mariner-2.0",
        ),
        (
            "mariner",
            "/usr/lib64/words/libword-249.so",
            "mariner words-many 2.0-3.fc40 x86_64 1 mariner-2.0",
        ),
        (
            "suse",
            "/usr/lib64/libwords.so.2",
            "sles libwords 2.0-3.fc40 x86_64 1 sles-15.3",
        ),
        (
            "suse",
            "/lib64/libwords.so.2.0",
            "sles libwords 2.0-3.fc40 x86_64 1 sles-15.3",
        ),
        (
            "suse",
            "/usr/lib64/words/libword-249.so",
            "sles words-many 2.0-3.fc40 x86_64 1 sles-15.3",
        ),
        (
            "rhel",
            "/usr/lib64/libwords.so.2",
            "rhel libwords 2.0-3.fc40 x86_64 1 rhel-8.8",
        ),
        (
            "rhel",
            "/lib64/libwords.so.2.0",
            "rhel libwords 2.0-3.fc40 x86_64 1 rhel-8.8",
        ),
        (
            "rhel",
            "/usr/lib64/words/libword-249.so",
            "rhel words-many 2.0-3.fc40 x86_64 1 rhel-8.8",
        ),
        ("nowhere", "/lib/libz.so.1", "-"),
    ];
    for (system, path, expected) in cases {
        let databases = read(&root(system));
        let owner = databases.owner(Path::new(path)).map(|package| {
            let Package {
                vendor,
                name,
                version,
                arch,
                epoch,
                distro,
                ..
            } = &package;
            let epoch = epoch.as_deref().unwrap_or("-");
            format!("{vendor} {name} {version} {arch} {epoch} {distro}")
        });
        assert_eq!(owner.as_deref().unwrap_or("-"), expected, "{system} {path}");
    }
}

#[test]
fn licences_are_declared_and_filed() {
    let cases: [(&str, &str, &[&str], &[&str]); 6] = [
        (
            "debian",
            "lib/x86_64-linux-gnu/libz.so.1",
            &["Zlib"],
            &["/usr/share/doc/zlib1g/copyright"],
        ),
        (
            "alpine",
            "usr/lib/libwords.so.2",
            &["MIT OR Apache-2.0"],
            &[],
        ),
        (
            "fedora",
            "usr/lib64/libwords.so.2",
            &["MIT OR Apache-2.0"],
            &["/usr/share/licenses/libwords/COPYING"],
        ),
        (
            "mariner",
            "usr/lib64/libwords.so.2",
            &["MIT OR Apache-2.0"],
            &["/usr/share/licenses/libwords/COPYING"],
        ),
        (
            "suse",
            "usr/lib64/libwords.so.2",
            &["MIT OR Apache-2.0"],
            &["/usr/share/licenses/libwords/COPYING"],
        ),
        (
            "rhel",
            "usr/lib64/libwords.so.2",
            &["MIT OR Apache-2.0"],
            &["/usr/share/licenses/libwords/COPYING"],
        ),
    ];
    for (system, path, declared, files) in cases {
        let databases = read(&root(system));
        let package = databases.owner(Path::new(path)).expect(system);
        assert_eq!(package.licenses, declared, "{system}");
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        assert_eq!(package.license_files, files, "{system}");
    }
}

#[test]
fn qualifiers_are_those_of_the_type() {
    let package = Package {
        kind: "rpm",
        arch: "noarch".to_owned(),
        epoch: Some("1".to_owned()),
        ..Package::default()
    };
    assert_eq!(package.qualifiers(), [("arch", "noarch"), ("epoch", "1")]);
}

#[test]
fn damaged_databases_give_no_owner_and_no_panic() {
    let databases = [
        ("fedora", "usr/lib/sysimage/rpm/rpmdb.sqlite"),
        ("mariner", "var/lib/rpm/rpmdb.sqlite"),
        ("rhel", "var/lib/rpm/Packages"),
        ("suse", "usr/lib/sysimage/rpm/Packages.db"),
    ];
    for (system, path) in databases {
        let whole = fs::read(root(system).join(path)).unwrap();
        let damaged = tempfile::tempdir().unwrap();
        let file = damaged.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        for cut in [0, 10, 100, 4096, 5000, whole.len() / 2] {
            fs::write(&file, &whole[..cut]).unwrap();
            read(damaged.path());
        }
        let mut noise: u32 = 1;
        for _ in 0..200 {
            let mut bytes = whole.clone();
            for _ in 0..20 {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Headers of pages and of the file say most.
                let page = (noise >> 16) as usize % whole.len().div_ceil(4096);
                let at = page * 4096 + (noise >> 8) as usize % 128;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = (noise >> 24) as u8;
                }
            }
            fs::write(&file, &bytes).unwrap();
            read(damaged.path());
        }
    }
}
