//! Wheels that are more than one package: namespace packages, several folders at the top, the
//! folders of meson-python. All find one folder of libraries, at the top of site-packages.

use std::collections::BTreeSet;

use wheel_audit::Wheel;

use crate::bench::{Bench, facts, names, paths};

/// The folders in which libraries came in.
fn folders_of_libraries(result: &Wheel) -> BTreeSet<&str> {
    let libraries = paths(result)
        .into_iter()
        .filter(|path| path.contains("/libcount-") || path.contains("/libmid-"));
    libraries
        .map(|path| path.rsplit_once('/').unwrap().0)
        .collect()
}

/// PEP 420: `ns` has no `__init__.py`, so that other wheels can add to it. What comes in must
/// neither close it nor lie in it.
#[test]
fn a_namespace_package_stays_one() {
    let bench = Bench::new();
    let members: [(&str, &[u8]); 2] = [
        ("ns/pkg_a/__init__.py", b""),
        ("ns/pkg_a/_x.so", &bench.chain()),
    ];
    let wheel = bench.wheel(&members);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    let result = bench.result();
    assert_eq!(
        facts(&result, "ns/pkg_a/_x.so").rpath.as_deref(),
        Some("$ORIGIN/../../pkg.libs")
    );
    assert_eq!(folders_of_libraries(&result), BTreeSet::from(["pkg.libs"]));
    let in_namespace: Vec<&str> = paths(&result)
        .into_iter()
        .filter(|path| path.starts_with("ns/"))
        .collect();
    assert_eq!(in_namespace, members.map(|(path, _)| path));
    // Another wheel's part of it, elsewhere.
    bench.install();
    bench.write("other/ns/pkg_b.py", "more = 8");
    let script = "import ctypes, sys; sys.path[:0] = ['site', 'other']\n\
        import ns.pkg_a, ns.pkg_b\n\
        assert getattr(ns, '__file__', None) is None\n\
        print(ctypes.CDLL(ns.pkg_a.__path__[0] + '/_x.so').answer() + ns.pkg_b.more)";
    assert_eq!(bench.python(script), "50");
}

/// A library that counts its calls, and what calls it: `answer` is the count.
fn counters<const N: usize>(bench: &Bench, names: [&str; N]) -> [Vec<u8>; N] {
    std::fs::create_dir_all(bench.path("libs")).unwrap();
    bench.compile(
        "gcc",
        "static int calls; int count(void) { return ++calls; }",
        "libs/libcount.so.1",
        &["-Wl,-soname,libcount.so.1"],
    );
    names.map(|name| {
        let source = "int count(void); int answer(void) { return count(); }";
        bench.compile("gcc", source, name, &["libs/libcount.so.1"])
    })
}

/// One process loads all of them: they must share what came in, state and all.
#[test]
fn extensions_in_several_folders_share_one_copy() {
    let bench = Bench::new();
    let [one, two, top] = counters(&bench, ["_one.so", "_two.so", "_top.so"]);
    let wheel = bench.wheel(&[
        ("one/_one.so", &one),
        ("two/deep/_two.so", &two),
        ("_top.so", &top),
    ]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(names(&run["grafted"], "soname"), ["libcount.so.1"]);
    let result = bench.result();
    for (path, way) in [
        ("one/_one.so", "$ORIGIN/../pkg.libs"),
        ("two/deep/_two.so", "$ORIGIN/../../pkg.libs"),
        ("_top.so", "$ORIGIN/pkg.libs"),
    ] {
        assert_eq!(facts(&result, path).rpath.as_deref(), Some(way), "{path}");
    }
    assert_eq!(folders_of_libraries(&result), BTreeSet::from(["pkg.libs"]));
    bench.install();
    let files = ["two/deep/_two.so", "_top.so", "one/_one.so", "_top.so"];
    let calls = files.map(|file| format!("ctypes.CDLL('site/{file}').answer()"));
    let script = format!("import ctypes; print({})", calls.join(", "));
    assert_eq!(bench.python(&script), "1 2 3 4");
}

/// Two folders, one of which is spread from `.data/platlib`: the installed tree counts.
#[test]
fn extensions_in_and_beside_the_data_folder_share_one_copy() {
    let bench = Bench::new();
    let [one, two] = counters(&bench, ["_one.so", "_two.so"]);
    let spread = "pkg-1.0.data/platlib/ns/part/_two.so";
    let wheel = bench.wheel(&[("one/_one.so", &one), (spread, &two)]);
    bench.repair(&wheel, &[]).done();
    let result = bench.result();
    assert_eq!(
        facts(&result, spread).rpath.as_deref(),
        Some("$ORIGIN/../../pkg.libs")
    );
    assert_eq!(folders_of_libraries(&result), BTreeSet::from(["pkg.libs"]));
    bench.install();
    let script = "import ctypes; load = ctypes.CDLL\n\
        print(load('site/one/_one.so').answer(), load('site/ns/part/_two.so').answer())";
    assert_eq!(bench.python(script), "1 2");
}

/// meson-python puts the project's own libraries into a hidden folder and points there itself.
#[test]
fn the_folder_that_meson_python_makes_stays() {
    let bench = Bench::new();
    bench.chain();
    let own = "int mid(void); int own(void) { return mid() + 1; }";
    let args = [
        "-Wl,-soname,libown.so",
        "libs/libmid.so.1",
        "-Wl,-rpath,$ORIGIN",
    ];
    let own = bench.compile("gcc", own, "libown.so", &args);
    let source = "int own(void); int answer(void) { return own(); }";
    let way = "-Wl,-rpath,$ORIGIN/../../.pkg.mesonpy.libs";
    let args = ["libown.so", way, "-Wl,--allow-shlib-undefined"];
    let extension = bench.compile("gcc", source, "_x.so", &args);
    let wheel = bench.wheel(&[
        ("ns/pkg_a/_x.so", &extension),
        (".pkg.mesonpy.libs/libown.so", &own),
    ]);
    let run = bench.repair(&wheel, &["--json"]).json();
    assert_eq!(
        names(&run["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    let result = bench.result();
    let extension = facts(&result, "ns/pkg_a/_x.so");
    let path = extension.rpath.as_deref().or(extension.runpath.as_deref());
    assert_eq!(path, Some("$ORIGIN/../../.pkg.mesonpy.libs"));
    assert!(extension.needed.iter().any(|name| name == "libown.so"));
    let own = facts(&result, ".pkg.mesonpy.libs/libown.so");
    assert_eq!(own.rpath.as_deref(), Some("$ORIGIN:$ORIGIN/../pkg.libs"));
    bench.install();
    let script = "import ctypes; print(ctypes.CDLL('site/ns/pkg_a/_x.so').answer())";
    assert_eq!(bench.python(script), "42");
}

/// An editable wheel of meson-python bears a platform tag and holds no compiled code: that lies in
/// the build folder. It is not for others, so nothing lets it through.
#[test]
fn an_editable_wheel_has_nothing_to_repair() {
    let bench = Bench::new();
    let members: [(&str, &[u8]); 2] = [
        ("pkg-editable.pth", b"import _pkg_editable_loader"),
        ("_pkg_editable_loader.py", b"build = '/home/you/build'\n"),
    ];
    let wheel = bench.wheel(&members);
    let option = "--allow-pure-python-wheel";
    for args in [&[][..], &[option]] {
        let run = bench.repair(&wheel, args);
        run.refused(
            1,
            &["[not-platform]", "an editable wheel is for the machine"],
        );
        run.says_nothing_of(option);
        assert!(!bench.path("out").exists());
    }
    // The same files under a name that says `any`: as they are.
    let wheel = bench.wheel_for("any", &members);
    bench
        .repair(&wheel, &[])
        .refused(1, &["[not-platform]", option]);
    bench.repair(&wheel, &[option]).done();
    let kept = std::fs::read(&bench.result().path).unwrap();
    assert!(kept == std::fs::read(&wheel).unwrap());
}
