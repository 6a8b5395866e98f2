"""Situations, observed through both tools and held against each other."""

import shutil
import threading

import differences
import observed
from harness.report import Failure
from workshop import Workshop

_building = threading.Lock()


class Compared:
    """Both tools at one workshop."""

    def __init__(self, tools, audit):
        self.tools = tools
        self.audit = audit
        self.shop = Workshop()

    def run(self, situation):
        """Fails with every difference that the table does not hold."""
        with _building:
            wheel = situation.build(self.shop)
        theirs = self.observe(self.tools.bin / "auditwheel", situation, wheel)
        ours = self.observe(self.audit, situation, wheel)
        unexpected, expected = [], 0
        for field in sorted(set(theirs) & set(ours) | {"show: exit", "repair: exit"}):
            if theirs[field] == ours[field]:
                continue
            if differences.expected(situation.name, field, theirs[field], ours[field]):
                expected += 1
            else:
                unexpected.append(f"{field}\nauditwheel: {theirs[field]}\naudit:      {ours[field]}")
        if unexpected:
            raise Failure("\n".join(unexpected))
        return f"{len(ours)} facts, {expected} expected differences"

    def observe(self, tool, situation, wheel):
        """All facts of one tool; once one has refused, there is nothing to compare but its exit status."""
        home = self.shop.home / "observed" / situation.name.replace("/", " ") / tool.name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        env = self.tools.env | situation.env
        if situation.libs:
            env["LD_LIBRARY_PATH"] = str(self.shop.libs)
        facts = observed.show(tool, wheel, env, situation.show)
        repaired, result = observed.repair(tool, wheel, home / "out", env, situation.repair)
        facts |= repaired
        if result:
            facts |= {f"again: {name}": fact for name, fact in self.again(result).items()}
        if result and situation.call:
            facts["installed"] = observed.works(self.tools, result, home / "installed", situation.call)
        return facts

    def again(self, result):
        """What ours says of a result, wherever it comes from: both must deserve the same."""
        facts = observed.show(self.audit, result, self.tools.env, ("--no-host-libs",))
        return {name: facts.get(name) for name in ("overall_tag", "external_libs")}
