"""Builds the libraries and programs that are edited: compiled once for each platform, linked for each layout."""

import functools
import pathlib
import shutil
import struct
import threading

from harness.programs import TARGET, clean_env, run

SOURCES = pathlib.Path(__file__).resolve().parent / "src"
PROGRAMS = ("pie", "exec")
ZIG = "ziglang==0.14.1"


class Builder:
    """Compilers and what they made so far."""

    def __init__(self, tools):
        self.tools = tools
        self.lock = threading.Lock()
        self.locks = {}

    def command(self, target, language="c"):
        """The compiler driver of a target, as words."""
        if target.zig:
            return [self.tools.bin / "python", "-m", "ziglang", "cc" if language == "c" else "c++", "-target", target.zig]
        return [target.tool("gcc" if language == "c" else "g++")]

    def run(self, command):
        # Zig builds start files and libraries once, and keeps them there.
        cache = str(TARGET / "loaders" / "zig-cache")
        return run(command, env=clean_env(ZIG_GLOBAL_CACHE_DIR=cache, ZIG_LOCAL_CACHE_DIR=cache))

    def objects(self, target, defines):
        """A folder with the object files of a target, made by whoever asks first."""
        key = (target.zig or target.name, defines)
        with self.lock:
            first = key not in self.locks
            lock = self.locks.setdefault(key, threading.Lock())
            lock_taken = first and lock.acquire()
        name = f"{key[0]}{''.join(defines)}".replace("/", "")
        folder = TARGET / "loaders" / "objects" / name
        if lock_taken:
            try:
                self.compile(target, defines, folder)
            finally:
                lock.release()
        with lock:
            return folder

    def compile(self, target, defines, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        common = ["-O1", "-g", *target.defines, *defines, "-c"]
        plus = self.command(target, "c++" if target.cxx else "c")
        language = [] if target.cxx else ["-x", "c"]
        self.run([*self.command(target), *common, "-fPIC", SOURCES / "base.c", "-o", folder / "base.o"])
        self.run([*plus, *common, "-fPIC", *language, SOURCES / "mid.cpp", "-o", folder / "mid.o"])
        for program, kind in zip(PROGRAMS, ("-fPIE", "-fno-pie")):
            self.run([*plus, *common, kind, *language, SOURCES / "main.cpp", "-o", folder / f"{program}.o"])

    def build(self, home, target, linker, layout):
        """Two libraries and two programs, linked as the layout says."""
        home.mkdir(parents=True)
        objects = self.objects(target, layout.defines)
        link = [*layout.flags] if target.zig else [f"-B{linkers()}", f"-fuse-ld={linker}", *layout.flags]
        plus = self.command(target, "c++" if target.cxx else "c")
        # A shared libgcc and libstdc++ come from the platform, as in wheels.
        base, mid = home / "libbase.so.1", home / "libmid.so.1"
        script = f"-Wl,--version-script={SOURCES}/base.map"
        self.run([*self.command(target), *link, "-shared", "-Wl,-soname,libbase.so.1", script, objects / "base.o", "-o", base])
        self.run([*plus, *link, "-shared", "-Wl,-soname,libmid.so.1", objects / "mid.o", base, "-o", mid])
        for program, kind in zip(PROGRAMS, ("-pie", "-no-pie")):
            self.run([*plus, *link, kind, objects / f"{program}.o", mid, base, "-pthread", "-o", home / program])
        if not layout.sections:
            for file in home.iterdir():
                cut_sections(file)
        return home

    def build_static(self, home, target):
        """One program with everything in it, which relocates itself."""
        home.mkdir(parents=True)
        objects = self.objects(target, ())
        parts = [objects / f"{name}.o" for name in ("base", "mid", "pie")]
        self.run([*self.command(target), "-static", "-pie", *parts, "-o", home / "static"])
        return home / "static"


@functools.cache
def linkers():
    """A folder that leads cross compilers to the linkers of all targets."""
    folder = TARGET / "loaders" / "linkers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("ld.lld", "ld.mold"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


def cut_sections(file):
    """Takes section headers, and what only they describe, off a 64-bit little-endian file."""
    data = bytearray(file.read_bytes())
    (table,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    ends = (sum(struct.unpack_from("<Q", data, table + index * size + at)[0] for at in (8, 32)) for index in range(count))
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HH", data, 60, 0, 0)
    file.write_bytes(data[: max(ends)])
