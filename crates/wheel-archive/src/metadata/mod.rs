//! The files of `.dist-info`, and what they and the names of the members say together.

pub(crate) mod core_metadata;
pub(crate) mod dist_info;
pub(crate) mod headers;
pub mod json;
pub(crate) mod layout;
pub(crate) mod pypi;
pub(crate) mod record;
pub(crate) mod variant;
pub(crate) mod wheel_file;

use self::headers::Headers;
use crate::finding::Finding;
use crate::member::DistInfo;
use crate::tag::WheelName;

/// What the names of the members and the metadata files say, without the members' contents.
/// `entry_points` is `entry_points.txt` of the folder, if there is one.
pub(crate) fn check(
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
    findings.extend(core_metadata::check(&text, &at("METADATA"), name));
    findings.extend(core_metadata::check_licenses(
        &text,
        &folder.dir,
        paths.iter().copied(),
    ));
    if let Some(bytes) = entry_points {
        findings.extend(core_metadata::check_entry_points(
            bytes,
            &at("entry_points.txt"),
        ));
    }
    let variant = folder.variant.as_deref();
    findings.extend(variant::check(name, variant, &at(variant::FILE)));
    findings.extend(layout::check(paths.iter().copied(), name));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(check(&name(), &paths, &good, Some(scripts)), []);
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
        let found = check(&name(), &paths, &bad, Some(b"x"));
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
    }
}
