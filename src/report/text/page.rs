//! Text for people: colours by meaning, lines that fit the terminal.

use std::ops::Range;

use wheel_archive::escape;

/// What a piece of text means; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Tone {
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
    /// Cuts at spaces so that each part fits beside `column`, and after `/` where a path has no
    /// room on a line of its own. A longer word is not cut.
    pub fn wrap<'a>(&self, text: &'a str, column: usize) -> Vec<&'a str> {
        self.hang(text, column, column)
    }

    /// The same, with `used` columns of the first line taken.
    pub fn hang<'a>(&self, text: &'a str, used: usize, column: usize) -> Vec<&'a str> {
        let ranges = self.lines(text, used, column).into_iter();
        ranges.filter_map(|range| text.get(range)).collect()
    }

    /// Where the lines of `text` begin and end.
    fn lines(&self, text: &str, used: usize, column: usize) -> Vec<Range<usize>> {
        // Narrower than this, more lines would not read better.
        const NARROWEST: usize = 24;
        let width = self.width.unwrap_or(usize::MAX);
        let hanging = width.saturating_sub(column).max(NARROWEST);
        let mut room = match width.saturating_sub(used) {
            _ if used == column => hanging,
            room => room,
        };
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(rest) = text.get(start..)
            && let Some(cut) = cut(rest, room, hanging)
        {
            let end = start.saturating_add(cut);
            lines.push(start..end.saturating_sub(spaces_before(rest, cut)));
            start = end.saturating_add(spaces_after(rest, cut));
            room = hanging;
        }
        lines.push(start..text.len());
        lines
    }
}

fn spaces_before(text: &str, at: usize) -> usize {
    let part = text.get(..at).unwrap_or_default();
    part.len().saturating_sub(part.trim_end_matches(' ').len())
}

fn spaces_after(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.len()
        .saturating_sub(rest.trim_start_matches(' ').len())
}

/// Text that grows line by line. What is added is escaped.
#[derive(Debug)]
pub(in crate::report) struct Page {
    layout: Layout,
    text: String,
}

impl Page {
    pub(in crate::report) fn new(layout: Layout) -> Self {
        Self {
            layout,
            text: String::new(),
        }
    }

    pub(in crate::report) fn finish(self) -> String {
        self.text
    }

    /// A line of its own.
    pub(in crate::report) fn line(&mut self, tone: Tone, text: &str) {
        self.put(tone, &escape(text));
        self.text.push('\n');
    }

    pub(in crate::report) fn blank(&mut self) {
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
    pub(in crate::report) fn entry(
        &mut self,
        column: usize,
        label: (Tone, &str),
        body: (Tone, &str),
    ) {
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

    /// `label`, padded to `column`, then what there is to tell, one thing a line; in one line all of
    /// it, if that is short.
    pub(in crate::report) fn list(
        &mut self,
        column: usize,
        label: &str,
        things: &[(Tone, String)],
    ) {
        const COMMA: &str = ", ";
        let lengths = things
            .iter()
            .map(|(_, thing)| escape(thing).chars().count());
        let length = lengths.fold(column, |sum, length| {
            sum.saturating_add(length).saturating_add(COMMA.len())
        });
        let fits = self.layout.width.is_some_and(|width| length <= width);
        if !fits || label.chars().count() >= column {
            let mut label = label;
            for (tone, thing) in things {
                self.entry(column, (Tone::Plain, label), (*tone, thing));
                label = "";
            }
            return;
        }
        let label = format!("{label:column$}");
        let mut pieces = vec![(Tone::Plain, label.as_str())];
        for (index, (tone, thing)) in things.iter().enumerate() {
            if index > 0 {
                pieces.push((Tone::Plain, COMMA));
            }
            pieces.push((*tone, thing));
        }
        self.flow("", &pieces);
    }

    /// `label` and then `text`, as many lines as it takes; those after the first begin two
    /// columns further in than `indent`, where the label begins.
    pub(in crate::report) fn running(
        &mut self,
        indent: usize,
        label: (Tone, &str),
        text: (Tone, &str),
    ) {
        let hanging = indent.saturating_add(2);
        let safe = escape(label.1);
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.put(label.0, &safe);
        let used = indent.saturating_add(safe.chars().count());
        let body = escape(text.1);
        for (index, part) in self
            .layout
            .hang(&body, used, hanging)
            .into_iter()
            .enumerate()
        {
            if index > 0 {
                self.text.push('\n');
                self.text.extend(std::iter::repeat_n(' ', hanging));
            }
            self.put(text.0, part);
        }
        self.text.push('\n');
    }

    /// Pieces of text, as many lines as they take; those after the first begin with `margin`.
    pub(in crate::report) fn flow(&mut self, margin: &str, pieces: &[(Tone, &str)]) {
        let mut whole = String::new();
        let mut spans = Vec::with_capacity(pieces.len());
        for (tone, text) in pieces {
            let start = whole.len();
            whole.push_str(&escape(text));
            spans.push((*tone, start..whole.len()));
        }
        let lines = self.layout.lines(&whole, 0, margin.chars().count());
        for (index, line) in lines.into_iter().enumerate() {
            if index > 0 {
                self.text.push('\n');
                self.put(Tone::Faint, margin);
            }
            for (tone, span) in &spans {
                let part = span.start.max(line.start)..span.end.min(line.end);
                self.put(*tone, whole.get(part).unwrap_or_default());
            }
        }
        self.text.push('\n');
    }

    pub(in crate::report) fn layout(&self) -> Layout {
        self.layout
    }
}

/// Where to cut `text` so that the first part has at most `width` characters, if it must be; the
/// lines after it have `next`.
fn cut(text: &str, width: usize, next: usize) -> Option<usize> {
    let too_long = text.char_indices().nth(width).map(|(at, _)| at)?;
    let fits = text.get(..=too_long).or_else(|| text.get(..too_long))?;
    let space = fits.rfind(' ');
    let word = text.get(space.map_or(0, |at| at.saturating_add(1))..)?;
    let word = word.split(' ').next().unwrap_or_default();
    if space.is_some_and(|at| at > 0 || width < next) && word.chars().count() <= next {
        return space;
    }
    let slash = text.get(..too_long)?.rfind('/');
    let slash = slash.and_then(|at| at.checked_add(1));
    // A path of which only the first `/` would stay here had better begin on the next line.
    let path = slash.filter(|at| space.is_none_or(|space| *at > space.saturating_add(2)));
    path.or_else(|| space.filter(|at| *at > 0 || width < next))
        .or_else(|| {
            let after = text.get(too_long..)?.find([' ', '/'])?;
            let at = too_long.checked_add(after)?;
            let is_slash = text.get(at..)?.starts_with('/');
            let end = at.saturating_add(usize::from(is_slash));
            (end < text.len()).then_some(end)
        })
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
        let name = "a_very_long_name_that_does_not_fit and more";
        assert_eq!(
            entry(30, "a", name),
            "a     a_very_long_name_that_does_not_fit\n      and more\n"
        );
        assert_eq!(
            entry(30, "", "ééééééééééééééééééééééééé é"),
            "      ééééééééééééééééééééééééé\n      é\n"
        );
    }

    #[test]
    fn paths_are_cut_after_a_slash_where_no_line_holds_them() {
        let path = "needed by a/very/long/path/that/does/not/fit/anywhere.so, and more";
        assert_eq!(
            entry(30, "a", path),
            "a     needed by a/very/long/\n      path/that/does/not/fit/\n      anywhere.so, and more\n"
        );
        let text = "in a/path/that/fits/x.so";
        assert_eq!(entry(30, "", text), format!("      {text}\n"));
        let fits_alone = "who needs it: a/path/that/fits/x.so";
        assert_eq!(
            entry(30, "", fits_alone),
            "      who needs it:\n      a/path/that/fits/x.so\n"
        );
    }

    #[test]
    fn pieces_flow_and_keep_their_tones() {
        let flow = |width: usize, color: bool| {
            let mut page = Page::new(Layout {
                width: Some(width),
                color,
                ..Layout::default()
            });
            let pieces = [
                (Tone::Plain, "one.so"),
                (Tone::Bad, " => /a/folder/"),
                (Tone::Good, "and/a/file.so"),
            ];
            page.flow("|  ", &pieces);
            page.finish()
        };
        let line = "one.so => /a/folder/and/a/file.so\n";
        assert_eq!(flow(80, false), line);
        let two = "one.so =>\n|  /a/folder/and/a/file.so\n";
        assert_eq!(flow(30, false), two);
        let colored = "one.so\x1b[31m =>\x1b[0m\n\x1b[2m|  \x1b[0m\x1b[31m/a/folder/\x1b[0m\x1b[32mand/a/file.so\x1b[0m\n";
        assert_eq!(flow(30, true), colored);
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
