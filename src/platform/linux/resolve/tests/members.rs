//! What the wheel itself brings, and when it is taken.

use std::fs;

use super::{World, elf, extension, library};
use crate::wheel::Installed;

#[test]
fn members_are_found_in_the_installed_tree() {
    let mut world = World::new();
    world.member(
        "pkg/_x.so",
        &extension(&["liba.so", "libb.so"]).runpath("$ORIGIN/../pkg.libs:${ORIGIN}/sub"),
    );
    let platlib = Installed::Site("pkg.libs/liba.so".to_owned());
    let path = "d-1.data/platlib/pkg.libs/liba.so";
    world.installed(platlib, path, &library("liba.so", &[]));
    world.member("pkg/sub/libb.so", &library("libb.so", &[]));
    // Never a second copy of what the wheel has, wherever it is.
    world.options.lib_paths = vec![world.path("lib-path")];
    world.file("lib-path/liba.so", &library("liba.so", &[]));
    world.file("usr/lib/libb.so", &library("libb.so", &[]));
    world.check(&[
        "pkg/_x.so: liba.so => d-1.data/platlib/pkg.libs/liba.so (RUNPATH of pkg/_x.so)",
        "pkg/_x.so: libb.so => pkg/sub/libb.so (RUNPATH of pkg/_x.so)",
    ]);
}

#[test]
fn a_member_that_nothing_points_to_is_found_by_its_soname() {
    let mut world = World::new();
    world.member("pkg/_x.so", &extension(&["liba.so.1", "libplain.so"]));
    world.member("other/liba.so.1.2.3", &library("liba.so.1", &[]));
    world.member("other/libplain.so", &elf());
    world.file("usr/lib/liba.so.1", &library("liba.so.1", &[]));
    world.check(&[
        "pkg/_x.so: liba.so.1 => other/liba.so.1.2.3 (soname in the wheel)",
        "pkg/_x.so: libplain.so => other/libplain.so (soname in the wheel)",
    ]);
}

/// Links became copies: the one that the loader would open is meant.
#[test]
fn of_several_copies_the_one_that_bears_the_name_is_taken() {
    let mut world = World::new();
    world.member("lib/liba.so", &library("liba.so.2", &[]));
    world.member("lib/liba.so.2", &library("liba.so.2", &[]));
    world.member("lib/liba.so.2.1", &library("liba.so.2", &[]));
    world.member("_x.so", &extension(&["liba.so.2"]));
    world.check(&["_x.so: liba.so.2 => lib/liba.so.2 (soname in the wheel)"]);
}

#[test]
fn of_several_members_the_nearest_is_taken() {
    let mut world = World::new();
    world.member("a/lib/liba.so", &library("liba.so", &[]));
    world.member("b/lib/liba.so", &library("liba.so", &[]));
    world.member("b/_x.so", &extension(&["liba.so"]));
    world.member("c/_y.so", &extension(&["liba.so"]));
    world.check(&[
        "b/_x.so: liba.so => b/lib/liba.so (soname in the wheel)",
        "c/_y.so: liba.so => a/lib/liba.so (soname in the wheel)",
    ]);
}

/// A wheel may bring a libstdc++ for some program in a folder of its own, or a stub of a driver;
/// that says nothing about its extension modules.
#[test]
fn what_a_policy_allows_outside_is_not_taken_from_a_folder_that_nothing_points_to() {
    for name in ["libstdc++.so.6", "libcuda.so.1"] {
        let mut world = World::new();
        world.member("pkg/_x.so", &extension(&[name]));
        world.member(&format!("tool/lib/{name}"), &library(name, &[]));
        world.check(&[&format!("pkg/_x.so: {name} => missing")]);
        world.file(&format!("usr/lib/{name}"), &library(name, &[]));
        world.check(&[&format!(
            "pkg/_x.so: {name} => /usr/lib/{name} (default folder)"
        )]);
        world.vendor = vec![name.to_owned()];
        let own = format!("pkg/_x.so: {name} => tool/lib/{name} (soname in the wheel)");
        world.check(&[&own]);
        world.vendor.clear();
        world.elves[0].facts = World::new()
            .member("x", &extension(&[name]).rpath("$ORIGIN/../tool/lib"))
            .elves[0]
            .facts
            .clone();
        world.check(&[&format!(
            "pkg/_x.so: {name} => tool/lib/{name} (RPATH of pkg/_x.so)"
        )]);
    }
}

#[test]
fn what_leaves_the_wheel_leads_nowhere() {
    let mut world = World::new();
    let rpath = "$ORIGIN/../../../../usr/lib/secret:lib::$ORIGIN/../x";
    world.member("pkg/_x.so", &extension(&["liba.so"]).rpath(rpath));
    world.file("usr/lib/secret/liba.so", &library("liba.so", &[]));
    world.file("x/liba.so", &library("liba.so", &[]));
    world.file("lib/liba.so", &library("liba.so", &[]));
    fs::remove_file(world.path("lib/liba.so")).unwrap();
    assert_eq!(
        world.searched("liba.so"),
        [
            "$ORIGIN/../../../../usr/lib/secret (RPATH of pkg/_x.so): not searched: leads out of the wheel",
            "lib (RPATH of pkg/_x.so): not searched: relative to the current directory",
            " (RPATH of pkg/_x.so): not searched: empty",
            "<wheel>/x (RPATH of pkg/_x.so)",
            "/lib (default folder)",
            "/usr/lib (default folder)",
        ]
    );
}

#[test]
fn scripts_and_data_have_no_fixed_way_to_site_packages() {
    let mut world = World::new();
    let file = extension(&["liba.so"]).rpath("$ORIGIN/../pkg.libs:$ORIGIN/lib");
    let script = Installed::Script("tool".to_owned());
    world.installed(script, "d-1.data/scripts/tool", &file);
    world.member("lib/liba.so", &library("liba.so", &[]));
    world.check(&["d-1.data/scripts/tool: liba.so => lib/liba.so (soname in the wheel)"]);
    let data = Installed::Elsewhere("data".to_owned(), "lib/liba.so".to_owned());
    world.installed(data, "d-1.data/data/lib/liba.so", &library("liba.so", &[]));
    world.elves[1].installed = Installed::Elsewhere("data".to_owned(), "liba.so".to_owned());
    // By name from another tree: archive order decides.
    world.check(&["d-1.data/scripts/tool: liba.so => lib/liba.so (soname in the wheel)"]);
}

#[test]
fn members_of_another_machine_take_no_part() {
    let mut world = World::new();
    world.member("pkg/_x.so", &extension(&["liba.so"]).rpath("$ORIGIN"));
    let mut arm = library("liba.so", &["libz.so"]);
    arm.machine = 183;
    world.member("pkg/liba.so", &arm);
    world.judged[1] = false;
    assert_eq!(
        world.searched("liba.so")[0],
        "<wheel>/pkg (RPATH of pkg/_x.so): built for aarch64"
    );
    assert_eq!(world.edges().len(), 1);
}
