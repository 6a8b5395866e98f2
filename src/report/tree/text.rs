//! `audit tree` for people.

use std::collections::{BTreeSet, VecDeque};

use super::{Item, Need, State, Tree};
use crate::report::text::page::{Layout, Page, Tone};

/// No line starts farther to the right: the lines of a long chain would be longer and longer.
const MOST_DEPTH: usize = 10;

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
        let mut drawing = Drawing {
            page,
            tree,
            layout,
            expanded: BTreeSet::new(),
            shown,
            later: VecDeque::new(),
        };
        for root in &tree.roots {
            drawing.root(*root);
            while let Some(deep) = drawing.later.pop_front() {
                if !drawing.expanded.contains(&deep) {
                    drawing.root(deep);
                }
            }
        }
        (page, shown) = (drawing.page, drawing.shown);
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
    /// How far it is from its root.
    depth: usize,
    need: &'a Need,
    /// Who has it.
    of: &'a Item,
    last: bool,
}

/// Trees of roots: what a file needs is drawn once, where it comes first.
struct Drawing<'a> {
    page: Page,
    tree: &'a Tree,
    layout: Layout,
    expanded: BTreeSet<usize>,
    shown: BTreeSet<State>,
    /// Too far to the right: they get trees of their own.
    later: VecDeque<usize>,
}

impl Drawing<'_> {
    fn root(&mut self, root: usize) {
        let tree = self.tree;
        let Some(item) = tree.items.get(root) else {
            return;
        };
        self.shown.insert(item.state);
        self.page.flow(
            "    ",
            &[
                (tone(item.state), mark(item.state)),
                (Tone::Plain, " "),
                (tone(item.state), &item.name),
            ],
        );
        let mut todo: Vec<Todo<'_>> = Vec::new();
        if self.expanded.insert(root) {
            push_needs(&mut todo, item, "  ", 1);
        }
        while let Some(next) = todo.pop() {
            let Some(item) = tree.items.get(next.need.item) else {
                continue;
            };
            self.shown.insert(item.state);
            let below = format!("{}{}", next.trunk, if next.last { "   " } else { "│  " });
            let expands = self.expands(next.need.item, item, next.depth);
            self.line(&next, item, &below, expands.unwrap_or_default());
            if expands.is_none() {
                push_needs(&mut todo, item, &below, next.depth.saturating_add(1));
            }
        }
    }

    /// What to say of an item's needs; `None`: they are drawn now.
    fn expands(&mut self, id: usize, item: &Item, depth: usize) -> Option<&'static str> {
        let follow = self.layout.all || matches!(item.state, State::InWheel | State::Graft);
        if !follow || item.needs.is_empty() {
            return Some("");
        }
        if self.expanded.contains(&id) {
            return Some(" (needs as above)");
        }
        if depth >= MOST_DEPTH {
            self.later.push_back(id);
            return Some(" (needs as below)");
        }
        self.expanded.insert(id);
        None
    }

    fn line(&mut self, next: &Todo<'_>, item: &Item, below: &str, needs: &str) {
        let mut place = place(next.need, item);
        place.push_str(&reason(next.need, next.of, self.layout));
        place.push_str(needs);
        let branch = if next.last { "└─ " } else { "├─ " };
        self.page.flow(
            &format!("{below}    "),
            &[
                (Tone::Faint, &next.trunk),
                (Tone::Faint, branch),
                (tone(item.state), mark(item.state)),
                (Tone::Plain, " "),
                (tone(item.state), &next.need.soname),
                (Tone::Faint, &place),
            ],
        );
    }
}

/// The first need is drawn first, so it goes on the stack last.
fn push_needs<'a>(todo: &mut Vec<Todo<'a>>, item: &'a Item, trunk: &str, depth: usize) {
    let needs = item.needs.iter().enumerate().rev();
    let end = item.needs.len().saturating_sub(1);
    todo.extend(needs.map(|(index, need)| Todo {
        trunk: trunk.to_owned(),
        depth,
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
        None if *item.name != *need.soname => format!(" => {}", item.name),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of which each needs those that `needs` says.
    fn tree(files: usize, needs: impl Fn(usize) -> Vec<usize>) -> String {
        let item = |id: usize| Item {
            name: format!("l{id}.so"),
            path: None,
            state: State::InWheel,
            needs: needs(id)
                .into_iter()
                .map(|item| Need {
                    soname: format!("l{item}.so").into(),
                    item,
                    found_by: "".into(),
                    usual: true,
                })
                .collect(),
        };
        let tree = Tree {
            input: "a.whl".to_owned(),
            tag: "tag".to_owned(),
            items: (0..files).map(item).collect(),
            roots: vec![0],
            why: None,
        };
        render(&tree, Layout::default())
    }

    #[test]
    fn lines_of_a_long_chain_do_not_grow() {
        let chain = |files: usize| {
            tree(
                files,
                |id| if id + 1 < files { vec![id + 1] } else { vec![] },
            )
        };
        let text = chain(1000);
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest < 80, "{longest}");
        assert_eq!(text.matches("(needs as below)").count(), 999 / MOST_DEPTH);
        assert!(
            !text.contains("(needs as above)"),
            "each is drawn where it is announced"
        );
        assert!(!chain(MOST_DEPTH + 1).contains("(needs as below)"));
    }

    #[test]
    fn what_everything_needs_is_told_once() {
        let files = 100;
        let text = tree(files, |_| (0..files).collect());
        // A line for each need, and one for each file with a tree of its own.
        let lines = text.lines().count();
        assert!(
            (files * files..files * files + 2 * files).contains(&lines),
            "{lines}"
        );
        assert!(text.len() < files * files * 90, "{}", text.len());
    }
}
