//! Text for people: colours by meaning, lines that fit the terminal.

use crate::escape::escape;

/// What a piece of text means; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    Plain,
    /// The name of what is talked about.
    Title,
    /// As it should be.
    Good,
    /// Worth a look.
    Odd,
    /// In the way.
    Bad,
    /// Less important.
    Faint,
}

impl Tone {
    /// The terminal sequence that switches it on.
    fn start(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Title => "\x1b[1m",
            Self::Good => "\x1b[32m",
            // Yellow cannot be read on white.
            Self::Odd => "\x1b[35m",
            Self::Bad => "\x1b[31m",
            Self::Faint => "\x1b[2m",
        }
    }
}

/// How text is laid out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layout {
    /// Show long tables whole.
    pub all: bool,
    /// Columns to fill; `None`: lines may be of any length.
    pub width: Option<usize>,
    /// Use colours.
    pub color: bool,
}

impl Layout {
    /// Cuts at spaces so that each part fits beside `column`; a long word has a line of its own.
    pub fn wrap<'a>(&self, text: &'a str, column: usize) -> Vec<&'a str> {
        // Narrower than this, more lines would not read better.
        const NARROWEST: usize = 24;
        let Some(width) = self.width else {
            return vec![text];
        };
        let width = width.saturating_sub(column).max(NARROWEST);
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(cut) = cut(rest, width) {
            let (part, after) = rest.split_at(cut);
            parts.push(part.trim_end_matches(' '));
            rest = after.trim_start_matches(' ');
        }
        parts.push(rest);
        parts
    }
}

/// Text that grows line by line. What is added is escaped.
#[derive(Debug)]
pub(super) struct Page {
    layout: Layout,
    text: String,
}

impl Page {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            text: String::new(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A line of its own.
    pub(super) fn line(&mut self, tone: Tone, text: &str) {
        self.put(tone, &escape(text));
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Pieces of one line, then its end.
    pub(super) fn pieces(&mut self, pieces: &[(Tone, &str)]) {
        for (tone, text) in pieces {
            self.put(*tone, &escape(text));
        }
        self.text.push('\n');
    }

    fn put(&mut self, tone: Tone, safe: &str) {
        if self.layout.color && tone != Tone::Plain && !safe.is_empty() {
            self.text.push_str(tone.start());
            self.text.push_str(safe);
            self.text.push_str("\x1b[0m");
        } else {
            self.text.push_str(safe);
        }
    }

    /// `label`, padded to `column`, then `text` in the rest of the width, as many lines as it
    /// takes.
    pub(super) fn entry(&mut self, column: usize, label: (Tone, &str), body: (Tone, &str)) {
        let safe = escape(label.1);
        let used = safe.chars().count();
        self.put(label.0, &safe);
        let gap = column.saturating_sub(used).max(usize::from(used > 0));
        let indent = if used.saturating_add(gap) > column {
            // The label is too long: the text begins below it.
            self.text.push('\n');
            column
        } else {
            gap
        };
        self.text.extend(std::iter::repeat_n(' ', indent));
        let safe = escape(body.1);
        for (index, part) in self.layout.wrap(&safe, column).into_iter().enumerate() {
            if index > 0 {
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', column));
            }
            self.put(body.0, part);
        }
        self.text.push('\n');
    }

    /// `label` and then `text`, as many lines as it takes; those after the first begin two
    /// columns further in than `indent`, where the label begins.
    pub(super) fn running(&mut self, indent: usize, label: (Tone, &str), text: (Tone, &str)) {
        let hanging = indent.saturating_add(2);
        let safe = escape(label.1);
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.put(label.0, &safe);
        let used = indent.saturating_add(safe.chars().count());
        let body = escape(text.1);
        let width = self.layout.width.unwrap_or(usize::MAX);
        let first = width.saturating_sub(used);
        let mut rest: &str = &body;
        // The first line has what the label leaves, all others the same width.
        if let Some(cut) = cut_before(rest, first) {
            let (part, after) = rest.split_at(cut);
            self.put(text.0, part);
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n(' ', hanging));
            rest = after.trim_start_matches(' ');
        }
        for (index, part) in self.layout.wrap(rest, hanging).into_iter().enumerate() {
            if index > 0 {
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', hanging));
            }
            self.put(text.0, part);
        }
        self.text.push('\n');
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }
}

/// Where to cut `text` so that the first part has at most `width` characters, if it must be.
fn cut(text: &str, width: usize) -> Option<usize> {
    let too_long = text.char_indices().nth(width).map(|(at, _)| at)?;
    let fits = text.get(..=too_long).or_else(|| text.get(..too_long))?;
    let space = fits.rfind(' ').filter(|at| *at > 0);
    space.or_else(|| {
        let after = text.get(too_long..)?.find(' ')?;
        too_long.checked_add(after)
    })
}

/// Where to cut `text` so that the first part has at most `width` characters: at its start, if it
/// begins with a space and no word fits.
fn cut_before(text: &str, width: usize) -> Option<usize> {
    let too_long = text.char_indices().nth(width).map(|(at, _)| at)?;
    let fits = text.get(..=too_long).or_else(|| text.get(..too_long))?;
    fits.rfind(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(width: usize, label: &str, text: &str) -> String {
        let mut page = Page::new(Layout {
            width: Some(width),
            ..Layout::default()
        });
        page.entry(6, (Tone::Title, label), (Tone::Plain, text));
        page.finish()
    }

    #[test]
    fn text_stays_in_its_column() {
        let long = "one two three four five six seven";
        assert_eq!(
            entry(30, "a", long),
            "a     one two three four five\n      six seven\n"
        );
        assert_eq!(entry(300, "a", long), format!("a     {long}\n"));
        assert_eq!(
            entry(30, "label of its own", "x"),
            "label of its own\n      x\n"
        );
        assert_eq!(entry(30, "", "x"), "      x\n");
    }

    #[test]
    fn text_after_a_label_hangs_below_it() {
        let running = |width: Option<usize>, label: &str| {
            let mut page = Page::new(Layout {
                width,
                ..Layout::default()
            });
            let text = (Tone::Plain, " one two three four");
            page.running(2, (Tone::Plain, label), text);
            page.finish()
        };
        assert_eq!(running(None, "label:"), "  label: one two three four\n");
        assert_eq!(
            running(Some(30), "label of sixteen:"),
            "  label of sixteen: one two\n    three four\n"
        );
        assert_eq!(
            running(Some(20), "a-label-of-more-than-that:"),
            "  a-label-of-more-than-that:\n    one two three four\n"
        );
    }

    #[test]
    fn words_are_not_cut() {
        let path = "a/very/long/path/that/does/not/fit.so and more";
        assert_eq!(
            entry(30, "a", path),
            "a     a/very/long/path/that/does/not/fit.so\n      and more\n"
        );
        assert_eq!(
            entry(30, "", "ééééééééééééééééééééééééé é"),
            "      ééééééééééééééééééééééééé\n      é\n"
        );
    }

    #[test]
    fn colours_are_ours_and_nobody_elses() {
        let mut page = Page::new(Layout {
            color: true,
            ..Layout::default()
        });
        page.line(Tone::Bad, "\x1b[2Jx");
        assert_eq!(page.finish(), "\x1b[31m\\x1b[2Jx\x1b[0m\n");
    }
}
