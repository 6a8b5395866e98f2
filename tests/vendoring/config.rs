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
