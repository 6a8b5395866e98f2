//! Names of members and of the file.

use wheel_audit::{OpenOptions, Wheel};

use crate::craft::judge::{Case, End, audit, finish, hold, written};
use crate::craft::wheel::{Maker, NAME, extension, synth, wheel_file};
use crate::craft::zip::Entry;

#[test]
fn paths_that_no_member_may_have() {
    let long = format!("evil/{}.py", "a".repeat(300));
    let deep = format!("evil/{}x.py", "d/".repeat(2500));
    let bad: [(&str, &[u8]); 24] = [
        ("parent", b"../../zipslip.txt"),
        ("parent-inside", b"evil/sub/../x.txt"),
        ("parent-last", b"evil/.."),
        ("absolute", b"/zipslip.txt"),
        ("two-slashes-first", b"//server/share"),
        ("drive", b"C:/zipslip.txt"),
        ("drive-relative", b"c:zipslip.txt"),
        ("backslash", b"evil\\..\\..\\zipslip.txt"),
        ("backslash-only", b"evil\\a.py"),
        ("nul", b"evil/a\0.py"),
        ("newline", b"evil/a\nb.py"),
        ("carriage-return", b"evil/a\rb.py"),
        ("escape", b"evil/\x1b[2J.py"),
        ("delete", b"evil/\x7f.py"),
        ("empty", b""),
        ("slash", b"/"),
        ("dot", b"./evil/dot.py"),
        ("dot-inside", b"evil/./dot.py"),
        ("double-slash", b"evil//double.py"),
        ("long", long.as_bytes()),
        ("deep", deep.as_bytes()),
        ("latin1", b"evil/caf\xe9.txt"),
        ("bidi", "evil/\u{202e}gnp.so".as_bytes()),
        ("invisible", "evil/a\u{200b}b.py".as_bytes()),
    ];
    let cases =
        bad.map(|(id, name)| Case::refused(id, &Maker::default().file(name, "x"), &["zip-name"]));
    hold(&cases);
}

#[test]
fn control_characters_of_the_upper_half_are_escaped() {
    let cases = [
        "evil/\u{85}.py",
        "evil/\u{9b}31m.py",
        "evil/\u{2028}.py",
        "evil/\u{feff}.py",
    ]
    .map(|name| {
        Case::refused(
            &format!("{name:?}"),
            &Maker::default().file(name, "x"),
            &["zip-name"],
        )
    });
    hold(&cases);
}

#[test]
fn odd_paths_that_are_fine() {
    let good = [
        "evil/a,b.py",
        "evil/a\"b.py",
        "evil/caf\u{e9} \u{2603}.txt",
        "evil/..a/b..",
        "evil/a:b",
        "evil/ ",
        "-x",
        "@x",
        "evil/\u{1f600}.txt",
        "evil/RECORD",
        "evil/nul.txt",
    ];
    let cases = good.map(|name| Case::sound(name, &Maker::default().file(name, "x")));
    hold(&cases);
}

#[test]
fn characters_that_others_refuse() {
    let cases = ["evil/\u{e000}.py", "evil/\u{ffff}.py", "evil/\u{10fffe}.py"].map(|name| {
        let maker = Maker::default().file(name, "x");
        Case::told(&format!("{name:?}"), &maker, &["zip-name-private"])
    });
    hold(&cases);
    let hidden = ["evil/\u{8e2}.py", "evil/\u{13430}.py", "evil/\u{e0041}.py"].map(|name| {
        Case::refused(
            &format!("{name:?}"),
            &Maker::default().file(name, "x"),
            &["zip-name"],
        )
    });
    hold(&hidden);
}

#[test]
fn names_without_the_flag_for_utf8() {
    let entry = Entry::new("evil/caf\u{e9}.txt", "x").with(|entry| {
        entry.local.flags = Some(0);
        entry.central.flags = Some(0);
    });
    hold(&[Case::told(
        "no-flag",
        &Maker::default().entry(entry),
        &["zip-name-encoding"],
    )]);
}

#[test]
fn names_that_meet() {
    let with = |files: &[&str]| {
        files
            .iter()
            .fold(Maker::default(), |maker, name| maker.file(name, "1"))
    };
    let same = with(&["evil/a.py", "evil/a.py"]);
    let other = Maker::default()
        .file("evil/a.py", "1")
        .file("evil/a.py", "2");
    let record = Maker::default().file("evil-1.0.dist-info/WHEEL", wheel_file("true", &[]));
    let cases = [
        Case::refused("twice", &same, &["zip-duplicate-name"]),
        Case::refused("twice-otherwise", &other, &["zip-duplicate-name"]),
        Case::refused("second-wheel-file", &record, &["zip-duplicate-name"]),
        Case::refused(
            "file-and-folder",
            &with(&["evil/sub", "evil/sub/x.py"]),
            &["zip-name-clash"],
        ),
        Case::refused(
            "folder-then-file",
            &with(&["evil/sub/x.py", "evil/sub"]),
            &["zip-name-clash"],
        ),
        Case::refused(
            "far-apart",
            &with(&["evil/s", "evil/s-t", "evil/s.t", "evil/s/x"]),
            &["zip-name-clash"],
        ),
        Case::refused(
            "folder-entry",
            &with(&["evil/sub/", "evil/sub"]),
            &["zip-name-clash"],
        ),
        Case::told(
            "case",
            &with(&["evil/Data.py", "evil/data.py"]),
            &["zip-case-twins"],
        ),
        Case::told(
            "case-of-folders",
            &with(&["evil/Sub/x.py", "evil/sub/y.py"]),
            &["zip-case-twins"],
        ),
        Case::told(
            "case-of-file-and-folder",
            &with(&["evil/Sub", "evil/sub/y.py"]),
            &["zip-case-twins"],
        ),
        Case::told(
            "normal-forms",
            &with(&["evil/caf\u{e9}.py", "evil/cafe\u{301}.py"]),
            &["zip-unicode-twins"],
        ),
    ];
    hold(&cases);
}

/// The maker's wheel under a name with this project, version and tags, metadata and all.
fn project(name: &str, project: &str, version: &str, tag: &str) -> Maker {
    Maker::default().named(name).with(|maker| {
        maker.folder = format!("{project}-{version}.dist-info");
        let metadata = format!("Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n");
        maker.metadata = Some(metadata.into_bytes());
        maker.wheel = Some(wheel_file("false", &[tag]));
    })
}

#[test]
fn file_names_that_are_no_wheels() {
    let bad = [
        "evil-1.0-cp311-cp311-linux_x86_64.zip",
        "evil-1.0-cp311-cp311-linux_x86_64.WHL",
        "evil-1.0-cp311-cp311-linux_x86_64.whl\n",
        "evil-1.0.whl",
        "evil-1.0-cp311-linux_x86_64.whl",
        "evil-1.0-1-2-cp311-cp311-linux_x86_64.whl",
        "evil-1.0-x1-cp311-cp311-linux_x86_64.whl",
        "evil-1.0--cp311-cp311-linux_x86_64.whl",
        "evil-1.0-cp311-cp311-linux_x86_64 (1).whl",
        "evil-1.0-cp311-cp311-linux_x86_64..manylinux1_x86_64.whl",
        "evil-1.0-cp311-cp311-.whl",
        "evil-1.0-cp311..cp312-cp311-linux_x86_64.whl",
        "evil-1.0.bad+-cp311-cp311-linux_x86_64.whl",
        "evil-x-cp311-cp311-linux_x86_64.whl",
        "-1.0-cp311-cp311-linux_x86_64.whl",
        "e__vil-1.0-cp311-cp311-linux_x86_64.whl",
        "e vil-1.0-cp311-cp311-linux_x86_64.whl",
        "evil-1.0-cp311-cp311-linux_x86_64\u{202e}.whl",
        "evil\x1b[2J-1.0-cp311-cp311-linux_x86_64.whl",
        ".whl",
    ];
    let cases = bad.map(|name| Case::refused(name, &Maker::default().named(name), &["wheel-name"]));
    hold(&cases);
}

#[test]
fn odd_file_names_that_are_fine() {
    let tag = "cp311-cp311-linux_x86_64";
    let cases = [
        ("evil", "1.0+cu118"),
        ("evil", "1!2.0"),
        ("evil", "1.0.post1.dev2"),
        ("evil", "1.0rc1"),
        ("Evil.Pkg", "1.0"),
        ("e_vil", "2"),
    ]
    .map(|(name, version)| {
        let file = format!("{name}-{version}-{tag}.whl");
        Case::sound(&file, &project(&file, name, version, tag))
    });
    hold(&cases);
    let build = project(
        "evil-1.0-1abc-cp311-cp311-linux_x86_64.whl",
        "evil",
        "1.0",
        tag,
    )
    .with(|maker| {
        let wheel = maker.wheel.as_mut().unwrap();
        wheel.extend(b"Build: 1abc\n");
    });
    hold(&[Case::sound("build", &build)]);
}

#[test]
fn an_output_name_that_no_file_system_takes() {
    let name = "e".repeat(205);
    let tag = "cp311-cp311-linux_x86_64";
    let file = format!("{name}-1.0-{tag}.whl");
    let maker = project(&file, &name, "1.0", tag);
    hold(&[Case::told("too-long", &maker, &[]).repair(End::Refused)]);
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join(&file), maker.build()).unwrap();
    let output = audit("repair")
        .current_dir(place.path())
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(crate::craft::judge::codes(&output).contains("output-name"));
}

#[test]
fn tags_of_other_systems() {
    let with = |tag: &str| {
        let file = format!("evil-1.0-cp311-cp311-{tag}.whl");
        project(&file, "evil", "1.0", &format!("cp311-cp311-{tag}"))
    };
    let cases = [
        Case::refused("windows", &with("win_amd64"), &["not-platform"]),
        Case::refused("macos", &with("macosx_11_0_arm64"), &["not-platform"]),
        Case::refused(
            "two-architectures",
            &with("linux_x86_64.linux_aarch64"),
            &["several-architectures"],
        ),
        Case::told(
            "two-libcs",
            &with("manylinux_2_17_x86_64.musllinux_1_1_x86_64"),
            &["tag-undeserved"],
        ),
    ];
    hold(&cases);
    let pure = Maker::of([Entry::new("evil/__init__.py", "")])
        .named("evil-1.0-py3-none-any.whl")
        .with(|maker| maker.wheel = Some(wheel_file("true", &["py3-none-any"])));
    let allowed = Case::sound("pure-allowed", &pure).option("--allow-pure-python-wheel");
    hold(&[Case::refused("pure", &pure, &["not-platform"]), allowed]);
    let any = Maker::default()
        .named("evil-1.0-py3-none-any.whl")
        .with(|maker| maker.wheel = Some(wheel_file("true", &["py3-none-any"])));
    let told = Case::told("any-with-code", &any, &["any-with-elf", "root-is-purelib"]);
    hold(&[told.repair(End::Any)]);
    let other = extension(&[]);
    let both = any.file("evil/other.so", patched(&other, 18, 183));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(&both.name);
    std::fs::write(&path, both.build()).unwrap();
    let (output, _) = finish(audit("show").arg(&path));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let several = "several architectures: x86_64, aarch64";
    assert!(words.contains(several), "{words}");
    let mixed = Maker::default().file("evil/other.so", patched(&other, 18, 183));
    hold(&[
        Case::told("mixed", &mixed, &["foreign-arch"]),
        Case::refused(
            "only-other",
            &Maker::with_extension(patched(&other, 18, 183)),
            &["not-platform"],
        )
        .repair(End::Refused),
    ]);
}

fn patched(bytes: &[u8], at: usize, value: u16) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    bytes
}

/// A variant label (PEP 825) stays in the name, behind the new tags, and `variant.json` is held
/// against it.
#[test]
fn variants_are_kept_and_held_against_their_label() {
    let json = r#"{"$schema": "https://example.org/v0.1.1.json",
        "default-priorities": {"namespace": ["x86_64"]},
        "variants": {"v3": {"x86_64": {"level": ["v3"]}}}}"#;
    let path = "evil-1.0.dist-info/variant.json";
    let made = |name: &str, json: Option<&str>| {
        let v3 = synth(&[]).needed("libc.so.6").isa_needed(1 << 2).build();
        let maker = Maker::with_extension(v3).named(name);
        json.into_iter()
            .fold(maker, |maker, json| maker.file(path, json))
    };
    let labelled = "evil-1.0-cp311-cp311-linux_x86_64-v3.whl";
    let document = shown(&made(labelled, Some(json)));
    assert_eq!(codes(&document, "warning"), [] as [&str; 0], "{document}");
    assert_eq!(document["overall_tag"], "manylinux_2_5_x86_64");
    assert_eq!(document["unsupported_isa"], false);
    assert_eq!(document["claimed_tags"][0], "linux_x86_64");
    for (name, json, isa) in [
        (labelled, None, true),
        (NAME, Some(json), true),
        ("evil-1.0-cp311-cp311-linux_x86_64-v4.whl", Some(json), true),
        (labelled, Some("{"), true),
    ] {
        let document = shown(&made(name, json));
        let found = codes(&document, "warning");
        assert!(
            found.contains(&"variant-json"),
            "{name} {json:?}: {document}"
        );
        assert_eq!(document["unsupported_isa"], isa, "{name} {json:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let build = "evil-1.0-2-cp311-cp311-linux_x86_64-v3.whl";
    let wheel = folder.path().join(build);
    let tagged = made(build, Some(json)).with(|maker| {
        maker.wheel.as_mut().unwrap().extend(b"Build: 2\n");
    });
    std::fs::write(&wheel, tagged.build()).unwrap();
    let mut repair = audit("repair");
    repair
        .current_dir(folder.path())
        .args(["--no-host-libs", "-w", "out"]);
    let (output, _) = finish(repair.arg(&wheel));
    assert!(output.status.success(), "{output:?}");
    let result = written(&folder.path().join("out")).unwrap();
    let name = result.file_name().unwrap().to_str().unwrap();
    let expected = "evil-1.0-2-cp311-cp311-manylinux1_x86_64.manylinux_2_5_x86_64-v3.whl";
    assert_eq!(name, expected);
    let result = Wheel::open(&result, &OpenOptions::default()).unwrap();
    assert_eq!(result.dist_info.variant.as_deref(), Some(json.as_bytes()));
    assert!(result.findings.iter().all(|one| one.code != "variant-json"));
}

/// What `audit show --json` prints.
fn shown(maker: &Maker) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let wheel = folder.path().join(&maker.name);
    std::fs::write(&wheel, maker.build()).unwrap();
    let (output, _) = finish(audit("show").args(["--json", "--no-host-libs"]).arg(&wheel));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn codes<'a>(document: &'a serde_json::Value, severity: &str) -> Vec<&'a str> {
    let findings = document["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|one| one["severity"] == severity);
    findings.map(|one| one["code"].as_str().unwrap()).collect()
}
