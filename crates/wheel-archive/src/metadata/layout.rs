//! Where an installer puts the members: `{name}-{version}.data/{key}/…` is spread over the
//! scheme's folders, all else goes to site-packages.
//!
//! Spec: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#the-data-directory>

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::finding::tally::Tally;
use crate::tag::WheelName;

/// Where an installer puts a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// In site-packages (root of the archive, `.data/platlib`, `.data/purelib`), at this path.
    Site(String),
    /// In the scripts folder.
    Script(String),
    /// Elsewhere (`headers`, `data`, an unknown key): key and path.
    Elsewhere(String, String),
}

/// The keys that installers know.
const KEYS: [&str; 5] = ["purelib", "platlib", "headers", "scripts", "data"];

/// A path under the wheel's `.data` folder.
struct Data<'a> {
    key: &'a str,
    /// Below the key; `None` for a file in `.data` itself.
    path: Option<&'a str>,
}

/// Where the member at `path` goes.
pub fn installed(path: &str, name: &WheelName) -> Installed {
    match in_data(path, name) {
        Some(Data {
            key,
            path: Some(path),
        }) => match key {
            "purelib" | "platlib" => Installed::Site(path.to_owned()),
            "scripts" => Installed::Script(path.to_owned()),
            _ => Installed::Elsewhere(key.to_owned(), path.to_owned()),
        },
        Some(Data { key, path: None }) => Installed::Elsewhere(String::new(), key.to_owned()),
        None => Installed::Site(path.to_owned()),
    }
}

/// What is odd about the members' places.
pub(crate) fn check<'a>(
    paths: impl IntoIterator<Item = &'a str>,
    name: &WheelName,
) -> Vec<Finding> {
    let mut tally = Tally::default();
    let mut places = BTreeMap::new();
    for path in paths {
        let data = in_data(path, name);
        let site = match &data {
            None => Some(path),
            Some(data) if matches!(data.key, "purelib" | "platlib") => data.path,
            Some(_) => None,
        };
        if let Some(other) = site.and_then(|site| places.insert(site, path)) {
            let message = format!("`{other}` is installed at the same place");
            tally.push(Finding::warning("data-collision", message).at(path));
        }
        tally.extend(
            match data {
                Some(data) => data.check(),
                None => foreign_data(path),
            }
            .map(|finding| finding.at(path)),
        );
    }
    tally.finish()
}

/// The key of the `.data` folder that the member at `path` lies under; `None` for the root of the
/// archive.
pub fn data_key<'a>(path: &'a str, name: &WheelName) -> Option<&'a str> {
    in_data(path, name).map(|data| data.key)
}

fn in_data<'a>(path: &'a str, name: &WheelName) -> Option<Data<'a>> {
    let (folder, rest) = path.split_once('/')?;
    if !name.is_stem(folder.strip_suffix(".data")?) {
        return None;
    }
    Some(match rest.split_once('/') {
        Some((key, path)) => Data {
            key,
            path: Some(path),
        },
        None => Data {
            key: rest,
            path: None,
        },
    })
}

impl Data<'_> {
    fn check(&self) -> Option<Finding> {
        let message = if self.path.is_none() {
            "a file lies in the .data folder outside any of its keys: installers refuse it"
                .to_owned()
        } else if KEYS.contains(&self.key) {
            return None;
        } else {
            format!(
                "`{}` is not a key of the .data folder (the installation scheme has none): installers refuse it",
                self.key
            )
        };
        Some(Finding::warning("data-key", message))
    }
}

/// A top folder that is named like the data folder of another wheel.
fn foreign_data(path: &str) -> Option<Finding> {
    let (folder, _) = path.split_once('/')?;
    folder.strip_suffix(".data")?;
    let message = format!(
        "`{folder}` is named like a data folder, but not of this wheel: installers disagree about it"
    );
    Some(Finding::warning("data-foreign", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn name() -> WheelName {
        "evil-1.0-cp311-cp311-linux_x86_64.whl".parse().unwrap()
    }

    fn codes(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn where_members_go() {
        let site = |path: &str| Installed::Site(path.to_owned());
        let elsewhere =
            |key: &str, path: &str| Installed::Elsewhere(key.to_owned(), path.to_owned());
        let cases = [
            ("evil/ext.so", site("evil/ext.so")),
            ("evil/purelib/ext.so", site("evil/purelib/ext.so")),
            ("evil-1.0.data/platlib/evil/ext.so", site("evil/ext.so")),
            ("evil-1.0.data/purelib/evil/a.py", site("evil/a.py")),
            ("Evil-1.0.0.data/platlib/a.so", site("a.so")),
            (
                "other-1.0.data/platlib/a.so",
                site("other-1.0.data/platlib/a.so"),
            ),
            (
                "evil/evil-1.0.data/platlib/a.so",
                site("evil/evil-1.0.data/platlib/a.so"),
            ),
            (
                "evil-1.0.data/scripts/tool",
                Installed::Script("tool".to_owned()),
            ),
            ("evil-1.0.data/data/share/x", elsewhere("data", "share/x")),
            ("evil-1.0.data/headers/x.h", elsewhere("headers", "x.h")),
            ("evil-1.0.data/nonsense/x", elsewhere("nonsense", "x")),
            ("evil-1.0.data/x", elsewhere("", "x")),
            ("evil-1.0.data", site("evil-1.0.data")),
        ];
        for (path, place) in cases {
            assert_eq!(installed(path, &name()), place, "{path}");
        }
        assert_eq!(data_key("evil/ext.so", &name()), None);
        let key = data_key("evil-1.0.data/platlib/ext.so", &name());
        assert_eq!(key, Some("platlib"));
    }

    #[test]
    fn odd_places_are_told() {
        let cases: [(&[&str], &[&str]); 6] = [
            (
                &[
                    "evil/a.py",
                    "evil-1.0.data/platlib/b.so",
                    "evil-1.0.data/scripts/a",
                ],
                &[],
            ),
            (&["evil-1.0.data/nonsense/x"], &["data-key"]),
            (&["evil-1.0.data/x"], &["data-key"]),
            (&["other-2.0.data/platlib/x"], &["data-foreign"]),
            (
                &["evil/a.py", "evil-1.0.data/purelib/evil/a.py"],
                &["data-collision"],
            ),
            (
                &["evil-1.0.data/platlib/a.py", "evil-1.0.data/purelib/a.py"],
                &["data-collision"],
            ),
        ];
        for (paths, expected) in cases {
            let found = check(paths.iter().copied(), &name());
            assert_eq!(codes(&found), expected, "{paths:?}");
            assert!(
                found
                    .iter()
                    .all(|finding| finding.severity == Severity::Warning)
            );
        }
    }
}
