//! Thread-local variables at a fixed distance from the thread pointer (the initial-exec model), in files
//! that come into a running process.
//!
//! Such variables live in the block that every thread gets when it starts. musl gives room there only to
//! what is there when the program starts, and refuses all else; glibc keeps a little room.
//!
//! Sources: `do_relocs` in musl's `ldso/dynlink.c` ("initial-exec TLS resolves to dynamic
//! definition"); `rtld.optional_static_tls` and `_dl_try_allocate_static_tls` in glibc.

use std::collections::BTreeSet;

use crate::audit::extension::python_extension;
use crate::audit::rules::Case;
use crate::elf::Facts;
use crate::elf::Kind;
use crate::finding::Finding;
use crate::platform::linux::resolve::{NodeId, Target};
use crate::tag::Libc;

/// What glibc keeps for all files that come later (`rtld.optional_static_tls`), in bytes.
const GLIBC_ROOM: u64 = 512;

pub(in crate::audit::rules) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.audit.libc == Libc::Android {
        return Vec::new();
    }
    let late = loaded_late(case);
    let files = case.nodes().filter(|(node, file)| {
        late.contains(node) && !is_program(file.facts) && file.facts.has_initial_exec_tls()
    });
    let told = files.filter_map(|(_, file)| {
        let finding = if case.audit.libc == Libc::Musl {
            let message = "has initial-exec TLS (thread-local variables at a fixed distance from the thread \
                           pointer): musl refuses that in what a running process loads";
            let help = "build it without -ftls-model=initial-exec (Go: not with -buildmode=c-shared)";
            Finding::warning("musl-static-tls", message).help(help)
        } else if file.facts.tls_size > GLIBC_ROOM {
            let message = format!(
                "has {} bytes of initial-exec TLS (thread-local variables), and glibc keeps \
                 {GLIBC_ROOM} for all that a running process loads: it may fail with `cannot \
                 allocate memory in static TLS block`",
                file.facts.tls_size
            );
            let help = "build it without -ftls-model=initial-exec";
            Finding::note("static-tls", message).help(help)
        } else {
            return None;
        };
        Some(file.told(finding))
    });
    told.collect()
}

fn is_program(facts: &Facts) -> bool {
    facts.kind == Kind::Executable || facts.interpreter.is_some()
}

/// What a running process loads: extensions, libraries that no other file needs, and all that they need.
/// The rest starts with a program of the wheel.
fn loaded_late(case: &Case<'_>) -> BTreeSet<NodeId> {
    let nodes = &case.audit.graph.nodes;
    let needs = |node: NodeId| {
        let edges = nodes.get(node).into_iter().flat_map(|node| &node.edges);
        edges.filter_map(|edge| match edge.target {
            Target::Node(next, _) => Some(next),
            _ => None,
        })
    };
    let needed: BTreeSet<NodeId> = case.members().flat_map(|(node, _)| needs(node)).collect();
    let roots = case.members().filter(|(node, elf)| {
        !is_program(&elf.facts) && (python_extension(elf).is_some() || !needed.contains(node))
    });
    let mut queue: Vec<NodeId> = roots.map(|(node, _)| node).collect();
    let mut found = BTreeSet::new();
    while let Some(node) = queue.pop() {
        if found.insert(node) {
            queue.extend(needs(node));
        }
    }
    found
}
