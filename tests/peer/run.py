#!/usr/bin/env python3
"""Compares audit with auditwheel 6.8.2 on published wheels and on wheels built here.

    python3 tests/peer/run.py --audit target/release/audit [--only PATTERN] [--sample]

Downloads and builds are kept under target/peer; docs/testing.md says what is compared.
"""

import fnmatch
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import commands
import compared
import differences
import page
import published
import situations
import sources
import sweep
from harness import arguments, hidden, pypi, wheels
from harness.installs import INSTALLERS, install
from harness.programs import TARGET, Tools, require, run
from harness.report import Failure, Report

FIELDS = ("sym_tag", "versioned_symbols", "external_libs", "pyfpe", "ucs2", "unsupported_isa")


def main():
    line = arguments.parser(__doc__)
    line.add_argument("--only", default="*", help="wheel or project names to run, as a pattern")
    arguments.add_portion(line)
    args = arguments.parsed(line, sources.packages)
    require({"gcc": "gcc", "pkg-config": "pkg-config", "unshare": "util-linux"})
    tools = Tools()
    wanted = published.chosen(args.only, args.sample)
    if args.fetch:
        published.fetch_all(tools, wanted)
        return 0
    peer = Peer(tools, args.audit)
    report = Report("peer")
    hidden.check_hiding_works()
    # The longest first.
    cases = [(f"repair {source.name} {source.version}", lambda source=source: peer.repair(source)) for source in sources.chosen(args.only, args.sample)]
    both = compared.Compared(tools, args.audit)
    chosen = [case for case in situations.SITUATIONS if fnmatch.fnmatchcase(case.name, args.only)]
    cases += [(f"situation {case.name}", lambda case=case: both.run(case)) for case in chosen]
    cases += [(f"command {case.name}", lambda case=case: commands.compare(tools, args.audit, case)) for case in commands.COMMANDS if fnmatch.fnmatchcase(case.name, args.only)]
    cases += [(f"show {name.removesuffix('.whl')}"[:58], lambda name=name: peer.show(name)) for name in wanted]
    report.run(cases)
    if args.only == "*":
        report.run([("every option and variable is compared", lambda: sweep.check(tools)), ("every expected difference is still there", no_stale_differences), ("docs/differences.md", lambda: page.check(differences.EXPECTED))])
    return report.close()


class Peer:
    """Both tools, and what is compared between them."""

    def __init__(self, tools, audit):
        self.tools = tools
        self.audit = audit

    def show(self, name):
        path = published.fetch(self.tools, name)
        told = self.compare_show(path)
        deserved = run([self.audit, "show", "--quiet", "--check", path], env=self.tools.env, accept=(0, 1)).returncode == 0
        if deserved != (name not in published.UNDESERVED):
            raise Failure(f"{name} {'deserves' if deserved else 'does not deserve'} the tags that it claims")
        # PyPI has it: what the harness knows of PyPI's rules must allow it.
        pypi.check(path, limits=False)
        return told

    def compare_show(self, path):
        """Holds the two verdicts on one wheel against each other; the tag as a remark."""
        theirs = verdict([self.tools.bin / "auditwheel"], path, self.tools.env)
        ours = verdict([self.audit], path, self.tools.env)
        compare(path.name, "overall_tag", theirs["overall_tag"], ours["overall_tag"])
        if len(theirs) == 1:  # it crashed, which was expected
            return f"{ours['overall_tag']} (auditwheel: {theirs['overall_tag']})"
        for answer in theirs, ours:
            answer["external_libs"] = sorted(answer["external_libs"])
        for field in FIELDS:
            compare(path.name, field, theirs[field], ours[field])
        return str(ours["overall_tag"])

    def repair(self, source):
        """Builds, repairs with both, compares, installs ours and calls into it."""
        unrepaired = sources.build(self.tools, source)
        home = TARGET / "peer" / "repaired" / source.name
        shutil.rmtree(home, ignore_errors=True)
        theirs = self.repaired([self.tools.bin / "auditwheel"], unrepaired, home / "auditwheel")
        ours = self.repaired([self.audit], unrepaired, home / "audit")
        self.compare_repaired(unrepaired, theirs, ours)
        self.works_nowhere(source, unrepaired, home)
        for installer in INSTALLERS:
            self.works(source, ours, home, installer)
        return f"{ours.name.split('-')[-1].removesuffix('.whl')}, {len(wheels.grafts(ours))} grafts"

    def repaired(self, tool, wheel, folder):
        run([*tool, "repair", "--wheel-dir", folder, wheel], env=self.tools.env)
        results = sorted(folder.glob("*.whl"))
        if len(results) != 1:
            raise Failure(f"{tool[0].name} repair wrote {[path.name for path in results]}")
        return results[0]

    def compare_repaired(self, unrepaired, theirs, ours):
        compare(unrepaired.name, "file name", theirs.name, ours.name)
        compare(unrepaired.name, "WHEEL tags", wheels.wheel_tags(theirs), wheels.wheel_tags(ours))
        compare(unrepaired.name, "grafts", sorted(wheels.grafts(theirs)), sorted(wheels.grafts(ours)))
        self.compare_show(unrepaired)
        self.compare_show(ours)
        self.compare_show(theirs)
        wheels.check_archive(ours)
        wheels.check_with_tools(self.tools, ours)
        wheels.check_content_warnings(self.tools, unrepaired, ours)

    def works_nowhere(self, source, unrepaired, home):
        """The proof that the hidden place hides something: the unrepaired wheel must not load there."""
        python = install(self.tools, unrepaired, home / "venv-unrepaired", "pip", source.requires)
        done = hidden.run_hidden([python, "-c", source.call], extra=source.modules, accept=(0, 1))
        if done.returncode == 0 or "cannot open shared object file" not in done.stderr:
            raise Failure(f"the unrepaired wheel should miss its libraries where they are hidden\n{done.stderr}")

    def works(self, source, wheel, home, installer):
        python = install(self.tools, wheel, home / f"venv-{installer}", installer, source.requires)
        hidden.run_hidden([python, "-c", source.call], extra=source.modules)


def verdict(tool, path, env):
    """What `show --json` says; a crash of auditwheel counts as its verdict, so that it must be expected."""
    crashes = (1,) if tool[0].name == "auditwheel" else ()
    done = run([*tool, "show", "--json", path], env=env, accept=(0, *crashes))
    if done.returncode:
        return {"overall_tag": f"crash: {done.stderr.rstrip().splitlines()[-1]}"}
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        raise Failure(f"{tool[0]} show --json {path.name} printed:\n{done.stdout[-2000:]}") from None


def compare(wheel, field, theirs, ours):
    if theirs != ours and not differences.expected(wheel, field, theirs, ours):
        raise Failure(f"{wheel}: {field}\nauditwheel: {theirs}\naudit:      {ours}")


def no_stale_differences():
    stale = differences.unused()
    if stale:
        raise Failure("\n".join(f"no longer differs: {entry}" for entry in stale))


if __name__ == "__main__":
    sys.exit(main())
