//! Libraries that the user leaves out or brings in.

use std::os::unix::fs::symlink;

use super::{World, extension, library};
use crate::platform::linux::resolve::Target;

#[test]
fn excludes_prune_and_report_what_they_did() {
    let mut world = World::new();
    world.member(
        "_x.so",
        &extension(&["liba.so.1", "libb.so.1", "libc9.so.1"]),
    );
    world.file(
        "usr/lib/liba.so.1",
        &library("liba.so.1", &["libdeep.so", "libshared.so"]),
    );
    world.file("opt/real-b.so", &library("libb.so.1", &["libshared.so"]));
    symlink("/opt/real-b.so", world.path("usr/lib/libb.so.1")).unwrap();
    world.file(
        "usr/lib/libc9.so.1",
        &library("libc9.so.1", &["libshared.so"]),
    );
    for name in ["libdeep.so", "libshared.so"] {
        world.file(&format!("usr/lib/{name}"), &library(name, &[]));
    }
    let patterns = ["liba.so*", "nothing*", "/opt/*", "_x.so"];
    world.exclude = patterns.map(str::to_owned).to_vec();
    world.check(&[
        "_x.so: liba.so.1 => excluded by liba.so*",
        "_x.so: libb.so.1 => excluded by /opt/*",
        "_x.so: libc9.so.1 => /usr/lib/libc9.so.1 (default folder)",
        "/usr/lib/libc9.so.1: libshared.so => /usr/lib/libshared.so (default folder)",
    ]);
    let graph = world.resolve();
    assert_eq!(graph.used_excludes, ["liba.so*", "/opt/*"]);
    let Target::Excluded { path, .. } = &graph.nodes[0].edges[1].target else {
        panic!("not excluded");
    };
    assert_eq!(path.as_deref(), Some(world.path("opt/real-b.so").as_path()));
}

#[test]
fn included_libraries_are_found_with_their_needs() {
    let mut world = World::new();
    world.member("_x.so", &extension(&[]));
    world.member("pkg/libown.so", &library("libown.so", &[]));
    world.file(
        "usr/lib/libplugin.so.1",
        &library("libplugin.so.1", &["libdep.so"]),
    );
    world.file("usr/lib/libdep.so", &library("libdep.so", &[]));
    world.file("opt/plugins/p.so", &library("p.so", &[]));
    let include = [
        "libplugin.so.1",
        "libgone.so",
        "/opt/plugins/p.so",
        "/opt/none.so",
        "libown.so",
    ];
    world.include = include.map(str::to_owned).to_vec();
    let graph = world.resolve();
    let targets: Vec<String> = graph
        .included
        .iter()
        .map(|edge| format!("{} => {}", edge.soname, world.target(&graph, edge)))
        .collect();
    assert_eq!(
        targets,
        [
            "libplugin.so.1 => /usr/lib/libplugin.so.1 (default folder)",
            "libgone.so => missing",
            "/opt/plugins/p.so => /opt/plugins/p.so (path)",
            "/opt/none.so => missing",
            "libown.so => pkg/libown.so (soname in the wheel)",
        ]
    );
    let edges = world.edges();
    assert_eq!(
        edges,
        ["/usr/lib/libplugin.so.1: libdep.so => /usr/lib/libdep.so (default folder)"]
    );
}
