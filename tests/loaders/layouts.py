"""What is built: targets, their linkers, and the layouts each linker is asked for."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """A platform whose programs can be built and run here."""

    name: str
    prefix: str
    runner: tuple = ()
    # What the C++ library and exceptions need is not there for musl.
    cxx: bool = True
    defines: tuple = ()
    # What clang of the package ziglang calls it; it comes with its own lld, newer than Debian's.
    zig: str = ""
    # Whether there is a loader to run dynamic programs with.
    runs: bool = True

    @property
    def arch(self):
        return self.name.partition("-")[0]

    def tool(self, name):
        return f"{self.prefix}{name}"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Flags of one build; `sections=False` cuts the section headers off afterwards."""

    name: str
    flags: tuple = ()
    defines: tuple = ()
    sections: bool = True


def cross(name, triple, qemu, *defines):
    return Target(name, f"{triple}-", (f"qemu-{qemu}", "-L", f"/usr/{triple}"), defines=defines)


TARGETS = {
    target.name: target
    for target in (
        Target("x86_64", ""),
        Target("x86_64-musl", "musl-", cxx=False),
        # Threads hang under qemu-i386 7.2, edited or not.
        cross("i686", "i686-linux-gnu", "i386", "-DONE_THREAD"),
        cross("aarch64", "aarch64-linux-gnu", "aarch64"),
        cross("armv7l", "arm-linux-gnueabihf", "arm"),
        cross("ppc64le", "powerpc64le-linux-gnu", "ppc64le"),
        cross("s390x", "s390x-linux-gnu", "s390x"),
        cross("riscv64", "riscv64-linux-gnu", "riscv64"),
        # Debian 12 has no compiler and no C library for it, but qemu-user runs what needs no loader.
        Target("loongarch64", "", ("qemu-loongarch64",), cxx=False, zig="loongarch64-linux-gnu.2.36", runs=False),
    )
}
# The same compiler and linker where a loader can judge them.
X86_ZIG = Target("x86_64", "", cxx=False, zig="x86_64-linux-gnu.2.31")
STATIC = Target("loongarch64", "", ("qemu-loongarch64",), cxx=False, defines=("-DONE_THREAD",), zig="loongarch64-linux-musl")

# What the linkers of Debian 12 cannot link: gold knows no RISC-V, lld 14 no IBM Z and no relaxation of RISC-V code, which the
# C library's start files ask for. Nor do lld 14 and mold 1.10 write the version that glibc asks of files with RELR.
UNSUPPORTED = {("riscv64", "gold"), ("riscv64", "lld"), ("s390x", "lld")}

LINKERS = ("bfd", "gold", "lld", "mold", "zig")

PLAIN = Layout("plain")
BOTH_HASHES = Layout("hash-both", ("-Wl,--hash-style=both",))
# What BOLT asks for.
EMIT_RELOCS = Layout("emit-relocs", ("-Wl,--emit-relocs",))
MANY_ZEROS = Layout("many-zeros", defines=("-DZEROS=9500000",))

EXTRA = {
    ("x86_64", "bfd"): (
        Layout("hash-sysv", ("-Wl,--hash-style=sysv",)),
        Layout("noseparate", ("-Wl,-z,noseparate-code",)),
        Layout("separate", ("-Wl,-z,separate-code",)),
        Layout("relr", ("-Wl,-z,pack-relative-relocs",)),
        Layout("pages-64k", ("-Wl,-z,max-page-size=65536",)),
        Layout("pages-2m", ("-Wl,-z,max-page-size=2097152",)),
        Layout("now", ("-Wl,-z,now,-z,relro",)),
        Layout("norelro", ("-Wl,-z,norelro",)),
        Layout("runpath", ("-Wl,--enable-new-dtags,-rpath,/nowhere/lib",)),
        EMIT_RELOCS,
        Layout("sframe", defines=("-Wa,--gsframe",)),
        Layout("no-sections", sections=False),
    ),
    ("x86_64", "gold"): (Layout("pages-64k", ("-Wl,-z,max-page-size=65536",)), EMIT_RELOCS, Layout("no-sections", sections=False)),
    ("x86_64", "lld"): (
        Layout("no-build-id", ("-Wl,--build-id=none",)),
        Layout("separate", ("-Wl,-z,separate-code",)),
        Layout("now", ("-Wl,-z,now",)),
        EMIT_RELOCS,
        Layout("no-sections", sections=False),
    ),
    ("x86_64", "mold"): (Layout("now", ("-Wl,-z,now",)), EMIT_RELOCS),
    ("aarch64", "bfd"): (Layout("pages-4k", ("-Wl,-z,max-page-size=4096",)), Layout("noseparate", ("-Wl,-z,noseparate-code",))),
    ("s390x", "bfd"): (Layout("hash-sysv", ("-Wl,--hash-style=sysv",)),),
    ("i686", "bfd"): (Layout("noseparate", ("-Wl,-z,noseparate-code",)), Layout("now", ("-Wl,-z,now",))),
}


def matrix(sample=False):
    """(target, linker, layout) of every case with dynamic programs, or of those that a sample keeps."""
    return sampled(every()) if sample else every()


def every():
    for target in (*TARGETS.values(), X86_ZIG):
        for linker in LINKERS:
            if (linker == "zig") != bool(target.zig) or (target.name, linker) in UNSUPPORTED:
                continue
            few = target.runner and linker not in ("bfd", "zig")
            common = (PLAIN, MANY_ZEROS) if few else (PLAIN, BOTH_HASHES, MANY_ZEROS)
            for layout in common + EXTRA.get((target.name, linker), ()):
                yield target, linker, layout


def sampled(cases):
    """What shows something for the first time: a linker's work for a target, or a layout by a linker; and what only one target has."""
    seen = set()
    for target, linker, layout in cases:
        news = {(target.name, linker), (linker, layout.name)} - seen
        own = target.runner and layout in EXTRA.get((target.name, linker), ())
        if news or own:
            seen |= news
            yield target, linker, layout


PACKAGES = """\
gcc g++ musl musl-tools lld mold llvm elfutils qemu-user
gcc-i686-linux-gnu gcc-aarch64-linux-gnu gcc-arm-linux-gnueabihf gcc-powerpc64le-linux-gnu gcc-s390x-linux-gnu gcc-riscv64-linux-gnu
g++-i686-linux-gnu g++-aarch64-linux-gnu g++-arm-linux-gnueabihf g++-powerpc64le-linux-gnu g++-s390x-linux-gnu g++-riscv64-linux-gnu
""".split()
