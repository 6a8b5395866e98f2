//! Where compiled code lies in a wheel, and whether the wheel says that it has some.

use std::collections::BTreeSet;

use wheel_archive::{Arch, DistInfo, Finding, Headers, WheelName, data_key};

/// The ELF files of a wheel.
pub(super) struct Code<'a> {
    /// Their paths in the archive.
    pub(super) paths: Vec<&'a str>,
    /// The architectures that they are for, as far as tags know them.
    pub(super) arches: BTreeSet<Arch>,
}

/// What is wrong with the places of ELF files, and with what the wheel says of them.
pub(super) fn check(name: &WheelName, folder: &DistInfo, code: &Code<'_>) -> Vec<Finding> {
    let paths = code.paths.iter();
    let mut findings: Vec<Finding> = paths.filter_map(|path| place(name, path)).collect();
    if at_root(name, code.paths.iter().copied()) {
        let wheel = Headers::parse(&folder.wheel);
        findings.extend(purelib(&wheel, &format!("{}/WHEEL", folder.dir)));
        findings.extend(any(name, &code.arches));
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

/// What is wrong with `Root-Is-Purelib` in a wheel whose root holds ELF files.
fn purelib(wheel: &Headers, path: &str) -> Option<Finding> {
    let mut values = wheel.all("Root-Is-Purelib");
    if !values.any(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let message = "Root-Is-Purelib is `true`, but the root of the archive holds compiled code";
    Some(Finding::warning("root-is-purelib", message).at(path))
}

/// What is wrong with a file name that says `any`; of several architectures, each is named.
fn any(name: &WheelName, arches: &BTreeSet<Arch>) -> Option<Finding> {
    if !name.is_any() {
        return None;
    }
    let code = "any-with-elf";
    let message =
        "the file name says `any` platform (a pure wheel), but the wheel holds compiled code";
    if arches.len() < 2 {
        return Some(Finding::warning(code, message));
    }
    let names: Vec<&str> = arches.iter().map(|arch| arch.as_str()).collect();
    let message = format!("{message} for several architectures: {}", names.join(", "));
    let help = "build a platform wheel for each of them: an installer then takes the one that runs";
    Some(Finding::warning(code, message).help(help))
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
        let code = Code {
            paths: paths.to_vec(),
            arches: BTreeSet::new(),
        };
        let findings = check(name, &folder, &code);
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
