//! Every rule of the search, on wheels and file systems made up here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::elf::synth::Synth;
use crate::host::HostOptions;
use crate::wheel::Installed;

fn elf() -> Synth {
    Synth::new(true, false)
}

fn library(soname: &str, needed: &[&str]) -> Synth {
    needed.iter().fold(elf().soname(soname), Synth::needed)
}

fn extension(needed: &[&str]) -> Synth {
    needed.iter().fold(elf(), Synth::needed)
}

/// A wheel and a machine, under construction.
struct World {
    root: tempfile::TempDir,
    elves: Vec<ElfMember>,
    judged: Vec<bool>,
    options: HostOptions,
    libc: Libc,
    exclude: Vec<String>,
    vendor: Vec<String>,
    include: Vec<String>,
    folder: Option<PathBuf>,
}

impl World {
    /// The machine is a sysroot; nothing of the real one is seen.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let options = HostOptions {
            sysroot: Some(root.path().to_path_buf()),
            ..HostOptions::default()
        };
        Self {
            root,
            elves: Vec::new(),
            judged: Vec::new(),
            options,
            libc: Libc::Glibc,
            exclude: Vec::new(),
            vendor: Vec::new(),
            include: Vec::new(),
            folder: None,
        }
    }

    fn musl() -> Self {
        Self {
            libc: Libc::Musl,
            ..Self::new()
        }
    }

    fn member(&mut self, path: &str, file: &Synth) -> &mut Self {
        self.installed(Installed::Site(path.to_owned()), path, file)
    }

    fn installed(&mut self, installed: Installed, path: &str, file: &Synth) -> &mut Self {
        let facts = crate::elf::facts(&file.build()).unwrap();
        self.elves.push(ElfMember {
            member: self.elves.len(),
            path: path.to_owned(),
            installed,
            facts: Arc::new(facts),
        });
        self.judged.push(true);
        self
    }

    /// A member with more needs than are worth making a file for.
    fn needy(&mut self, path: &str, file: &Synth, needed: &[String]) {
        let mut facts = crate::elf::facts(&file.build()).unwrap();
        facts.needed = needed.to_vec();
        self.elves.push(ElfMember {
            member: self.elves.len(),
            path: path.to_owned(),
            installed: Installed::Site(path.to_owned()),
            facts: Arc::new(facts),
        });
        self.judged.push(true);
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn file(&mut self, path: &str, file: &Synth) -> &mut Self {
        self.raw(path, &file.build())
    }

    fn raw(&mut self, path: &str, bytes: &[u8]) -> &mut Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn resolve(&self) -> Graph {
        let host = Host::new(self.options.clone());
        let options = ResolveOptions {
            host: &host,
            libc: self.libc,
            arch: Arch::X86_64,
            exclude: &self.exclude,
            vendor: &self.vendor,
            include: &self.include,
            folder: self.folder.as_deref(),
        };
        Graph::resolve(&self.elves, &self.judged, &options)
    }

    /// Every edge as `dependant: soname => where (how)`, in node order.
    fn edges(&self) -> Vec<String> {
        let graph = self.resolve();
        let mut lines = Vec::new();
        for (id, node) in graph.nodes.iter().enumerate() {
            for edge in &node.edges {
                let from = self.name(&graph, id);
                lines.push(format!(
                    "{from}: {} => {}",
                    edge.soname,
                    self.target(&graph, edge)
                ));
            }
        }
        lines
    }

    fn target(&self, graph: &Graph, edge: &Edge) -> String {
        let root = format!("{}/", self.root.path().display());
        let mut text = match &edge.target {
            Target::Node(id, found_by) => {
                let found_by = found_by.to_string().replace(&root, "/");
                format!("{} ({found_by})", self.name(graph, *id))
            }
            Target::Missing(_) => "missing".to_owned(),
            Target::Excluded { pattern, .. } => format!("excluded by {pattern}"),
            Target::Libpython => "libpython".to_owned(),
            Target::Loader => "loader".to_owned(),
        };
        for also in &edge.also {
            text += " and ";
            text += &self.name(graph, *also);
        }
        text
    }

    fn name(&self, graph: &Graph, id: NodeId) -> String {
        match &graph.nodes[id].origin {
            Origin::Member(index) => self.elves[*index].path.clone(),
            Origin::Host(library) => {
                let path = library.path.strip_prefix(self.root.path());
                format!("/{}", path.unwrap_or(&library.path).display())
            }
        }
    }

    #[track_caller]
    fn check(&self, expected: &[&str]) {
        assert_eq!(self.edges(), expected);
    }

    /// The rows of the only missing name `soname`.
    fn searched(&self, soname: &str) -> Vec<String> {
        let graph = self.resolve();
        let mut edges = graph.nodes.iter().flat_map(|node| &node.edges);
        let edge = edges.find(|edge| edge.soname == soname).unwrap();
        let Target::Missing(searched) = &edge.target else {
            panic!("{soname} was found");
        };
        let root = self.root.path().display().to_string();
        let rows = searched.iter().map(|row| {
            let skipped = row.skipped.as_deref().map(|why| format!(": {why}"));
            format!(
                "{} ({}){}",
                row.dir,
                row.found_by,
                skipped.unwrap_or_default()
            )
        });
        rows.map(|row| row.replace(&root, "")).collect()
    }
}

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
        "system folder",
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
    world.check(&["_x.so: liba.so => /usr/lib/liba.so (system folder)"]);
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
        "pkg/_x.so: liba.so.1 => other/liba.so.1.2.3 (soname, elsewhere in the wheel)",
        "pkg/_x.so: libplain.so => other/libplain.so (soname, elsewhere in the wheel)",
    ]);
}

#[test]
fn of_several_members_the_nearest_is_taken() {
    let mut world = World::new();
    world.member("a/lib/liba.so", &library("liba.so", &[]));
    world.member("b/lib/liba.so", &library("liba.so", &[]));
    world.member("b/_x.so", &extension(&["liba.so"]));
    world.member("c/_y.so", &extension(&["liba.so"]));
    world.check(&[
        "b/_x.so: liba.so => b/lib/liba.so (soname, elsewhere in the wheel)",
        "c/_y.so: liba.so => a/lib/liba.so (soname, elsewhere in the wheel)",
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
            "pkg/_x.so: {name} => /usr/lib/{name} (system folder)"
        )]);
        world.vendor = vec![name.to_owned()];
        let own = format!("pkg/_x.so: {name} => tool/lib/{name} (soname, elsewhere in the wheel)");
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
            "/lib (system folder)",
            "/usr/lib (system folder)",
        ]
    );
    let found = rpath_problems(&world.elves[0], Libc::Glibc, Arch::X86_64);
    let expected = [
        (
            "$ORIGIN/../../../../usr/lib/secret",
            RpathProblem::LeavesWheel,
        ),
        ("lib", RpathProblem::Relative),
        ("", RpathProblem::Empty),
    ];
    assert_eq!(
        found,
        expected.map(|(entry, problem)| (entry.to_owned(), problem))
    );
}

#[test]
fn scripts_and_data_have_no_fixed_way_to_site_packages() {
    let mut world = World::new();
    let file = extension(&["liba.so"]).rpath("$ORIGIN/../pkg.libs:$ORIGIN/lib");
    let script = Installed::Script("tool".to_owned());
    world.installed(script, "d-1.data/scripts/tool", &file);
    world.member("lib/liba.so", &library("liba.so", &[]));
    world
        .check(&["d-1.data/scripts/tool: liba.so => lib/liba.so (soname, elsewhere in the wheel)"]);
    let data = Installed::Elsewhere("data".to_owned(), "lib/liba.so".to_owned());
    world.installed(data, "d-1.data/data/lib/liba.so", &library("liba.so", &[]));
    world.elves[1].installed = Installed::Elsewhere("data".to_owned(), "x.so".to_owned());
    // By name from another tree: archive order decides.
    world
        .check(&["d-1.data/scripts/tool: liba.so => lib/liba.so (soname, elsewhere in the wheel)"]);
}

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
    assert_eq!(rows[9], "/gone (RPATH of _x.so): no such folder");
    world.file("9/y/liba.so", &library("liba.so", &[]));
    fs::remove_file(world.path("9/liba.so")).unwrap();
    symlink("/9/y/liba.so", world.path("9/liba.so")).unwrap();
    world.check(&["_x.so: liba.so => /9/liba.so (RPATH of _x.so)"]);
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
        "_x.so: libcurl.so.4 => /usr/lib/libcurl.so.4 (system folder)",
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
        "_x.so: liba.so => /usr/lib/liba.so (system folder)",
        "_x.so: libb.so => /usr/lib/libb.so (system folder)",
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
        "_x.so: libc9.so.1 => /usr/lib/libc9.so.1 (system folder)",
        "/usr/lib/libc9.so.1: libshared.so => /usr/lib/libshared.so (system folder)",
    ]);
    let graph = world.resolve();
    assert_eq!(graph.used_excludes, ["liba.so*", "/opt/*"]);
    let Target::Excluded { path, .. } = &graph.nodes[0].edges[1].target else {
        panic!("not excluded");
    };
    assert_eq!(path.as_deref(), Some(world.path("opt/real-b.so").as_path()));
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
        [format!("/etc/passwd (path): {reason}")]
    );
}

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
            "libplugin.so.1 => /usr/lib/libplugin.so.1 (system folder)",
            "libgone.so => missing",
            "/opt/plugins/p.so => /opt/plugins/p.so (path)",
            "/opt/none.so => missing",
            "libown.so => pkg/libown.so (soname, elsewhere in the wheel)",
        ]
    );
    let edges = world.edges();
    assert_eq!(
        edges,
        ["/usr/lib/libplugin.so.1: libdep.so => /usr/lib/libdep.so (system folder)"]
    );
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
            "/usr/lib (system folder): not there, but libFoo-1.2.so, libfoo.so, libfoo.so.3",
        ]
    );
}

mod laws {
    use super::*;
    use proptest::prelude::*;

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
}
