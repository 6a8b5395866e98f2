//! Search-path entries of a member: which stay, which go, and what is added.
//!
//! Everything is computed on the *installed* tree: site-packages is the root, and
//! `.data/platlib` is spread over it.

/// What becomes of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Leads to a folder inside site-packages.
    Inside,
    /// `$ORIGIN`-relative, but leaves site-packages.
    Leaves,
    /// Absolute: a folder of the machine that built the wheel.
    Absolute,
    /// Empty or relative: the current directory of whoever runs it.
    Relative,
}

/// Says where `entry` of a file in `folder` (slash-separated, relative to site-packages) leads.
pub fn fate(entry: &str, folder: &str) -> Fate {
    let rest = entry
        .strip_prefix("$ORIGIN")
        .or_else(|| entry.strip_prefix("${ORIGIN}"));
    let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return if entry.starts_with('/') {
            Fate::Absolute
        } else {
            Fate::Relative
        };
    };
    let mut depth = parts(folder).count();
    for part in parts(rest) {
        match part {
            ".." if depth == 0 => return Fate::Leaves,
            ".." => depth = depth.saturating_sub(1),
            _ => depth = depth.saturating_add(1),
        }
    }
    Fate::Inside
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

/// The entry that leads from `folder` to `target`, both relative to site-packages.
pub fn origin_to(folder: &str, target: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (parts(folder).collect(), parts(target).collect());
    let common = from
        .iter()
        .zip(&to)
        .take_while(|(left, right)| left == right)
        .count();
    let up = std::iter::repeat_n("..", from.len().saturating_sub(common));
    let down = to.iter().skip(common).copied();
    std::iter::once("$ORIGIN")
        .chain(up)
        .chain(down)
        .collect::<Vec<_>>()
        .join("/")
}

/// The folder of an installed path.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The entries of a search path; an absent one has none, an empty one has one (the loader
/// takes it for the current directory).
pub fn entries(path: Option<&str>) -> Vec<&str> {
    path.map(|path| path.split(':').collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_judged_on_the_installed_tree() {
        let cases = [
            ("$ORIGIN", "pkg", Fate::Inside),
            ("${ORIGIN}/../pkg.libs/", "pkg", Fate::Inside),
            ("$ORIGIN/..", "pkg", Fate::Inside),
            ("$ORIGIN/../nvidia/cublas/lib", "pkg", Fate::Inside),
            ("$ORIGIN/../../lib", "pkg", Fate::Leaves),
            ("$ORIGIN/../../lib", "pkg/sub", Fate::Inside),
            ("$ORIGINAL/x", "pkg", Fate::Relative),
            ("/usr/lib", "pkg", Fate::Absolute),
            ("", "pkg", Fate::Relative),
            ("lib", "", Fate::Relative),
        ];
        for (entry, folder, expected) in cases {
            assert_eq!(fate(entry, folder), expected, "{entry} in {folder}");
        }
    }

    #[test]
    fn the_way_to_a_folder_is_the_shortest() {
        let cases = [
            ("pkg", "pkg.libs", "$ORIGIN/../pkg.libs"),
            ("", "pkg.libs", "$ORIGIN/pkg.libs"),
            ("pkg/a/b", "pkg/c", "$ORIGIN/../../c"),
            ("pkg", "pkg", "$ORIGIN"),
        ];
        for (folder, target, expected) in cases {
            assert_eq!(origin_to(folder, target), expected);
            assert_eq!(fate(&origin_to(folder, target), folder), Fate::Inside);
        }
    }
}
