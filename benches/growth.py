#!/usr/bin/env python3
"""Time against the number of ELF files that need each other, of grafts, of members, and of bytes.

    cargo build --release --bins
    python3 benches/growth.py [--audit PATH] [--runs N] [--save]

Wheels are made under target/. Processor seconds stand beside the seconds of the wall clock: they change less with other work on
the machine. auditwheel 6.8.2 is asked once, for the smaller wheels, and for no longer than a minute.
"""

import argparse
import platform
import sys
import tempfile
from pathlib import Path

import measuring
from harness import libraries
from harness.making import WheelMaker
from harness.programs import TARGET, Tools, require

MIB = 1 << 20
MINUTE = 60
NAME = f"growth-1.0-cp38-abi3-linux_{platform.machine()}.whl"


class Growth:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.tools = Tools()
        self.rows = []
        self.libs = folder / "libs"

    def row(self, what, command, count, wheel, peer=False):
        search = [] if command == "show" else ["-w", "out"]
        ours = [self.args.audit, command, *search, "--lib-path", self.libs, wheel]
        [runs] = measuring.paired(self.args.runs, [ours], self.tools.env)
        row = {"what": what, "command": command, "count": count, "mib": round(measuring.median(runs, "mib"))}
        for field in ("seconds", "processor"):
            row[field] = round(measuring.median(runs, field), 4)
        if peer:
            env = self.tools.env | {"LD_LIBRARY_PATH": str(self.libs)}
            done = measuring.once([self.tools.bin / "auditwheel", command, *search, wheel], env, limit=MINUTE)
            row["auditwheel"] = None if done.status else round(done.seconds, 2)
        said = "" if not peer else f", auditwheel {row['auditwheel'] or 'over a minute'}"
        print(f"{what:24} {count:6}  {command:6} {row['seconds']:7.3f} s, processor {row['processor']:7.3f} s, {row['mib']:4} MiB{said}", flush=True)
        self.rows.append(row)
        if self.args.save:
            measuring.keep(growth=self.rows)

    def mutual(self, count):
        """Libraries of a wheel that each need all the others."""
        home = self.folder / f"mutual-{count}"
        stubs = home / "stubs"
        stubs.mkdir(parents=True)
        names = [f"libm{index}.so" for index in range(count)]
        paths, alone = [home / name for name in names], [stubs / name for name in names]
        # Linked to stubs without needs: a linker goes through all that a library needs.
        for made, needed in ((alone, []), (paths, alone)):
            for index, path in enumerate(made):
                options = [f"-Wl,-soname,{path.name},-rpath,$ORIGIN", "-nostdlib", "-Wl,--no-as-needed"]
                libraries.link(path, f"int m{index}(void) {{ return {index}; }}", [*options, *(other for other in needed if other.name != path.name)])
        with WheelMaker(home / NAME) as maker:
            for path in paths:
                maker.add(f"growth/{path.name}", [path.read_bytes()])
        self.row("files that need each other", "show", count, home / NAME, peer=count <= 50)

    def grafts(self, count):
        """A chain of small libraries outside of the wheel."""
        home = self.folder / f"grafts-{count}"
        home.mkdir()
        self.libs = home / "libs"
        self.libs.mkdir()
        before = []
        for index in range(count):
            path = self.libs / f"libc{index}.so.1"
            source = f"int c{index}(void) {{ return {index}; }}"
            libraries.link(path, source, [f"-Wl,-soname,{path.name}", "-nostdlib", "-Wl,--no-as-needed", f"-Wl,-rpath-link,{self.libs}", *before])
            before = [path]
        libraries.link(home / "extension.so", "void *PyInit__growth(void) { return 0; }", ["-Wl,--no-as-needed", f"-Wl,-rpath-link,{self.libs}", *before])
        with WheelMaker(home / NAME) as maker:
            maker.add("growth/_growth.abi3.so", [(home / "extension.so").read_bytes()])
        self.row("grafts in a chain", "repair", count, home / NAME, peer=count <= 50)

    def small(self, what, name, size, members):
        """A wheel with an extension of `size` bytes that needs one graft, and small members."""
        home = self.folder / name
        self.libs = home / "libs"
        self.libs.mkdir(parents=True)
        libraries.graft(self.libs / "libgraft.so.1", 0)
        libraries.extension(home / "extension.so", self.libs, size)
        with WheelMaker(home / NAME) as maker:
            maker.add("growth/_large.abi3.so", libraries.blocks_of(home / "extension.so"), size)
            for number in range(members):
                maker.add(f"growth/data/{number % 100}/{number}.txt", [b"%d\n" % number])
        count = members or size // MIB
        for command in ("show", "repair"):
            self.row(what, command, count, home / NAME)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audit", type=Path, default=TARGET / "release/audit")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--save", action="store_true", help="keep the figures in benches/results.json, for benches/plot.py")
    args = parser.parse_args()
    args.audit = args.audit.resolve()
    require({"gcc": "gcc"})
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        growth = Growth(args, Path(folder))
        growth.libs.mkdir()
        for count in (5, 50, 250):
            growth.grafts(count)
        for count in (1_000, 10_000, 70_000):
            growth.small("members", f"members-{count}", MIB, count)
        for megabytes in (10, 100, 400):
            growth.small("MiB in one library", f"bytes-{megabytes}", megabytes * MIB, 0)
        for count in (10, 50, 250):
            growth.mutual(count)


if __name__ == "__main__":
    sys.exit(main())
