//! Resolution against the loaders themselves: what `ld.so` and musl's loader take, we take.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test says so by a panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wheel_audit::Policies;
use wheel_audit::elf::Tagged as _;
use wheel_audit::host::{Host, HostOptions};
use wheel_audit::platform::linux::resolve::{Graph, Origin, ResolveOptions, Target};
use wheel_audit::tag::Libc;
use wheel_audit::wheel::LooseFiles;

/// A library of a case: its path, what it is linked with, further linker options.
type Library<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// Libraries, each after those it needs; the last one is what is loaded.
struct Case<'a> {
    name: &'a str,
    libraries: &'a [Library<'a>],
    library_path: Option<&'a str>,
}

const OLD: &str = "-Wl,--disable-new-dtags";
const NEW: &str = "-Wl,--enable-new-dtags";

const CASES: &[Case<'_>] = &[
    Case {
        name: "rpath is inherited",
        libraries: &[
            ("a/libb.so", &[], &[]),
            ("a/liba.so", &["a/libb.so"], &[]),
            ("x.so", &["a/liba.so"], &[OLD, "-Wl,-rpath,@/a"]),
        ],
        library_path: None,
    },
    Case {
        name: "runpath is not inherited",
        libraries: &[
            ("a/libb.so", &[], &[]),
            ("a/liba.so", &["a/libb.so"], &[]),
            ("x.so", &["a/liba.so"], &[NEW, "-Wl,-rpath,@/a"]),
        ],
        library_path: None,
    },
    Case {
        name: "a loader's rpath reaches through one with a runpath",
        libraries: &[
            ("b/libc1.so", &[], &[]),
            ("a/libb.so", &["b/libc1.so"], &[]),
            ("a/liba.so", &["a/libb.so"], &[NEW, "-Wl,-rpath,$ORIGIN"]),
            ("x.so", &["a/liba.so"], &[OLD, "-Wl,-rpath,@/a:@/b"]),
        ],
        library_path: None,
    },
    Case {
        name: "the environment is between rpath and runpath",
        libraries: &[
            ("env/liba.so", &[], &[]),
            ("env/libb.so", &[], &[]),
            ("a/liba.so", &[], &[]),
            ("a/libb.so", &[], &[]),
            ("b/liby.so", &["a/libb.so"], &[NEW, "-Wl,-rpath,@/a"]),
            (
                "x.so",
                &["a/liba.so", "b/liby.so"],
                &[OLD, "-Wl,-rpath,@/a:@/b"],
            ),
        ],
        library_path: Some("env"),
    },
    Case {
        name: "a name means what was loaded first",
        libraries: &[
            ("first/libs.so", &[], &[]),
            ("second/libs.so", &[], &[]),
            (
                "second/libt.so",
                &["second/libs.so"],
                &[NEW, "-Wl,-rpath,$ORIGIN"],
            ),
            (
                "x.so",
                &["first/libs.so", "second/libt.so"],
                &[NEW, "-Wl,-rpath,@/first:@/second"],
            ),
        ],
        library_path: None,
    },
    Case {
        name: "breadth comes before depth",
        libraries: &[
            ("deep/libs.so", &[], &[]),
            ("flat/libs.so", &[], &[]),
            (
                "deep/liba.so",
                &["deep/libs.so"],
                &[NEW, "-Wl,-rpath,$ORIGIN"],
            ),
            (
                "x.so",
                &["deep/liba.so", "flat/libs.so"],
                &[NEW, "-Wl,-rpath,@/flat:@/deep"],
            ),
        ],
        library_path: None,
    },
    Case {
        name: "the origin of a link is the folder of the link",
        libraries: &[
            ("real/libb.so", &[], &[]),
            ("link/libb.so", &[], &[]),
            (
                "real/liba.so",
                &["real/libb.so"],
                &[NEW, "-Wl,-rpath,$ORIGIN"],
            ),
            ("x.so", &["real/liba.so"], &[NEW, "-Wl,-rpath,@/link"]),
        ],
        library_path: None,
    },
    Case {
        name: "braces, dots and what does not exist",
        libraries: &[
            ("a/lib/liba.so", &[], &[]),
            (
                "x.so",
                &["a/lib/liba.so"],
                &[NEW, "-Wl,-rpath,@/gone:${ORIGIN}/a/../a/./lib/"],
            ),
        ],
        library_path: None,
    },
];

fn run(command: &mut Command, package: &str) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; apt-get install {package}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    // A loader that misses a library says so in what it prints.
    assert!(
        output.status.success() || !text.is_empty() || errors.contains("rror loading"),
        "{errors}"
    );
    text + &errors
}

fn build(case: &Case<'_>, root: &Path, compiler: &str, package: &str) {
    let source = root.join("empty.c");
    fs::write(&source, "int here;\n").unwrap();
    for (path, needs, options) in case.libraries {
        let output = root.join(path);
        let folder = output.parent().unwrap();
        fs::create_dir_all(folder).unwrap();
        let soname = output.file_name().unwrap().to_str().unwrap();
        let mut command = Command::new(compiler);
        command.args([
            "-shared",
            "-fPIC",
            "-nostartfiles",
            "-Wl,--no-as-needed",
            "-Wl,--allow-shlib-undefined",
        ]);
        command.arg(format!("-Wl,-soname,{soname}"));
        command.arg("-o").arg(&output).arg(&source);
        command.args(needs.iter().map(|need| root.join(need)));
        command.args(
            options
                .iter()
                .map(|option| option.replace('@', root.to_str().unwrap())),
        );
        run(&mut command, package);
        assert!(output.exists(), "{}: {path} was not built", case.name);
    }
    if case.name.contains("link") {
        fs::remove_file(root.join("link/liba.so")).ok();
        std::os::unix::fs::symlink(root.join("real/liba.so"), root.join("link/liba.so")).unwrap();
    }
}

/// `name => path` for each library of the case that the loader found, symlinks kept.
fn of_loader(case: &Case<'_>, root: &Path, loader: &Path) -> BTreeMap<String, PathBuf> {
    let mut command = Command::new(loader);
    command.env_remove("LD_LIBRARY_PATH");
    if let Some(path) = case.library_path {
        command.env("LD_LIBRARY_PATH", root.join(path));
    }
    if is_musl(loader) {
        command.arg("--list");
    } else {
        // As ldd does; `--list` gives up at the first library that is missing.
        command.env("LD_TRACE_LOADED_OBJECTS", "1");
    }
    let text = run(command.arg(root.join("x.so")), "libc6 musl");
    let lines = text
        .lines()
        .filter_map(|line| line.trim().split_once(" => "));
    let found = lines.filter_map(|(name, path)| {
        let path = PathBuf::from(path.split(" (").next()?);
        path.starts_with(root)
            .then(|| (name.to_owned(), normal(&path)))
    });
    found.collect()
}

fn is_musl(loader: &Path) -> bool {
    loader.to_string_lossy().contains("ld-musl-")
}

fn of_ours(case: &Case<'_>, root: &Path, libc: Libc) -> BTreeMap<String, PathBuf> {
    let files = LooseFiles::open(&root.join("x.so"), &[root.join("x.so")]).unwrap();
    let host = Host::new(HostOptions {
        ld_library_path: case
            .library_path
            .iter()
            .map(|path| root.join(path))
            .collect(),
        ..HostOptions::default()
    });
    let arch = files.elves[0].facts.arch().unwrap();
    let graph = Graph::resolve(
        &files.elves,
        &[true],
        &ResolveOptions {
            host: &host,
            libc,
            arch,
            policies: &Policies::default(),
            exclude: &[],
            vendor: &[],
            include: &[],
            folder: Some(&files.folder),
        },
    );
    let mut found = BTreeMap::new();
    for edge in graph.nodes.iter().flat_map(|node| &node.edges) {
        if let Target::Node(node, _) = &edge.target
            && let Origin::Host(library) = &graph.nodes[*node].origin
            && library.path.starts_with(root)
        {
            found.insert(edge.soname.clone(), normal(&library.path));
        }
    }
    found
}

/// The folder without links and dots, the file's name as it was found.
fn normal(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap().canonicalize().unwrap();
    folder.join(path.file_name().unwrap())
}

fn check(libc: Libc, compiler: &str, package: &str, loaders: &[&str]) {
    let loader = loaders.iter().map(Path::new).find(|path| path.exists());
    let loader = loader.unwrap_or_else(|| panic!("no loader: apt-get install {package}"));
    let mut told = 0;
    for case in CASES {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        build(case, &root, compiler, package);
        let expected = of_loader(case, &root, loader);
        assert_eq!(of_ours(case, &root, libc), expected, "{}", case.name);
        told += expected.len();
    }
    assert!(told > CASES.len(), "the loader found next to nothing");
}

#[test]
fn glibc_takes_the_same_files() {
    let loaders = [
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/ld-linux-aarch64.so.1",
        "/lib64/ld64.so.2",
    ];
    check(Libc::Glibc, "gcc", "gcc libc6-dev", &loaders);
}

#[test]
fn musl_takes_the_same_files() {
    let loaders = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"];
    check(Libc::Musl, "musl-gcc", "musl-tools", &loaders);
}
