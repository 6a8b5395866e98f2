//! Every check of the metadata and the layout, in the order in which an opened wheel can answer.

use super::headers::Headers;
use super::{DistInfo, dist_info, layout, metadata, variant, wheel_file};
use crate::finding::Finding;
use crate::tag::WheelName;

/// What the names of the members and the metadata files say, without the members' contents.
/// `entry_points` is `entry_points.txt` of the folder, if there is one.
pub fn check_metadata(
    name: &WheelName,
    paths: &[&str],
    folder: &DistInfo,
    entry_points: Option<&[u8]>,
) -> Vec<Finding> {
    let at = |file: &str| format!("{}/{file}", folder.dir);
    let wheel = Headers::parse(&folder.wheel);
    let text = Headers::parse(&folder.metadata);
    let mut findings = dist_info::check(&folder.dir, paths.iter().copied(), name);
    findings.extend(wheel_file::check(&wheel, &at("WHEEL"), name));
    findings.extend(metadata::check(&text, &at("METADATA"), name));
    findings.extend(metadata::check_licenses(
        &text,
        &folder.dir,
        paths.iter().copied(),
    ));
    if let Some(bytes) = entry_points {
        findings.extend(metadata::check_entry_points(bytes, &at("entry_points.txt")));
    }
    let variant = folder.variant.as_deref();
    findings.extend(variant::check(name, variant, &at(variant::FILE)));
    findings.extend(layout::check(paths.iter().copied(), name));
    findings
}

/// What can be said once it is known which members are ELF files: `elves` are their paths.
pub fn check_elves(name: &WheelName, folder: &DistInfo, elves: &[&str]) -> Vec<Finding> {
    let mut findings = layout::check_elves(elves.iter().copied(), name);
    if elf_at_root(name, elves.iter().copied()) {
        let wheel = Headers::parse(&folder.wheel);
        let path = format!("{}/WHEEL", folder.dir);
        findings.extend(wheel_file::check_purelib(&wheel, &path, name));
    }
    findings
}

/// Whether one of the ELF files lies in the root of the archive: the wheel is not pure then, and its
/// `WHEEL` must say so.
pub fn elf_at_root<'a>(name: &WheelName, elves: impl IntoIterator<Item = &'a str>) -> bool {
    elves.into_iter().any(|path| layout::is_root(path, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn folder(wheel: &str, metadata: &str) -> DistInfo {
        DistInfo {
            dir: "evil-1.0.dist-info".to_owned(),
            wheel: wheel.into(),
            metadata: metadata.into(),
            variant: None,
        }
    }

    fn name() -> WheelName {
        "evil-1.0-cp311-cp311-linux_x86_64.whl".parse().unwrap()
    }

    const WHEEL: &str =
        "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n";
    const METADATA: &str = "Metadata-Version: 2.4\nName: evil\nVersion: 1.0\n";

    #[test]
    fn a_good_wheel_is_silent() {
        let paths = [
            "evil/__init__.py",
            "evil/ext.so",
            "evil-1.0.dist-info/RECORD",
        ];
        let good = folder(WHEEL, METADATA);
        let scripts = b"[console_scripts]\nevil = evil:main\n";
        assert_eq!(check_metadata(&name(), &paths, &good, Some(scripts)), []);
        assert_eq!(check_elves(&name(), &good, &["evil/ext.so"]), []);
    }

    #[test]
    fn every_file_is_looked_at() {
        let paths = ["evil-1.0.dist-info/INSTALLER", "evil-1.0.data/x/y"];
        let bad = folder(
            &WHEEL.replace("1.0", "2.0").replace("false", "true"),
            &METADATA.replace("Name: evil", "Name: other\nLicense-File: LICENSE"),
        );
        let codes = |findings: Vec<Finding>| {
            findings
                .iter()
                .map(|finding| finding.code)
                .collect::<Vec<_>>()
        };
        let found = check_metadata(&name(), &paths, &bad, Some(b"x"));
        assert_eq!(
            codes(found),
            [
                "dist-info-installed",
                "wheel-version",
                "metadata-name",
                "license-file",
                "entry-points",
                "data-key"
            ]
        );
        assert_eq!(
            codes(check_elves(&name(), &bad, &["evil/ext.so"])),
            ["root-is-purelib"]
        );
        let found = check_elves(&name(), &bad, &["evil-1.0.data/purelib/ext.so"]);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(codes(found), ["elf-in-purelib"]);
        assert_eq!(
            codes(check_elves(
                &name(),
                &bad,
                &["evil-1.0.data/platlib/ext.so"]
            )),
            [""; 0]
        );
    }
}
