//! What somebody may have meant by a name that does not exist.

use crate::elf::soname::base;

/// The names nearest to `word`, best first, at most three; none if all are far away.
///
/// Wildcards of a pattern do not count. Libraries that differ only after `.so` are near, however
/// long their version is.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let plain: String = word.chars().filter(|c| !"*?[]".contains(*c)).collect();
    let plain = plain.rsplit('/').next().unwrap_or_default().to_lowercase();
    if plain.is_empty() {
        return Vec::new();
    }
    let mut scored: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| Some((distance(&plain, name)?, name)))
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How far `name` is from `word`; `None`: too far.
fn distance(word: &str, name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let (stem, named) = (trimmed(word), base(&name));
    if stem == named {
        return Some(0);
    }
    let edits = edits(stem, named).min(edits(word, &name));
    let telling = stem.strip_prefix("lib").unwrap_or(stem);
    let allowed = telling.chars().count().div_ceil(4).clamp(1, 3);
    (edits <= allowed).then_some(edits)
}

fn trimmed(word: &str) -> &str {
    base(word).trim_end_matches(['-', '.', '_'])
}

/// The number of characters to insert, remove or replace (Levenshtein).
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, own) in left.chars().enumerate() {
        let mut before = place;
        let mut last = place.saturating_add(1);
        let mut next = vec![last];
        for (other, above) in right.iter().zip(row.iter().skip(1)) {
            let replaced = before.saturating_add(usize::from(own != *other));
            last = replaced
                .min(above.saturating_add(1))
                .min(last.saturating_add(1));
            before = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found() {
        let libraries = [
            "libcublas.so.12",
            "libcublasLt.so.12",
            "libz.so.1",
            "libhipblas.so.2",
        ];
        let options = ["exclude", "lib-path", "no-mangle", "vendor"];
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("libhipblas.so", &libraries, &["libhipblas.so.2"]),
            (
                "libcublas",
                &libraries,
                &["libcublas.so.12", "libcublasLt.so.12"],
            ),
            ("libcubals.so*", &libraries, &["libcublas.so.12"]),
            ("libssl.so.3", &libraries, &[]),
            ("/usr/lib/libz.so.2", &libraries, &["libz.so.1"]),
            ("exlude", &options, &["exclude"]),
            ("nomangle", &options, &["no-mangle"]),
            ("*", &libraries, &[]),
        ];
        for (word, names, expected) in cases {
            assert_eq!(nearest(word, names.iter().copied()), expected, "{word}");
        }
    }

    #[test]
    fn edits_are_counted() {
        let cases = [
            ("", "", 0),
            ("a", "", 1),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
            ("é", "e", 1),
        ];
        for (left, right, expected) in cases {
            assert_eq!(edits(left, right), expected, "{left} {right}");
        }
    }
}
