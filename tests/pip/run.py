#!/usr/bin/env python3
"""Installs this repository with pip, as a folder and as an sdist, and runs the commands that come of it.

    python3 tests/pip/run.py --audit target/release/audit [--profile ci]

docs/testing.md says what is checked.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import arguments
from harness.installs import fresh_venv
from harness.programs import ROOT, TARGET, Tools, clean_env, run
from harness.report import Failure, Report, expect_equal

HOME = TARGET / "pip"
COMMANDS = ("audit", "wheel-audit")
MAKER = "maturin==1.16.0"
# A second copy of the program would need as much again.
MOST_BYTES_OF_SECOND = 1_000_000


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--profile", default="release", help="the profile of Cargo.toml that --audit was built with")
    args = arguments.parsed(line, lambda: ["gcc", "python3", "python3-venv"])
    suite = Suite(args, Tools(extra=f"{MAKER}\n"))
    report = Report("pip")
    # One after the other: they share what cargo builds.
    report.run([("the folder", suite.folder), ("the sdist", suite.sdist)], jobs=1)
    return report.close()


class Suite:
    """Ways into a fresh environment, and what must hold there."""

    def __init__(self, args, tools):
        self.audit, self.profile, self.tools = args.audit, args.profile, tools
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)

    def folder(self):
        """As a person would: pip fetches what builds, and builds."""
        python = fresh_venv(HOME / "folder")
        self.install(python, ROOT)
        return self.works(python)

    def sdist(self):
        """What the sdist holds is enough, away from the repository."""
        self.tools.run("maturin", "sdist", "--out", HOME, cwd=ROOT)
        [archive] = HOME.glob("*.tar.gz")
        python = fresh_venv(HOME / "sdist")
        self.install(python, archive)
        return f"{archive.stat().st_size / 1000:.0f} kB; {self.works(python)}"

    def install(self, python, what):
        # What the suites built already need not be built again.
        env = {**self.tools.env, "CARGO_TARGET_DIR": str(TARGET), "MATURIN_PEP517_ARGS": f"--profile {self.profile}"}
        self.tools.pip("--python", python, "install", "--quiet", "--no-cache-dir", what, env=env)

    def works(self, python):
        """Both commands are there, are the same program, and are the one that was built."""
        folder = python.parent
        for command in COMMANDS:
            expect_equal(f"{command} --version", self.output(self.audit, "--version"), self.output(folder / command, "--version"))
            self.repairs(folder / command)
            self.ends_alike(folder / command)
        self.through_a_link(folder)
        sizes = [(folder / command).stat().st_size for command in COMMANDS]
        if sizes[1] > MOST_BYTES_OF_SECOND:
            raise Failure(f"{COMMANDS[1]} has {sizes[1]} bytes")
        return ", ".join(f"{command} {size / 1000:.0f} kB" for command, size in zip(COMMANDS, sizes))

    def output(self, *command):
        return run(command, env=clean_env()).stdout

    def repairs(self, command):
        """A wheel comes out with the bytes that the program under test gives."""
        results = []
        for program in (command, self.audit):
            with tempfile.TemporaryDirectory() as out:
                run([program, "repair", *REPAIR, "-w", out])
                [result] = pathlib.Path(out).iterdir()
                zipfile.ZipFile(result).testzip()
                results.append((result.name, result.read_bytes()))
        if results[0] != results[1]:
            raise Failure(f"{command} repairs to {results[0][0]} with other bytes than {self.audit}")

    def ends_alike(self, command):
        """The exit status, the complaint and what is typed reach and leave the program unchanged."""
        for words in (["show", "no such file.whl"], ["show", "--unheard"], ["show", ROOT / "README.md"], []):
            expected, found = (
                subprocess.run([program, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=clean_env())
                for program in (self.audit, command)
            )
            for field in ("returncode", "stdout", "stderr"):
                expect_equal(f"{command} {words}: {field}", getattr(expected, field), getattr(found, field))

    def through_a_link(self, folder):
        """As pipx and `uv tool` make them; and alone it says what is missing."""
        with tempfile.TemporaryDirectory() as elsewhere:
            link = pathlib.Path(elsewhere) / "wheel-audit"
            link.symlink_to(folder / "wheel-audit")
            expect_equal("through a link", self.output(self.audit, "--version"), self.output(link, "--version"))
            link.unlink()
            shutil.copy2(folder / "wheel-audit", link)
            alone = run([link, "--version"], accept=(1,)).stderr
            if f"{elsewhere}/audit" not in alone or "pip install" not in alone:
                raise Failure(f"alone it says: {alone}")


REPAIR = [
    *("--no-host-libs", "--lib-path", ROOT / "testdata/libs/aarch64-glibc"),
    ROOT / "testdata/wheels/greet-1.0-cp38-abi3-linux_aarch64.whl",
]


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
