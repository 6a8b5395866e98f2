"""Cases, run side by side, and the table that closes a suite."""

import concurrent.futures
import os
import time
import traceback


class Failure(Exception):
    """A case that did not hold; the text says what was expected and what was seen."""


class Report:
    """Collects the outcome of named cases and prints it in their order."""

    def __init__(self, suite):
        self.suite = suite
        self.passed = 0
        self.failed = []

    def run(self, cases, jobs=None):
        """Runs (name, function) pairs; a function returns a short remark or raises."""
        cases = list(cases)
        with concurrent.futures.ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
            futures = [(name, pool.submit(timed, function)) for name, function in cases]
            for name, future in futures:
                self.record(name, *future.result())

    def record(self, name, seconds, remark, problem):
        if problem is None:
            self.passed += 1
            print(f"ok    {name:<58} {seconds:6.1f} s  {remark}", flush=True)
            return
        self.failed.append(name)
        print(f"FAIL  {name:<58} {seconds:6.1f} s", flush=True)
        for line in problem.rstrip().splitlines():
            print(f"      {line}", flush=True)

    def close(self):
        """The last lines; the exit status of the suite."""
        if self.failed:
            print(f"\n{self.suite}: failed cases")
            for name in self.failed:
                print(f"  {name}")
        print(f"\n{self.passed} passed, {len(self.failed)} failed")
        return 1 if self.failed else 0


def timed(function):
    start = time.monotonic()
    remark, problem = "", None
    try:
        remark = function() or ""
    except Failure as failure:
        problem = str(failure)
    except Exception:  # a broken case must not hide the others
        problem = traceback.format_exc()
    return time.monotonic() - start, remark, problem


def expect_equal(what, theirs, ours):
    """Fails with both values when they differ."""
    if theirs != ours:
        raise Failure(f"{what}: expected {theirs}\n{' ' * len(what)}      got {ours}")
