#!/usr/bin/env python3
"""Edits freshly linked programs and libraries and runs them with the loaders of their platforms.

    python3 tests/loaders/run.py --editor target/debug/examples/elf_edit --audit target/debug/audit [--only PATTERN] [--sample] [--table FILE]

docs/elf-editor.md says what is checked; --table has patchelf edit the same files, and writes the table of figures.
"""

import argparse
import fnmatch
import functools
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import layouts
import wheels
from before import Before
from building import PROGRAMS, ZIG, Builder, linkers
from figures import Figures
from harness import arguments
from harness.programs import TARGET, Tools, require, run
from harness.report import Failure, Report
from judging import Baseline, check_answer, dynamic_names, new_complaints, strip, strips_of

NEW_NAMES = {"libbase.so.1": "libbase-1a2b3c4d.so.1", "libmid.so.1": "libmid-5e6f7a8b.so.1"}
PATHS = {"libmid.so.1": "$ORIGIN", **dict.fromkeys(PROGRAMS, "$ORIGIN/../libs:$ORIGIN/../lib/somewhere/else")}


def main():
    args = parse_args()
    if args.packages:
        print(*layouts.PACKAGES)
        return 0
    tools = Tools(f"{ZIG}\n")
    suite = Suite(args, tools)
    cases = [
        (f"{target.name} {linker} {layout.name}", target, functools.partial(suite.case, target, linker, layout))
        for target, linker, layout in layouts.matrix(args.sample)
    ]
    cases.append(("loongarch64 zig static", layouts.STATIC, functools.partial(suite.static_case, layouts.STATIC)))
    cases += [(name, layouts.TARGETS["x86_64"], case) for name, case in Before(suite, tools).cases(args.sample)]
    cases = [case for case in cases if fnmatch.fnmatchcase(case[0], args.only)]
    require(programs({target for _, target, _ in cases}))
    linkers()
    report = Report("loaders")
    report.run((name, case) for name, _, case in cases)
    print(f"\n{suite.figures.table()}")
    if args.table:
        suite.figures.write(args.table)
    return report.close()


def programs(targets):
    """What builds, runs and strips for these targets, and the packages that have it."""
    needed = {"gcc": "gcc", "g++": "g++", "musl-gcc": "musl-tools", "ld.lld": "lld", "mold": "mold", "llvm-strip": "llvm", "eu-strip": "elfutils"}
    for target in targets:
        if target.runner and not target.zig:
            triple = target.prefix.rstrip("-")
            package = triple.replace("_", "-")
            needed.update({target.runner[0]: "qemu-user", f"{triple}-gcc": f"gcc-{package}", f"{triple}-g++": f"g++-{package}"})
    return needed


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--editor", type=pathlib.Path, help="the example elf_edit")
    parser.add_argument("--audit", type=pathlib.Path, help="the built command")
    parser.add_argument("--only", default="*", help="cases to run, as a pattern: 'aarch64 lld *'")
    parser.add_argument("--sample", action="store_true", help=arguments.SAMPLE)
    parser.add_argument("--table", type=pathlib.Path, help="the document whose table of figures to replace")
    parser.add_argument("--packages", action="store_true", help="print the Debian packages that the suite needs, and end")
    args = parser.parse_args()
    for option in ("editor", "audit"):
        file = getattr(args, option)
        if not args.packages and not (file and file.is_file()):
            parser.error(f"--{option} must name a file that was built: {file}")
    return args


class Suite:
    """The stations of each case."""

    def __init__(self, args, tools):
        self.editor = args.editor.resolve()
        self.audit = args.audit.resolve()
        self.patchelf = tools.bin / "patchelf" if args.table else None
        self.builder = Builder(tools)
        self.figures = Figures()

    def case(self, target, linker, layout):
        home = TARGET / "loaders" / f"{target.name}-{linker}-{layout.name}"
        shutil.rmtree(home, ignore_errors=True)
        built = self.builder.build(home / "built", target, linker, layout)
        if target.runs:
            check_answer(target, built, "as built", library_path=built)
        baseline = Baseline(home, target, built)
        strips = strips_of(target) if layout.sections else ()
        key = (target.name, linker, "ours")
        self.edit(built, home / "edited", self.ours)
        self.measure(key, target, built, home / "edited", (strips, baseline))
        lint = self.figures.counts[key]["lint"]
        if lint:
            raise Failure(f"new complaints of eu-elflint or readelf: {lint}")
        self.own_strip(key, target, built, home)
        if layout.name == "plain":
            self.as_wheel(key, target, built, home, baseline)
        if self.patchelf:
            self.peer((target.name, linker, "patchelf"), target, built, home / "patchelf", (strips, baseline))
        return "" if target.runs else "not run: there is no loader"

    def static_case(self, target):
        """A program that relocates itself runs without a loader."""
        home = TARGET / "loaders" / "static"
        shutil.rmtree(home, ignore_errors=True)
        built = self.builder.build_static(home / "built", target)
        check_answer(target, built.parent, "as built", programs=["static"])
        for what, more in (("runs", ()), ("own strip", ("--strip", "all"))):
            out = home / what / "static"
            out.parent.mkdir()
            self.ours(built, out, "$ORIGIN/somewhere/else", None, *more)
            self.count_answer((target.name, "zig", "ours"), what, target, out.parent, ["static"])

    def as_wheel(self, key, target, built, home, baseline):
        try:
            wheels.check(self.audit, target, built, home / "wheel", baseline)
        except Failure:
            self.figures.count(key, "as a wheel", False)
            raise
        self.figures.count(key, "as a wheel", True)
        if not target.zig:
            wheels.check_joined(self.editor, built, home / "joined")

    def edit(self, built, out, editor):
        """Gives libraries new names and all files a search path, in a folder that has nothing else."""
        (out / "libs").mkdir(parents=True)
        (out / "bin").mkdir()
        for old, new in pairs(built, out):
            editor(old, new, PATHS.get(old.name), NEW_NAMES.get(old.name))

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

    def count_answer(self, key, what, target, folder, programs=PROGRAMS):
        try:
            check_answer(target, folder, what, programs=programs)
        except Failure:
            self.figures.count(key, what, False)
            raise
        self.figures.count(key, what, True)

    def measure(self, key, target, built, out, stripping):
        """Runs what was edited, as it is and after each strip; every failure is one."""
        strips, baseline = stripping
        self.figures.count(key, "edited", True)
        for old, new in pairs(built, out):
            check_names(old, new)
            self.figures.grew(key, new.stat().st_size - old.stat().st_size)
            self.figures.add(key, "lint", len(new_complaints(old, new)))
        problems = []
        if target.runs:
            self.try_answer(key, "runs", target, out, problems)
        for name in strips:
            place = out.with_name(f"{out.name}-{name}")
            shutil.copytree(out, place)
            told = []
            for old, file in pairs(built, place):
                strip(name, target, file)
                check_names(old, file)
            if target.runs:
                # A strip that breaks the unedited files too is not counted.
                self.try_answer(key, f"after {name} strip", target, place, told, lambda name=name: baseline.works(name))
            problems += told
        if problems:
            raise Failure("\n".join(problems))

    def try_answer(self, key, what, target, folder, problems, counts=lambda: True):
        try:
            check_answer(target, folder / "bin", what)
        except Failure as failure:
            if counts():
                self.figures.count(key, what, False)
                problems.append(str(failure))
            return
        self.figures.count(key, what, True)

    def own_strip(self, key, target, built, home):
        out = home / "own-strip"
        self.edit(built, out, lambda *job: self.ours(*job, "--strip", "all"))
        for old, new in pairs(built, out):
            check_names(old, new)
        if target.runs:
            self.count_answer(key, "own strip", target, out / "bin")

    def peer(self, key, target, built, out, stripping):
        """patchelf on the same files; what it breaks is counted, not a failure of ours."""
        try:
            self.edit(built, out, self.theirs)
        except Failure:
            self.figures.count(key, "edited", False)
            return
        try:
            self.measure(key, target, built, out, stripping)
        except Failure:
            pass


def pairs(built, out):
    for old, new in NEW_NAMES.items():
        yield built / old, out / "libs" / new
    for program in PROGRAMS:
        yield built / program, out / "bin" / program


def check_names(old, new):
    """readelf sees the edit, and nothing else."""
    expected, found = dynamic_names(old), dynamic_names(new)
    expected["NEEDED"] = [NEW_NAMES.get(name, name) for name in expected["NEEDED"]]
    found["NEEDED"] += []
    if old.name in NEW_NAMES:
        expected["SONAME"] = [NEW_NAMES[old.name]]
    if old.name in PATHS:
        expected["RPATH"] = [PATHS[old.name]]
        expected.pop("RUNPATH", None)
    if expected != found:
        raise Failure(f"{new.name}: readelf sees {dict(found)}, not {dict(expected)}")


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
