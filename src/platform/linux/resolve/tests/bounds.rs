//! Many needs, many folders: the answers stay, the work does not multiply.

use std::collections::HashSet;

use super::*;

#[test]
fn listed_folders_give_the_answers_of_asked_ones() {
    let places = ["first", "rpath", "env", "conf", "usr/lib"];
    let world = |missing: usize| {
        let mut world = World::new();
        world.raw("etc/ld.so.conf", b"/conf\n");
        world.options.lib_paths = vec![world.path("first")];
        world.options.ld_library_path = vec![world.path("env")];
        let mut needed: Vec<String> = (0..missing).map(|it| format!("libno{it}.so")).collect();
        for (number, place) in places.iter().enumerate() {
            let name = format!("lib{number}.so");
            // Each lies in its place and in all after it.
            for place in places.iter().skip(number) {
                world.file(&format!("{place}/{name}"), &library(&name, &[]));
            }
            world.raw(&format!("{place}/libtext.so"), b"no library");
            needed.push(name);
        }
        needed.extend(["libtext.so".to_owned(), "libin.so".to_owned()]);
        world.needy("_x.so", &elf().rpath("/rpath:$ORIGIN/a:$ORIGIN/b"), &needed);
        world.member("b/libin.so", &library("libin.so", &[]));
        world.member("c/libin.so", &library("libin.so", &[]));
        world
    };
    let edges = |missing: usize| {
        let edges = world(missing).edges();
        let is_missing = |edge: &String| edge.ends_with("missing") && edge.contains("libno");
        assert_eq!(
            edges.iter().filter(|edge| is_missing(edge)).count(),
            missing
        );
        let rest = edges.into_iter().filter(|edge| !is_missing(edge));
        rest.collect::<Vec<String>>()
    };
    let asked = edges(0);
    assert_eq!(asked.len(), places.len() + 2);
    assert_eq!(
        asked[3],
        "_x.so: lib3.so => /conf/lib3.so (/etc/ld.so.conf)"
    );
    assert_eq!(edges(1000), asked);
    assert_eq!(
        world(0).searched("libtext.so"),
        world(1000).searched("libtext.so")
    );
}

#[test]
fn explanations_have_an_end_and_none_is_empty() {
    let members = 2000;
    let mut world = World::new();
    for number in 0..members {
        let folders: Vec<String> = (0..100)
            .map(|it| format!("$ORIGIN/{number}/{it}"))
            .collect();
        let needed = [format!("libno{number}.so")];
        let file = elf().runpath(folders.join(":"));
        world.needy(&format!("{number}.so"), &file, &needed);
    }
    let graph = world.resolve();
    let edges = graph.nodes.iter().flat_map(|node| &node.edges);
    let lists = edges.map(|edge| match &edge.target {
        Target::Missing(searched) => searched,
        other => panic!("{other:?}"),
    });
    let lists: Vec<_> = lists.collect();
    assert_eq!((lists.len(), lists[0].len()), (members, 100));
    assert!(lists.iter().all(|list| !list.is_empty()));
    let distinct: HashSet<_> = lists.iter().map(|list| list.as_ptr()).collect();
    assert_eq!(distinct.len(), members);
    let rows: usize = lists.iter().map(|list| list.len()).sum();
    assert!(rows <= 50_000 + members, "{rows}");
}
