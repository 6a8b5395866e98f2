//! Extensions find Python's functions in the interpreter that loads them.

use crate::audit::extension::python_extension;
use crate::audit::rules::Case;
use crate::elf::Kind;
use crate::finding::Finding;
use crate::platform::linux::resolve::Target;
use crate::shell::shell_word;
use crate::wheel::ElfMember;

/// Only the interpreter itself defines it.
const INITIALIZE: &str = "Py_InitializeEx";

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (node, elf) in case.members() {
        let edges = case.audit.graph.nodes.get(node).map(|node| &node.edges);
        let mut edges = edges.into_iter().flatten();
        let extension = python_extension(elf).is_some();
        if let Some(edge) = edges.find(|edge| matches!(edge.target, Target::Libpython)) {
            let runs = elf.facts.kind == Kind::Executable || elf.facts.interpreter.is_some();
            let finding = if runs {
                linked(elf, &edge.soname)
            } else {
                let message = format!(
                    "needs {}, which only some Pythons have; a repair removes the need",
                    edge.soname
                );
                let help = "do not link extensions to libpython: the interpreter has what they need (PEP 513)";
                let finding = Finding::warning("libpython-needed", message);
                finding.at(&elf.path).help(help)
            };
            findings.push(finding);
        }
        if extension && elf.facts.defines_function(INITIALIZE) {
            let message =
                "holds a Python interpreter of its own: libpython was linked into it statically";
            let help = "link without libpython: two interpreters in one process crash";
            findings.push(
                Finding::warning("libpython-static", message)
                    .at(&elf.path)
                    .help(help),
            );
        }
    }
    findings
}

/// A program needs its libpython, and no tag lets that stay outside.
fn linked(elf: &ElfMember, soname: &str) -> Finding {
    let message = format!("is a program that needs {soname}, which no tag lets stay outside");
    let help = format!(
        "link it without libpython; if {soname} is on every machine that this is for: --exclude {}",
        shell_word(soname)
    );
    let finding = Finding::warning("libpython-linked", message);
    finding.at(&elf.path).help(help)
}
