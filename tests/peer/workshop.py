"""Small libraries, extensions and wheels for the situations, made with gcc in a few seconds."""

import functools
import pathlib
import platform
import shutil
import sys
import sysconfig
import threading

from harness.making import WheelMaker
from harness.programs import TARGET, run

MACHINE = platform.machine()
PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"
HOME = TARGET / "peer" / "situations"
LIBS = str(HOME / "libs")
HOST_TAG = f"{PYTHON}-{PYTHON}-linux_{MACHINE}"

# An extension module `NAME` whose `call()` gives what `BODY` computes; unless told otherwise it needs something of the C library.
EXTENSION = """
    #include <Python.h>
    #ifndef WITHOUT_LIBC
    void *environment(void) { return getenv("PATH"); }
    #endif
    BEFORE
    static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(BODY); }
    static PyMethodDef methods[] = {{"call", call, METH_NOARGS, 0}, {0}};
    static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "NAME", 0, -1, methods};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModule_Create(&module); }
"""


class Workshop:
    """A folder of its own. What several situations share is replaced whole: another may be reading it."""

    def __init__(self):
        self.home = HOME
        shutil.rmtree(self.home, ignore_errors=True)
        self.libs = pathlib.Path(LIBS)
        self.libs.mkdir(parents=True)
        self.lock = threading.RLock()

    def compiled(self, path, source, *flags):
        """What gcc makes of a source."""
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_name(path.name + ".c")
        written.write_text(source)
        made = path.with_name(path.name + ".made")
        run(["gcc", "-O0", "-g0", "-o", made, written, *flags])
        return made.replace(path)

    @functools.cached_property
    def outer(self):
        """`libouter.so.1`, which needs `libinner.so.1`: a link to `libinner.so.1.2`, as packages install libraries."""
        with self.lock:
            inner = self.library("libinner.so.1.2", "int inner(void) { return 20; }", soname="libinner.so.1")
            link = self.libs / "libinner.so.1"
            link.unlink(missing_ok=True)
            link.symlink_to(inner.name)
            return self.library("libouter.so.1", "int inner(void); int outer(void) { return inner() + 1; }", inner)

    def library(self, name, source, *flags, soname=None, folder=None):
        """A shared library beside the others, or in `folder`."""
        path = (folder or self.libs) / name
        return self.compiled(path, source, "-shared", "-fPIC", f"-Wl,-soname,{soname or name}", *flags)

    def extension(self, folder, name, body="1", before="", flags=()):
        """An extension module in a folder of this workshop; its file is named as Python's own build names it."""
        text = EXTENSION.replace("NAME", name).replace("BODY", body).replace("BEFORE", before)
        path = self.home / folder / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
        include = f"-I{sysconfig.get_path('include')}"
        return self.compiled(path, text, "-shared", "-fPIC", include, f"-Wl,-rpath-link,{self.libs}", *flags)

    def outer_extension(self, folder, name="ext", flags=()):
        """An extension that needs `libouter.so.1`."""
        return self.extension(folder, name, "outer()", "int outer(void);", (self.outer, *flags))

    def wheel(self, project, members, tags=HOST_TAG, build="", modes={}, **metadata):
        """A wheel of members (bytes, or the path of a file); `wheel_tags` and `purelib` say what WHEEL tells if it is not the name."""
        folder = self.home / "wheels" / project
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{project}-1.0{build and '-' + build}-{tags}.whl"
        made = folder / "made" / path.name
        made.parent.mkdir(exist_ok=True)
        with WheelMaker(made) as maker:
            expanded = metadata.get("wheel_tags") or expand(tags)
            text = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {metadata.get('purelib', 'false')}\n"
            maker.metadata["WHEEL"] = text + "".join(f"Tag: {tag}\n" for tag in expanded)
            for name, content in members.items():
                data = content if isinstance(content, bytes) else content.read_bytes()
                maker.add(name, [data], mode=modes.get(name))
        return made.replace(path)


def expand(tags):
    """The tags that `python-abi-platform` of a file name stands for."""
    python, abi, platforms = tags.split("-")
    return [f"{p}-{a}-{t}" for p in python.split(".") for a in abi.split(".") for t in platforms.split(".")]
