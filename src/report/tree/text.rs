//! `audit tree` for people.

use std::collections::BTreeSet;

use super::{Item, Need, State, Tree};
use crate::report::text::page::{Layout, Page, Tone};

/// The sign before a name.
fn mark(state: State) -> &'static str {
    match state {
        State::InWheel => "=",
        State::NotJudged => "~",
        State::Graft => "+",
        State::Missing => "!",
        State::Excluded => "x",
        State::Libpython => "p",
        State::Driver => "d",
        State::Allowed => "·",
        State::System => " ",
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::InWheel => Tone::Plain,
        State::Graft => Tone::Good,
        State::Missing => Tone::Bad,
        State::Excluded | State::Driver | State::NotJudged | State::Libpython => Tone::Odd,
        State::Allowed | State::System => Tone::Faint,
    }
}

/// The tree as text. Without `layout.all` what stays outside is not followed.
pub fn render(tree: &Tree, layout: Layout) -> String {
    let mut page = Page::new(layout);
    page.flow(
        "  ",
        &[
            (Tone::Title, &tree.input),
            (Tone::Plain, &format!(", for {}", tree.tag)),
        ],
    );
    let mut shown = BTreeSet::new();
    if let Some(why) = &tree.why {
        for chain in &why.chains {
            one_chain(&mut page, tree, chain);
            shown.extend(
                chain
                    .iter()
                    .filter_map(|id| tree.items.get(*id))
                    .map(|item| item.state),
            );
        }
        if why.chains.is_empty() {
            page.line(Tone::Plain, &format!("nothing needs {}", why.library));
        }
        if why.more {
            page.line(Tone::Faint, "… there are more");
        }
    } else {
        let mut expanded = BTreeSet::new();
        for root in &tree.roots {
            one_root(&mut page, tree, *root, layout, &mut expanded, &mut shown);
        }
    }
    legend(&mut page, &shown);
    page.finish()
}

fn legend(page: &mut Page, shown: &BTreeSet<State>) {
    let signs = shown.iter().filter(|state| mark(**state) != " ");
    let signs: Vec<String> = signs
        .map(|state| format!("{} {}", mark(*state), state.meaning()))
        .collect();
    if !signs.is_empty() {
        page.blank();
        page.entry(0, (Tone::Plain, ""), (Tone::Faint, &signs.join("   ")));
    }
}

fn one_chain(page: &mut Page, tree: &Tree, chain: &[usize]) {
    let items: Vec<&Item> = chain.iter().filter_map(|id| tree.items.get(*id)).collect();
    let mut pieces = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pieces.push((Tone::Faint, " → "));
        }
        pieces.push((tone(item.state), item.name.as_str()));
    }
    if let Some(path) = items.last().and_then(|item| item.path.as_deref()) {
        pieces.push((Tone::Faint, " => "));
        pieces.push((Tone::Faint, path));
    }
    page.flow("    ", &pieces);
}

/// A need that is still to be drawn.
struct Todo<'a> {
    /// The lines that run past it from above.
    trunk: String,
    need: &'a Need,
    /// Who has it.
    of: &'a Item,
    last: bool,
}

fn one_root(
    page: &mut Page,
    tree: &Tree,
    root: usize,
    layout: Layout,
    expanded: &mut BTreeSet<usize>,
    shown: &mut BTreeSet<State>,
) {
    let Some(item) = tree.items.get(root) else {
        return;
    };
    shown.insert(item.state);
    page.flow(
        "    ",
        &[
            (tone(item.state), mark(item.state)),
            (Tone::Plain, " "),
            (tone(item.state), &item.name),
        ],
    );
    let mut todo: Vec<Todo<'_>> = Vec::new();
    if expanded.insert(root) {
        push_needs(&mut todo, item, "  ");
    }
    while let Some(Todo {
        trunk,
        need,
        of,
        last,
    }) = todo.pop()
    {
        let Some(item) = tree.items.get(need.item) else {
            continue;
        };
        shown.insert(item.state);
        let follow = layout.all || matches!(item.state, State::InWheel | State::Graft);
        let again = follow && !item.needs.is_empty() && !expanded.insert(need.item);
        let branch = if last { "└─ " } else { "├─ " };
        let mut place = place(need, item);
        place.push_str(&reason(need, of, layout));
        if again {
            place.push_str(" (needs as above)");
        }
        let below = format!("{trunk}{}", if last { "   " } else { "│  " });
        page.flow(
            &format!("{below}    "),
            &[
                (Tone::Faint, &trunk),
                (Tone::Faint, branch),
                (tone(item.state), mark(item.state)),
                (Tone::Plain, " "),
                (tone(item.state), &need.soname),
                (Tone::Faint, &place),
            ],
        );
        if follow && !again {
            push_needs(&mut todo, item, &below);
        }
    }
}

/// The first need is drawn first, so it goes on the stack last.
fn push_needs<'a>(todo: &mut Vec<Todo<'a>>, item: &'a Item, trunk: &str) {
    let needs = item.needs.iter().enumerate().rev();
    let end = item.needs.len().saturating_sub(1);
    todo.extend(needs.map(|(index, need)| Todo {
        trunk: trunk.to_owned(),
        need,
        of: item,
        last: index == end,
    }));
}

/// Where it is.
fn place(need: &Need, item: &Item) -> String {
    if item.state == State::Missing {
        return " => not found".to_owned();
    }
    match &item.path {
        Some(path) => format!(" => {path}"),
        None if item.name != need.soname => format!(" => {}", item.name),
        None => String::new(),
    }
}

/// How it was found. That a search path is of the file one line up need not be said.
fn reason(need: &Need, of: &Item, layout: Layout) -> String {
    if need.found_by.is_empty() || (need.usual && !layout.all) {
        return String::new();
    }
    let names = [Some(&of.name), of.path.as_ref()].into_iter().flatten();
    let own = names.map(|name| format!(" of {name}"));
    let mut own = own.filter_map(|own| need.found_by.strip_suffix(&own));
    format!(" ({})", own.next().unwrap_or(&need.found_by))
}
