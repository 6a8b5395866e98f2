"""What auditwheel repaired and ours repairs again: the result must pass its own check, install, and work."""

import pathlib
import shutil

import observed
from harness import wheels
from harness.programs import run
from harness.report import Failure

# What auditwheel lets through and ours refuses: see `pyfpe` and `narrow-unicode` in docs/differences.md.
REFUSED = {"PyFPE": "[pyfpe]", "narrow unicode": "[ucs2]"}
# What makes each of auditwheel's results a wheel that ours takes.
ALWAYS = ("--disable-isa-ext-check", "--allow-pure-python-wheel")


def platform(wheel):
    """Options for the last tag of a wheel's name alone."""
    return "--only-plat", "--plat", wheel.stem.split("-")[-1].split(".")[-1]


VARIANTS = {
    "as it is": lambda wheel: (),
    "another folder": lambda wheel: ("--lib-sdir", ".deps"),
    "its tag alone": lambda wheel: () if wheel.stem.endswith("-any") else platform(wheel),
    "stripped": lambda wheel: ("--strip",),
}


class Rerepaired:
    """Ours, on auditwheel's results."""

    def __init__(self, tools, audit):
        self.tools, self.audit = tools, audit

    def check(self, situation, wheel, env, home):
        """Repairs auditwheel's result in each way; the remark tells how many left it as it was."""
        kept = 0
        for name, options in VARIANTS.items():
            place = home / name
            shutil.rmtree(place, ignore_errors=True)
            try:
                kept += self.once(situation, wheel, (env, options(wheel)), place)
            except Failure as failure:
                raise Failure(f"auditwheel's result, repaired again, {name}: {failure}") from None
        return kept

    def once(self, situation, wheel, how, home):
        """One repair of a result, and another of what comes of it; whether it left the bytes as they were."""
        env, options = how
        if situation.name in REFUSED:
            return self.refused(situation, wheel, (env, options), home)
        result = self.repair(wheel, env, options, home / "first")
        same = result.read_bytes() == wheel.read_bytes()
        if not same:
            wheels.check_archive(result)
            lost = set(wheels.grafts(wheel)) - set(wheels.grafts(result))
            if lost:
                raise Failure(f"{sorted(lost)} went missing")
        if not wheel.stem.endswith("-any"):
            run([self.audit, "show", "--check", "--no-host-libs", *ALWAYS, result], env=self.tools.env)
        if self.repair(result, env, options, home / "second").read_bytes() != result.read_bytes():
            raise Failure("a repair of the result changes it")
        if situation.call and observed.works(self.tools, result, home / "installed", situation.call) != "works":
            raise Failure(f"{situation.call} fails")
        return same

    def repair(self, wheel, env, options, folder):
        run([self.audit, "repair", "--quiet", *ALWAYS, *options, "--wheel-dir", folder, wheel], env=env)
        [result] = pathlib.Path(folder).glob("*.whl")
        return result

    def refused(self, situation, wheel, how, home):
        """Holds a refusal to its reason; the wheel stays as it is."""
        env, options = how
        done = run([self.audit, "repair", *ALWAYS, *options, "--wheel-dir", home, wheel], env=env, accept=(1, 2))
        if REFUSED[situation.name] not in done.stderr or home.exists():
            raise Failure(f"refused for another reason, or not before something was written: {done.stderr}")
        return True
