//! What is loaded already answers to its name: the graph of one process.

use std::os::unix::fs::symlink;

use super::{World, elf, extension, library};
use crate::platform::linux::resolve::{Origin, Target};

#[test]
fn a_name_means_what_was_loaded_first() {
    let mut world = World::new();
    world.member(
        "_x.so",
        &extension(&["libssl.so.3", "libcurl.so.4"]).runpath("/opt"),
    );
    world.file("opt/libssl.so.3", &library("libssl.so.3", &[]));
    world.file("usr/lib/libssl.so.3", &library("libssl.so.3", &[]));
    world.file(
        "usr/lib/libcurl.so.4",
        &library("libcurl.so.4", &["libssl.so.3"]),
    );
    world.check(&[
        "_x.so: libssl.so.3 => /opt/libssl.so.3 (RUNPATH of _x.so)",
        "_x.so: libcurl.so.4 => /usr/lib/libcurl.so.4 (default folder)",
        "/usr/lib/libcurl.so.4: libssl.so.3 => /opt/libssl.so.3 (RUNPATH of _x.so)",
    ]);
    // In the process of another extension module it is another file.
    world.member("_y.so", &extension(&["libcurl.so.4"]));
    let edges = world.edges();
    assert_eq!(
        edges[3],
        "/usr/lib/libcurl.so.4: libssl.so.3 => /opt/libssl.so.3 (RUNPATH of _x.so) and /usr/lib/libssl.so.3"
    );
}

#[test]
fn breadth_comes_before_depth() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["liba.so", "libb.so"]));
    world.file(
        "usr/lib/liba.so",
        &library("liba.so", &["libz9.so"]).runpath("/za"),
    );
    world.file(
        "usr/lib/libb.so",
        &library("libb.so", &["libz9.so", "libc9.so"]).runpath("/zb"),
    );
    world.file("zb/libz9.so", &library("libz9.so", &[]));
    world.file("zb/libc9.so", &library("libc9.so", &[]));
    // liba's look-up fails; libb's, later, does not. The first is not final for the second.
    world.check(&[
        "_x.so: liba.so => /usr/lib/liba.so (default folder)",
        "_x.so: libb.so => /usr/lib/libb.so (default folder)",
        "/usr/lib/liba.so: libz9.so => missing",
        "/usr/lib/libb.so: libz9.so => /zb/libz9.so (RUNPATH of /usr/lib/libb.so)",
        "/usr/lib/libb.so: libc9.so => /zb/libc9.so (RUNPATH of /usr/lib/libb.so)",
    ]);
}

#[test]
fn a_library_found_through_any_dependant_is_not_missing() {
    let mut world = World::new();
    world.member("liba.so", &library("liba.so", &["libhost.so"]));
    world.member("_x.so", &extension(&["liba.so"]).rpath("/opt:$ORIGIN"));
    world.file("opt/libhost.so", &library("libhost.so", &[]));
    world.check(&[
        "liba.so: libhost.so => /opt/libhost.so (RPATH of _x.so)",
        "_x.so: liba.so => liba.so (RPATH of _x.so)",
    ]);
}

#[test]
fn links_and_sonames_lead_to_one_node() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["libfoo.so", "libfoo.so.1"]));
    world.file("usr/lib/libfoo.so.1.2", &library("libfoo.so.1", &[]));
    symlink("libfoo.so.1.2", world.path("usr/lib/libfoo.so.1")).unwrap();
    symlink("libfoo.so.1", world.path("usr/lib/libfoo.so")).unwrap();
    symlink("usr/lib", world.path("lib")).unwrap();
    let graph = world.resolve();
    assert_eq!(graph.nodes.len(), 2);
    let Origin::Host(library) = &graph.nodes[1].origin else {
        panic!("a member");
    };
    assert_eq!(library.path, world.path("lib/libfoo.so"));
    assert_eq!(library.real_path, world.path("usr/lib/libfoo.so.1.2"));
}

#[test]
fn cycles_cliques_chains_and_long_lists_end_soon() {
    // 250 members that all need each other.
    let mut clique = World::new();
    let names: Vec<String> = (0..250).map(|n| format!("lib{n}.so")).collect();
    for name in &names {
        let file = library(name, &[]).rpath("$ORIGIN");
        clique.needy(&format!("pkg/{name}"), &file, &names);
    }
    let graph = clique.resolve();
    let edges = graph.nodes.iter().flat_map(|node| &node.edges);
    assert_eq!(
        edges
            .filter(|edge| matches!(edge.target, Target::Node(..)))
            .count(),
        250 * 250
    );

    // A chain of 1 500, last one first.
    let mut chain = World::new();
    for n in (0..1500).rev() {
        let next = format!("lib{}.so", n + 1);
        let file = library(&format!("lib{n}.so"), &[&next]).rpath("$ORIGIN:/opt");
        chain.member(&format!("pkg/lib{n}.so"), &file);
    }
    let edges = chain.edges();
    assert_eq!(
        edges.iter().filter(|edge| edge.contains("missing")).count(),
        1
    );

    // 10 000 names that lead nowhere.
    let mut many = World::new();
    let names: Vec<String> = (0..10_000).map(|n| format!("lib{n}.so")).collect();
    many.needy("_x.so", &elf(), &names);
    assert_eq!(many.resolve().nodes[0].edges.len(), 10_000);
}
