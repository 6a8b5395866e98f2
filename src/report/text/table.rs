//! Aligned columns, or paragraphs where columns do not fit.

use wheel_archive::escape;

use crate::report::text::page::{Page, Tone};

/// Rows of cells: columns if they fit the page, else each row's first cell and the others beside it in
/// as many lines as it takes.
pub(in crate::report) fn rows(page: &mut Page, indent: &str, rows: &[Vec<String>]) {
    let columns = table(indent, rows);
    let widest = columns.lines().map(|line| line.chars().count()).max();
    let fits = |width| widest.is_none_or(|widest| widest <= width);
    if page.layout().width.is_none_or(fits) {
        for line in columns.lines() {
            page.line(Tone::Plain, line);
        }
        return;
    }
    let labels = rows.iter().filter_map(|row| row.first());
    let label = labels.map(|cell| cell.chars().count()).max();
    let column = label.unwrap_or_default() + indent.len() + 2;
    for row in rows {
        let Some((first, rest)) = row.split_first() else {
            continue;
        };
        let rest = rest.iter().filter(|cell| !cell.is_empty());
        let rest: Vec<&str> = rest.map(String::as_str).collect();
        let label = format!("{indent}{first}");
        let text = rest.join("  ");
        page.entry(column, (Tone::Plain, &label), (Tone::Plain, &text));
    }
}

/// Rows of cells, each column as wide as its widest cell; the last column is not padded.
fn table(indent: &str, rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths = vec![0; columns];
    let safe: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| escape(cell).into_owned()).collect())
        .collect();
    for row in &safe {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &safe {
        text.push_str(indent);
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            let padding = width.saturating_sub(cell.chars().count()).saturating_add(2);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
