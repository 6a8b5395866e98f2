"""What loaders, strips and checkers of ELF files say about programs and libraries."""

import collections
import re
import shutil
import subprocess

from building import PROGRAMS
from figures import STRIPS
from harness.programs import clean_env, run
from harness.report import Failure

ANSWER = "42 42 0"


def check_answer(target, folder, what, library_path=None, programs=PROGRAMS):
    """Runs the programs; nothing but their own search path leads to the libraries."""
    for program in programs:
        command = [*target.runner, folder / program]
        env = clean_env()
        if library_path and target.runner:
            command = [target.runner[0], "-E", f"LD_LIBRARY_PATH={library_path}", *target.runner[1:], folder / program]
        elif library_path:
            env["LD_LIBRARY_PATH"] = str(library_path)
        done = run(command, env=env, accept=range(-64, 256), timeout=120)
        if done.returncode != 0 or done.stdout.strip() != ANSWER:
            raise Failure(f"{what}: {program} ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")


def strip(name, target, file):
    tool = {"GNU": "strip" if target.name.endswith("musl") else target.tool("strip"), "llvm": "llvm-strip", "eu": "eu-strip"}[name]
    run([tool, *(["-s"] if name == "GNU" else []), file])


def strips_of(target):
    # Debian 12's strip knows no LoongArch.
    return STRIPS if target.runs or not target.zig else STRIPS[1:]


class Baseline:
    """Whether a strip leaves the unedited files in working order: more cannot be asked. Tried only if it matters."""

    def __init__(self, home, target, built):
        self.home, self.target, self.built = home, target, built
        self.known = {}

    def works(self, name):
        if name not in self.known:
            place = self.home / f"built-{name}"
            shutil.copytree(self.built, place)
            try:
                for file in place.iterdir():
                    strip(name, self.target, file)
                check_answer(self.target, place, "stripped as built", library_path=place)
                self.known[name] = True
            except Failure:
                self.known[name] = False
        return self.known[name]


def new_complaints(old, new):
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


def dynamic_names(file):
    """{tag: names} of the dynamic section, in the eyes of readelf."""
    found = collections.defaultdict(list)
    for line in run(["readelf", "-dW", file]).stdout.splitlines():
        row = re.search(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]", line)
        if row:
            found[row[1]].append(row[2])
    return found


def build_id(file):
    """In hex; None for files without one, as musl-gcc makes them."""
    found = re.search(r"Build ID: ([0-9a-f]+)", run(["readelf", "-nW", file]).stdout)
    return found and found[1]


def debug_link(file):
    """The name in .gnu_debuglink."""
    found = re.search(r"Separate debug info file: (\S+)", run(["readelf", "--debug-dump=links", file], accept=range(256)).stdout)
    if not found:
        raise Failure(f"{file.name} names no debug file")
    return found[1]
