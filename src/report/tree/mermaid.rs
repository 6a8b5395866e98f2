//! `audit tree --format mermaid`: for pages of GitHub and GitLab.
//!
//! Syntax: <https://mermaid.js.org/syntax/flowchart.html>

use std::fmt::Write as _;

use wheel_archive::escape;

use super::{State, Tree};

/// Fill and border; text stays dark, whatever the theme.
fn class(state: State) -> (&'static str, &'static str) {
    match state {
        State::InWheel => ("inwheel", "fill:#dbeafe,stroke:#1d4ed8,color:#111"),
        State::Graft => ("graft", "fill:#dcfce7,stroke:#15803d,color:#111"),
        State::Missing => ("missing", "fill:#fee2e2,stroke:#b91c1c,color:#111"),
        State::Excluded | State::Driver | State::Libpython | State::NotJudged => {
            ("outside", "fill:#fef3c7,stroke:#b45309,color:#111")
        }
        State::Allowed | State::System => ("system", "fill:#f3f4f6,stroke:#6b7280,color:#111"),
    }
}

/// The tree as a flowchart. Without `all`, what only the system needs is left out.
pub fn render(tree: &Tree, all: bool) -> String {
    let mut text = String::from("flowchart LR\n");
    let shown = |id: usize| {
        let item = tree.items.get(id);
        item.is_some_and(|item| all || item.state != State::System)
    };
    let mut classes = Vec::new();
    for (id, item) in tree.items.iter().enumerate().filter(|(id, _)| shown(*id)) {
        let (name, style) = class(item.state);
        let label = entities(&item.name);
        let meaning = entities(item.state.meaning());
        let _ = writeln!(text, "  n{id}[\"{label}<br/><i>{meaning}</i>\"]:::{name}");
        if !classes.contains(&(name, style)) {
            classes.push((name, style));
        }
    }
    for (id, item) in tree.items.iter().enumerate() {
        let follow = all || matches!(item.state, State::InWheel | State::Graft);
        for need in item.needs.iter().filter(|need| follow && shown(need.item)) {
            let _ = writeln!(text, "  n{id} --> n{}", need.item);
        }
    }
    for (name, style) in classes {
        let _ = writeln!(text, "  classDef {name} {style}");
    }
    text
}

/// Everything that could mean something to Mermaid or HTML, by its number.
fn entities(text: &str) -> String {
    let mut safe = String::new();
    for character in escape(text).chars() {
        if character.is_alphanumeric()
            || matches!(
                character,
                ' ' | '.' | '-' | '_' | '+' | '/' | ':' | ',' | '\''
            )
        {
            safe.push(character);
        } else {
            let _ = write!(safe, "#{};", u32::from(character));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::entities;

    #[test]
    fn nothing_but_text_is_left() {
        assert_eq!(entities("libfoo.so.1"), "libfoo.so.1");
        assert_eq!(entities("a\"]<b>#c"), "a#34;#93;#60;b#62;#35;c");
    }
}
