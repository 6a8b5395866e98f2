//! Parts of an installation between which no search path leads: `.data/data`, headers, scripts.

use std::fs;
use std::io::Read as _;

use crate::bench::{Bench, facts, paths};

const SITE: &str = "prefix/lib/python3.11/site-packages";

/// Spreads the result as an installer does.
fn install(bench: &Bench) {
    let wheel = bench.result();
    for (id, member) in wheel.members.iter().enumerate() {
        let place = match member.path.strip_prefix("pkg-1.0.data/") {
            Some(spread) => match spread.split_once('/').unwrap() {
                ("data", path) => format!("prefix/{path}"),
                ("scripts", path) => format!("prefix/bin/{path}"),
                ("headers", path) => format!("prefix/include/pkg/{path}"),
                (_, path) => format!("{SITE}/{path}"),
            },
            None => format!("{SITE}/{}", member.path),
        };
        let mut content = Vec::new();
        wheel.reader(id).read_to_end(&mut content).unwrap();
        bench.write(&place, content);
    }
}

fn answer(bench: &Bench, path: &str) -> String {
    bench.python(&format!(
        "import ctypes; print(ctypes.CDLL('{path}').answer())"
    ))
}

/// The folders in which copies lie.
fn folders(bench: &Bench) -> Vec<String> {
    let result = bench.result();
    let copies = paths(&result).into_iter();
    let copies = copies.filter(|path| path.contains("/libmid-"));
    copies
        .map(|path| path.rsplit_once('/').unwrap().0.to_owned())
        .collect()
}

#[test]
fn what_the_prefix_needs_comes_beside_it() {
    let bench = Bench::new();
    let extension = bench.chain();
    let cases = [
        (
            "data/lib/_x.so",
            "data/lib/pkg.libs",
            "$ORIGIN/pkg.libs",
            "lib",
        ),
        (
            "data/opt/a/_x.so",
            "data/opt/a/pkg.libs",
            "$ORIGIN/pkg.libs",
            "opt/a",
        ),
        (
            "data/_x.so",
            "data/lib/pkg.libs",
            "$ORIGIN/lib/pkg.libs",
            "",
        ),
        (
            "headers/sub/_x.so",
            "headers/sub/pkg.libs",
            "$ORIGIN/pkg.libs",
            "include/pkg/sub",
        ),
    ];
    for tags in [
        "py3-none-linux_x86_64",
        "cp311-cp311-linux_x86_64",
        "cp39-abi3-linux_x86_64",
    ] {
        for (member, folder, way, place) in cases {
            let path = format!("pkg-1.0.data/{member}");
            let wheel = bench.wheel_of(tags, false, &[(&path, &extension)]);
            bench.repair(&wheel, &[]).done();
            assert_eq!(folders(&bench), [format!("pkg-1.0.data/{folder}")]);
            let result = bench.result();
            assert_eq!(facts(&result, &path).rpath.as_deref(), Some(way), "{path}");
            install(&bench);
            assert_eq!(answer(&bench, &format!("prefix/{place}/_x.so")), "42");
            let first = fs::read(&result.path).unwrap();
            let again = result.path.to_str().unwrap();
            let args = ["repair", again, "-w", "again", "--no-host-libs"];
            bench.audit(&args).done();
            let second = bench.path("again").join(result.path.file_name().unwrap());
            assert!(fs::read(second).unwrap() == first, "{path}");
            for folder in ["out", "prefix"] {
                fs::remove_dir_all(bench.path(folder)).unwrap();
            }
        }
    }
}

/// The copies have one name, so that a process that loads both parts has one of them.
#[test]
fn each_part_of_an_installation_gets_its_copy() {
    let bench = Bench::new();
    let extension = bench.chain();
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &extension),
        ("pkg-1.0.data/data/lib/deep/_x.so", &extension),
        ("pkg-1.0.data/data/lib/_y.so", &extension),
    ]);
    bench
        .repair(&wheel, &[])
        .done()
        .says_nothing_of("lib-twice");
    assert_eq!(
        folders(&bench),
        ["pkg-1.0.data/data/lib/pkg.libs", "pkg.libs"]
    );
    install(&bench);
    for path in [
        "lib/_y.so",
        "lib/deep/_x.so",
        "lib/python3.11/site-packages/pkg/_x.so",
    ] {
        assert_eq!(answer(&bench, &format!("prefix/{path}")), "42");
    }
}

/// An entry that leads from site-packages to the wheel's own files in the prefix is no stray.
#[test]
fn a_way_into_the_prefix_stays() {
    let bench = Bench::new();
    bench.chain();
    let mid = fs::read(bench.path("libs/libmid.so.1")).unwrap();
    let way = "-Wl,-rpath,$ORIGIN/../../../../lib:$ORIGIN/../../../../opt";
    let extension = bench.extension(&[way]);
    let library = "pkg-1.0.data/data/lib/libmid.so.1";
    let wheel = bench.wheel(&[("pkg/_x.so", &extension), (library, &mid)]);
    bench
        .repair(&wheel, &[])
        .done()
        .says_nothing_of("lib-unreachable");
    let result = bench.result();
    let extension = facts(&result, "pkg/_x.so");
    let path = extension.rpath.as_ref().or(extension.runpath.as_ref());
    assert_eq!(path.map(String::as_str), Some("$ORIGIN/../../../../lib"));
    install(&bench);
    assert_eq!(answer(&bench, &format!("{SITE}/pkg/_x.so")), "42");
}

/// The program's search path is that of the build tree; the library lies in the package.
#[test]
fn a_program_moves_to_the_library_that_it_needs() {
    let bench = Bench::new();
    bench.chain();
    let source = "int mid(void); int main(void) { return mid() - 41; }";
    let args = [
        "libs/libmid.so.1",
        "-Wl,--allow-shlib-undefined",
        "-Wl,-rpath,$ORIGIN/../lib/x",
    ];
    let program = bench.program(source, "tool", &args);
    let [mid, base] = ["libmid.so.1", "libbase.so.1"]
        .map(|name| fs::read(bench.path("libs").join(name)).unwrap());
    let members: [(&str, &[u8]); 3] = [
        ("pkg/lib/libmid.so.1", &mid),
        ("pkg/lib/libbase.so.1", &base),
        ("pkg-1.0.data/scripts/tool", &program),
    ];
    let wheel = bench.wheel(&members);
    bench.repair(&wheel, &[]).done();
    let result = bench.result();
    let way = facts(&result, "pkg.scripts/tool").rpath.clone().unwrap();
    assert!(way.contains("$ORIGIN/../pkg/lib"), "{way}");
    install(&bench);
    let script = "import os, subprocess, sys\n\
        tool = 'prefix/bin/tool'\n\
        program = 'prefix/lib/python3.11/site-packages/pkg.scripts/tool'\n\
        os.chmod(program, 0o755)\n\
        print(subprocess.call([program]), open(tool).readline().strip())";
    assert_eq!(bench.python(script), "0 #!python");
}
