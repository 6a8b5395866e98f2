//! Where what came in came from, on record.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::bench::{Bench, paths, read};

const PLACE: &str = "pkg-1.0.dist-info/sboms/wheel-audit.cdx.json";

fn document(bench: &Bench) -> Value {
    serde_json::from_slice(&read(&bench.result(), PLACE)).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn properties<'a>(component: &'a Value, name: &str) -> Vec<&'a str> {
    let all = component["properties"].as_array().unwrap().iter();
    let name = format!("wheel-audit:{name}");
    let own = all.filter(|property| property["name"] == json!(name));
    own.map(|property| property["value"].as_str().unwrap())
        .collect()
}

#[test]
fn every_graft_is_a_component() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.repair(&wheel, &[]).done();
    let document = document(&bench);
    assert_eq!(document["specVersion"], "1.4");
    let components = document["components"].as_array().unwrap();
    assert_eq!(components.len(), 2);
    for component in components {
        let member = component["bom-ref"].as_str().unwrap();
        let copy = read(&bench.result(), member);
        assert_eq!(
            component["hashes"][0]["content"].as_str(),
            Some(hex(&copy).as_str())
        );
        let soname = properties(component, "soname");
        let source = std::fs::read(bench.path("libs").join(soname[0])).unwrap();
        assert_eq!(properties(component, "source-sha256"), [hex(&source)]);
        assert_eq!(
            properties(component, "source-path"),
            soname,
            "relative to its --lib-path"
        );
        assert_eq!(properties(component, "build-id").len(), 1);
    }
    let renamed: Vec<&str> = properties(&document["metadata"], "renamed");
    assert!(
        renamed
            .iter()
            .any(|pair| pair.starts_with("libmid.so.1=pkg.libs/libmid-")),
        "{renamed:?}"
    );
    let text = document.to_string();
    assert!(
        !text.contains(bench.path("").to_str().unwrap().trim_end_matches('/')),
        "{text}"
    );
}

/// The same grafts on another machine give the same bytes.
#[test]
fn the_folder_does_not_matter() {
    let repaired = || {
        let bench = Bench::new();
        let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
        bench.repair(&wheel, &[]).done();
        std::fs::read(&bench.result().path).unwrap()
    };
    assert!(repaired() == repaired());
}

/// Found through a search path into somebody's own folder: only the file's name is told.
#[test]
fn the_folders_of_the_builder_are_nobodys_business() {
    let bench = Bench::new();
    bench.chain();
    let folder = bench.path("libs");
    let search = format!("-Wl,-rpath,{}", folder.display());
    let extension = bench.extension(&[&search]);
    let middle = format!("-Wl,-rpath,{}", folder.display());
    bench.compile(
        "gcc",
        "int base(void); int mid(void) { return base() + 1; }",
        "libs/libmid.so.1",
        &["-Wl,-soname,libmid.so.1", "libs/libbase.so.1", &middle],
    );
    let wheel = bench.wheel(&[("pkg/_x.so", &extension)]);
    bench.repair_with(&wheel, &[]).done();
    for component in document(&bench)["components"].as_array().unwrap() {
        assert_eq!(
            properties(component, "source-path"),
            properties(component, "soname")
        );
    }
    let result = bench.result();
    for elf in &result.elves {
        let content = read(&result, &elf.path);
        let told = content.windows(10).any(|window| window == b"/tmp/.tmp/");
        assert!(!told, "{}", elf.path);
    }
}

#[test]
fn documents_that_are_there_stay() {
    let bench = Bench::new();
    let extension = bench.chain();
    let theirs = "pkg-1.0.dist-info/sboms/theirs.spdx.json";
    let wheel = bench.wheel(&[
        ("pkg/_x.so", &extension),
        (theirs, b"{}"),
        (PLACE, b"{\"old\": 1}"),
    ]);
    bench.repair(&wheel, &[]).done();
    let result = bench.result();
    assert_eq!(read(&result, theirs), b"{}");
    assert_eq!(read(&result, PLACE), b"{\"old\": 1}");
    let new = read(&result, "pkg-1.0.dist-info/sboms/wheel-audit-2.cdx.json");
    assert!(serde_json::from_slice::<Value>(&new).unwrap()["components"][0].is_object());
}

#[test]
fn it_can_be_left_out() {
    let bench = Bench::new();
    let wheel = bench.wheel(&[("pkg/_x.so", &bench.chain())]);
    bench.repair(&wheel, &["--no-sbom"]).done();
    assert!(
        paths(&bench.result())
            .iter()
            .all(|path| !path.contains("/sboms/"))
    );
}

/// Nothing came in: there is nothing to record.
#[test]
fn a_wheel_that_needs_nothing_gets_no_document() {
    let bench = Bench::new();
    let file = bench.compile("gcc", "int answer(void) { return 42; }", "_x.so", &[]);
    let wheel = bench.wheel(&[("pkg/_x.so", &file)]);
    bench.repair(&wheel, &[]).done();
    assert!(
        paths(&bench.result())
            .iter()
            .all(|path| !path.contains("/sboms/"))
    );
}
