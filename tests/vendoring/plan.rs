//! What a repair says it does and costs.

use crate::bench::{Bench, names};

#[test]
fn a_plan_is_told_and_nothing_is_written() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--dry-run"]);
    let text = &run.done().stdout;
    for word in [
        "graft",
        "libs/libmid.so.1",
        "needed by pkg/_x.so",
        "kB",
        "edit",
        "RPATH $ORIGIN/../pkg.libs",
        "nothing written; 2 files to add",
    ] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    let plan = bench.repair(&wheel, &["--dry-run", "--json"]).json();
    assert!(!bench.path("out").exists());
    assert_eq!(plan["dry_run"], true);
    assert_eq!(plan["output"], serde_json::Value::Null);
    assert_eq!(
        names(&plan["grafted"], "soname"),
        ["libbase.so.1", "libmid.so.1"]
    );
    assert_eq!(
        plan["edits"][0]["search_path"]["path"],
        "$ORIGIN/../pkg.libs"
    );
    // What is done is what was planned.
    let done = bench.repair(&wheel, &["--json"]).json();
    for key in ["name", "tag", "grafted", "patched", "edits", "renamed"] {
        assert_eq!(plan[key], done[key], "{key}");
    }
}

#[test]
fn a_repair_ends_with_what_it_added() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &[]);
    let text = &run.done().stdout;
    let ending = text
        .split("added 3 files, ")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}"));
    let lines: Vec<&str> = ending.lines().collect();
    assert!(lines[0].contains("the wheel went from"), "{text}");
    assert_eq!(lines.len(), 4, "{text}");
    let run = bench.repair(&wheel, &["--json"]).json();
    let sizes: Vec<u64> = run["added"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["size"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.is_sorted_by(|left, right| left >= right), "{sizes:?}");
    let result = bench.result();
    assert_eq!(run["size"]["after"], result.file_size());
}

#[test]
fn a_wheel_that_grows_too_much_is_not_written() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    let run = bench.repair(&wheel, &["--max-size", "1k"]);
    run.refused(1, &["wheel-too-large", "--max-size", "pkg.libs/libmid-"]);
    assert!(!bench.path("out").exists());
    bench
        .repair(&wheel, &["--max-size", "1k", "--dry-run"])
        .refused(1, &["wheel-too-large", "--max-size", "pkg.libs/libmid-"]);
    let plan = bench.repair(&wheel, &["--max-size", "1MB", "--dry-run", "--json"]);
    let planned = plan.json()["size"]["after"].as_u64();
    assert!(!bench.path("out").exists());
    let done = bench
        .repair(&wheel, &["--max-size", "1MB", "--json"])
        .json();
    assert_eq!(planned, done["size"]["after"].as_u64());
    assert!(planned.is_some_and(|size| size == bench.result().file_size()));
    bench
        .repair(&wheel, &["--max-size", "much"])
        .refused(2, &["--max-size"]);
}
