//! Where compiled code lies in a wheel, and whether the wheel says that it has some.

use wheel_archive::{DistInfo, Finding, Headers, WheelName, data_key};

/// What is wrong with the places of ELF files, of which `paths` are the paths.
pub(super) fn check(name: &WheelName, folder: &DistInfo, paths: &[&str]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = paths.iter().filter_map(|path| place(name, path)).collect();
    if at_root(name, paths.iter().copied()) {
        let wheel = Headers::parse(&folder.wheel);
        findings.extend(purelib(&wheel, &format!("{}/WHEEL", folder.dir), name));
    }
    findings
}

/// Whether one of the ELF files lies in the root of the archive: the wheel is not pure then, and its
/// `WHEEL` must say so.
pub fn at_root<'a>(name: &WheelName, elves: impl IntoIterator<Item = &'a str>) -> bool {
    elves.into_iter().any(|path| data_key(path, name).is_none())
}

fn place(name: &WheelName, path: &str) -> Option<Finding> {
    let finding = match data_key(path, name)? {
        "purelib" => {
            let help = "make it a platform wheel: compiled code belongs in the root of the archive or in .data/platlib";
            Finding::error("elf-in-purelib", "compiled code lies in .data/purelib").help(help)
        }
        key @ ("headers" | "data") => {
            let message = format!(
                "an ELF file in .data/{key} has no fixed place beside the libraries it may need"
            );
            Finding::warning("elf-in-data", message)
        }
        _ => return None,
    };
    Some(finding.at(path))
}

/// What is wrong with `Root-Is-Purelib` and the file name in a wheel whose root holds ELF files.
fn purelib(wheel: &Headers, path: &str, name: &WheelName) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut values = wheel.all("Root-Is-Purelib");
    if values.any(|value| value.eq_ignore_ascii_case("true")) {
        let message = "Root-Is-Purelib is `true`, but the root of the archive holds compiled code";
        findings.push(Finding::warning("root-is-purelib", message).at(path));
    }
    if name.is_any() {
        let message =
            "the file name says `any` platform (a pure wheel), but the wheel holds compiled code";
        findings.push(Finding::warning("any-with-elf", message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn name() -> WheelName {
        "evil-1.0-cp311-cp311-linux_x86_64.whl".parse().unwrap()
    }

    fn checked(wheel: &str, name: &WheelName, paths: &[&str]) -> Vec<(&'static str, Severity)> {
        let folder = DistInfo {
            dir: "evil-1.0.dist-info".to_owned(),
            wheel: wheel.into(),
            metadata: Vec::new(),
            variant: None,
        };
        let findings = check(name, &folder, paths);
        let codes = findings.iter();
        codes.map(|found| (found.code, found.severity)).collect()
    }

    #[test]
    fn compiled_code_in_purelib_is_refused() {
        let places = |paths: &[&str]| checked("", &name(), paths);
        let good = ["evil-1.0.data/platlib/b.so", "evil-1.0.data/scripts/tool"];
        assert_eq!(places(&good), []);
        assert_eq!(places(&["evil/purelib/a.so"]), []);
        let refused = ("elf-in-purelib", Severity::Error);
        let bad = ["evil-1.0.data/purelib/a.so", "evil-1.0.data/purelib/b.so"];
        assert_eq!(places(&bad), [refused, refused]);
        let odd = ("elf-in-data", Severity::Warning);
        let data = ["evil-1.0.data/data/lib/a.so", "evil-1.0.data/headers/x.so"];
        assert_eq!(places(&data), [odd, odd]);
        let found = place(&name(), bad[1]).unwrap();
        assert_eq!(found.member.as_deref(), Some(bad[1]));
    }

    #[test]
    fn a_root_with_compiled_code_is_not_pure() {
        let root = ["evil/ext.so"];
        let says = |text: &str| checked(text, &name(), &root);
        assert_eq!(says("Root-Is-Purelib: false\n"), []);
        let warned = [("root-is-purelib", Severity::Warning)];
        assert_eq!(says("Root-Is-Purelib: TRUE\n"), warned);
        let both = "Root-Is-Purelib: false\nRoot-Is-Purelib: true\n";
        assert_eq!(says(both), warned);
        let in_data = ["evil-1.0.data/platlib/ext.so"];
        assert_eq!(checked("Root-Is-Purelib: true\n", &name(), &in_data), []);
        let any = "evil-1.0-py3-none-any.whl".parse().unwrap();
        let found = checked("Root-Is-Purelib: false\n", &any, &root);
        assert_eq!(found, [("any-with-elf", Severity::Warning)]);
    }
}
