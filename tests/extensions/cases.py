"""The ways people make binary extensions, each linked to a library of Debian's, and a call into it."""

import hashlib
import pathlib
import shutil
import zipfile
from typing import NamedTuple

from harness.programs import PYTHON, TARGET, clean_env

HERE = pathlib.Path(__file__).resolve().parent
CACHE = TARGET / "extensions" / "built"

# scikit-build-core asks PyPI for these where Debian's are too old.
CONSTRAINTS = "cmake==3.31.6\nninja==1.11.1.4\n"


class Case(NamedTuple):
    name: str  # the folder of the sources
    how: str
    packages: str  # Debian packages with the headers and tools
    grafts: tuple  # sonames that a repair must graft
    call: str  # Python that imports the extension and calls into the library
    requires: tuple = ()  # what it needs from PyPI at run time
    modules: tuple = ()  # libraries that modules of the standard library need


UUID = "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"
NULL = "00000000-0000-0000-0000-000000000000"

IMPORTED = [
    Case(
        "capi",
        "C against the C API",
        "uuid-dev",
        ("libuuid.so.1",),
        f"import ext_capi\nassert ext_capi.canonical('{UUID}') == '{UUID.lower()}'\n",
    ),
    Case(
        "namespace",
        "a namespace package and one beside it",
        "uuid-dev",
        ("libuuid.so.1",),
        "import ext_ns, ext_ns.part, ext_beside\n"
        "assert getattr(ext_ns, '__file__', None) is None\n"
        f"assert ext_ns.part.is_null('{NULL}') and ext_beside.is_null('{NULL}')\n"
        f"assert not ext_ns.part.is_null('{UUID}') and not ext_beside.is_null('{UUID}')\n"
        "copies = {line.split()[-1] for line in open('/proc/self/maps') if 'libuuid' in line}\n"
        "assert len(copies) == 1, copies\n",
    ),
    Case(
        "abi3",
        "C against the stable ABI",
        "libyaml-dev",
        ("libyaml-0.so.2",),
        "import ext_abi3\nassert ext_abi3.events('[1, 2]') == 8\n",
    ),
    Case(
        "cython",
        "Cython",
        "libsodium-dev",
        ("libsodium.so.23",),
        "import hashlib\nfrom ext_cython.digest import blake2b\n"
        "assert blake2b(b'data') == hashlib.blake2b(b'data', digest_size=32).digest()\n",
    ),
    Case(
        "cffi",
        "cffi in API mode",
        "liblz4-dev",
        ("liblz4.so.1",),
        "import ext_cffi\nsize, data = ext_cffi.round_trip(b'again and ' * 99)\n"
        "assert size < 99 and data == b'again and ' * 99\n",
        requires=("cffi==2.0.0", "pycparser==2.22"),
    ),
    Case(
        "swig",
        "SWIG",
        "swig libxxhash-dev",
        ("libxxhash.so.0",),
        "import ext_swig\nassert ext_swig.hash64('') == 0xef46db3751d8e999\n",
    ),
    Case(
        "ctypes",
        "a library that ctypes loads",
        "cmake ninja-build libbrotli-dev",
        ("libbrotlicommon.so.1", "libbrotlienc.so.1"),
        "import ext_ctypes\nassert 0 < ext_ctypes.squeeze(b'a' * 4000) < 100\n",
        modules=("libffi.so.8",),
    ),
    Case(
        "pybind11",
        "C++ with pybind11 through scikit-build-core",
        "g++ cmake ninja-build libsnappy-dev",
        ("libsnappy.so.1",),
        "import ext_pybind11 as snappy\n"
        "assert snappy.uncompress(snappy.compress(b'data' * 99)) == b'data' * 99\n"
        "try: snappy.uncompress(b'\\xff' * 9)\n"
        "except ValueError as error: assert 'not snappy' in str(error)\n"
        "else: raise AssertionError('no exception from C++')\n",
    ),
    Case(
        "pyo3",
        "Rust with PyO3 through maturin",
        "libsodium-dev",
        ("libsodium.so.23",),
        "import ext_pyo3\nassert ext_pyo3.hex(b'\\x01\\xfe') == '01fe'\n",
    ),
]

SCRIPT = Case("script", "an executable in .data/scripts", "cmake ninja-build uuid-dev", ("libuuid.so.1",), "")


def packages():
    """All Debian packages that the builds and the suite need."""
    tools = {"gcc", "python3-dev", "python3-venv", "util-linux"}
    return sorted(tools | {package for case in [*IMPORTED, SCRIPT] for package in case.packages.split()})


def build(tools, case):
    """The unrepaired wheel of a case, built once for each state of its sources."""
    source = HERE / case.name
    digest = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(source)}\0".encode() + path.read_bytes())
    folder = CACHE / f"{case.name}-{digest.hexdigest()[:12]}-{PYTHON}"
    built = sorted(folder.glob("*.whl"))
    if built:
        return built[0]
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    # Build backends leave their work beside the sources.
    shutil.copytree(source, scratch / "source")
    if case.name == "pyo3":
        build_by_maturin(tools, scratch)
    else:
        build_by_pip(tools, scratch)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def build_by_pip(tools, scratch):
    constraints = scratch / "constraints.txt"
    constraints.write_text(CONSTRAINTS)
    command = ["wheel", "--quiet", "--no-deps", "--no-cache-dir", "--build-constraint", constraints]
    tools.pip(*command, "--wheel-dir", scratch, scratch / "source", env=clean_env())


def build_by_maturin(tools, scratch):
    env = {**tools.env, "CARGO_TARGET_DIR": str(TARGET / "extensions" / "cargo")}
    command = ["build", "--release", "--locked", "--auditwheel", "skip", "--compatibility", "linux"]
    tools.run("maturin", *command, "--interpreter", "python3", "--out", scratch, cwd=scratch / "source", env=env)


def pypy_wheel(tools, capi, folder):
    """The wheel of the C API case as PyPy's build would name it; only its tags and file name differ."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(capi) as archive:
        archive.extractall(folder / "unpacked")
    [extension] = (folder / "unpacked").rglob("*.so")
    extension.rename(extension.with_name("_uuid.pypy310-pp73-x86_64-linux-gnu.so"))
    tools.run("wheel", "pack", "--dest-dir", folder, folder / "unpacked")
    [packed] = folder.glob("*.whl")
    tools.run("wheel", "tags", "--remove", "--python-tag", "pp310", "--abi-tag", "pypy310_pp73", packed)
    [wheel] = folder.glob("*.whl")
    return wheel
