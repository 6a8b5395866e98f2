"""The differences from auditwheel 6.8.2 that are meant, each with the key of its row in `docs/differences.md`, which tells people why.

This table lets the suite accept exactly these. An entry that
no longer applies fails the suite too, so that the table cannot rot.
"""

import fnmatch
import threading
from typing import NamedTuple

from workshop import HOST_TAG, MACHINE


class Difference(NamedTuple):
    wheel: str  # pattern on the file name, or on the name of a situation or command
    field: str  # what differs: a key of `show --json`, or a word of `observed.py`
    theirs: object  # auditwheel's answer
    ours: object
    row: str  # the key of its row in docs/differences.md


ANY = object()  # an answer that depends on the machine's libraries, or on the case


def fields(wheel, row, *names):
    """Entries of one case whose answers the case determines."""
    return [Difference(wheel, name, ANY, ANY, row) for name in names]


PUBLISHED = [
    Difference(
        "pydantic_core-*-musllinux_1_1_aarch64.whl",
        "overall_tag",
        "crash: elftools.common.exceptions.ELFError: Magic number does not match",
        "musllinux_1_1_aarch64",
        "musl-on-glibc",
    ),
    Difference("grpcio-*-musllinux_1_1_i686.whl", "overall_tag", "musllinux_1_2_i686", "musllinux_1_1_i686", "musl-version"),
    Difference("grpcio-*-musllinux_1_1_i686.whl", "sym_tag", "musllinux_1_2_i686", "musllinux_1_1_i686", "musl-version"),
    Difference("msgspec-0.9.1-*-musllinux_1_1_x86_64.whl", "overall_tag", "musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musl-version"),
    Difference("msgspec-0.9.1-*-musllinux_1_1_x86_64.whl", "sym_tag", "musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musl-version"),
    Difference("orjson-*-musllinux_1_2_x86_64.whl", "overall_tag", "linux_x86_64", "musllinux_1_2_x86_64", "musl-libc-so"),
    Difference("orjson-*-musllinux_1_2_x86_64.whl", "external_libs", ["libc.so"], [], "musl-libc-so"),
    Difference("torchaudio-*.whl", "sym_tag", "manylinux_2_17_x86_64", ANY, "in-wheel"),
    *fields("torchaudio-*.whl", "in-wheel", "versioned_symbols", "external_libs"),
]

SITUATIONS = [
    Difference("*", "tags newer than manylinux_2_41", False, True, "newer-glibc"),
    Difference("*", "directory entries", True, False, "members"),
    Difference("*", "in the input's order", False, True, "members"),
    Difference("*", "dates", "of the run", "kept", "dates"),
    Difference("*", "SBOM", None, ANY, "sbom"),
    Difference("*", "grafts that need grafts", ANY, ANY, "graft-names"),
    Difference("owned by a package", "SBOM", ANY, ANY, "sbom"),
    Difference("odd modes", "modes", ANY, ANY, "modes"),
    Difference("internal path", "ELF internal/ext.so", ANY, ["NEEDED libinside.so", "NEEDED libc.so.6", "RUNPATH $ORIGIN/../internal/libs"], "edited-files"),
    Difference("needs libpython", "ELF pythonic/ext.so", ["NEEDED libc.so.6", "RPATH $ORIGIN/../pythonic.libs"], ["NEEDED libc.so.6"], "edited-files"),
    Difference("builder's paths", "ELF builder/ext.so", ANY, ["NEEDED libc.so.6", "RUNPATH $ORIGIN/libs"], "builder-paths"),
    Difference("platlib", "installed", "exit 1", "works", "platlib"),
    *fields("*platlib", "platlib", "ELF platted-1.0.data/platlib/platted/ext.so"),
    Difference("internal, unreached", "repair: exit", 1, 0, "in-wheel"),
    Difference("internal, unreached", "external_libs", {"libinside2.so": False}, {}, "in-wheel"),
    Difference("narrow unicode", "overall_tag", f"manylinux_2_5_{MACHINE}", f"linux_{MACHINE}", "narrow-unicode"),
    Difference("narrow unicode", "ucs2", False, True, "narrow-unicode"),
    Difference("narrow unicode", "repair: exit", 0, 2, "narrow-unicode"),
    *fields("Tag lines that differ", "tag-lines", "Tag lines"),
    *fields("owned by a package", "modes", "modes"),
    *fields("internal, unreached", "in-wheel", "overall_tag", "policy_upgrades"),
    *fields("driver", "drivers", "ELF driver/ext.so", "again: external_libs", "again: overall_tag", "grafts", "members", "modes"),
    Difference("PyFPE", "repair: exit", 0, 1, "pyfpe"),
    Difference("no C library", "show: exit", 1, 0, "no-libc"),
    Difference("no C library", "repair: exit", 1, 0, "no-libc"),
    Difference("--plat without machine", "repair: exit", 2, 0, "plat"),
    Difference("--plat linux", "repair: exit", 2, 0, "plat-linux"),
    Difference("--patcher none*", "repair: exit", 1, 0, "patcher"),
    Difference("--ldpaths in the place of LD_LIBRARY_PATH", "left behind by a failure", [f"deps-1.0-{HOST_TAG}.whl"], [], "failures"),
    Difference("--patcher unknown", "repair: exit", 2, 0, "patcher"),
    Difference("dependencies not found", "left behind by a failure", [f"deps-1.0-{HOST_TAG}.whl"], [], "failures"),
    Difference("missing library", "left behind by a failure", [f"missing-1.0-{HOST_TAG}.whl"], [], "failures"),
]

# What comes of a variable of auditwheel's with a wrong value, or with none: for theirs an end of every command with a traceback.
VARIABLES = [
    Difference("command: * AUDITWHEEL_* for *", "traceback", True, False, "variables"),
    *[Difference(f"command: * AUDITWHEEL_* for {command}", "exit", 1, 0, "variables") for command in ("show", "lddtree")],
    Difference("command: * AUDITWHEEL_* for *", "on standard output", False, True, "variables"),
    Difference("command: * AUDITWHEEL_* for lddtree", "libraries", None, ANY, "variables"),
    Difference("command: empty AUDITWHEEL_* for repair", "exit", 1, 0, "variables"),
    Difference("command: wrong AUDITWHEEL_PATCHER for repair", "exit", 1, 0, "patcher"),
    Difference("command: wrong AUDITWHEEL_* for repair", "exit", 1, 2, "variables"),
    Difference("command: wrong AUDITWHEEL_PATCHER for repair", "written", [], ANY, "patcher"),
    Difference("command: empty AUDITWHEEL_* for repair", "written", [], ANY, "variables"),
    Difference("command: wrong SOURCE_DATE_EPOCH for repair", "traceback", True, False, "tracebacks"),
    Difference("command: wrong SOURCE_DATE_EPOCH for repair", "exit", 1, 2, "tracebacks"),
    Difference("command: wrong SOURCE_DATE_EPOCH for repair", "written", ["out"], [], "failures"),
]

COMMANDS = [
    *[Difference(f"command: show of {what}", "on standard output", False, True, "inputs") for what in ("two wheels", "a folder", "an ELF file")],
    Difference("command: show of two wheels", "exit", 2, 0, "inputs"),
    Difference("command: show of a folder", "exit", 2, 0, "inputs"),
    Difference("command: show of an ELF file", "exit", 1, 0, "inputs"),
    Difference("command: show of an ELF file", "traceback", True, False, "tracebacks"),
    Difference("command: show of what is no wheel", "traceback", True, False, "tracebacks"),
    Difference("command: lddtree of no ELF file", "traceback", True, False, "tracebacks"),
    Difference("command: lddtree of no file", "traceback", True, False, "tracebacks"),
    Difference("command: lddtree of no file", "exit", 1, 2, "tracebacks"),
    Difference("command: lddtree of two files", "exit", 2, 0, "inputs"),
    *fields("command: lddtree of two files", "inputs", "libraries"),
    Difference("command: lddtree*", "on standard output", False, True, "lddtree"),
    Difference("command: * SOURCE_DATE_EPOCH for lddtree", "on standard output", False, True, "lddtree"),
    Difference("command: version after a command", "exit", 2, 0, "global-options"),
    Difference("command: version after a command", "on standard output", False, True, "global-options"),
    Difference("command: show, verbose behind the command", "exit", 2, 0, "global-options"),
    Difference("command: show, verbose behind the command", "on standard output", False, True, "global-options"),
    Difference("command: --strip with a value", "exit", 2, 0, "strip-value"),
    Difference("command: --strip with a value", "written", [], ANY, "strip-value"),
    *[Difference(f"command: {case}", "on standard output", False, True, "repair-words") for case in ("repair*", "* for repair", "--*")],
    Difference("command: repair of two wheels", "exit", 0, 2, "same-output"),
    Difference("command: repair of two wheels, the first impossible", "traceback", True, False, "tracebacks"),
    Difference("command: repair of two wheels, the first impossible", "written", ANY, [], "failures"),
    Difference("command: --patcher lief-patchelf", "exit", 1, 0, "patcher"),
    Difference("command: --patcher lief-patchelf", "traceback", True, False, "patcher"),
    Difference("command: --patcher lief-patchelf", "written", ["out"], ANY, "patcher"),
]

EXPECTED = PUBLISHED + SITUATIONS + VARIABLES + COMMANDS

_seen = set()
_lock = threading.Lock()


def expected(wheel, field, theirs, ours):
    """Whether the table holds exactly this difference."""
    for index, entry in enumerate(EXPECTED):
        applies = fnmatch.fnmatchcase(wheel, entry.wheel) and entry.field == field
        if applies and entry.theirs in (ANY, theirs) and entry.ours in (ANY, ours):
            with _lock:
                _seen.add(index)
            return True
    return False


def unused():
    """The entries that no case needed."""
    return [entry for index, entry in enumerate(EXPECTED) if index not in _seen]
