//! Files that bear the name and are not taken, and names that no file is sought for.

use std::fs;
use std::os::unix::fs::symlink;

use super::{World, extension, library};
use elf_synth::Synth;

#[test]
fn candidates_that_do_not_fit_are_passed_over_and_told() {
    let mut world = World::new();
    world.member(
        "_x.so",
        &extension(&["liba.so"]).rpath("/1:/2:/3:/4:/5:/6:/7:/8:/9:/gone"),
    );
    world.raw("1/liba.so", b"/* GNU ld script */ INPUT(liba.so.1)");
    world.file("2/liba.so", &Synth::new(false, false).soname("liba.so"));
    let mut arm = library("liba.so", &[]);
    arm.machine = 183;
    world.file("3/liba.so", &arm);
    fs::create_dir_all(world.path("4/liba.so")).unwrap();
    world.raw("5/x", b"");
    symlink("liba.so", world.path("5/liba.so")).unwrap();
    world.file("6/liba.so", &library("liba.so", &["libc.musl-x86_64.so.1"]));
    world.raw("7/liba.so", b"\x7fELF\x02\x01\x01");
    let mut executable = library("liba.so", &[]);
    executable.kind = 2;
    world.file("8/liba.so", &executable);
    world.raw("9/x", b"");
    symlink("/nowhere", world.path("9/liba.so")).unwrap();
    let rows = world.searched("liba.so");
    let reasons = [
        "a linker script, not a library",
        "built for i686",
        "built for aarch64",
        "a folder, not a file",
        "its links form a loop",
        "built for musl",
        "malformed ELF",
        "not a shared library",
    ];
    for (row, reason) in rows.iter().zip(reasons) {
        assert!(row.contains(reason), "{row}: {reason}");
    }
    assert_eq!(rows[8], "/9 (RPATH of _x.so): a link that leads nowhere");
    assert_eq!(
        rows[9],
        "/gone (RPATH of _x.so): not searched: no such folder"
    );
    world.file("9/y/liba.so", &library("liba.so", &[]));
    fs::remove_file(world.path("9/liba.so")).unwrap();
    symlink("/9/y/liba.so", world.path("9/liba.so")).unwrap();
    world.check(&["_x.so: liba.so => /9/liba.so (RPATH of _x.so)"]);
}

#[test]
fn some_names_are_never_looked_for() {
    let mut world = World::new();
    let names = [
        "libpython3.11.so.1.0",
        "libpython3.13t.so.1.0",
        "ld-linux-x86-64.so.2",
        "linux-vdso.so.1",
        "/etc/passwd",
        "../liba.so",
    ];
    world.member("_x.so", &extension(&names).rpath("/usr/lib"));
    for name in &names[..4] {
        world.file(&format!("usr/lib/{name}"), &library(name, &[]));
    }
    world.file("usr/liba.so", &library("liba.so", &[]));
    world.check(&[
        "_x.so: libpython3.11.so.1.0 => libpython",
        "_x.so: libpython3.13t.so.1.0 => libpython",
        "_x.so: ld-linux-x86-64.so.2 => loader",
        "_x.so: linux-vdso.so.1 => loader",
        "_x.so: /etc/passwd => missing",
        "_x.so: ../liba.so => missing",
    ]);
    let reason = "a name with a slash is a path, and is never opened";
    assert_eq!(
        world.searched("/etc/passwd"),
        [format!("/etc/passwd (path): not searched: {reason}")]
    );
}

#[test]
fn near_misses_are_told_folder_by_folder() {
    let mut world = World::new();
    world.member("pkg/_x.so", &extension(&["libfoo.so.2"]).rpath("/opt"));
    let mut arm = library("libfoo.so.2", &[]);
    arm.machine = 183;
    world.file("opt/libfoo.so.2", &arm);
    for name in [
        "libfoo.so.3",
        "libfoo.so",
        "libfoobar.so.2",
        "libFoo-1.2.so",
    ] {
        world.file(&format!("usr/lib/{name}"), &library(name, &[]));
    }
    assert_eq!(
        world.searched("libfoo.so.2"),
        [
            "/opt (RPATH of pkg/_x.so): built for aarch64",
            "/usr/lib (default folder): near are libFoo-1.2.so, libfoo.so, libfoo.so.3",
        ]
    );
}
