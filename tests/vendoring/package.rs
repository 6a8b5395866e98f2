//! The packages that libraries came from, and their licences.

use serde_json::{Value, json};

use crate::bench::{Bench, names, paths, read};

const COPYRIGHT: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
    Files: *\nCopyright: 2001 Somebody\nLicense: LGPL-2.1+\n Take it.\n";

/// A system under `root/` whose package `libmid1` owns libmid.so.1.
fn system(bench: &Bench) -> std::path::PathBuf {
    let extension = bench.chain();
    for library in ["libmid.so.1", "libbase.so.1"] {
        let content = std::fs::read(bench.path("libs").join(library)).unwrap();
        bench.write(&format!("root/usr/lib/{library}"), content);
    }
    bench.write("root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    bench.write(
        "root/var/lib/dpkg/status",
        "Package: libmid1\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.0-3+b1\n\n",
    );
    bench.write(
        "root/var/lib/dpkg/info/libmid1.list",
        "/.\n/usr\n/usr/lib\n/usr/lib/libmid.so.1\n",
    );
    bench.write("root/usr/share/doc/libmid1/copyright", COPYRIGHT);
    bench.wheel(&[("pkg/_x.so", &extension)])
}

const PURL: &str = "pkg:deb/debian/libmid1@1:2.0-3%2Bb1?arch=amd64&distro=debian-12";

#[test]
fn the_owner_is_on_record() {
    let bench = Bench::new();
    let wheel = system(&bench);
    let run = bench
        .repair_with(&wheel, &["--sysroot", "root", "--json"])
        .json();
    let packages: Vec<&Value> = run["grafted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|graft| &graft["package"])
        .collect();
    assert_eq!(packages, [&json!(null), &json!(PURL)]);
    let sbom = read(
        &bench.result(),
        "pkg-1.0.dist-info/sboms/wheel-audit.cdx.json",
    );
    let sbom: Value = serde_json::from_slice(&sbom).unwrap();
    let component = &sbom["components"][1];
    assert_eq!(component["name"], "libmid1");
    assert_eq!(component["version"], "1:2.0-3+b1");
    assert_eq!(component["purl"], PURL);
    assert_eq!(
        component["licenses"],
        json!([{ "license": { "name": "LGPL-2.1+" } }])
    );
    let text = bench.repair_with(&wheel, &["--sysroot", "root"]).stdout;
    assert!(text.contains("from libmid1 1:2.0-3+b1"), "{text}");
}

#[test]
fn licence_files_come_along() {
    let bench = Bench::new();
    let wheel = system(&bench);
    let run = bench.repair_with(&wheel, &["--sysroot", "root", "--licenses", "--json", "-v"]);
    run.tells(&[
        "license-unknown",
        "libbase.so.1",
        "license-copyleft",
        "libmid1",
        "LGPL-2.1+",
    ]);
    let document = run.json();
    assert_eq!(
        names(&document["licenses"], "place"),
        ["licenses/libmid1/copyright"]
    );
    let result = bench.result();
    let copy = read(&result, "pkg-1.0.dist-info/licenses/libmid1/copyright");
    assert_eq!(copy, COPYRIGHT.as_bytes());
    // A second repair finds them in place.
    let again = bench
        .repair_with(&result.path, &["--sysroot", "root", "--licenses", "--json"])
        .json();
    assert_eq!(again["licenses"], json!([]));
}

/// Larger than any licence is. Half of it must not come along as the whole.
#[test]
fn a_licence_file_that_cannot_be_read() {
    let bench = Bench::new();
    let wheel = system(&bench);
    let text = format!("{COPYRIGHT}{}", " more\n".repeat(1 << 20));
    bench.write("root/usr/share/doc/libmid1/copyright", text);
    let run = bench.repair_with(&wheel, &["--sysroot", "root", "--licenses"]);
    run.refused(
        1,
        &[
            "/usr/share/doc/libmid1/copyright, a licence file of libmid1, cannot be read: \
             it has more than 4 MiB",
            "[license-unreadable]",
        ],
    );
    assert!(!bench.path("out").exists());
    bench.repair_with(&wheel, &["--sysroot", "root"]).done();
}

#[test]
fn nothing_is_copied_unasked() {
    let bench = Bench::new();
    let wheel = system(&bench);
    bench
        .repair_with(&wheel, &["--sysroot", "root"])
        .done()
        .says_nothing_of("license");
    assert!(
        paths(&bench.result())
            .iter()
            .all(|path| !path.contains("/licenses/"))
    );
}
