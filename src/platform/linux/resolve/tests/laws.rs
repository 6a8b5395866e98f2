//! What holds of any graph.

use proptest::prelude::*;

use super::{World, library};

fn any_file() -> impl Strategy<Value = (Vec<u8>, Option<String>, Option<String>)> {
    let path = "[$a-c{}:/.]{0,12}|\\$ORIGIN(/[a-c.]{1,2}){0,3}|/[ab]";
    let needs = proptest::collection::vec(0..12_u8, 0..6);
    (
        needs,
        proptest::option::of(path),
        proptest::option::of(path),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_graph_is_resolved_the_same_way_twice(
        files in proptest::collection::vec((any_file(), 0..5_usize), 1..12),
        musl in any::<bool>(),
    ) {
        let mut world = if musl { World::musl() } else { World::new() };
        for (number, ((needs, rpath, runpath), place)) in files.iter().enumerate() {
            let name = format!("lib{number}.so");
            let needs: Vec<String> = needs.iter().map(|n| format!("lib{n}.so")).collect();
            let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
            let mut file = library(&name, &needs);
            if let Some(rpath) = rpath {
                file = file.rpath(rpath);
            }
            if let Some(runpath) = runpath {
                file = file.runpath(runpath);
            }
            match place {
                0 => world.file(&format!("usr/lib/{name}"), &file),
                1 => world.file(&format!("a/{name}"), &file),
                2 => world.member(&format!("a/{name}"), &file),
                _ => world.member(&format!("b/c/{name}"), &file),
            };
        }
        let first = world.edges();
        prop_assert_eq!(&first, &world.edges());
        for line in first {
            let (_, target) = line.split_once(" => ").unwrap();
            prop_assert!(target != "loader" && target != "libpython");
        }
    }
}
