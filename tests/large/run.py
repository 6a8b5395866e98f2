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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import arguments, libraries, wheels
from harness.making import ZEROS, WheelMaker
from harness.programs import TARGET, measured, require, run
from harness.report import Failure, Report

HOME = TARGET / "large"
MIB, GIB = 1 << 20, 1 << 30
EXTENSION = "large/_large.abi3.so"


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--only", default="*", help="names of cases to run, as a pattern")
    args = arguments.parsed(line, lambda: ["gcc", "python3"])
    require({"gcc": "gcc"})
    shutil.rmtree(HOME, ignore_errors=True)
    cases = [
        ("300 MiB: a member, within 256 MiB", functools.partial(member_is_large, args.audit, 300 * MIB, 256)),
        ("300 MiB graft: within 256 MiB", functools.partial(graft_is_large, args.audit, 300 * MIB, 256)),
        ("1.5 GiB: a member, within 512 MiB", functools.partial(member_is_large, args.audit, 1536 * MIB, 512)),
        ("5 GiB archive: offsets that need zip64", functools.partial(archive_is_large, args.audit)),
        ("5 GiB member: sizes that need zip64", functools.partial(size_is_large, args.audit)),
        ("70,000 members", functools.partial(many_members, args.audit)),
    ]
    report = Report("large")
    # One after the other: each takes much of the disk.
    report.run((case for case in cases if fnmatch.fnmatchcase(case[0].partition(":")[0], args.only)), jobs=1)
    shutil.rmtree(HOME, ignore_errors=True)
    return report.close()


class Case:
    """A folder with a wheel in the making, the library that it needs, and room for the result."""

    def __init__(self, audit, name, limit):
        self.audit, self.limit = audit, limit
        self.home = HOME / name
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
        if not 1 < done.mib < self.limit:
            raise Failure(f"{words[0]} took {done.mib:.0f} MiB, not less than {self.limit}")
        self.remarks.append(f"{words[0]} {done.seconds:.1f} s {done.mib:.0f} MiB")
        return done.output

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

    def works(self, repaired, size):
        """The libraries of a repaired wheel are loaded, and what they hold is what went in."""
        graft = wheels.grafts(repaired)["libgraft.so.1"]
        with zipfile.ZipFile(repaired) as archive:
            for member in (EXTENSION, graft):
                archive.extract(member, self.home / "installed")
        probe = "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); print([library.at(ctypes.c_ulong(int(i))) for i in sys.argv[2:]])"
        places = [0, 1, size // 2, size - MIB, size - 1]
        done = run([sys.executable, "-c", probe, self.home / "installed" / EXTENSION, *places])
        expected = [ctypes.c_int8(libraries.byte_at(place)).value for place in places]
        if done.stdout.strip() != str(expected):
            raise Failure(f"the repaired library holds {done.stdout.strip()}, not {expected}")

    def said(self):
        return ", ".join(self.remarks)


def member_is_large(audit, size, limit):
    """A library of the wheel, all of it in a segment that is loaded."""
    with Case(audit, f"member-{size // MIB}", limit) as case:
        libraries.graft(case.libs / "libgraft.so.1", 0)
        libraries.extension(case.home / "extension.so", case.libs, size)
        with WheelMaker(case.wheel) as maker:
            maker.add(EXTENSION, libraries.blocks_of(case.home / "extension.so"), size)
        (case.home / "extension.so").unlink()
        case.show()
        case.works(case.repair(), size)
        return case.said()


def graft_is_large(audit, size, limit):
    """A library that comes into the wheel."""
    with Case(audit, f"graft-{size // MIB}", limit) as case:
        libraries.graft(case.libs / "libgraft.so.1", size)
        libraries.extension(case.home / "extension.so", case.libs, MIB)
        with WheelMaker(case.wheel) as maker:
            maker.add(EXTENSION, libraries.blocks_of(case.home / "extension.so"))
        case.show()
        case.works(case.repair(), MIB)
        return case.said()


def archive_is_large(audit):
    """Five stored members of a GiB, and the extension after them."""
    with Case(audit, "archive", 256) as case:
        libraries.graft(case.libs / "libgraft.so.1", 0)
        libraries.extension(case.home / "extension.so", case.libs, MIB)
        with WheelMaker(case.wheel) as maker:
            for number in range(5):
                maker.add(f"large/{number}.bin", (ZEROS for _ in range(GIB // MIB)), stored=True)
            maker.add(EXTENSION, libraries.blocks_of(case.home / "extension.so"))
        if case.wheel.stat().st_size < 5 * GIB:
            raise Failure("the wheel is smaller than it should be")
        case.show()
        case.works(case.repair(), MIB)
        return case.said()


def size_is_large(audit):
    """A member of 5 GiB of which little is left when compressed."""
    with Case(audit, "size", 256) as case:
        libraries.graft(case.libs / "libgraft.so.1", 0)
        libraries.extension(case.home / "extension.so", case.libs, MIB)
        with WheelMaker(case.wheel) as maker:
            maker.add("large/zeros.bin", (ZEROS for _ in range(5 * GIB // MIB)), 5 * GIB)
            maker.add(EXTENSION, libraries.blocks_of(case.home / "extension.so"))
        case.show()
        case.works(case.repair(), MIB)
        return case.said()


def many_members(audit):
    """More members than an archive without zip64 can count."""
    with Case(audit, "members", 256) as case:
        libraries.graft(case.libs / "libgraft.so.1", 0)
        libraries.extension(case.home / "extension.so", case.libs, MIB)
        with WheelMaker(case.wheel) as maker:
            maker.add(EXTENSION, libraries.blocks_of(case.home / "extension.so"))
            for number in range(70_000):
                maker.add(f"large/data/{number % 100}/{number}.txt", [b"%d\n" % number])
        case.show()
        case.works(case.repair(), MIB)
        return case.said()


if __name__ == "__main__":
    sys.exit(main())
