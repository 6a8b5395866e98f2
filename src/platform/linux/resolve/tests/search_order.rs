//! In which order folders are searched: RPATH, RUNPATH, the environment, the machine's own.

use super::{World, extension, library};
use crate::tag::Libc;

#[test]
fn folders_are_searched_in_the_loaders_order() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["liba.so"]).rpath("/rpath"));
    world.raw("etc/ld.so.conf", b"/conf\n");
    let places = ["usr/lib", "conf", "env", "rpath", "first"];
    world.options.lib_paths = vec![world.path("first")];
    world.options.ld_library_path = vec![world.path("env")];
    // Each folder added beats those before it.
    let found_by = [
        "default folder",
        "/etc/ld.so.conf",
        "LD_LIBRARY_PATH",
        "RPATH of _x.so",
        "--lib-path",
    ];
    for (place, found_by) in places.iter().zip(found_by) {
        world.file(&format!("{place}/liba.so"), &library("liba.so", &[]));
        world.check(&[&format!("_x.so: liba.so => /{place}/liba.so ({found_by})")]);
    }
}

#[test]
fn runpath_comes_after_the_environment_and_silences_rpath() {
    let mut world = World::new();
    world.member(
        "_x.so",
        &extension(&["liba.so"]).rpath("/rpath").runpath("/runpath"),
    );
    world.file("rpath/liba.so", &library("liba.so", &[]));
    world.file("usr/lib/liba.so", &library("liba.so", &[]));
    world.check(&["_x.so: liba.so => /usr/lib/liba.so (default folder)"]);
    world.file("runpath/liba.so", &library("liba.so", &[]));
    world.check(&["_x.so: liba.so => /runpath/liba.so (RUNPATH of _x.so)"]);
    world.options.ld_library_path = vec![world.path("env")];
    world.file("env/liba.so", &library("liba.so", &[]));
    world.check(&["_x.so: liba.so => /env/liba.so (LD_LIBRARY_PATH)"]);
}

#[test]
fn a_lib_path_beats_every_folder_outside_the_wheel() {
    for libc in [Libc::Glibc, Libc::Musl] {
        for tag in ["rpath", "runpath"] {
            let mut world = World::new();
            let extension = match tag {
                "rpath" => extension(&["liba.so"]).rpath("/chosen"),
                _ => extension(&["liba.so"]).runpath("/chosen"),
            };
            world.member("_x.so", &extension);
            world.raw("etc/ld.so.conf", b"/conf\n");
            world.libc = libc;
            world.options.ld_library_path = vec![world.path("env")];
            for folder in ["usr/lib", "conf", "env", "chosen", "first", "second"] {
                world.file(&format!("{folder}/liba.so"), &library("liba.so", &[]));
            }
            world.options.lib_paths = vec![world.path("first"), world.path("second")];
            world.check(&["_x.so: liba.so => /first/liba.so (--lib-path)"]);
        }
    }
}

#[test]
fn rpath_is_inherited_and_runpath_is_not() {
    for (tag, expected) in [
        ("rpath", "/opt/libb.so (RPATH of _x.so)"),
        ("runpath", "missing"),
    ] {
        let mut world = World::new();
        let extension = extension(&["liba.so"]);
        let extension = match tag {
            "rpath" => extension.rpath("/opt"),
            _ => extension.runpath("/opt"),
        };
        world.member("_x.so", &extension);
        world.file("opt/liba.so", &library("liba.so", &["libb.so"]));
        world.file("opt/libb.so", &library("libb.so", &[]));
        let edges = world.edges();
        assert_eq!(edges[1], format!("/opt/liba.so: libb.so => {expected}"));
    }
}

#[test]
fn a_runpath_in_between_ends_inheritance_for_its_own_needs_only() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["liba.so"]).rpath("/opt"));
    world.file(
        "opt/liba.so",
        &library("liba.so", &["libb.so", "libd.so"]).runpath("/run"),
    );
    world.file("run/libb.so", &library("libb.so", &["libc1.so"]));
    world.file("opt/libc1.so", &library("libc1.so", &[]));
    world.file("opt/libd.so", &library("libd.so", &[]));
    world.check(&[
        "_x.so: liba.so => /opt/liba.so (RPATH of _x.so)",
        "/opt/liba.so: libb.so => /run/libb.so (RUNPATH of /opt/liba.so)",
        "/opt/liba.so: libd.so => missing",
        "/run/libb.so: libc1.so => /opt/libc1.so (RPATH of _x.so)",
    ]);
}

#[test]
fn musl_takes_both_tags_alike_and_the_environment_first() {
    for tag in ["rpath", "runpath"] {
        let mut world = World::musl();
        let extension = extension(&["liba.so"]);
        let (extension, name) = match tag {
            "rpath" => (extension.rpath("/opt"), "RPATH"),
            _ => (extension.runpath("/opt"), "RUNPATH"),
        };
        world.member("_x.so", &extension);
        world.file("opt/liba.so", &library("liba.so", &["libb.so"]));
        world.file("opt/libb.so", &library("libb.so", &[]));
        world.raw("etc/ld.so.conf", b"/opt\n");
        world.check(&[
            &format!("_x.so: liba.so => /opt/liba.so ({name} of _x.so)"),
            &format!("/opt/liba.so: libb.so => /opt/libb.so ({name} of _x.so)"),
        ]);
        world.options.ld_library_path = vec![world.path("env")];
        world.file("env/liba.so", &library("liba.so", &[]));
        world.check(&["_x.so: liba.so => /env/liba.so (LD_LIBRARY_PATH)"]);
    }
}

#[test]
fn android_knows_no_rpath_and_no_system_folders() {
    let mut world = World {
        libc: Libc::Android,
        ..World::new()
    };
    world.member("_x.so", &extension(&["liba.so"]).rpath("/opt"));
    world.file("opt/liba.so", &library("liba.so", &[]));
    world.file("usr/lib/liba.so", &library("liba.so", &[]));
    world.check(&["_x.so: liba.so => missing"]);
}

#[test]
fn nodeflib_skips_the_trusted_folders_only() {
    let mut world = World::new();
    let flags = 0x6fff_fffb;
    world.member(
        "_x.so",
        &extension(&["liba.so", "libb.so"]).value(flags, 0x800),
    );
    world.raw("etc/ld.so.conf", b"/conf\n");
    world.file("usr/lib/liba.so", &library("liba.so", &[]));
    world.file("conf/libb.so", &library("libb.so", &[]));
    world.check(&[
        "_x.so: liba.so => missing",
        "_x.so: libb.so => /conf/libb.so (/etc/ld.so.conf)",
    ]);
}
