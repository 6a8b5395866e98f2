#!/usr/bin/env python3
"""Whole runs of audit against auditwheel 6.8.2 and against the floor, pair by pair.

usage: python3 benches/whole.py [--audit PATH] [--runs N] [--only WORD] [--growth]

Wheels are downloaded and built as the peer suite does (tests/peer/), once, under target/. Each pair of commands
runs in turn, A B A B, so that a machine whose speed drifts slows both; the figures are medians over the pairs.
`floor` (examples/floor.rs) is the least work that any program must do: see docs/performance.md.
Seconds are wall clock of whole processes, start-up included; the floor's own clock leaves out its preparation.
"""

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/peer")]

from harness.programs import Tools  # noqa: E402
from peer import published, sources  # noqa: E402

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


def once(command, cwd, env):
    """Wall seconds, processor seconds and peak MiB of one run."""
    start = time.perf_counter()
    child = subprocess.Popen([str(word) for word in command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} ended with {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def paired(runs, commands, env):
    """For each command the list of its runs, taken in turn after one warm-up."""
    results = [[] for _ in commands]
    for turn in range(runs + 1):
        for command, kept in zip(commands, results):
            with tempfile.TemporaryDirectory(dir=ROOT / "target") as cwd:
                figures = once(command, cwd, env)
            if turn:
                kept.append(figures)
    return results


def median(rows, column):
    return statistics.median(row[column] for row in rows)


def floor_seconds(rows):
    return statistics.median(float(row[3]) for row in rows)


def geometric_mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))


class Bench:
    def __init__(self, args):
        self.args = args
        self.tools = Tools()
        self.floor = args.audit.parent / "examples/floor"
        self.rows = []

    def compare(self, title, name, ours, theirs, floor):
        results = paired(self.args.runs, [ours, theirs, floor], self.tools.env)
        mine, peer, least = results
        ratio = statistics.median(b[0] / a[0] for a, b in zip(mine, peer))
        over = median(mine, 0) / floor_seconds(least)
        print(f"{title:7} {name:38.38} {median(mine, 0):8.3f} s {median(mine, 2):6.0f} MiB {median(peer, 0):9.3f} s {ratio:7.1f}x {over:6.2f}x floor", flush=True)
        self.rows.append((title, ratio, over))

    def show(self):
        for name in SHOWN:
            if self.args.only not in name:
                continue
            wheel = published.fetch(self.tools, name)
            self.compare(
                "show",
                name,
                [self.args.audit, "show", wheel],
                [self.tools.bin / "auditwheel", "show", wheel],
                [self.floor, "show", wheel],
            )

    def repair(self):
        for source in sources.SOURCES:
            if self.args.only not in source.name:
                continue
            wheel = sources.build(self.tools, source)
            with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
                once([self.args.audit, "repair", "-w", folder, wheel], folder, self.tools.env)
                repaired = next(Path(folder).glob("*.whl"))
                with zipfile.ZipFile(repaired) as archive:
                    grafts = sum(".libs/" in member for member in archive.namelist())
                if grafts < 5:
                    continue
                self.compare(
                    "repair",
                    f"{wheel.name} ({grafts} grafts)",
                    [self.args.audit, "repair", "-w", "out", wheel],
                    [self.tools.bin / "auditwheel", "repair", "-w", "out", wheel],
                    [self.floor, "repair", wheel, repaired],
                )

    def close(self):
        for title in ("show", "repair"):
            ratios = [row[1] for row in self.rows if row[0] == title]
            if ratios:
                over = [row[2] for row in self.rows if row[0] == title]
                print(
                    f"{title}: {geometric_mean(ratios):.1f} times as fast as auditwheel (geometric mean of {len(ratios)}; least {min(ratios):.1f}), "
                    f"{geometric_mean(over):.2f} times the floor (most {max(over):.2f})"
                )


def growth(args):
    """Time against the number of ELF files that all need each other, of grafts, and of bytes."""
    compiler = shutil.which("gcc") or sys.exit("missing: gcc\ninstall with: apt-get install gcc")
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        folder = Path(folder)
        for count in (10, 50, 250):
            wheel = mutual_wheel(compiler, folder, count)
            rows = paired(args.runs, [[args.audit, "show", wheel]], None)[0]
            print(f"growth  {count:4} ELF files that need each other: {median(rows, 0):.3f} s")
        for megabytes in (10, 100, 400):
            wheel = bytes_wheel(compiler, folder, megabytes)
            rows = paired(args.runs, [[args.audit, "show", wheel]], None)[0]
            print(f"growth  {megabytes:4} MB in one library: {median(rows, 0):.3f} s, {median(rows, 2):.0f} MiB")


def mutual_wheel(compiler, folder, count):
    """A wheel whose libraries each need all the others."""
    libraries = {}
    needed = []
    for round_ in range(2):
        for index in range(count):
            path = folder / f"libg{index}.so"
            others = [other for other in needed if other != str(path)]
            source = f"int g{index}(void) {{ return {index}; }}"
            command = [compiler, "-shared", "-nostdlib", "-x", "c", "-", "-o", path, f"-Wl,-soname,libg{index}.so,-rpath,$ORIGIN", "-Wl,--no-as-needed"]
            command += ["-x", "none", *others] if others and round_ else []
            subprocess.run([str(word) for word in command], input=source.encode(), check=True)
            libraries[f"mutual/libg{index}.so"] = path.read_bytes()
        needed = [str(folder / f"libg{index}.so") for index in range(count)]
    return pack(folder / "mutual-1.0-py3-none-linux_x86_64.whl", "mutual", libraries)


def bytes_wheel(compiler, folder, megabytes):
    """A wheel with one library of about so many megabytes, half of them hard to compress."""
    blob = folder / "blob"
    state, block = 1, bytearray()
    for _ in range(1 << 16):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        block += state.to_bytes(8, "little") if state & 1 << 40 else bytes(8)
    with blob.open("wb") as out:
        for number in range(megabytes * 2):
            out.write(number.to_bytes(8, "little") + bytes(block[8:]))
    library = folder / "libbytes.so"
    source = f'__asm__(".section .rodata\\n.incbin \\"{blob}\\"\\n.text"); int one(void) {{ return 1; }}'
    command = [compiler, "-shared", "-nostdlib", "-x", "c", "-", "-o", library]
    subprocess.run([str(word) for word in command], input=source.encode(), check=True)
    return pack(folder / "bytes-1.0-py3-none-linux_x86_64.whl", "bytes", {"bytes/libbytes.so": library.read_bytes()})


def pack(path, name, members):
    """A wheel with these members."""
    import base64
    import hashlib

    info = f"{name}-1.0.dist-info"
    members = dict(members)
    members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n"
    rows = []
    for member, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{member},sha256={digest},{len(data)}\n")
    members[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audit", type=Path, default=ROOT / "target/release/audit")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="only wheels whose name holds this word")
    parser.add_argument("--growth", action="store_true", help="only the growth figures")
    args = parser.parse_args()
    args.audit = args.audit.resolve()
    (ROOT / "target").mkdir(exist_ok=True)
    if args.growth:
        growth(args)
        return
    if not (args.audit.parent / "examples/floor").exists():
        sys.exit("missing: the floor program\nbuild with: cargo build --release --bins --examples")
    bench = Bench(args)
    bench.show()
    bench.repair()
    bench.close()
    rows = paired(args.runs, [[args.audit, "--version"]], None)[0]
    print(f"start-up (--version): {median(rows, 0) * 1000:.1f} ms; binary {args.audit.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
