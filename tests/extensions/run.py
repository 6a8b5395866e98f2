#!/usr/bin/env python3
"""Takes every way of making binary extensions through show, repair, installation and a call.

    python3 tests/extensions/run.py --audit target/release/audit [--only PATTERN]

Builds are kept under target/extensions; docs/testing.md says what is checked.
"""

import fnmatch
import functools
import json
import os
import pathlib
import platform
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import cases
from harness import arguments, hidden, wheels
from harness.installs import INSTALLERS, install
from harness.programs import TARGET, Tools, require, run
from harness.report import Failure, Report, expect_equal

UNTAGGED = f"linux_{platform.machine()}"


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--only", default="*", help="names of cases to run, as a pattern")
    args = arguments.parsed(line, cases.packages)
    require({"gcc": "gcc", "g++": "g++", "swig": "swig", "cmake": "cmake", "ninja": "ninja-build", "unshare": "util-linux"})
    suite = Suite(Tools(extra="maturin==1.9.4\n"), args.audit)
    hidden.check_hiding_works()
    listed = [(f"{case.name}: {case.how}", functools.partial(suite.extension, case)) for case in cases.IMPORTED]
    listed.append(("script: an executable in .data/scripts", suite.script))
    listed.append(("pypy: a PyPy-tagged wheel, judged", suite.pypy))
    report = Report("extensions")
    report.run(item for item in listed if fnmatch.fnmatchcase(item[0].partition(":")[0], args.only))
    return report.close()


class Suite:
    """The stations each wheel passes."""

    def __init__(self, tools, audit):
        self.tools = tools
        self.audit = audit

    def extension(self, case):
        """A wheel that is imported: show, repair, checks, and a call under both installers."""
        unrepaired, repaired, home = self.judged_and_repaired(case)
        python = install(self.tools, unrepaired, home / "venv-unrepaired", "pip", case.requires)
        done = hidden.run_hidden([python, "-c", case.call], extra=case.modules, accept=(0, 1))
        if done.returncode == 0 or "cannot open shared object file" not in done.stderr:
            raise Failure(f"the unrepaired wheel should miss its library where it is hidden\n{done.stderr}")
        for installer in INSTALLERS:
            python = install(self.tools, repaired, home / f"venv-{installer}", installer, case.requires)
            hidden.run_hidden([python, "-c", case.call], extra=case.modules)
        return repaired.name.split("-")[-1].removesuffix(".whl")

    def judged_and_repaired(self, case):
        """The wheel before and after, and the folder for its environments."""
        unrepaired = cases.build(self.tools, case)
        self.expect_verdict(unrepaired, UNTAGGED, case.grafts)
        home = TARGET / "extensions" / "repaired" / case.name
        shutil.rmtree(home, ignore_errors=True)
        run([self.audit, "repair", "--wheel-dir", home, unrepaired], env=self.tools.env)
        [repaired] = home.glob("*.whl")
        expect_grafts(case.grafts, wheels.grafts(repaired))
        wheels.check_archive(repaired)
        wheels.check_with_tools(self.tools, repaired)
        wheels.check_content_warnings(self.tools, unrepaired, repaired)
        verdict = self.verdict(repaired)
        if verdict["overall_tag"] not in repaired.name:
            raise Failure(f"{repaired.name} deserves {verdict['overall_tag']} only")
        return unrepaired, repaired, home

    def expect_verdict(self, wheel, tag, sonames):
        verdict = self.verdict(wheel)
        expect_equal("overall_tag", tag, verdict["overall_tag"])
        if not verdict["sym_tag"].startswith("manylinux_"):
            raise Failure(f"sym_tag: {verdict['sym_tag']}")
        missing = set(sonames) - set(verdict["external_libs"])
        if missing:
            raise Failure(f"external_libs: {sorted(verdict['external_libs'])} without {sorted(missing)}")

    def verdict(self, wheel):
        return json.loads(run([self.audit, "show", "--json", wheel], env=self.tools.env).stdout)

    def pypy(self):
        capi = cases.IMPORTED[0]
        wheel = cases.pypy_wheel(self.tools, cases.build(self.tools, capi), TARGET / "extensions" / "pypy")
        self.expect_verdict(wheel, UNTAGGED, capi.grafts)
        return wheel.name

    def script(self):
        """The executable must find its library wherever installers put it."""
        unrepaired, repaired, home = self.judged_and_repaired(cases.SCRIPT)
        python = install(self.tools, unrepaired, home / "venv-unrepaired", "pip")
        done = hidden.run_hidden([python.with_name("ext-script"), cases.UUID], accept=(0, 127))
        if done.returncode == 0:
            raise Failure("the unrepaired executable should miss its library where it is hidden")
        for installer in INSTALLERS:
            python = install(self.tools, repaired, home / f"venv-{installer}", installer)
            expect_tool_runs(python.with_name("ext-script"))
        self.script_for_user(repaired, home / "user")
        for installer in INSTALLERS:
            self.script_in_target(repaired, home / f"target-{installer}", installer)
        return repaired.name.split("-")[-1].removesuffix(".whl")

    def script_for_user(self, wheel, folder):
        """pip install --user: the libraries lie in another tree than the interpreter's."""
        interpreter = os.path.realpath(sys.executable)
        env = {**self.tools.env, "PYTHONUSERBASE": str(folder)}
        options = ["--quiet", "--user", "--no-deps", "--no-index", "--break-system-packages", "--no-warn-script-location"]
        self.tools.pip("--python", interpreter, "install", *options, wheel, env=env)
        expect_tool_runs(folder / "bin" / "ext-script", PYTHONUSERBASE=str(folder))

    def script_in_target(self, wheel, folder, installer):
        """--target: scripts in bin/ below the modules."""
        options = ["--quiet", "--no-deps", "--target", folder, wheel]
        if installer == "pip":
            self.tools.pip("install", "--no-index", *options)
        else:
            self.tools.run("uv", "pip", "install", "--offline", "--python", sys.executable, *options)
        expect_tool_runs(folder / "bin" / "ext-script")


def expect_grafts(sonames, grafts):
    """Each soname is grafted and nothing else; a graft bears the name of the real file behind the soname."""
    stray = [name for name in grafts if not name.startswith(sonames)]
    missing = [soname for soname in sonames if not any(name.startswith(soname) for name in grafts)]
    if stray or missing:
        raise Failure(f"grafts: {sorted(grafts)}, expected those of {sorted(sonames)}")


def expect_tool_runs(tool, **env):
    """Arguments, output and exit status must reach and leave the executable unchanged."""
    done = hidden.run_hidden([tool, cases.UUID, cases.UUID], env=env)
    expect_equal(f"output of {tool}", f"{cases.UUID.lower()}\n" * 2, done.stdout)
    hidden.run_hidden([tool, "two words"], env=env, accept=(3,))


if __name__ == "__main__":
    sys.exit(main())
