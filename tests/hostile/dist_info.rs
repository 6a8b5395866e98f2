//! The metadata folder and the places that installers know.

use crate::craft::judge::{Case, End, hold};
use crate::craft::wheel::{EXTENSION, Maker, extension};
use crate::craft::zip::{Archive, Entry};

fn in_folder(folder: &str) -> Maker {
    Maker::default().with(|maker| folder.clone_into(&mut maker.folder))
}

#[test]
fn the_folder() {
    let none = Maker::default().with(|maker| {
        maker.wheel = None;
        maker.metadata = None;
        maker.has_record = false;
    });
    let two = Maker::default().file("other-2.0.dist-info/METADATA", "Name: other\n");
    let is_file = Maker::of([Entry::new("evil-1.0.dist-info", "x")]).with(|maker| {
        maker.wheel = None;
        maker.metadata = None;
        maker.has_record = false;
    });
    let below = in_folder("sub/evil-1.0.dist-info");
    let without = |fault: fn(&mut Maker)| Maker::default().with(fault);
    let cases = [
        Case::refused("none", &none, &["dist-info-missing"]),
        Case::refused("two", &two, &["dist-info-many"]),
        Case::refused("a-file", &is_file, &["dist-info-missing"]),
        Case::refused("below", &below, &["dist-info-missing"]),
        Case::refused(
            "other-project",
            &in_folder("other-1.0.dist-info"),
            &["dist-info-name"],
        ),
        Case::refused(
            "other-version",
            &in_folder("evil-1.1.dist-info"),
            &["dist-info-name"],
        ),
        Case::refused(
            "no-version",
            &in_folder("evil.dist-info"),
            &["dist-info-name"],
        ),
        Case::told(
            "other-case",
            &in_folder("Evil-1.0.dist-info"),
            &["dist-info-spelling"],
        ),
        Case::told(
            "other-normal-form",
            &in_folder("evil-1.dist-info"),
            &["dist-info-spelling"],
        ),
        Case::refused(
            "suffix-in-capitals",
            &in_folder("evil-1.0.DIST-INFO"),
            &["dist-info-missing"],
        ),
        Case::refused(
            "no-wheel",
            &without(|maker| maker.wheel = None),
            &["wheel-missing"],
        ),
        Case::refused(
            "no-metadata",
            &without(|maker| maker.metadata = None),
            &["metadata-missing"],
        ),
        Case::refused(
            "no-record",
            &without(|maker| maker.has_record = false),
            &["record-missing"],
        ),
    ];
    hold(&cases);
}

#[test]
fn metadata_first_is_put_last() {
    let mut entries = Maker::default().entries();
    entries.rotate_right(3);
    hold(&[Case::file(
        "first",
        Archive::of(entries).build(),
        End::Done,
        &[],
    )]);
}

#[test]
fn files_that_do_not_belong() {
    let with = |file: &str| Maker::default().file(format!("evil-1.0.dist-info/{file}"), "x");
    let signed = |file: &str| {
        with(file).with(|maker| {
            maker.unlisted.push(format!("evil-1.0.dist-info/{file}"));
        })
    };
    let cases = [
        Case::told("installer", &with("INSTALLER"), &["dist-info-installed"]),
        Case::told("requested", &with("REQUESTED"), &["dist-info-installed"]),
        Case::told(
            "direct-url",
            &with("direct_url.json"),
            &["dist-info-installed"],
        ),
        Case::told("jws", &signed("RECORD.jws"), &["record-signature"]),
        Case::told("p7s", &signed("RECORD.p7s"), &["record-signature"]),
        Case::told("jws-listed", &with("RECORD.jws"), &["record-signature"]),
        Case::sound("sbom", &with("sboms/auditwheel.cdx.json")),
        Case::sound("license", &with("licenses/LICENSE")),
        Case::sound("unknown", &with("other/thing.txt")),
    ];
    hold(&cases);
}

#[test]
fn metadata() {
    let with =
        |text: &str| Maker::default().with(|maker| maker.metadata = Some(text.as_bytes().to_vec()));
    let cases = [
        Case::told(
            "other-name",
            &with("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"),
            &["metadata-name"],
        ),
        Case::told(
            "other-version",
            &with("Metadata-Version: 2.1\nName: evil\nVersion: 2\n"),
            &["metadata-version"],
        ),
        Case::told("empty", &with(""), &["metadata-field"]),
        Case::told(
            "license",
            &with("Metadata-Version: 2.4\nName: evil\nVersion: 1.0\nLicense-File: LICENSE\n"),
            &["license-file"],
        ),
        Case::sound(
            "normal-name",
            &with("Metadata-Version: 2.1\nName: EVIL\nVersion: 1\n"),
        ),
        Case::sound(
            "body",
            &with("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n\nName: other\n"),
        ),
    ];
    hold(&cases);
    let bytes = Maker::default().with(|maker| {
        maker.metadata = Some(
            b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\nSummary: \xff\x1b[2J\n".to_vec(),
        );
    });
    hold(&[Case::sound("not-utf8", &bytes)]);
}

/// What is held in memory is not as large as a stranger likes.
#[test]
fn files_that_would_fill_the_memory() {
    let lines = |line: &str, size: usize| line.repeat(size / line.len()).into_bytes();
    let wheel = Maker::default().with(|maker| maker.wheel = Some(lines("a:\n", 100 << 20)));
    let text = Maker::default().with(|maker| maker.metadata = Some(lines("a:\n", 100 << 20)));
    let points = Maker::default().file(
        "evil-1.0.dist-info/entry_points.txt",
        lines("[a]\n", 100 << 20),
    );
    let record = Maker::default().with(|maker| maker.record = Some(lines("a,,\n", 100 << 20)));
    let cases = [
        ("wheel", wheel),
        ("metadata", text),
        ("points", points),
        ("record", record),
    ]
    .map(|(id, maker)| Case::refused(id, &maker, &["too-large"]));
    hold(&cases);
}

#[test]
fn entry_points() {
    let with = |text: &[u8]| Maker::default().file("evil-1.0.dist-info/entry_points.txt", text);
    let told = &["entry-points"];
    let cases = [
        Case::told(
            "parent",
            &with(b"[console_scripts]\n../../evil = evil:main\n"),
            told,
        ),
        Case::told("slash", &with(b"[gui_scripts]\na/b = evil:main\n"), told),
        Case::told(
            "not-utf8",
            &with(b"[console_scripts]\n\xff = evil:main\n"),
            told,
        ),
        Case::told("no-section", &with(b"a = evil:main\n"), told),
        Case::told(
            "twice",
            &with(b"[console_scripts]\na = evil:main\na = evil:other\n"),
            told,
        ),
        Case::sound("fine", &with(b"[console_scripts]\nevil-2.x = evil:main\n")),
    ];
    hold(&cases);
}

#[test]
fn places() {
    let only = |path: &str| {
        let entry = Entry::new(path, extension(&[])).with(|entry| entry.mode = 0o100_755);
        Maker::of([Entry::new("evil/__init__.py", ""), entry])
    };
    let data = |path: &str| Maker::default().file(format!("evil-1.0.data/{path}"), "1");
    let cases = [
        Case::sound(
            "platlib",
            &only(&format!("evil-1.0.data/platlib/{EXTENSION}")),
        ),
        Case::refused(
            "purelib",
            &only(&format!("evil-1.0.data/purelib/{EXTENSION}")),
            &["elf-in-purelib"],
        ),
        Case::sound("package-named-purelib", &only("evil/purelib/ext.so")),
        Case::sound(
            "package-named-data",
            &only("evil/evil-1.0.data/purelib/ext.so"),
        ),
        Case::told(
            "headers",
            &Maker::default().file("evil-1.0.data/headers/x.so", extension(&[])),
            &["elf-in-data"],
        ),
        Case::told(
            "data",
            &Maker::default().file("evil-1.0.data/data/lib/x.so", extension(&[])),
            &["elf-in-data"],
        ),
        Case::told("unknown-key", &data("nonsense/x"), &["data-key"]),
        Case::told(
            "other-project",
            &Maker::default().file("other-1.0.data/scripts/x", "1"),
            &["data-foreign"],
        ),
        Case::told(
            "same-place",
            &data("platlib/evil/__init__.py"),
            &["data-collision"],
        ),
        Case::sound("scripts", &data("scripts/tool")),
    ];
    hold(&cases);
}
