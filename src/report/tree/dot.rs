//! `audit tree --format dot`: for Graphviz.
//!
//! Language: <https://graphviz.org/doc/info/lang.html>

use std::fmt::Write as _;

use wheel_archive::escape;

use super::{State, Tree};

/// Fill and border.
fn colors(state: State) -> (&'static str, &'static str) {
    match state {
        State::InWheel => ("#dbeafe", "#1d4ed8"),
        State::Graft => ("#dcfce7", "#15803d"),
        State::Missing => ("#fee2e2", "#b91c1c"),
        State::Excluded | State::Driver | State::Libpython | State::NotJudged => {
            ("#fef3c7", "#b45309")
        }
        State::Allowed | State::System => ("#f3f4f6", "#6b7280"),
    }
}

/// The tree as a digraph. Without `all`, what only the system needs is left out.
pub fn render(tree: &Tree, all: bool) -> String {
    let mut text = String::from("digraph needs {\n");
    text.push_str(
        "  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n",
    );
    text.push_str("  edge [color=\"#6b7280\", fontname=\"sans-serif\", fontsize=10];\n");
    let _ = writeln!(
        text,
        "  label={};",
        quoted(&format!("{}, for {}", tree.input, tree.tag))
    );
    let shown = |id: usize| {
        let item = tree.items.get(id);
        item.is_some_and(|item| all || item.state != State::System)
    };
    for (id, item) in tree.items.iter().enumerate().filter(|(id, _)| shown(*id)) {
        let (fill, border) = colors(item.state);
        let label = format!("{}\n{}", item.name, item.state.meaning());
        let _ = writeln!(
            text,
            "  n{id} [label={}, tooltip={}, fillcolor=\"{fill}\", color=\"{border}\"];",
            quoted(&label),
            quoted(item.path.as_deref().unwrap_or(&item.name)),
        );
    }
    for (id, item) in tree.items.iter().enumerate() {
        let follow = all || matches!(item.state, State::InWheel | State::Graft);
        for need in item.needs.iter().filter(|need| follow && shown(need.item)) {
            let how = if need.found_by.is_empty() {
                &need.soname
            } else {
                &need.found_by
            };
            let _ = writeln!(text, "  n{id} -> n{} [tooltip={}];", need.item, quoted(how));
        }
    }
    text.push_str("}\n");
    text
}

/// A quoted string: `\` would begin an escape, a line end is written as one.
fn quoted(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| escape(line).replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_ends_a_string_early() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        assert_eq!(quoted("\u{1b}[2J"), r#""\\x1b[2J""#);
    }
}
