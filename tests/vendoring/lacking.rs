//! Libraries of the right name that are not those that a file was linked with.

use std::fs;

use crate::bench::{Bench, Run};

/// What is compiled, and how it is linked.
struct Case<'a> {
    /// The library as the file is linked with it.
    linked: &'a str,
    /// The library of that name that a repair finds.
    found: &'a str,
    /// The file.
    user: &'a str,
    /// More arguments of the file's linker.
    args: &'a [&'a str],
}

const LINKED: &str = "int topo_init(void) { return 1; } int topo_load(void) { return 2; }\n\
    int topo_free(void) { return 3; } int topo_root(void) { return 4; }";
const STUB: &str = "int stub(void) { return 0; }";
const USER: &str = "int topo_init(void); int topo_load(void); int topo_free(void); int topo_root(void);\n\
    int answer(void) { return topo_init() + topo_load() + topo_free() + topo_root(); }";
const NOW: &[&str] = &["-Wl,-z,now"];
const SONAME: &str = "-Wl,-soname,libtopo.so.1";

const CASE: Case<'_> = Case {
    linked: LINKED,
    found: STUB,
    user: USER,
    args: NOW,
};

impl Case<'_> {
    /// The file, with the library that is found in `libs/`.
    fn make(&self, bench: &Bench) -> Vec<u8> {
        self.make_with(bench, &[])
    }

    fn make_with(&self, bench: &Bench, needs: &[&str]) -> Vec<u8> {
        fs::create_dir_all(bench.path("libs")).unwrap();
        let library = "libs/libtopo.so.1";
        bench.compile("gcc", self.linked, library, &[SONAME]);
        let mut args = vec![library];
        args.extend(self.args);
        let user = bench.compile("gcc", self.user, "user.so", &args);
        let mut args = vec![SONAME];
        args.extend(needs);
        bench.compile("gcc", self.found, library, &args);
        user
    }

    fn repaired_as(&self, member: &str) -> Run {
        let bench = Bench::new();
        let user = self.make(&bench);
        bench.repair(&bench.wheel(&[(member, &user)]), &[])
    }
}

#[test]
fn a_library_that_is_another_of_its_name_is_refused() {
    for member in ["pkg/libuser.so", "pkg-1.0.data/data/lib/libuser.so"] {
        CASE.repaired_as(member).refused(
            1,
            &[
                "[lib-lacks-symbols]",
                member,
                "topo_free, topo_init, topo_load and 1 more from libtopo.so.1",
                "libs/libtopo.so.1 (found through --lib-path)",
                "--lib-path DIR",
                "--exclude libtopo.so.1",
            ],
        );
    }
    // What the help says works.
    let bench = Bench::new();
    let user = CASE.make(&bench);
    let wheel = bench.wheel(&[("pkg/_x.so", &user), ("pkg/_y.so", &user)]);
    bench
        .repair(&wheel, &[])
        .refused(1, &["pkg/_x.so", "so does 1 more file"]);
    bench.repair(&wheel, &["--exclude", "libtopo.so.1"]).done();
    fs::remove_dir_all(bench.path("out")).unwrap();
    fs::create_dir_all(bench.path("right")).unwrap();
    bench.compile("gcc", LINKED, "right/libtopo.so.1", &[SONAME]);
    bench
        .repair_with(&wheel, &["--no-host-libs", "--lib-path", "right"])
        .done();
    assert_eq!(bench.answer(), 10);
}

#[test]
fn what_a_library_needs_in_turn_is_held_against_it_too() {
    let bench = Bench::new();
    let case = Case {
        args: &["-Wl,-z,now", "-Wl,-soname,libuser.so.1"],
        ..CASE
    };
    let user = case.make(&bench);
    bench.write("libs/libuser.so.1", &user);
    let source = "int answer(void); int result(void) { return answer(); }";
    let args = ["libs/libuser.so.1", "-Wl,--allow-shlib-undefined"];
    let outer = bench.compile("gcc", source, "outer.so", &args);
    let wheel = bench.wheel(&[("pkg/_outer.so", &outer)]);
    bench
        .repair(&wheel, &[])
        .refused(1, &["[lib-lacks-symbols]", "libuser.so.1"]);
}

#[test]
fn programs_have_their_functions_from_libraries() {
    let bench = Bench::new();
    CASE.make(&bench);
    let library = "libs/libtopo.so.1";
    bench.compile("gcc", LINKED, library, &[SONAME]);
    let source = format!("{USER} int main(void) {{ return answer(); }}");
    let args = ["-fPIE", "-pie", "-Wl,-z,now", library];
    let program = bench.program(&source, "tool", &args);
    bench.compile("gcc", STUB, library, &[SONAME]);
    bench
        .repair(&bench.wheel(&[("pkg/bin/tool", &program)]), &[])
        .refused(1, &["[lib-lacks-symbols]", "pkg/bin/tool"]);
}

#[test]
fn where_the_functions_may_be_had_nothing_is_said() {
    let lazy = Case {
        args: &["-Wl,-z,lazy"],
        ..CASE
    };
    let weak = Case {
        user: "__attribute__((weak)) int topo_init(void);\n\
            int answer(void) { return topo_init ? topo_init() : 0; }",
        ..CASE
    };
    let partly = Case {
        found: "int topo_init(void) { return 1; }",
        ..CASE
    };
    // A plug-in takes functions from its program; it does not use what it was linked with.
    let plugin = Case {
        user: "int host_call(void); int answer(void) { return host_call(); }",
        ..CASE
    };
    let extension = "int topo_init(void); int PyInit_user(void) { return topo_init(); }";
    let extension = Case {
        user: extension,
        ..CASE
    };
    for (what, case) in [
        ("lazy", lazy),
        ("weak", weak),
        ("partly", partly),
        ("plugin", plugin),
        ("extension", extension),
    ] {
        let run = case.repaired_as("pkg/user.so");
        assert_eq!(run.status, 0, "{what}: {}", run.stderr);
        run.says_nothing_of("lib-lacks-symbols");
    }
}

#[test]
fn functions_with_a_version_are_no_matter_of_this_rule() {
    let bench = Bench::new();
    bench.write("map", "TOPO_1 { global: topo_*; stub; };");
    let map = "-Wl,--version-script=map";
    fs::create_dir_all(bench.path("libs")).unwrap();
    let library = "libs/libtopo.so.1";
    bench.compile("gcc", LINKED, library, &[SONAME, map]);
    let user = bench.compile("gcc", USER, "user.so", &[library, "-Wl,-z,now"]);
    bench.compile("gcc", STUB, library, &[SONAME, map]);
    let wheel = bench.wheel(&[("pkg/user.so", &user)]);
    bench
        .repair(&wheel, &[])
        .says_nothing_of("lib-lacks-symbols");
}

#[test]
fn another_file_may_have_the_functions() {
    // What the library needs in turn, as some are split.
    let bench = Bench::new();
    fs::create_dir_all(bench.path("libs")).unwrap();
    let part = "libs/libpart.so.1";
    bench.compile("gcc", LINKED, part, &["-Wl,-soname,libpart.so.1"]);
    let user = CASE.make_with(&bench, &[part]);
    bench
        .repair(&bench.wheel(&[("pkg/_x.so", &user)]), &[])
        .done();
    assert_eq!(bench.answer(), 10);

    // Another file of the wheel, which opens them for all.
    let bench = Bench::new();
    let user = CASE.make(&bench);
    let other = bench.compile("gcc", LINKED, "other.so", &[]);
    let wheel = bench.wheel(&[("pkg/_x.so", &user), ("pkg/other.so", &other)]);
    bench.repair(&wheel, &[]).done();

    // A library outside, of which nothing is known.
    let bench = Bench::new();
    let far = bench.compile("gcc", STUB, "far.so", &["-Wl,-soname,libfar.so.1"]);
    assert!(!far.is_empty());
    let case = Case {
        args: &["-Wl,-z,now", "far.so"],
        ..CASE
    };
    let user = case.make(&bench);
    let wheel = bench.wheel(&[("pkg/_x.so", &user)]);
    bench.repair(&wheel, &["--exclude", "libfar.so.1"]).done();
}
