//! Variables in search paths: `$LIB` and `$PLATFORM`, which stand for names of folders.

use super::Loader;
use crate::elf::arch::Arch;
use crate::host::config;
use crate::tag::Libc;

const MOST_SPELLINGS: usize = 16;

impl Loader {
    /// `text` with each value of `$LIB` and `$PLATFORM`; `$ORIGIN` stays. None if the loader leaves
    /// the entry out.
    pub(super) fn spellings(self, text: &str) -> Vec<String> {
        let mut spellings = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let (values, len) = self.values(from);
            let Some((first, others)) = values.split_first() else {
                return Vec::new();
            };
            // An entry is not worth more readings than this: from then on the first value counts.
            let room = MOST_SPELLINGS / spellings.len().max(1);
            let others = others.get(..others.len().min(room.saturating_sub(1)));
            let mut longer = Vec::new();
            for mut known in spellings {
                known.push_str(before);
                for other in others.unwrap_or_default() {
                    longer.push(format!("{known}{other}"));
                }
                // In place: an entry may be a hundred thousand of these.
                known.push_str(first);
                let at = longer
                    .len()
                    .saturating_sub(others.unwrap_or_default().len());
                longer.insert(at, known);
            }
            spellings = longer;
            rest = from.get(len..).unwrap_or_default();
        }
        for spelling in &mut spellings {
            spelling.push_str(rest);
        }
        spellings
    }

    /// What the `$` that `text` starts with stands for, and how much of `text` that takes.
    fn values(self, text: &str) -> (Vec<String>, usize) {
        match token(text) {
            Some(("ORIGIN", len)) => (vec!["$ORIGIN".to_owned()], len),
            Some(("LIB", len)) if self.libc != Libc::Musl => (self.lib(), len),
            Some(("PLATFORM", len)) if self.libc == Libc::Glibc => (self.platform(), len),
            _ => (vec!["$".to_owned()], 1),
        }
    }

    /// Debian's glibc has one value, all others another.
    fn lib(self) -> Vec<String> {
        let native = config::lib64(self.arch).last().copied();
        let native = native.unwrap_or("lib").to_owned();
        if self.libc == Libc::Android {
            return vec![native];
        }
        vec![
            format!("lib/{}", config::multiarch(self.libc, self.arch)),
            native,
        ]
    }

    /// `AT_PLATFORM`, which for some machines names the processor: the oldest that is supported.
    fn platform(self) -> Vec<String> {
        let name = match self.arch {
            // The kernel tells none, and the entry goes.
            Arch::Riscv64 => return Vec::new(),
            Arch::Armv7l => "v7l",
            Arch::Ppc64 | Arch::Ppc64le => "power8",
            Arch::S390x => "z13",
            Arch::Loongarch64 => "loongarch",
            other => other.as_str(),
        };
        vec![name.to_owned()]
    }
}

/// The token that `text` starts with, `$NAME` or `${NAME}`, and its length.
fn token(text: &str) -> Option<(&'static str, usize)> {
    let rest = text.strip_prefix('$')?;
    ["ORIGIN", "LIB", "PLATFORM"].into_iter().find_map(|name| {
        let braced = rest
            .strip_prefix('{')
            .and_then(|rest| rest.strip_prefix(name));
        if braced.is_some_and(|rest| rest.starts_with('}')) {
            return Some((name, name.len().saturating_add(3)));
        }
        let after = rest.strip_prefix(name)?;
        let longer = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (!longer).then_some((name, name.len().saturating_add(1)))
    })
}

/// Whether a list has a `$` that is not that of `$ORIGIN`, as musl reads it.
pub(super) fn has_other_than_origin(list: &str) -> bool {
    let origin = |at: usize| {
        let rest = list.get(at..).unwrap_or_default();
        rest.starts_with("$ORIGIN") || rest.starts_with("${ORIGIN}")
    };
    list.match_indices('$').any(|(at, _)| !origin(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_entry_has_few_readings() {
        let loader = Loader {
            libc: Libc::Glibc,
            arch: Arch::X86_64,
        };
        let first = "lib/x86_64-linux-gnu";
        let spellings = loader.spellings(&"$LIB".repeat(20_000));
        assert_eq!(spellings.len(), MOST_SPELLINGS);
        assert_eq!(spellings[0], first.repeat(20_000));
        assert!(spellings[15].starts_with(&"lib64".repeat(4)));
        assert_eq!(
            spellings[15].len(),
            4 * "lib64".len() + 19_996 * first.len()
        );
        let expected = ["/lib/x86_64-linux-gnu/x", "/lib64/x"];
        assert_eq!(loader.spellings("/$LIB/x"), expected);
    }
}
