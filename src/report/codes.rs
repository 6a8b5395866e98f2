//! The codes that findings may have, as `docs/findings.md` lists them.

/// The page that the codes are read from: what is documented is what is accepted.
const PAGE: &str = include_str!("../../docs/findings.md");

/// Every code that `--ignore` and `--error` take, in the order of the page.
pub fn all() -> impl Iterator<Item = &'static str> {
    PAGE.lines().filter_map(|line| {
        let rest = line.strip_prefix("| `")?;
        rest.split_once('`').map(|(code, _)| code)
    })
}

/// The code that was probably meant by one that does not exist.
pub fn nearest(code: &str) -> Option<&'static str> {
    crate::nearest::nearest(code, all()).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::all;

    #[test]
    fn codes_come_from_the_page() {
        assert!(all().any(|code| code == "execstack"));
        assert!(all().all(|code| !code.contains(' ')));
        assert!(!all().any(|code| code == "zip-crc"), "an error");
    }
}
