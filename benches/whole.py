#!/usr/bin/env python3
"""Whole runs of audit against auditwheel 6.8.2 and against the floor, pair by pair.

    cargo build --release --bins --examples
    python3 benches/whole.py [--audit PATH] [--runs N] [--only WORD] [--save]

Wheels are downloaded and built as the peer suite does (tests/peer/), once, under target/. The commands run in turn, A B C A B C,
so that a machine whose speed drifts slows all of them; ratios are medians over the pairs. `floor` (examples/floor.rs) is the least
work that any program must do: see docs/performance.md. Seconds are wall clock of whole processes, start-up included, and processor
seconds, which other work on the machine changes less; the floor's own clocks leave out its preparation.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import measuring
import sources
from harness.programs import TARGET, Tools
from peer import published

# Published wheels of 5 to 80 MB: C, C++, Rust, Fortran; few large files and many small ones.
SHOWN = """\
pillow-11.0.0-cp311-cp311-manylinux_2_28_x86_64.whl
lxml-5.3.0-cp311-cp311-manylinux_2_28_x86_64.whl
h5py-3.12.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
grpcio-1.68.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
matplotlib-3.9.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
pandas-2.2.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
numpy-2.2.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
scipy-1.14.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
opencv_python_headless-4.10.0.84-cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
""".split()



class Bench:
    """The tools, and a row of figures for each wheel."""

    def __init__(self, args):
        self.args = args
        self.tools = Tools()
        self.floor = args.audit.parent / "examples/floor"
        self.rows = {"show": [], "repair": []}

    def compare(self, title, wheel, commands, **more):
        ours, theirs, least = measuring.paired(self.args.runs, commands, self.tools.env, cold=[self.tools.bin / "auditwheel"])
        least = measuring.floor(least)
        row = {"wheel": wheel.name, "megabytes": round(wheel.stat().st_size / 1e6, 1), **more}
        for name, runs in (("audit", ours), ("auditwheel", theirs), ("floor", least)):
            row[name] = {field: round(measuring.median(runs, field), 4) for field in ("seconds", "processor")}
        row["mib"] = round(measuring.median(ours, "mib"))
        for field in ("seconds", "processor"):
            row[f"faster_{field}"] = round(measuring.ratio(theirs, ours, field), 2)
            row[f"floor_{field}"] = round(measuring.ratio(ours, least, field), 3)
        self.rows[title].append(row)
        self.keep()
        print(
            f"{title:6} {wheel.name:34.34} {row['audit']['seconds']:7.3f} s {row['mib']:4} MiB  "
            f"{row['faster_seconds']:6.1f}x auditwheel ({row['faster_processor']:6.1f}x processor)  "
            f"{row['floor_seconds']:5.2f}x floor ({row['floor_processor']:5.2f}x processor)",
            flush=True,
        )

    def keep(self, **more):
        """Saves what is known so far."""
        if self.args.save:
            measuring.keep(**{title: rows for title, rows in self.rows.items() if rows}, **more)

    def show(self, name):
        wheel = published.fetch(self.tools, name)
        tool = self.tools.bin / "auditwheel"
        self.compare("show", wheel, [[self.args.audit, "show", wheel], [tool, "show", wheel], [self.floor, "show", wheel]])

    def repair(self, source):
        wheel = sources.build(self.tools, source)
        tool = self.tools.bin / "auditwheel"
        with tempfile.TemporaryDirectory(dir=TARGET) as folder:
            measuring.once([self.args.audit, "repair", "-w", folder, wheel], self.tools.env)
            [repaired] = Path(folder).glob("*.whl")
            with zipfile.ZipFile(repaired) as archive:
                grafts = [row.file_size for row in archive.infolist() if ".libs/" in row.filename]
            if len(grafts) < 5:
                return
            commands = [[program, "repair", "-w", "out", wheel] for program in (self.args.audit, tool)]
            commands.append([self.floor, "repair", wheel, repaired])
            self.compare("repair", wheel, commands, grafts=len(grafts), grafted_megabytes=round(sum(grafts) / 1e6, 1))

    def five_wheels(self):
        """Five wheels of one project in one call, against one."""
        source = next(source for source in sources.SOURCES if source.name == "psycopg2")
        one = sources.build(self.tools, source)
        with tempfile.TemporaryDirectory(dir=TARGET) as folder:
            five = [retagged(one, Path(folder), f"cp3{minor}") for minor in range(8, 13)]
            command = [self.args.audit, "repair", "-w", "out"]
            single, several = measuring.paired(self.args.runs, [[*command, five[0]], [*command, *five]], self.tools.env)
        row = {field: round(measuring.ratio(several, single, field), 2) for field in ("seconds", "processor")}
        print(f"five wheels of {source.name} in one call: {row['seconds']:.2f} times one ({row['processor']:.2f} times the processor time)")
        return row

    def start_up(self):
        [runs] = measuring.paired(20, [[self.args.audit, "--version"]], self.tools.env)
        row = {"processor_ms": round(measuring.median(runs, "processor") * 1000, 1), "binary_mb": round(self.args.audit.stat().st_size / 1e6, 1)}
        row["ms"] = round(quick(self.args.audit), 1)
        print(f"start-up (--version): {row['ms']} ms; binary {row['binary_mb']} MB")
        return row

    def close(self):
        for title, rows in self.rows.items():
            if rows:
                faster, least = means(rows, "faster", min)
                over, most = means(rows, "floor", max)
                print(
                    f"{title}: {faster[0]:.1f} times as fast as auditwheel ({faster[1]:.1f} by processor time; geometric mean of {len(rows)}; "
                    f"least {least[0]:.1f}, {least[1]:.1f}), {over[0]:.2f} times the floor ({over[1]:.2f}; most {most[0]:.2f}, {most[1]:.2f})"
                )


def means(rows, kind, worst):
    """The geometric means of a ratio and its worst, each by wall clock and by processor time."""
    columns = [[row[f"{kind}_{field}"] for row in rows] for field in ("seconds", "processor")]
    return [measuring.geometric_mean(column) for column in columns], [worst(column) for column in columns]


def quick(program):
    """Milliseconds of a run that is over before a look at its memory would be."""
    times = []
    for _ in range(50):
        start = time.perf_counter()
        subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def retagged(wheel, folder, python):
    """The wheel as if built for another Python: its extension differs, what it needs does not."""
    project, version, _, _, platform = wheel.name.split("-")
    path = folder / f"{project}-{version}-{python}-{python}-{platform}"
    with zipfile.ZipFile(wheel) as old, measuring.WheelMaker(path, level=6) as new:
        for name in old.namelist():
            if ".dist-info/" not in name and not name.endswith("/"):
                data = old.read(name)
                new.add(name, [data, python.encode()] if ".so" in name else [data])
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audit", type=Path, default=TARGET / "release/audit")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="only wheels whose name holds this word")
    parser.add_argument("--save", action="store_true", help="keep the figures in benches/results.json, for benches/plot.py")
    args = parser.parse_args()
    args.audit = args.audit.resolve()
    if not (args.audit.parent / "examples/floor").exists():
        sys.exit("missing: the floor program\nbuild with: cargo build --release --bins --examples")
    bench = Bench(args)
    for name in SHOWN:
        if args.only in name:
            bench.show(name)
    for source in sources.SOURCES:
        if args.only in source.name:
            bench.repair(source)
    bench.close()
    if not args.only:
        bench.keep(five_wheels=bench.five_wheels(), start_up=bench.start_up())


if __name__ == "__main__":
    main()
