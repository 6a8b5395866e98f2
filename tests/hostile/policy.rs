//! `--policy`: what a file's tags mean for verdicts, names and checks, and files that are no policy.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::craft::judge::{audit, finish, written};
use crate::craft::wheel::{Maker, NAME, synth};

/// Two tags: what the newer one adds is a library, and a version.
const ACME: &str = r#"{"libc": "glibc",
    "tags": [{"name": "manylinux_2_17"}, {"name": "acme_1", "aliases": ["acme"]}],
    "libraries": {"manylinux_2_17": ["libc.so.6"], "acme_1": ["libours.so.1"]},
    "architectures": {"x86_64": {"tags": ["manylinux_2_17", "acme_1"],
        "versions": {"GLIBC": {"manylinux_2_17": ["2.2.5"], "acme_1": ["2.28"]}}}}}"#;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.put("acme.json", ACME.as_bytes());
        place
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    /// Exit status, standard output and standard error.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let (verb, words) = words.split_first().unwrap();
        let mut command = audit(verb);
        let (output, _) = finish(command.current_dir(self.0.path()).args(words));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let status = output.status.code().unwrap();
        (status, text(output.stdout), text(output.stderr))
    }

    fn show(&self, options: &[&str], wheel: &str) -> Value {
        let words = [&["show", "--json", "--no-host-libs"], options, &[wheel]].concat();
        let (status, out, err) = self.run(&words);
        assert_eq!(status, 0, "{err}");
        serde_json::from_str(&out).unwrap()
    }
}

/// A wheel whose extension needs `libours.so.1` and one version of glibc.
fn ours(version: &str) -> Vec<u8> {
    let file = synth(&["libours.so.1"]).needed("libc.so.6");
    Maker::with_extension(file.needs("libc.so.6", &[version]).build()).build()
}

#[test]
fn a_wheel_is_measured_by_the_file_and_gets_its_tag() {
    let place = Place::new();
    place.put(NAME, &ours("GLIBC_2.28"));
    let builtin = place.show(&[], NAME);
    assert_eq!(builtin["overall_tag"], "linux_x86_64");
    let acme = place.show(&["--policy", "acme.json"], NAME);
    assert_eq!(acme["overall_tag"], "acme_1_x86_64");
    let base = ["--policy", "acme.json", "--no-host-libs"];
    for (plat, status) in [
        ("acme_1", 0),
        ("acme", 0),
        ("acme_1_x86_64", 0),
        ("manylinux_2_17", 1),
    ] {
        let words = [&["show", "--check", "--plat", plat], &base[..], &[NAME]].concat();
        let (found, _, err) = place.run(&words);
        assert_eq!(found, status, "{plat}: {err}");
    }
    // A tag of the built-in table: the library has to come in.
    let words = [&["repair", "--plat", "manylinux_2_28"], &base[..], &[NAME]].concat();
    let (status, _, err) = place.run(&words);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("lib-not-found"), "{err}");

    let words = [&["repair", "-w", "out"], &base[..], &[NAME]].concat();
    let (status, _, err) = place.run(&words);
    assert_eq!(status, 0, "{err}");
    let result = written(&place.0.path().join("out")).unwrap();
    let name = result.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name, "evil-1.0-cp311-cp311-acme_1_x86_64.acme_x86_64.whl");
    let path = format!("out/{name}");
    let check = [&["show", "--check"], &base[..], &[&path]].concat();
    assert_eq!(place.run(&check).0, 0, "{}", place.run(&check).2);
    // Nobody else knows what the name means.
    let (status, _, err) = place.run(&["show", "--check", "--no-host-libs", &path]);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("does not deserve acme_1_x86_64"), "{err}");
    // Again: the same bytes.
    let words = [&["repair", "-w", "again"], &base[..], &[&path]].concat();
    assert_eq!(place.run(&words).0, 0);
    let again = fs::read(place.0.path().join("again").join(&name)).unwrap();
    assert_eq!(again, fs::read(&result).unwrap());
}

#[test]
fn each_claim_is_asked_of_the_policy_that_has_it() {
    let place = Place::new();
    let tags = "manylinux_2_28_x86_64.acme_1_x86_64";
    let name = NAME.replace("linux_x86_64", tags);
    let claims: Vec<String> = tags
        .split('.')
        .map(|tag| format!("cp311-cp311-{tag}"))
        .collect();
    let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
    let maker = |needs: &[&str]| {
        let file = synth(needs).needed("libc.so.6");
        let maker = Maker::with_extension(file.needs("libc.so.6", &["GLIBC_2.14"]).build());
        let wheel = crate::craft::wheel::wheel_file("false", &claims);
        maker.with(|maker| maker.wheel = Some(wheel)).build()
    };
    let undeserved = |options: &[&str]| {
        let document = place.show(options, &name);
        let findings = document["findings"].as_array().unwrap().iter();
        let told = findings.filter(|one| one["code"] == "tag-undeserved");
        let told = told.map(|one| one["message"].as_str().unwrap().to_owned());
        told.collect::<Vec<_>>()
    };
    // The file does not list GLIBC_2.14; the built-in table does, and the file, which has
    // manylinux_2_17, is asked first.
    place.put(&name, &maker(&[]));
    assert_eq!(undeserved(&["--policy", "acme.json"]).len(), 2);
    assert_eq!(
        undeserved(&[]),
        ["does not deserve acme_1_x86_64, only manylinux_2_14_x86_64".replace("2_14", "2_17")]
    );
    // One that has no tag of PEP 600 leaves those to the built-in table.
    let other = ACME
        .replace("manylinux_2_17", "acme_0")
        .replace("2.2.5\"", "2.2.5\", \"2.14\"");
    place.put("other.json", other.as_bytes());
    assert_eq!(undeserved(&["--policy", "other.json"]), [] as [&str; 0]);
    place.put(&name, &maker(&["libours.so.1"]));
    let told = undeserved(&["--policy", "other.json"]);
    assert_eq!(
        told,
        ["does not deserve manylinux_2_28_x86_64, only acme_1_x86_64"]
    );
}

#[test]
fn tags_of_files_are_listed_and_explained() {
    let place = Place::new();
    let (_, text, _) = place.run(&["policies", "--policy", "acme.json"]);
    let start = "acme.json (glibc), oldest first\n  manylinux_2_17                  x86_64\n  acme_1 (acme)                   x86_64\n\nmanylinux (glibc), oldest first\n";
    assert!(text.starts_with(start), "{text}");
    let (_, one, _) = place.run(&["policies", "--policy", "acme.json", "acme"]);
    assert!(one.starts_with("acme_1_x86_64, acme_x86_64\n"), "{one}");
    assert!(
        one.contains("libours.so.1") && one.contains("2.28"),
        "{one}"
    );
    let (_, json, _) = place.run(&["policies", "--policy", "acme.json", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["policies"][0]["file"], "acme.json");
    assert_eq!(
        json["policies"][0]["libraries"]["libours.so.1"],
        "acme_1_x86_64"
    );
    assert_eq!(json["policies"][1]["file"], Value::Null);
    // The command that is advised repeats the file.
    place.put(NAME, &ours("GLIBC_2.28"));
    place.put("none.json", ACME.replace("libours", "libother").as_bytes());
    let (_, text, _) = place.run(&["show", "--no-host-libs", "--policy", "none.json", NAME]);
    assert!(
        text.contains("audit repair --policy none.json --no-host-libs --lib-path DIR")
            || text.contains("--policy none.json"),
        "{text}"
    );
}

#[test]
fn the_configuration_may_name_policies() {
    let place = Place::new();
    fs::create_dir(place.0.path().join("conf")).unwrap();
    place.put("conf/acme.json", ACME.as_bytes());
    place.put("conf/audit.toml", b"policy = [\"acme.json\"]\n");
    place.put(NAME, &ours("GLIBC_2.28"));
    let words = [
        "repair",
        "--no-host-libs",
        "--dry-run",
        "--config",
        "conf/audit.toml",
        NAME,
    ];
    let (status, out, err) = place.run(&words);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("acme_1_x86_64"), "{out}");
}

#[test]
fn what_is_no_policy_is_refused_at_once() {
    let place = Place::new();
    place.put(NAME, &ours("GLIBC_2.28"));
    place.put("huge.json", &vec![b' '; (4 << 20) + 1]);
    place.put("deep.json", "[".repeat(1 << 20).as_bytes());
    let deep = format!(r#"{{"libc": "glibc", "tags": {}"#, "[".repeat(1 << 20));
    place.put("deeper.json", deep.as_bytes());
    place.put("binary.json", &[0xff; 64]);
    place.put("empty.json", b"");
    let backwards = ACME
        .replace("acme_1", "manylinux_2_5")
        .replace("\"acme\"", "\"site\"");
    place.put("backwards.json", backwards.as_bytes());
    let mut cases = vec![
        ("huge.json", "more than 4 MiB"),
        ("deep.json", "is not a policy"),
        ("deeper.json", "`tags[0][0]`"),
        ("binary.json", "is not a policy"),
        ("empty.json", "is not a policy"),
        ("backwards.json", "`tags[1].name`"),
        ("absent.json", "cannot be read"),
        (".", "cannot be read"),
    ];
    if cfg!(unix) {
        fifo(&place.0.path().join("fifo.json"));
        cases.extend([
            ("fifo.json", "cannot be read"),
            ("/dev/zero", "cannot be read"),
        ]);
    }
    for (file, words) in cases {
        for command in [
            &["show", "--json", NAME][..],
            &["repair", "--dry-run", NAME],
            &["tree", NAME],
            &["policies"],
        ] {
            let (status, out, err) = place.run(&[command, &["--policy", file]].concat());
            assert_eq!((status, out.as_str()), (2, ""), "{command:?} {file}: {err}");
            assert!(err.starts_with(&format!("error: {file}: ")), "{err}");
            assert!(
                err.contains(words) && err.contains("[policy-file]"),
                "{file}: {err}"
            );
            assert!(err.lines().count() == 2, "{err}");
        }
    }
    let twice = [
        "show",
        "--policy",
        "acme.json",
        "--policy",
        "acme.json",
        NAME,
    ];
    let (status, _, err) = place.run(&twice);
    assert_eq!(status, 2);
    assert!(err.contains("is a tag of acme.json too"), "{err}");
}

#[cfg(unix)]
fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

#[cfg(not(unix))]
fn fifo(_: &Path) {}

/// The example of the docs is the file that they name.
#[test]
fn the_documented_policy_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/policies.md")).unwrap();
    let example = page.split("```json\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let file = fs::read_to_string(root.join("testdata/policies/acme.json")).unwrap();
    assert_eq!(example, file);
}
