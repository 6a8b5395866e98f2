#!/usr/bin/env python3
"""Judges and repairs wheels around mutated ELF files.

    python3 tests/mutants/run.py --audit target/release/audit [--seed N] [--count N | --seconds S] [--keep DIR]

Each wheel is made from its own seed; docs/testing.md says what every run is held to.
"""

import collections
import itertools
import pathlib
import shutil
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import sources
from case import Case
from harness import arguments
from harness.programs import TARGET, require
from held import Held

HOME = TARGET / "mutants"


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--seed", type=int, default=1, help="the first seed; each wheel has its own")
    line.add_argument("--count", type=int, default=800, help="how many wheels (default: 800)")
    line.add_argument("--seconds", type=float, help="instead of --count: for so long")
    line.add_argument("--keep", type=pathlib.Path, help="leave the wheels of all finds here, with their libraries")
    line.add_argument("--jobs", type=int, default=2, help="wheels at once (default: 2)")
    args = arguments.parsed(line, lambda: ["gcc", "lld", "mold", "musl-tools", "python3"])
    require({"gcc": "gcc"})
    suite = Suite(args)
    with ThreadPoolExecutor(args.jobs) as pool:
        for worker in [pool.submit(suite.work, number) for number in range(args.jobs)]:
            worker.result()
    return suite.close()


class Suite:
    """Seeds, handed out to workers, and what came of them."""

    def __init__(self, args):
        self.args, self.start = args, time.monotonic()
        shutil.rmtree(HOME, ignore_errors=True)
        self.kinds = list(sources.kinds(HOME / "sources"))
        self.seeds = itertools.count(args.seed)
        self.counts, self.finds = collections.Counter(), []
        self.lock = threading.Lock()

    def next_seed(self):
        with self.lock:
            if self.args.seconds:
                enough = time.monotonic() - self.start > self.args.seconds
            else:
                enough = self.counts["wheels"] >= self.args.count
            if enough:
                return None
            self.counts["wheels"] += 1
            return next(self.seeds)

    def work(self, number):
        home = HOME / f"worker-{number}"
        while (seed := self.next_seed()) is not None:
            case = Case(seed, self.kinds, home)
            held = Held(self.args.audit, case)
            try:
                held.everything()
            except Exception:  # a broken case must not hide the others
                held.find(traceback.format_exc())
            with self.lock:
                self.counts.update(held.outcomes)
                if held.told:
                    self.tell(case, held.told)
        shutil.rmtree(home, ignore_errors=True)

    def tell(self, case, told):
        self.finds.append(case.seed)
        print(f"FAIL  {case}")
        for text in told:
            print("      " + text.replace("\n", "\n      "))
        print(f"      again: python3 tests/mutants/run.py --audit {self.args.audit} --seed {case.seed} --count 1 --keep DIR", flush=True)
        if self.args.keep:
            shutil.copytree(case.home, self.args.keep / str(case.seed), dirs_exist_ok=True)

    def close(self):
        seconds = time.monotonic() - self.start
        last = self.args.seed + self.counts["wheels"] - 1
        print(f"\nseeds {self.args.seed} to {last}, {len(self.kinds)} families of files, {seconds:.0f} s")
        print(", ".join(f"{name}: {count}" for name, count in sorted(self.counts.items())))
        if self.counts["wheels"] >= 100 and not (self.counts["loads"] and self.counts["out: repaired"]):
            print("no wheel loaded, or none was repaired: this tests nothing")
            return 1
        print(f"{len(self.finds)} finds: {self.finds}")
        return 1 if self.finds else 0


if __name__ == "__main__":
    sys.exit(main())
