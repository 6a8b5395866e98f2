#!/usr/bin/env python3
"""Judges and repairs wheels that are large in every way, in little memory.

    python3 tests/large/run.py --audit target/release/audit [--only PATTERN]

The wheels are made under target/large, one after the other, and removed; docs/testing.md says what is checked.
"""

import ctypes
import fnmatch
import functools
import pathlib
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import arguments, libraries, wheels
from harness.making import ZEROS, WheelMaker
from harness.programs import TARGET, measured, require, run
from harness.report import Failure, Report

HOME = TARGET / "large"
MIB, GIB = 1 << 20, 1 << 30
EXTENSION = "large/_large.abi3.so"


class Case(NamedTuple):
    """A wheel that is large in one way: an extension, the library that it needs, and what lies around the extension."""

    name: str
    limit: int = 256  # MiB of memory that each run may take
    extension: int = MIB  # bytes that it holds
    graft: int = 0  # likewise
    before: Callable = lambda maker: None
    after: Callable = lambda maker: None
    least: int = 0  # bytes of the archive

    @property
    def short(self):
        return self.name.partition(":")[0]


def gibibytes(maker):
    """Five of them, stored, so that the extension lies behind 4 GiB."""
    for number in range(5):
        maker.add(f"large/{number}.bin", (ZEROS for _ in range(GIB // MIB)), stored=True)


def zeros(maker):
    """5 GiB of which little is left when compressed."""
    maker.add("large/zeros.bin", (ZEROS for _ in range(5 * GIB // MIB)), 5 * GIB)


def texts(maker):
    """More members than an archive without zip64 can count."""
    for number in range(70_000):
        maker.add(f"large/data/{number % 100}/{number}.txt", [b"%d\n" % number])


CASES = [
    Case("300 MiB: a member, within 256 MiB", extension=300 * MIB),
    Case("300 MiB graft: within 256 MiB", graft=300 * MIB),
    Case("1.5 GiB: a member, within 512 MiB", limit=512, extension=1536 * MIB),
    Case("5 GiB archive: offsets that need zip64", before=gibibytes, least=5 * GIB),
    Case("5 GiB member: sizes that need zip64", before=zeros),
    Case("70,000 members", after=texts),
]


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--only", default="*", help="names of cases to run, as a pattern")
    args = arguments.parsed(line, lambda: ["gcc", "python3"])
    require({"gcc": "gcc"})
    shutil.rmtree(HOME, ignore_errors=True)
    report = Report("large")
    wanted = [case for case in CASES if fnmatch.fnmatchcase(case.short, args.only)]
    # One after the other: each takes much of the disk.
    report.run(((case.name, functools.partial(judged_and_repaired, args.audit, case)) for case in wanted), jobs=1)
    shutil.rmtree(HOME, ignore_errors=True)
    return report.close()


def judged_and_repaired(audit, case):
    """The way of every wheel: made, shown, repaired, and loaded."""
    with Bench(audit, case) as bench:
        bench.make()
        bench.show()
        bench.works(bench.repair())
        return ", ".join(bench.remarks)


class Bench:
    """A folder with a wheel in the making, the library that it needs, and room for the result."""

    def __init__(self, audit, case):
        self.audit, self.case = audit, case
        self.home = HOME / case.short.replace(" ", "-")
        shutil.rmtree(self.home, ignore_errors=True)
        self.libs = self.home / "libs"
        self.libs.mkdir(parents=True)
        self.wheel = self.home / f"large-1.0-cp38-abi3-linux_{platform.machine()}.whl"
        self.remarks = []

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        shutil.rmtree(self.home, ignore_errors=True)

    def audited(self, *words):
        """A run that must end well, within the limit."""
        done = measured([self.audit, *words, "--no-host-libs", "--lib-path", self.libs, self.wheel], cwd=self.home)
        if done.status:
            raise Failure(f"{words[0]} ended with {done.status}\n{done.output[-2000:]}")
        if not 1 < done.mib < self.case.limit:
            raise Failure(f"{words[0]} took {done.mib:.0f} MiB, not less than {self.case.limit}")
        self.remarks.append(f"{words[0]} {done.seconds:.1f} s {done.mib:.0f} MiB")
        return done.output

    def make(self):
        libraries.graft(self.libs / "libgraft.so.1", self.case.graft)
        extension = self.home / "extension.so"
        libraries.extension(extension, self.libs, self.case.extension)
        with WheelMaker(self.wheel) as maker:
            self.case.before(maker)
            maker.add(EXTENSION, libraries.blocks_of(extension), self.case.extension)
            self.case.after(maker)
        extension.unlink()
        if self.wheel.stat().st_size < self.case.least:
            raise Failure("the wheel is smaller than it should be")

    def show(self):
        shown = self.audited("show")
        if "libgraft.so.1" not in shown:
            raise Failure(f"show does not speak of the library that is missing\n{shown[-2000:]}")

    def repair(self):
        """The repaired wheel, checked."""
        self.audited("repair", "-w", self.home / "out")
        [repaired] = (self.home / "out").iterdir()
        if set(wheels.grafts(repaired)) != {"libgraft.so.1"}:
            raise Failure(f"grafts: {wheels.grafts(repaired)}")
        wheels.check_archive(repaired, limits=False)
        wheels.check_record(repaired)
        return repaired

    def works(self, repaired):
        """The libraries of a repaired wheel are loaded, and what they hold is what went in."""
        graft, size = wheels.grafts(repaired)["libgraft.so.1"], self.case.extension
        with zipfile.ZipFile(repaired) as archive:
            for member in (EXTENSION, graft):
                archive.extract(member, self.home / "installed")
        probe = "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); print([library.at(ctypes.c_ulong(int(i))) for i in sys.argv[2:]])"
        places = [0, 1, size // 2, size - MIB, size - 1]
        done = run([sys.executable, "-c", probe, self.home / "installed" / EXTENSION, *places])
        expected = [ctypes.c_int8(libraries.byte_at(place)).value for place in places]
        if done.stdout.strip() != str(expected):
            raise Failure(f"the repaired library holds {done.stdout.strip()}, not {expected}")


if __name__ == "__main__":
    sys.exit(main())
