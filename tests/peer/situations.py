"""The situations that auditwheel's own tests are about, and their neighbours, made anew: a wheel, options, and what must work after the repair."""

from typing import NamedTuple

from workshop import HOST_TAG, LIBS, MACHINE, PYTHON

from harness.programs import ROOT

TESTDATA = ROOT / "testdata"
FOUND = {"AUDITWHEEL_LD_LIBRARY_PATH": LIBS}


class Situation(NamedTuple):
    name: str
    build: object  # makes the wheel in a workshop
    repair: tuple = ()  # options; None where nothing is repaired
    show: tuple = ()
    env: dict = {}
    call: str = ""  # what must work when the result is installed: Python, or the name of a script
    libs: bool = True  # whether LD_LIBRARY_PATH names the folder of libraries


def simple(shop):
    return shop.wheel("simple", {"simple/__init__.py": b"", ext("simple"): shop.extension("simple", "ext")})


def dependencies(shop):
    return shop.wheel("deps", {"deps/__init__.py": b"", ext("deps"): shop.outer_extension("deps")})


def simple_tagged(shop):
    return shop.wheel("said", {ext("said"): shop.extension("said", "ext")}, tags=f"{PYTHON}-{PYTHON}-manylinux_2_34_{MACHINE}")


def several_libraries(shop):
    """One extension that needs three libraries."""
    names = ("first", "second", "third")
    made = [shop.library(f"lib{name}.so.1", f"int {name}(void) {{ return 7; }}") for name in names]
    before = "".join(f"int {name}(void);" for name in names)
    return shop.wheel("several", {ext("several"): shop.extension("several", "ext", "first() + second() + third()", before, made)})


def ext(folder, name="ext"):
    """The member of an extension."""
    return f"{folder}/{name}.so"


def library_path(shop):
    """The library is found by an RPATH into the folder where it was built."""
    inner = shop.library("libfar.so.1", "int far(void) { return 20; }", folder=shop.home / "far")
    near = shop.library("libnear.so.1", "int far(void); int near(void) { return far(); }", inner, f"-Wl,-rpath,{inner.parent}", folder=shop.home / "near")
    flags = (near, f"-Wl,-rpath,{near.parent}", "-Wl,--disable-new-dtags")
    return shop.wheel("paths", {ext("paths"): shop.extension("paths", "ext", "near()", "int near(void);", flags)})


def internal_path(shop):
    """A library of the wheel, found by $ORIGIN, needs one that is outside."""
    inside = shop.library("libinside.so", "int outer(void); int inside(void) { return outer(); }", shop.outer, folder=shop.home / "internal")
    flags = (inside, "-Wl,-rpath,$ORIGIN/../internal/libs")
    return shop.wheel("internal", {ext("internal"): shop.extension("internal", "ext", "inside()", "int inside(void);", flags), "internal/libs/libinside.so": inside})


def internal_unreached(shop):
    """As above, but nothing leads to the library of the wheel: another member has loaded it before."""
    inside = shop.library("libinside2.so", "int inside2(void) { return 20; }", folder=shop.home / "unreached")
    body = ("inside2()", "int inside2(void);", (inside,))
    members = {ext("unreached"): shop.extension("unreached", "ext", *body), "unreached/libs/libinside2.so": inside}
    members["unreached/__init__.py"] = b"import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libs/libinside2.so'), ctypes.RTLD_GLOBAL)\n"
    return shop.wheel("unreached", members)


def partial(shop):
    """Of two libraries of the wheel only the extension knows where both are."""
    deep = shop.library("libdeep.so", "int deep(void) { return 20; }", folder=shop.home / "partial")
    mid = shop.library("libmid.so", "int deep(void); int mid(void) { return deep(); }", deep, folder=shop.home / "partial")
    flags = (mid, deep, "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN/libs", "-Wl,--disable-new-dtags")
    members = {ext("partial"): shop.extension("partial", "ext", "mid()", "int mid(void);", flags)}
    return shop.wheel("partial", members | {"partial/libs/libmid.so": mid, "partial/libs/libdeep.so": deep})


def several_top_levels(shop):
    one, two = shop.outer_extension("tops", "one"), shop.outer_extension("tops", "two")
    return shop.wheel("tops", {"one.so": one, "tops_a/two.so": two, "tops_b/deeper/one.so": one})


def plain_library(shop):
    """A library that only ctypes loads; it has a search path of its own."""
    flags = (shop.outer, "-Wl,-rpath,$ORIGIN:/opt/builder/lib:$ORIGIN/../..")
    plain = shop.library("libplain.so", "int outer(void); int plain(void) { return outer(); }", *flags, folder=shop.home / "plain")
    return shop.wheel("plain", {"plain/libplain.so": plain, "plain/__init__.py": b""}, tags=f"py3-none-linux_{MACHINE}")


def builder_paths(shop):
    """A search path of the build machine in a file that needs nothing."""
    flags = ("-Wl,-rpath,/opt/builder/lib:$ORIGIN/libs",)
    return shop.wheel("builder", {ext("builder"): shop.extension("builder", "ext", flags=flags)})


def scripts(shop):
    program = "int outer(void); int main(void) { return outer() - 21; }"
    needy = shop.compiled(shop.home / "scripts/needy", program, shop.outer, f"-Wl,-rpath-link,{shop.libs}")
    alone = shop.compiled(shop.home / "scripts/alone", "int main(void) { return 0; }")
    members = {"scripted/__init__.py": b"", "scripted-1.0.data/scripts/needy": needy, "scripted-1.0.data/scripts/alone": alone}
    modes = {name: 0o755 for name in members if "scripts" in name}
    return shop.wheel("scripted", members, tags=f"py3-none-linux_{MACHINE}", modes=modes)


def platlib(shop):
    """Everything lies in `.data/platlib`."""
    return shop.wheel("platted", {f"platted-1.0.data/platlib/{ext('platted')}": shop.outer_extension("platted")})


def in_purelib(shop):
    return shop.wheel("pured", {f"pured-1.0.data/purelib/{ext('pured')}": shop.outer_extension("pured")})


def missing(shop):
    gone = shop.library("libgone.so.1", "int gone(void) { return 1; }", folder=shop.home / "gone")
    return shop.wheel("missing", {ext("missing"): shop.extension("missing", "ext", "gone()", "int gone(void);", (gone,))})


def needs_python(shop):
    stub = shop.library("libpython3.11.so.1.0", "int stub;", folder=shop.home / "python")
    return shop.wheel("pythonic", {ext("pythonic"): shop.extension("pythonic", "ext", flags=("-Wl,--no-as-needed", stub))})


def driver(shop):
    cuda = shop.library("libcuda.so.1", "int cuInit(int flags) { return flags; }")
    return shop.wheel("driver", {ext("driver"): shop.extension("driver", "ext", "cuInit(1)", "int cuInit(int);", (cuda,))})


def owned(shop):
    """A library that a Debian package owns."""
    return shop.wheel("owned", {ext("owned"): shop.extension("owned", "ext", "keep == 0", "void ffi_closure_free(void *); void *keep = ffi_closure_free;", ("-lffi",))})


def too_new(shop):
    """A symbol that glibc 2.34 took over."""
    source = "#include <pthread.h>\nvoid *made = pthread_create;"
    return shop.wheel("newer", {ext("newer"): shop.extension("newer", "ext", "made != 0", source)})


def private_symbols(shop):
    """A symbol of zlib's that no policy lets a wheel use."""
    flags = ("-Wl,--unresolved-symbols=ignore-all", "-Wl,--no-as-needed", "-lz")
    return shop.wheel("private", {ext("private"): shop.extension("private", "ext", "_dist_code", "extern int _dist_code;", flags)})


def fpe(shop):
    flags = ("-Wl,--unresolved-symbols=ignore-all",)
    return shop.wheel("fpe", {ext("fpe"): shop.extension("fpe", "ext", "*PyFPE_jbuf", "extern int *PyFPE_jbuf;", flags)})


def narrow(shop):
    source = "void PyUnicodeUCS2_FromUnicode(void); char *getenv(const char *); void initext(void) { getenv(\"PATH\"); PyUnicodeUCS2_FromUnicode(); }"
    made = shop.compiled(shop.home / "narrow/ext.so", source, "-shared", "-fPIC")
    return shop.wheel("narrow", {ext("narrow"): made}, tags=f"cp27-cp27mu-linux_{MACHINE}")


def newer_processor(shop):
    flags = ("-Wl,-z,x86-64-v3",)
    return shop.wheel("processor", {ext("processor"): shop.extension("processor", "ext", flags=flags)})


def no_libc(shop):
    return shop.wheel("bare", {ext("bare"): shop.extension("bare", "ext", flags=("-nostdlib", "-DWITHOUT_LIBC"))})


def no_libc_name(shop):
    """As above, in a wheel whose name tells the C library."""
    tags = f"{PYTHON}-{PYTHON}-manylinux_2_28_{MACHINE}"
    return shop.wheel("bared", {ext("bared"): shop.extension("bared", "ext", flags=("-nostdlib", "-DWITHOUT_LIBC"))}, tags=tags)


def static_program(shop):
    program = shop.compiled(shop.home / "static/tool", "int main(void) { return 0; }", "-static")
    return shop.wheel("static", {"static/tool": program}, tags=f"py3-none-linux_{MACHINE}", modes={"static/tool": 0o755})


def pure(shop):
    return shop.wheel("pure", {"pure/__init__.py": b""}, tags="py3-none-any", purelib="true")


def pure_by_contents(shop):
    return shop.wheel("hollow", {"hollow/__init__.py": b""})


def pure_by_name(shop):
    return shop.wheel("claimed", {ext("claimed"): shop.outer_extension("claimed")}, tags="py3-none-any", purelib="true")


def other_machine(shop):
    return shop.wheel("other", {ext("other"): shop.extension("other", "ext")}, tags=f"{PYTHON}-{PYTHON}-linux_s390x")


def two_machines(shop):
    foreign = TESTDATA / "libs/s390x-glibc/libwords.so.2"
    return shop.wheel("mixed", {ext("mixed"): shop.outer_extension("mixed"), "mixed/libwords.so.2": foreign})


def other_libc(shop):
    return shop.wheel("libcs", {ext("libcs"): shop.extension("libcs", "ext")}, tags=f"{PYTHON}-{PYTHON}-musllinux_1_2_{MACHINE}")


def undeserved(shop):
    tags = f"{PYTHON}-{PYTHON}-manylinux_2_28_{MACHINE}"
    return shop.wheel("undeserved", {ext("undeserved"): shop.outer_extension("undeserved")}, tags=tags)


def many_tags(shop):
    made = {ext("many"): shop.outer_extension("many")}
    return shop.wheel("many", made, tags=f"py2.py3-none-linux_{MACHINE}", build="2b")


def wrong_tag_lines(shop):
    return shop.wheel("lines", {ext("lines"): shop.outer_extension("lines")}, wheel_tags=[f"cp39-cp39-linux_{MACHINE}"])


def odd_modes(shop):
    members = {ext("modes"): shop.outer_extension("modes"), "modes/secret.txt": b"a", "modes/run.sh": b"#!/bin/sh\n", "modes/shared.txt": b"b"}
    modes = {ext("modes"): 0o644, "modes/secret.txt": 0o600, "modes/run.sh": 0o775, "modes/shared.txt": 0o664}
    return shop.wheel("modes", members, modes=modes)


def own_copy(shop):
    """The wheel's own library, reached by a RUNPATH, and another of that name in LD_LIBRARY_PATH."""
    shop.library("libowned.so", "int owned(void) { return 7; }")
    mine = shop.library("libowned.so", "int owned(void) { return 21; }", folder=shop.home / "copy")
    flags = (mine, "-Wl,-rpath,$ORIGIN/libs", "-Wl,--enable-new-dtags")
    return shop.wheel("copied", {ext("copied"): shop.extension("copied", "ext", "owned()", "int owned(void);", flags), "copied/libs/libowned.so": mine})


def made_before(target, musl=False):
    """A wheel of `testdata`, for any machine."""
    return lambda shop: TESTDATA / "wheels" / ("musl" if musl else "") / f"greet-1.0-cp38-abi3-linux_{target}.whl"


def across(target, libc="glibc"):
    """A repair for another machine than this."""
    folder = str(TESTDATA / f"libs/{target}-{libc}")
    return Situation(f"across {target} {libc}", made_before(target, libc == "musl"), ("--ldpaths", folder), ("--ldpaths", folder))


WORKS = "import {0}.ext as e; assert e.call() == {1}"
DEPS = WORKS.format("deps", 21)

SITUATIONS = [
    Situation("simple", simple, call=WORKS.format("simple", 1)),
    Situation("dependencies", dependencies, call=DEPS),
    Situation("dependencies not found", dependencies, libs=False),
    Situation("library path", library_path, libs=False, call=WORKS.format("paths", 20)),
    Situation("internal path", internal_path, call=WORKS.format("internal", 21)),
    Situation("internal, unreached", internal_unreached, call=WORKS.format("unreached", 20)),
    Situation("partial", partial, call=WORKS.format("partial", 20)),
    Situation("several top levels", several_top_levels, call="import one, tops_b.deeper.one as o; assert one.call() == o.call() == 21"),
    Situation("plain library", plain_library, call="import ctypes, plain; assert ctypes.CDLL(plain.__path__[0] + '/libplain.so').plain() == 21"),
    Situation("builder's paths", builder_paths, call=WORKS.format("builder", 1)),
    Situation("scripts", scripts, call="needy"),
    Situation("platlib", platlib, call=WORKS.format("platted", 21)),
    Situation("purelib", in_purelib, call=WORKS.format("pured", 21)),
    Situation("missing library", missing),
    Situation("needs libpython", needs_python, call=WORKS.format("pythonic", 1)),
    Situation("driver", driver),
    Situation("owned by a package", owned, call=WORKS.format("owned", 0)),
    Situation("too new for the tag", too_new, ("--plat", "manylinux2014_" + MACHINE)),
    Situation("private symbols", private_symbols),
    Situation("PyFPE", fpe),
    Situation("narrow unicode", narrow),
    Situation("newer processor", newer_processor),
    Situation("newer processor, unchecked", newer_processor, ("--disable-isa-ext-check",), ("--disable-isa-ext-check",)),
    Situation("no C library", no_libc),
    Situation("no C library but in the name", no_libc_name),
    Situation("static program", static_program),
    Situation("pure", pure),
    Situation("pure, allowed", pure, ("--allow-pure-python-wheel",), ("--allow-pure-python-wheel",)),
    Situation("pure by contents", pure_by_contents),
    Situation("pure by contents, allowed", pure_by_contents, ("--allow-pure-python-wheel",), ("--allow-pure-python-wheel",)),
    Situation("pure by name", pure_by_name, call=WORKS.format("claimed", 21)),
    Situation("another machine", other_machine),
    Situation("two machines", two_machines),
    Situation("another C library", other_libc),
    Situation("undeserved tag", undeserved, call=WORKS.format("undeserved", 21)),
    Situation("several tags", many_tags, call=WORKS.format("many", 21)),
    Situation("Tag lines that differ", wrong_tag_lines),
    Situation("odd modes", odd_modes),
    Situation("own copy", own_copy, call=WORKS.format("copied", 21)),
    Situation("--ldpaths", dependencies, ("--ldpaths", LIBS), ("--ldpaths", LIBS), libs=False, call=DEPS),
    Situation("--ldpaths in the place of LD_LIBRARY_PATH", dependencies, ("--ldpaths", "/nowhere"), ("--ldpaths", "/nowhere")),
    Situation("--ldpaths beside AUDITWHEEL_LD_LIBRARY_PATH", dependencies, ("--ldpaths", "/nowhere"), ("--ldpaths", "/nowhere"), FOUND, libs=False, call=DEPS),
    Situation("AUDITWHEEL_LD_LIBRARY_PATH", dependencies, env=FOUND, libs=False, call=DEPS),
    Situation("--exclude twice", several_libraries, ("--exclude", "libfirst*", "--exclude", "libsecond*"), call=WORKS.format("several", 21)),
    Situation("--exclude", dependencies, ("--exclude", "libouter*"), call=DEPS),
    Situation("--exclude of a path", dependencies, ("--exclude", "*/situations/libs/*"), call=DEPS),
    Situation("--exclude of what is inside", dependencies, ("--exclude", "libinner.so.[12]"), call=DEPS),
    Situation("--exclude, a script", scripts, ("--exclude", "libinner.so.1"), call="needy"),
    Situation("--exclude, platlib", platlib, ("--exclude", "libinner.so.1"), call=WORKS.format("platted", 21)),
    Situation("--exclude, -L", dependencies, ("--exclude", "libinner.so.1", "-L", "/libs"), call=DEPS),
    Situation("--strip", dependencies, ("--strip",), call=DEPS),
    Situation("-z 0", dependencies, ("-z", "0")),
    Situation("-z 9", dependencies, ("-z", "9")),
    Situation("-z before that of the environment", dependencies, ("-z", "6"), env={"AUDITWHEEL_ZIP_COMPRESSION_LEVEL": "0"}),
    Situation("-z of the environment", dependencies, env={"AUDITWHEEL_ZIP_COMPRESSION_LEVEL": "0"}),
    Situation("--plat", dependencies, ("--plat", f"manylinux_2_28_{MACHINE}")),
    Situation("--plat without machine", dependencies, ("--plat", "manylinux_2_28")),
    Situation("--only-plat", dependencies, ("--plat", f"manylinux2014_{MACHINE}", "--only-plat")),
    Situation("--plat of the environment", dependencies, ("--only-plat",), env={"AUDITWHEEL_PLAT": f"manylinux_2_31_{MACHINE}"}),
    Situation("--plat before that of the environment", dependencies, ("--plat", f"manylinux_2_28_{MACHINE}", "--only-plat"), env={"AUDITWHEEL_PLAT": f"manylinux_2_31_{MACHINE}"}),
    Situation("--plat by an old name", dependencies, ("--plat", f"manylinux2010_{MACHINE}", "--only-plat")),
    Situation("--plat auto", dependencies, ("--plat", "auto", "--only-plat")),
    Situation("--plat linux", dependencies, ("--plat", f"linux_{MACHINE}")),
    Situation("--plat of another machine", dependencies, ("--plat", "manylinux_2_28_s390x")),
    Situation("--plat of another C library", undeserved, ("--plat", f"musllinux_1_2_{MACHINE}")),
    Situation("--plat unknown", dependencies, ("--plat", "manylinux_9_9")),
    Situation("--no-update-tags", dependencies, ("--no-update-tags",), call=DEPS),
    Situation("--no-update-tags for a tag", dependencies, ("--no-update-tags", "--plat", f"manylinux_2_28_{MACHINE}")),
    Situation("--no-update-tags of a tag that is deserved", simple_tagged, ("--no-update-tags",)),
    Situation("--strip, --no-update-tags, -L", dependencies, ("--strip", "--no-update-tags", "--lib-sdir", ".deps", "--only-plat"), call=DEPS),
    Situation("-L of the package", dependencies, ("-L", "/libs"), call=DEPS),
    Situation("-L without a dot", dependencies, ("-L", "_libs"), call=DEPS),
    Situation("-L of nothing", dependencies, ("-L", ""), call=DEPS),
    Situation("--patcher", dependencies, ("--patcher", "patchelf"), call=DEPS),
    Situation("--patcher of the environment", dependencies, env={"AUDITWHEEL_PATCHER": "patchelf"}, call=DEPS),
    Situation("--patcher none of the environment", dependencies, env={"AUDITWHEEL_PATCHER": "none"}),
    Situation("--patcher none", dependencies, ("--patcher", "none")),
    Situation("--patcher unknown", dependencies, ("--patcher", "sed")),
    Situation("dates before zip's", dependencies, env={"SOURCE_DATE_EPOCH": "0"}),
    Situation("dates", dependencies, env={"SOURCE_DATE_EPOCH": "650203201"}),
    *[across(target) for target in ("aarch64", "armv7l", "i686", "ppc64le", "riscv64", "s390x")],
    *[across(target, "musl") for target in ("aarch64", "s390x", "x86_64")],
]
