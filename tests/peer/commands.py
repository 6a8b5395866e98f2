"""Command lines, and what both tools do with them: the exit status, and where the answer goes."""

from typing import NamedTuple

import differences
from harness.programs import ROOT, run
from harness.report import Failure
from observed import ANY_STATUS

WHEEL = ROOT / "testdata/wheels/greet-1.0-cp38-abi3-linux_x86_64.whl"
LIBS = ROOT / "testdata/libs/x86_64-glibc"


class Command(NamedTuple):
    name: str
    words: tuple


COMMANDS = [
    Command("nothing", ()),
    Command("unknown command", ("frobnicate",)),
    Command("show of nothing", ("show",)),
    Command("show of no file", ("show", "/nowhere/a-1.0-py3-none-linux_x86_64.whl")),
    Command("repair of no file", ("repair", "/nowhere/a-1.0-py3-none-linux_x86_64.whl")),
    Command("show of two wheels", ("show", WHEEL, WHEEL)),
    Command("show of a folder", ("show", WHEEL.parent / "musl")),
    Command("show of an ELF file", ("show", LIBS / "libgreet.so.1")),
    Command("show of what is no wheel", ("show", ROOT / "README.md")),
    Command("show", ("show", WHEEL)),
    Command("show, abbreviated", ("show", "--js", "--ldp", LIBS, WHEEL)),
    Command("-z out of range", ("repair", "-z", "10", WHEEL)),
    Command("--exclude without a value", ("repair", WHEEL, "--exclude")),
    Command("version", ("-V",)),
    Command("lddtree", ("lddtree", "--ldpaths", LIBS, LIBS / "libgreet.so.1")),
    Command("lddtree of no ELF file", ("lddtree", ROOT / "README.md")),
]


def compare(tools, audit, command):
    """Fails with every difference that the table does not hold."""
    theirs, ours = (facts(tool, command, tools.env) for tool in (tools.bin / "auditwheel", audit))
    unexpected = [
        f"{field}\nauditwheel: {theirs[field]}\naudit:      {ours[field]}"
        for field in theirs
        if theirs[field] != ours[field] and not differences.expected(f"command: {command.name}", field, theirs[field], ours[field])
    ]
    if unexpected:
        raise Failure("\n".join(unexpected))
    return f"exit {ours['exit']}"


def facts(tool, command, env):
    done = run([tool, *command.words], env=env, accept=ANY_STATUS)
    return {"exit": done.returncode, "on standard output": bool(done.stdout.strip()), "traceback": "Traceback" in done.stderr}
