//! Findings gathered over many members: all kinds are told, none is repeated without end.

use crate::finding::escape::escape;
use crate::finding::{Finding, Severity};

/// How many findings of one code are kept: all of any wheel that somebody made, and a bound on what a
/// few bytes of RECORD can make of themselves.
const KEPT: usize = 10_000;

/// Collects findings; of each code and severity the first `KEPT` stay, the rest are counted. What is
/// printed for people is cut there, not here.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    told: Vec<Finding>,
    counts: Vec<Count>,
}

/// How many there were of one kind. Warnings do not crowd out an error of the same code.
#[derive(Debug)]
struct Count {
    kind: (&'static str, Severity),
    all: usize,
    /// Index in `told` of the last that was kept.
    last: usize,
}

impl Tally {
    /// Adds one finding.
    pub(crate) fn push(&mut self, finding: Finding) {
        let last = self.told.len();
        let kind = (finding.code, finding.severity);
        match self.counts.iter_mut().find(|count| count.kind == kind) {
            Some(count) => {
                count.all = count.all.saturating_add(1);
                if count.all > KEPT {
                    return;
                }
                count.last = last;
            }
            None => self.counts.push(Count { kind, all: 1, last }),
        }
        self.told.push(finding);
    }

    /// Adds all.
    pub(crate) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.push(finding);
        }
    }

    /// The findings, in the order of their coming; the last of a kind says how many more there were.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        for Count { all, last, .. } in self.counts {
            let Some(finding) = self.told.get_mut(last) else {
                continue;
            };
            let more = all.saturating_sub(KEPT);
            if more > 0 {
                finding.message = format!("{} (and {more} more of this kind)", finding.message);
            }
        }
        self.told
    }
}

/// `"a", "b" and 3 more`: names from the input, escaped. All of any wheel that somebody made, for `--json`
/// has no other list of them; a bound on what the input can make of itself.
pub(crate) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    /// The most names.
    const SHOWN: usize = 50;
    /// No further name behind as many bytes.
    const LONG: usize = 4096;
    let mut shown = Vec::new();
    let mut length = 0_usize;
    let mut more = 0_usize;
    for name in names {
        if more == 0 && shown.len() < SHOWN && length < LONG {
            let name = format!("`{}`", escape(name));
            length = length.saturating_add(name.len());
            shown.push(name);
        } else {
            more = more.saturating_add(1);
        }
    }
    let listed = shown.join(", ");
    if more > 0 {
        format!("{listed} and {more} more")
    } else {
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_anyone_made_are_counted() {
        let mut tally = Tally::default();
        for number in 0..KEPT + 5 {
            tally.push(Finding::error("a", format!("a {number}")));
        }
        tally.push(Finding::warning("a", "b"));
        let told = tally.finish();
        assert_eq!(told.len(), KEPT + 1);
        let last = format!("a {} (and 5 more of this kind)", KEPT - 1);
        assert_eq!(told[KEPT - 1].message, last);
        assert_eq!(told[KEPT].message, "b", "not crowded out");
    }

    #[test]
    fn names_are_whole_but_for_what_nobody_made() {
        assert_eq!(some_of(["a"]), "`a`");
        assert_eq!(
            some_of(["a", "b\n", "c", "d", "e"]),
            "`a`, `b\\n`, `c`, `d`, `e`"
        );
        let whole = some_of(["a"; 50]);
        assert_eq!(whole.matches("`a`").count(), 50);
        assert_eq!(some_of(["a"; 57]), format!("{whole} and 7 more"));
        let long = "a".repeat(4096);
        assert_eq!(some_of([&long, "b", "c"]), format!("`{long}` and 2 more"));
    }
}
