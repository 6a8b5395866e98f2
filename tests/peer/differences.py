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


EXPECTED = [
    Difference(
        "pydantic_core-*-musllinux_1_1_aarch64.whl",
        "overall_tag",
        "crash: elftools.common.exceptions.ELFError: Magic number does not match",
        "musllinux_1_1_aarch64",
        "musl's libc.so is looked up on the glibc host, where libc.so is a linker script",
    ),
]

_seen = set()
_lock = threading.Lock()


def expected(wheel, field, theirs, ours):
    """Whether the table holds exactly this difference."""
    for index, entry in enumerate(EXPECTED):
        if fnmatch.fnmatchcase(wheel, entry.wheel) and (entry.field, entry.theirs, entry.ours) == (field, theirs, ours):
            with _lock:
                _seen.add(index)
            return True
    return False


def unused():
    """The entries that no case needed."""
    return [entry for index, entry in enumerate(EXPECTED) if index not in _seen]
