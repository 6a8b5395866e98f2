"""What every run of `audit` over a mutated wheel is held to."""

import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import zipfile
from typing import NamedTuple

from case import parsed
from harness import wheels
from harness.programs import clean_env
from harness.report import Failure

SECONDS, MIB = 10, 256
# `audit` says these where it finds a fault of its own.
OWN_FAULT = re.compile(r"panicked|please report|\[internal\]|\[self-check\]|\"(?:internal|self-check)\"")
# The editor's verifier refused what its planner made of a file that lies: nothing is written, and the file may stay as it is.
VERIFIER = "the edited file failed verification"


class Done(NamedTuple):
    """How a run ended."""

    status: int
    out: str
    err: str


class Held:
    """The runs over one case; `told` collects what did not hold, `outcomes` what is counted."""

    def __init__(self, audit, case):
        self.audit, self.case = audit, case
        self.told = []
        self.outcomes = []

    def find(self, text):
        self.told.append(text)

    def run(self, *words):
        """A run, whose end is looked at."""
        case = self.case
        command = [str(word) for word in (self.audit, *words, "--no-host-libs", "--lib-path", case.libs)]
        env = clean_env(TMPDIR=str(case.home / "tmp"), HOME=str(case.home / "tmp"))
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            child = subprocess.Popen(command, env=env, cwd=case.home, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            timer = threading.Timer(SECONDS, child.kill)
            timer.start()
            _, status, usage = os.wait4(child.pid, 0)
            timer.cancel()
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.monotonic() - start
            out.seek(0), err.seek(0)
            done = Done(child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"))
        self.ended_well(words, done, seconds, usage.ru_maxrss // 1024)
        return done

    def ended_well(self, words, done, seconds, mib):
        """Status, time, memory, words and litter are as promised."""
        said = f"{' '.join(map(str, words))}\n{(done.err or done.out)[-1500:]}"
        if done.status not in (0, 1, 2):
            self.find(f"status {done.status} after {seconds:.1f} s: {said}")
        if mib > MIB:
            self.find(f"{mib} MiB: {said}")
        if VERIFIER in done.err:
            self.outcomes.append("refused by the verifier")
        elif OWN_FAULT.search(done.out + done.err):
            self.find(f"a fault of its own: {said}")
        if re.search(r"[^\n\t -~\u00a0-\U0010ffff]", done.err):
            self.find(f"control characters: {said!r}")
        if self.case.written("tmp"):
            self.find(f"left behind: {self.case.written('tmp')}: {said}")

    def document(self, *words):
        done = self.run(*words)
        try:
            document = parsed(done.out)
        except ValueError:
            document = None
        if document is None:
            self.find(f"no JSON on one line ({done.status}): {' '.join(map(str, words))}\n{done.out[-500:]}{done.err[-500:]}")
        return done, document or {}

    def everything(self):
        case = self.case
        before = wheels.sha256(case.wheel)
        shown, judged = self.document("show", "--json", case.wheel)
        self.run("show", "--check", case.wheel)
        treed = self.run("tree", "--format", "json", case.wheel)
        if treed.status == 0:
            parsed_or(self, treed)
        original = case.installed(case.wheel, "before")
        seen = case.loaded(original, case.libs)
        if seen and shown.status == 0:
            self.shows(judged, seen, original)
        self.repairs("out", seen, judged.get("repairable_to"))
        if case.rng.random() < 0.4:
            self.repairs("stripped", seen, None, "--strip")
        if wheels.sha256(case.wheel) != before:
            self.find("the input is another")

    def shows(self, judged, seen, original):
        """All that the loader brought in was told, unless `show` could not follow a library and said so."""
        self.outcomes.append("loads")
        if None in judged.get("external_libs", {}).values():
            self.outcomes.append("loads, but a library is told to be missing")
            return
        told = {pathlib.PurePath(name).name for name in judged.get("external_libs", {})}
        for file in judged.get("files", []):
            told |= {pathlib.PurePath(one).name for one in [file["path"], *file["needed"], file["soname"] or ""]}
            for library in file["libraries"]:
                told |= {pathlib.PurePath(one).name for one in (library["soname"], library["path"] or "")}
        ours = [name for name in seen.files if name.startswith(str(self.case.home))]
        untold = {pathlib.PurePath(name).name for name in ours} - told
        if untold:
            self.find(f"the loader loaded {sorted(untold)}; show told only of {sorted(told)}")

    def repairs(self, folder, seen, promised, *options):
        """All or nothing; and what loaded before loads after it, without what lay outside."""
        case = self.case
        done, document = self.document("repair", "--json", *options, "-w", case.home / folder, case.wheel)
        results = case.written(folder)
        if done.status:
            self.outcomes.append(f"{folder}: refused")
            if results:
                self.find(f"repair {options} failed and left {results}")
            if promised and "[elf-edit]" not in done.err:
                self.find(f"show promised {promised}, repair refused: {done.err[-800:] or done.out[-800:]}")
            elif promised:
                self.outcomes.append("in reach, but for an edit that is refused")
            return
        self.outcomes.append(f"{folder}: repaired")
        if len(results) != 1 or document.get("output") is None:
            self.find(f"repair {options} wrote {results}, told of {document.get('output')}")
            return
        [result] = results
        if promised and promised not in result.name:
            self.find(f"show promised {promised}, repair gave {result.name}")
        self.sound(result)
        self.again(result, folder, *options)
        codes = {finding["code"] for finding in document.get("findings", [])}
        if "lib-path-passed-over" in codes:
            # The loader was led to the library outside; a repair takes the wheel's own, and says so.
            self.outcomes.append("the wheel's own copy is taken, and that is told")
        else:
            self.still_loads(result, folder, seen)

    def sound(self, result):
        try:
            with zipfile.ZipFile(result) as archive:
                if archive.testzip():
                    self.find(f"{result.name}: zipfile does not read {archive.testzip()}")
            wheels.check_record(result)
        except (Failure, ValueError, OSError, zipfile.BadZipFile) as problem:
            self.find(f"{result.name}: {problem}")
        checked = self.run("show", "--check", result)
        if checked.status:
            self.find(f"show --check of the result: {checked.status}\n{checked.err[-800:]}{checked.out[-800:]}")

    def again(self, result, folder, *options):
        """A repair of the result is the result."""
        self.run("repair", *options, "-w", self.case.home / f"{folder}-again", result)
        results = self.case.written(f"{folder}-again")
        if [path.name for path in results] != [result.name] or results[0].read_bytes() != result.read_bytes():
            self.find(f"another repair {options} of {result.name} gives {results} with other bytes")

    def still_loads(self, result, folder, seen):
        if not seen:
            return
        case = self.case
        extension = case.installed(result, f"{folder}-installed")
        after = case.loaded(extension)
        if not after or after.answer != seen.answer:
            # What depends on chance says so by itself.
            original = case.home / "before" / extension.relative_to(case.home / f"{folder}-installed")
            if case.loaded(original, case.libs) == seen:
                self.find(f"loaded before {folder}: {seen}; after: {after}")
        elif any(name.startswith((str(case.libs), str(case.home / "before"))) for name in after.files):
            self.find(f"after {folder}, libraries come from elsewhere: {after.files}")


def parsed_or(held, done):
    try:
        if parsed(done.out) is None:
            held.find(f"tree: not one line of JSON\n{done.out[-300:]}")
    except ValueError as problem:
        held.find(f"tree: {problem}\n{done.out[-300:]}")
