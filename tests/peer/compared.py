"""Situations, observed through both tools and held against each other."""

import shutil
import threading

import differences
import observed
from harness.report import Failure
from rerepaired import VARIANTS, Rerepaired
from workshop import Workshop

_building = threading.Lock()


class Compared:
    """Both tools at one workshop."""

    def __init__(self, tools, audit):
        self.tools = tools
        self.audit = audit
        self.shop = Workshop()
        self.rerepaired = Rerepaired(tools, audit)

    def run(self, situation):
        """Fails with every difference that the table does not hold."""
        with _building:
            wheel = situation.build(self.shop)
        theirs, result = self.observe(self.tools.bin / "auditwheel", situation, wheel)
        ours, _ = self.observe(self.audit, situation, wheel)
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
        told = f"{len(ours)} facts, {expected} expected differences"
        if result:
            kept = self.rerepaired.check(situation, result, self.env(situation), self.home(situation) / "again")
            told += f", {kept} of {len(VARIANTS)} repairs of auditwheel's result leave it as it is"
        return told

    def observe(self, tool, situation, wheel):
        """All facts of one tool, and its result; once one has refused, there is nothing to compare but its exit status."""
        home = self.home(situation) / tool.name
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        env = self.env(situation)
        facts = observed.show(tool, wheel, env, situation.show)
        repaired, result = observed.repair(tool, wheel, home / "out", env, situation.repair)
        facts |= repaired
        if result:
            facts |= {f"again: {name}": fact for name, fact in self.again(result).items()}
        if result and situation.call:
            facts["installed"] = observed.works(self.tools, result, home / "installed", situation.call)
        return facts, result

    def home(self, situation):
        return self.shop.home / "observed" / situation.name.replace("/", " ")

    def env(self, situation):
        libs = {"LD_LIBRARY_PATH": str(self.shop.libs)} if situation.libs else {}
        return self.tools.env | situation.env | libs

    def again(self, result):
        """What ours says of a result, wherever it comes from: both must deserve the same."""
        facts = observed.show(self.audit, result, self.tools.env, ("--no-host-libs",))
        return {name: facts.get(name) for name in ("overall_tag", "external_libs")}
