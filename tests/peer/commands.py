"""Command lines, and what both tools do with them: the exit status, where the answer goes, and what is written."""

import json
import pathlib
import tempfile
from typing import NamedTuple

import differences
from harness.programs import ROOT, run
from harness.report import Failure
from observed import ANY_STATUS

WHEELS = ROOT / "testdata/wheels"
WHEEL = WHEELS / "greet-1.0-cp38-abi3-linux_x86_64.whl"
OTHER = WHEELS / "greet-1.0-cp38-abi3-linux_i686.whl"
LIBS = ROOT / "testdata/libs/x86_64-glibc"
GREET = LIBS / "libgreet.so.1"
NOWHERE = "/nowhere/a-1.0-py3-none-linux_x86_64.whl"
FOUND = {"AUDITWHEEL_LD_LIBRARY_PATH": str(LIBS)}
SAID_OF_LDDTREE = "INFO:auditwheel.main_lddtree:"


class Command(NamedTuple):
    name: str
    words: tuple
    env: dict = {}


# Each variable with a value that has no meaning, and with none.
WRONG = {
    "AUDITWHEEL_PLAT": "manylinux_9_9",
    "AUDITWHEEL_ZIP_COMPRESSION_LEVEL": "10",
    "AUDITWHEEL_PATCHER": "sed",
    "SOURCE_DATE_EPOCH": "yesterday",
}

COMMANDS = [
    Command("nothing", ()),
    Command("help", ("--help",)),
    *[Command(f"help of {name}", (name, "-h")) for name in ("show", "repair", "lddtree")],
    Command("version", ("-V",)),
    Command("version, in full", ("--version",)),
    Command("version after a command", ("show", "--version")),
    Command("unknown command", ("frobnicate",)),
    *[Command(f"unknown option of {name}", (name, "--frobnicate", WHEEL)) for name in ("show", "repair", "lddtree")],
    *[Command(f"{name} of nothing", (name,)) for name in ("show", "repair", "lddtree")],
    *[Command(f"{name} of no file", (name, NOWHERE)) for name in ("show", "repair", "lddtree")],
    Command("show of two wheels", ("show", WHEEL, WHEEL)),
    Command("show of a folder", ("show", WHEEL.parent / "musl")),
    Command("show of an ELF file", ("show", GREET)),
    Command("show of what is no wheel", ("show", ROOT / "README.md")),
    Command("show", ("show", WHEEL)),
    Command("show, verbose", ("-v", "show", WHEEL)),
    Command("show, more verbose", ("--verbose", "-v", "show", WHEEL)),
    Command("show, verbose behind the command", ("show", "-v", WHEEL)),
    Command("show, abbreviated", ("show", "--js", "--ldp", LIBS, WHEEL)),
    Command("show, the wheel behind --", ("show", "--", WHEEL)),
    Command("show, all options", ("show", "--json", "--disable-isa-ext-check", "--allow-pure-python-wheel", f"--ldpaths={LIBS}", WHEEL)),
    Command("repair into the default folder", ("repair", WHEEL), FOUND),
    Command("repair into a folder", ("repair", "--wheel-dir", "a/b", WHEEL), FOUND),
    Command("repair of two wheels", ("repair", "-w", "out", WHEEL, WHEEL), FOUND),
    Command("repair of two wheels, the first impossible", ("repair", "-w", "out", OTHER, WHEEL), FOUND),
    Command("repair of two wheels, the second not there", ("repair", "-w", "out", WHEEL, NOWHERE), FOUND),
    Command("repair, verbose", ("-v", "repair", "-w", "out", WHEEL), FOUND),
    Command("repair, abbreviated", ("repair", "--wheel", "out", "--only", "--pl", "manylinux1_x86_64", "--no", WHEEL), FOUND),
    Command("repair, an abbreviation of two", ("repair", "--p", "auto", WHEEL), FOUND),
    Command("repair, options behind", ("repair", WHEEL, "-wout", "-z9", "-L.l", "--exclude=libwords.so.2"), FOUND),
    Command("repair, all options", ("repair", "--wheel-dir", "out", "--zip-compression-level", "1", "--plat", "manylinux_2_34_x86_64", "--lib-sdir", ".deps", "--only-plat", "--strip", "--exclude", "none", "--exclude", "none.*", "--disable-isa-ext-check", "--allow-pure-python-wheel", "--ldpaths", LIBS, "--patcher", "patchelf", WHEEL)),
    *[Command(f"-z {level}", ("repair", "-z", level, WHEEL)) for level in ("10", "-1", "-2", "high")],
    Command("--exclude without a value", ("repair", WHEEL, "--exclude")),
    Command("-L without a value", ("repair", WHEEL, "-L")),
    Command("--strip with a value", ("repair", "--strip=all", WHEEL), FOUND),
    Command("--patcher lief-patchelf", ("repair", "--patcher", "lief-patchelf", "-w", "out", WHEEL), FOUND),
    Command("lddtree", ("lddtree", "--ldpaths", LIBS, GREET)),
    Command("lddtree, verbose", ("-v", "lddtree", GREET), FOUND),
    Command("lddtree, with nothing said", ("lddtree", GREET)),
    Command("lddtree of two files", ("lddtree", GREET, GREET)),
    Command("lddtree of no ELF file", ("lddtree", ROOT / "README.md")),
    Command("lddtree, folders that take the place of LD_LIBRARY_PATH", ("lddtree", "--ldpaths", "/nowhere", GREET), {"LD_LIBRARY_PATH": str(LIBS)}),
    Command("lddtree, folders beside AUDITWHEEL_LD_LIBRARY_PATH", ("lddtree", "--ldpaths", "/nowhere", GREET), FOUND),
    *[Command(f"lddtree with {name}", ("lddtree", GREET), {name: str(LIBS)}) for name in ("LD_LIBRARY_PATH", "AUDITWHEEL_LD_LIBRARY_PATH")],
    *[
        Command(f"{what} {name} for {words[0]}", words, FOUND | {name: value if what == "wrong" else ""})
        for name, value in WRONG.items()
        for what in ("wrong", "empty")
        for words in (("show", WHEEL), ("repair", "-w", "out", WHEEL), ("lddtree", GREET))
    ],
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
    env = env | command.env
    with tempfile.TemporaryDirectory() as folder:
        done = run([tool, *command.words], env=env, cwd=folder, accept=ANY_STATUS)
        written = sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*"))
    told = {"exit": done.returncode, "on standard output": bool(done.stdout.strip()), "traceback": "Traceback" in done.stderr}
    return told | {"written": written, "libraries": libraries(tool, command, env, done)}


def libraries(tool, command, env, done):
    """What lddtree found, but for the C library's own: {soname: path}."""
    if "lddtree" not in command.words or done.returncode or "-h" in command.words:
        return None
    if tool.name == "auditwheel":
        text = done.stderr.partition(SAID_OF_LDDTREE)[2]
        rows = [(name, row["path"]) for name, row in json.JSONDecoder().raw_decode(text)[0]["libraries"].items()]
    else:
        said = run([tool, *command.words, "--json"], env=env).stdout
        rows = [(row["name"], row["path"]) for row in json.loads(said.partition("\n")[0])["nodes"][1:]]
    return {name: path and str(pathlib.Path(path).resolve()) for name, path in sorted(rows) if not name.startswith(("libc.", "ld-"))}
