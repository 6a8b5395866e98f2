"""A view of this machine in which only the C library's family exists: what a wheel must work in.

The folder with the system's libraries is covered, in a mount namespace of its own, by one that
holds only what every Linux with this interpreter has: glibc, libgcc_s, libstdc++, and the
interpreter's own needs. A library that a wheel forgot to bring along cannot be found there.
"""

import functools
import os
import pathlib
import re
import shutil
import sys
import threading

from .programs import TARGET, clean_env, run
from .report import Failure

# glibc 2.36's libraries, and those that every tag lets stay outside and Debian's python3 needs.
BASE = (
    "ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libutil.so.1 "
    "libresolv.so.2 libnsl.so.1 libanl.so.1 libmvec.so.1 libnss_files.so.2 libnss_dns.so.2 libthread_db.so.1 "
    "libgcc_s.so.1 libstdc++.so.6 libz.so.1 libexpat.so.1"
).split()


@functools.lru_cache
def library_folder():
    """The folder that holds the C library, such as /usr/lib/x86_64-linux-gnu."""
    found = re.search(r"(/\S+)/libc\.so\.6", run(["ldd", sys.executable]).stdout)
    if not found:
        raise Failure(f"{sys.executable} is not linked to glibc: the suite needs a glibc machine")
    return pathlib.Path(found[1]).resolve()


_making = threading.Lock()


def bare_folder(extra):
    with _making:  # cases run side by side
        return make_bare_folder(extra)


@functools.lru_cache
def make_bare_folder(extra):
    """A folder with BASE, what the interpreter itself is linked to, and `extra`, under target/."""
    source = library_folder()
    names = set(BASE) | set(extra)
    names.update(re.findall(r"(\S+) => ", run(["ldd", os.path.realpath(sys.executable)]).stdout))
    folder = TARGET / "suites" / "-".join(["libraries", *sorted(extra)])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in sorted(names):
        if (source / name).exists():
            shutil.copy(source / name, folder / name)
    return folder


def run_hidden(command, *, extra=(), env=None, accept=(0,)):
    """Runs a command where the system's libraries are hidden.

    `extra` names libraries that a module of the standard library needs (ctypes: libffi).
    """
    bare = bare_folder(tuple(extra))
    empty = TARGET / "suites" / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    # The last mount hides what mount(8) itself needs, so it comes last.
    script = "set -e\n"
    if not sys.base_prefix.startswith("/usr/local"):
        script += f"mount --bind '{empty}' /usr/local/lib\n"
    script += f"mount --bind '{bare}' '{library_folder()}'\n"
    script += 'exec "$@"\n'
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    return run([*unshare, "sh", "-c", script, "sh", *command], env=clean_env(PYTHONDONTWRITEBYTECODE="1", **(env or {})), accept=accept)


def check_hiding_works():
    """Fails at once where namespaces are not allowed, or where something would still be visible."""
    probe = "import os, sys; print(*os.listdir(sys.argv[1]))"
    visible = run_hidden([sys.executable, "-c", probe, library_folder()]).stdout.split()
    if "libssl.so.3" in visible or "libc.so.6" not in visible:
        raise Failure(f"{library_folder()} is not hidden: it shows {visible}")
