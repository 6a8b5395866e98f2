"""The sound files that the mutations start from: built here with each compiler and linker of the machine, or of testdata."""

import itertools
import shutil
import zipfile
from typing import NamedTuple

from harness.programs import ROOT, run

OUTSIDE, DEEP, INSIDE = "libouter.so.2", "libdeep.so.3", "libinside.so.1"

DEEP_C = "int deep(void) { return 3; }"
OUTSIDE_C = "#include <math.h>\nextern int deep(void); double root; int outer(void) { root = sqrt(root + 16); return deep() * (int) root; }"
INSIDE_C = "static int cells[3000] = {5}; static char room[9000]; int inside(int at) { room[at]++; return cells[at]; }"
EXTENSION_C = """
#include <string.h>
extern int inside(int), outer(void);
_Thread_local int calls;
static char *words[] = {"one", "three", 0};
static int lengths;
__attribute__((constructor)) static void measure(void) { for (char **word = words; *word; word++) lengths += strlen(*word); }
void *PyInit__mut(void) { return 0; }
int answer(void) { calls++; return 1000 * lengths + 100 * calls + 10 * inside(0) + outer(); }
"""
PROGRAM_C = "extern int outer(void); int main(void) { return outer(); }"
HOST_C = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
static int told(struct dl_phdr_info *info, size_t size, void *data) {
    if (*info->dlpi_name) printf("file %s\n", info->dlpi_name);
    return 0;
}
int main(int count, char **words) {
    void *held = dlopen(words[1], RTLD_NOW | RTLD_LOCAL);
    if (!held) { printf("error %s\n", dlerror()); return 3; }
    int (*answer)(void) = (int (*)(void)) dlsym(held, "answer");
    if (answer) printf("answer %d\n", answer());
    dl_iterate_phdr(told, 0);
    return 0;
}
"""
VERSIONS = {OUTSIDE: "OUTER_1 { global: outer; local: *; };", DEEP: "DEEP_1 { global: deep; local: *; };"}
HASHES = ["gnu", "sysv", "both"]
OPTIONS = [
    [],
    ["-Wl,-z,now"],
    ["-Wl,-z,norelro"],
    ["-Wl,--build-id=none", "-s"],
    ["-g"],
    ["-Wl,-z,max-page-size=65536"],
    ["-Wl,-z,noseparate-code"],
]


class Kind(NamedTuple):
    """A family of files: `host` is the program that loads its extension, or None where this machine's loaders can't."""

    name: str
    platform: str  # of a wheel's tag, without version
    musl: bool
    files: dict  # name: bytes
    host: object = None


def kinds(home):
    """All that this machine can make, in an order that does not depend on anything else."""
    return [*built(home), *of_testdata()]


def built(home):
    shutil.rmtree(home, ignore_errors=True)
    compilers = [("glibc", "gcc"), ("musl", "musl-gcc")]
    linkers = [("bfd", "ld.bfd"), ("lld", "ld.lld"), ("mold", "mold")]
    for (library, compiler), (linker, program) in itertools.product(compilers, linkers):
        if not (shutil.which(compiler) and shutil.which(program)):
            continue
        host = compiled(home / f"host-{library}", compiler, HOST_C, ["-ldl"])
        for number, options in enumerate(OPTIONS):
            folder = home / f"{library}-{linker}-{number}"
            how = [f"-fuse-ld={linker}", f"-Wl,--hash-style={HASHES[number % 3]}", *options]
            yield Kind(folder.name, "linux_x86_64", library == "musl", family(folder, compiler, how), host)


def family(folder, compiler, how):
    """An extension, the library beside it, the two outside, and a program; each by name."""
    folder.mkdir(parents=True)
    shared = ["-shared", "-fPIC", *how]
    made = {}
    for name, source, more in [
        (DEEP, DEEP_C, []),
        (OUTSIDE, OUTSIDE_C, [folder / DEEP, "-lm"]),
        (INSIDE, INSIDE_C, []),
        ("extension", EXTENSION_C, [folder / INSIDE, folder / OUTSIDE, "-Wl,-rpath,$ORIGIN/lib"]),
    ]:
        options = [*shared, *more] if name == "extension" else [*shared, *more, f"-Wl,-soname,{name}"]
        if name in VERSIONS:
            (folder / "versions").write_text(VERSIONS[name])
            options.append(f"-Wl,--version-script={folder / 'versions'}")
        made[name] = compiled(folder / name, compiler, source, options).read_bytes()
    program = compiled(folder / "program", compiler, PROGRAM_C, [*how, folder / OUTSIDE, f"-Wl,-rpath-link,{folder}"])
    return made | {"program": program.read_bytes()}


def compiled(path, compiler, source, options):
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name of the source is in the debug information: it may not hold where the repository lies.
    (path.parent / f"{path.name}.c").write_text(source)
    folder = f"-ffile-prefix-map={path.parent}=."
    run([compiler, "-O1", folder, "-o", path, f"{path.name}.c", *options], cwd=path.parent)
    return path


def of_testdata():
    """The wheels of testdata, with the libraries that they need; their extensions are only judged and repaired."""
    for wheel in sorted((ROOT / "testdata/wheels").rglob("*.whl")):
        musl = wheel.parent.name == "musl"
        arch = wheel.stem.partition("linux_")[2]
        libs = ROOT / "testdata/libs" / f"{arch}-{'musl' if musl else 'glibc'}"
        with zipfile.ZipFile(wheel) as archive:
            [member] = [name for name in archive.namelist() if name.endswith(".so")]
            files = {"extension": archive.read(member)}
        files |= {path.name: path.read_bytes() for path in sorted(libs.iterdir()) if path.is_file()}
        yield Kind(f"testdata-{libs.name}", f"linux_{arch}", musl, files)
