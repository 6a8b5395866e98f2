//! Where the world outside the wheel begins: sysroot, folders given, no host at all.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::{World, extension, library};
use crate::host::HostOptions;

#[test]
fn the_sysroot_stands_for_the_root_and_lib_paths_do_not_lie_under_it() {
    let mut world = World::new();
    let outside = tempfile::tempdir().unwrap();
    world.options.lib_paths = vec![outside.path().to_path_buf(), PathBuf::new()];
    fs::write(
        outside.path().join("libb.so"),
        library("libb.so", &[]).build(),
    )
    .unwrap();
    world.member(
        "_x.so",
        &extension(&["liba.so", "libb.so"]).rpath("/opt/$LIB"),
    );
    world.file(
        "opt/lib64/real.so",
        &library("liba.so", &["libc9.so"]).runpath("$ORIGIN/../other"),
    );
    symlink("/opt/lib64/real.so", world.path("opt/lib64/liba.so")).unwrap();
    world.file("opt/other/libc9.so", &library("libc9.so", &[]));
    let edges = world.edges();
    assert_eq!(
        edges[0],
        "_x.so: liba.so => /opt/lib64/liba.so (RPATH of _x.so)"
    );
    let b = outside.path().join("libb.so");
    assert_eq!(
        edges[1],
        format!("_x.so: libb.so => /{} (--lib-path)", b.display())
    );
    assert_eq!(
        edges[2],
        "/opt/lib64/liba.so: libc9.so => /opt/other/libc9.so (RUNPATH of /opt/lib64/liba.so)"
    );
}

#[test]
fn without_the_host_only_named_folders_are_looked_into() {
    let mut world = World::new();
    let machine = world.root.path().to_path_buf();
    world.options = HostOptions {
        no_host: true,
        lib_paths: vec![machine.join("named")],
        ld_library_path: vec![machine.join("env")],
        ldpaths: Some(vec![machine.join("ldpaths")]),
        ..HostOptions::default()
    };
    let rpath = format!(
        "{0}/rpath:{0}/named/../rpath:{0}/named/deep",
        machine.display()
    );
    world.member(
        "_x.so",
        &extension(&["liba.so", "libb.so", "libc9.so"]).rpath(rpath),
    );
    for place in ["env", "ldpaths", "rpath", "beside"] {
        world.file(&format!("{place}/liba.so"), &library("liba.so", &[]));
        world.file(&format!("{place}/libd.so"), &library("libd.so", &[]));
    }
    world.file(
        "named/libb.so",
        &library("libb.so", &["libd.so"]).runpath("$ORIGIN/../beside"),
    );
    world.file("named/deep/libc9.so", &library("libc9.so", &[]));
    world.check(&[
        "_x.so: liba.so => missing",
        "_x.so: libb.so => /named/libb.so (--lib-path)",
        "_x.so: libc9.so => /named/deep/libc9.so (RPATH of _x.so)",
        "/named/libb.so: libd.so => missing",
    ]);
    assert_eq!(
        world.searched("liba.so"),
        [
            "/named (--lib-path)",
            "/rpath (RPATH of _x.so): not searched: --no-host-libs",
            "/named/../rpath (RPATH of _x.so): not searched: --no-host-libs",
            "/named/deep (RPATH of _x.so)",
        ]
    );
}

#[test]
fn ldpaths_replace_the_loaders_configuration() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["liba.so", "libb.so"]));
    world.file("usr/lib/liba.so", &library("liba.so", &[]));
    world.file("other/libb.so", &library("libb.so", &[]));
    world.options.ldpaths = Some(vec![PathBuf::from("/other"), PathBuf::from("/gone")]);
    world.check(&[
        "_x.so: liba.so => missing",
        "_x.so: libb.so => /other/libb.so (--ldpaths)",
    ]);
    assert_eq!(world.searched("liba.so"), ["/other (--ldpaths)"]);
    world.options.ldpaths = Some(Vec::new());
    assert_eq!(world.searched("liba.so"), [""; 0]);
}

/// No loader does, but auditwheel does: `$ORIGIN` of a link's target.
#[test]
fn the_folder_behind_a_link_is_a_last_resort() {
    let mut world = World::new();
    world.member("_x.so", &extension(&["liba.so"]));
    world.file(
        "opt/lib/liba.so",
        &library("liba.so", &["libb.so"]).runpath("$ORIGIN"),
    );
    world.file("opt/lib/libb.so", &library("libb.so", &[]));
    world.raw("usr/lib/x", b"");
    symlink("/opt/lib/liba.so", world.path("usr/lib/liba.so")).unwrap();
    let found = "/usr/lib/liba.so: libb.so => /opt/lib/libb.so (RUNPATH of /usr/lib/liba.so)";
    assert_eq!(world.edges()[1], found);
    world.file("usr/lib/libb.so", &library("libb.so", &[]));
    let found = "/usr/lib/liba.so: libb.so => /usr/lib/libb.so (RUNPATH of /usr/lib/liba.so)";
    assert_eq!(world.edges()[1], found);
}

#[test]
fn loose_files_have_a_real_origin() {
    let mut world = World::new();
    world.options = HostOptions {
        ldpaths: Some(Vec::new()),
        ..HostOptions::default()
    };
    world.folder = Some(world.path("build/pkg"));
    world.member(
        "_x.so",
        &extension(&["liba.so", "libb.so"]).runpath("$ORIGIN:$ORIGIN/../lib"),
    );
    world.file("build/pkg/liba.so", &library("liba.so", &[]));
    world.file("build/lib/libb.so", &library("libb.so", &[]));
    world.check(&[
        "_x.so: liba.so => /build/pkg/liba.so (RUNPATH of _x.so)",
        "_x.so: libb.so => /build/lib/libb.so (RUNPATH of _x.so)",
    ]);
}
