//! Extensions find Python's functions in the interpreter that loads them.

use super::Case;
use crate::audit::extension::python_extension;
use crate::deps::Target;
use crate::elf::facts::Kind;
use crate::finding::Finding;

/// Only the interpreter itself defines it.
const INITIALIZE: &str = "Py_InitializeEx";

pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (node, elf) in case.members() {
        let edges = case.audit.graph.nodes.get(node).map(|node| &node.edges);
        let mut edges = edges.into_iter().flatten();
        let extension = python_extension(elf).is_some();
        if let Some(edge) = edges.find(|edge| matches!(edge.target, Target::Libpython)) {
            let runs = elf.facts.kind == Kind::Executable || elf.facts.interpreter.is_some();
            let message = if runs {
                format!("needs {}, which only some Pythons have", edge.soname)
            } else {
                format!(
                    "needs {}, which only some Pythons have; a repair removes the need",
                    edge.soname
                )
            };
            let help =
                "do not link extensions to libpython: the interpreter has what they need (PEP 513)";
            findings.push(
                Finding::warning("libpython-needed", message)
                    .at(&elf.path)
                    .help(help),
            );
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
