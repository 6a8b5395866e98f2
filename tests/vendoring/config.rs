//! `[tool.wheel-audit]`.

use crate::bench::{Bench, names};

#[test]
fn a_project_says_how_its_wheels_are_repaired() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.write(
        "pyproject.toml",
        "[project]\nname = \"pkg\"\n\n[tool.wheel-audit]\nexclude = [\"libbase*\"]\nno-mangle = [\"libmid*\"]\n\
         lib-path = [\"libs\"]\nno-host-libs = true\nonly-plat = false\nno-sbom = true\n",
    );
    let run = bench.repair_with(&wheel, &["--json"]).json();
    assert_eq!(names(&run["grafted"], "member"), ["pkg.libs/libmid.so.1"]);
    assert_eq!(run["added"].as_array().unwrap().len(), 1);
    // What is typed replaces what the file says of that option.
    let run = bench
        .repair_with(&wheel, &["--json", "--exclude", "libmid*"])
        .json();
    assert_eq!(names(&run["excluded"], "soname"), ["libmid.so.1"]);
    let run = bench.repair(&wheel, &["--json", "--no-config"]).json();
    assert_eq!(run["excluded"], serde_json::json!([]));
}

/// Folders in a file are meant from where the file is.
#[test]
fn another_file_can_be_named() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.write(
        "ci/audit.toml",
        "lib-path = \"../libs\"\nno-host-libs = true\nplat = \"manylinux_2_28\"\n",
    );
    let run = bench
        .repair_with(&wheel, &["--json", "--config", "ci/audit.toml"])
        .json();
    assert_eq!(run["tag"], "manylinux_2_28_x86_64");
    assert_eq!(run["grafted"].as_array().unwrap().len(), 2);
    bench
        .repair_with(&wheel, &["--config", "nowhere.toml"])
        .refused(2, &["nowhere.toml", "cannot be read"]);
}

#[test]
fn what_a_file_may_not_say_is_refused() {
    let bench = Bench::new();
    let cases = [
        ("exlude = []", "did you mean `exclude`?"),
        ("zzz = 1", "keys are the long names of options"),
        ("config = \"x\"", "--config can only be typed"),
        ("only-plat = \"yes\"", "`only-plat` must be true or false"),
        ("exclude = [1]", "`exclude` must be a list of strings"),
        ("plat = [\"a\"]", "`plat` must be a string"),
        (
            "rpath-kind = \"no\"",
            "invalid value 'no' for '--rpath-kind",
        ),
        ("zip-compression-level = 10", "10 is not in 0..=9"),
        ("exclude = [", "line 2"),
    ];
    for (text, words) in cases {
        bench.write("pyproject.toml", format!("[tool.wheel-audit]\n{text}\n"));
        bench
            .audit(&["repair", "x.whl"])
            .refused(2, &["error: pyproject.toml: ", words]);
    }
}

#[test]
fn the_options_in_force_can_be_printed_and_used_again() {
    let bench = Bench::new();
    bench.write(
        "pyproject.toml",
        "[tool.wheel-audit]\nexclude = [\"libcuda*\", \"a'\\\"b\"]\nstrip = true\n",
    );
    let run = bench.audit(&[
        "repair",
        "--print-config",
        "--plat",
        "manylinux2014",
        "--strict",
    ]);
    let printed = run.done().stdout.clone();
    for line in [
        "exclude = [\"libcuda*\", 'a\\'\"b'] # pyproject.toml",
        "strip = true # pyproject.toml",
        "plat = \"manylinux2014\" # command line",
        "strict = true # command line",
        "wheel-dir = \"wheelhouse\" # default",
    ] {
        let known = printed.contains(line) || line.starts_with("exclude");
        assert!(known, "{line} is not in\n{printed}");
    }
    assert!(printed.contains("libcuda*"), "{printed}");
    bench.write("pyproject.toml", &printed);
    let again = bench
        .audit(&["repair", "--print-config"])
        .done()
        .stdout
        .clone();
    let values = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split(" # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values(&again), values(&printed));
}

/// Neither waits on it nor reads without end.
#[cfg(unix)]
#[test]
fn only_a_regular_file_of_a_sane_size_is_read() {
    use std::os::unix::fs::symlink;

    let bench = Bench::new();
    let config = bench.path("pyproject.toml");
    let refused = |reason: &str| {
        for command in ["repair", "show", "tree"] {
            let run = bench.audit(&[command, "x.whl"]);
            run.refused(2, &["error: pyproject.toml: cannot be read: ", reason]);
        }
        std::fs::remove_file(bench.path("pyproject.toml")).unwrap();
    };
    rustix::fs::mkfifoat(rustix::fs::CWD, &config, rustix::fs::Mode::RWXU).unwrap();
    refused("not a regular file");
    symlink("/dev/zero", &config).unwrap();
    refused("not a regular file");
    symlink(bench.path("."), &config).unwrap();
    refused("not a regular file");
    bench.write("pyproject.toml", "#".repeat(5 << 20));
    refused("more than 4194304 bytes");
    bench.write("pyproject.toml", b"a = '\xff'");
    refused("UTF-8");
    // A link that leads nowhere is no file.
    symlink("nowhere", &config).unwrap();
    bench
        .audit(&["show", "x.whl"])
        .refused(2, &["no such file"]);
}

/// They speak of the repair that will run.
#[test]
fn show_and_tree_read_what_repair_reads() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let wheel = wheel.to_str().unwrap();
    bench.write(
        "pyproject.toml",
        "[tool.wheel-audit]\nexclude = [\"libbase*\"]\nlib-path = [\"libs\"]\nno-host-libs = true\n\
         plat = \"manylinux_2_28\"\njson = true\nwheel-dir = \"x\"\nno-mangle = [\"*\"]\nignore = [\"rpath-absolute\"]\n",
    );
    let outside = |words: &[&str]| {
        let document = bench
            .audit(&[&["show", "--json", wheel], words].concat())
            .json();
        let libraries = document["external_libs"].as_object().unwrap().clone();
        libraries
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(outside(&[]), ["libmid.so.1"]);
    let both = ["libbase.so.1", "libmid.so.1"];
    assert_eq!(
        outside(&["--no-config", "--no-host-libs", "--lib-path", "libs"]),
        both
    );
    // What is typed replaces what the file says of that option.
    assert_eq!(outside(&["--exclude", "libmid*"]), [""; 0]);
    let text = bench.audit(&["show", wheel]).done().stdout.clone();
    assert!(text.contains("--exclude 'libbase*'"), "{text}");
    let typed = bench.audit(&["show", wheel, "--config", "pyproject.toml"]);
    assert!(
        typed.stdout.contains("--config pyproject.toml"),
        "{}",
        typed.stdout
    );
    let tree = bench.audit(&["tree", wheel]).done().stdout.clone();
    assert!(tree.contains("for manylinux_2_28_x86_64"), "{tree}");
    assert!(tree.contains("x libbase.so.1"), "{tree}");
    bench.write("pyproject.toml", "[tool.wheel-audit]\nexlude = []\n");
    for command in ["show", "tree"] {
        bench
            .audit(&[command, wheel])
            .refused(2, &["did you mean `exclude`?"]);
    }
}
