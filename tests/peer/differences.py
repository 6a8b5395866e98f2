"""The differences from auditwheel 6.8.2 that are meant, each with its reason.

`docs/differences.md` tells them to people; this table lets the suite accept exactly these. An entry that
no longer applies fails the suite too, so that the table cannot rot.
"""

import fnmatch
import threading
from typing import NamedTuple


class Difference(NamedTuple):
    wheel: str  # pattern on the file name
    field: str  # what differs: a key of `show --json`, or a word of the repair comparison
    theirs: object  # auditwheel's answer
    ours: object
    reason: str


ANY = object()  # an answer that depends on the machine's libraries

HOST_LIBC = "musl's libc.so is looked up on the glibc host, where libc.so is a linker script"
NO_MUSL_HOST = "away from a musl host auditwheel gives every musl wheel the newest tag it knows"
LIBC_SO = "libc.so is a name of musl's own libc: its loader never looks for such a file"
IN_WHEEL = "libraries of the wheel that no search path reaches are found in the wheel by their soname"

EXPECTED = [
    Difference(
        "pydantic_core-*-musllinux_1_1_aarch64.whl",
        "overall_tag",
        "crash: elftools.common.exceptions.ELFError: Magic number does not match",
        "musllinux_1_1_aarch64",
        HOST_LIBC,
    ),
    Difference("grpcio-*-musllinux_1_1_i686.whl", "overall_tag", "musllinux_1_2_i686", "musllinux_1_1_i686", NO_MUSL_HOST),
    Difference("grpcio-*-musllinux_1_1_i686.whl", "sym_tag", "musllinux_1_2_i686", "musllinux_1_1_i686", NO_MUSL_HOST),
    Difference("orjson-*-musllinux_1_2_x86_64.whl", "overall_tag", "linux_x86_64", "musllinux_1_2_x86_64", LIBC_SO),
    Difference("orjson-*-musllinux_1_2_x86_64.whl", "external_libs", ["libc.so"], [], LIBC_SO),
    Difference("torchaudio-*.whl", "sym_tag", "manylinux_2_17_x86_64", ANY, IN_WHEEL),
    Difference("torchaudio-*.whl", "versioned_symbols", ANY, ANY, IN_WHEEL),
    Difference("torchaudio-*.whl", "external_libs", ANY, ANY, IN_WHEEL),
]

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
