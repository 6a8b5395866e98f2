#!/usr/bin/env python3
"""Renames and re-paths every ELF file of a dozen published wheels, then imports and uses the packages.

    python3 tests/loaders/published.py --editor target/release/examples/elf_edit [--no-peer] [--sample]

Downloads about 300 MB. docs/elf-editor.md says what is checked.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import arguments
from harness.installs import fresh_venv
from harness.programs import TARGET, Tools, clean_env, require, run
from harness.report import Failure, Report

# Large, and linked by every linker that publishers use. Each with a use of it.
USES = {
    "cffi==2.0.0": """\
import cffi
ffi = cffi.FFI()
ffi.cdef("int getpid(void);")
assert ffi.dlopen(None).getpid() > 0
""",
    "cryptography==46.0.3": """\
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
key = ed25519.Ed25519PrivateKey.generate()
key.public_key().verify(key.sign(b"x"), b"x")
""",
    "lxml==6.0.2": """\
import lxml.etree
assert lxml.etree.fromstring("<a><b/></a>")[0].tag == "b"
""",
    "numpy==2.2.6": """\
import numpy
square = numpy.arange(9.0).reshape(3, 3) + numpy.eye(3)
assert numpy.allclose(numpy.linalg.inv(square) @ square, numpy.eye(3))
""",
    "opencv-python-headless==4.12.0.88": """\
import cv2, numpy
done, coded = cv2.imencode(".png", numpy.zeros((4, 4, 3), numpy.uint8))
assert done and cv2.imdecode(coded, 1).shape == (4, 4, 3)
""",
    "pillow==12.0.0": """\
import io
from PIL import Image
for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
    image = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(image, kind)
    assert Image.open(io.BytesIO(image.getvalue())).size == (8, 8)
""",
    "polars==1.35.2": """\
import polars
assert polars.DataFrame({"a": [1, 2]}).select(polars.col("a").sum()).item() == 3
""",
    "psycopg2-binary==2.9.11": """\
import psycopg2
try:
    psycopg2.connect("host=127.0.0.1 port=1 connect_timeout=1")
except psycopg2.OperationalError:
    pass
""",
    "pyarrow==22.0.0": """\
import io, pyarrow, pyarrow.parquet
buffer = io.BytesIO()
pyarrow.parquet.write_table(pyarrow.table({"a": [1, 2, 3]}), buffer, compression="zstd")
assert pyarrow.parquet.read_table(io.BytesIO(buffer.getvalue()))["a"].to_pylist() == [1, 2, 3]
""",
    "pyzmq==27.1.0": """\
import zmq
context = zmq.Context()
left, right = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
right.connect(f"tcp://127.0.0.1:{left.bind_to_random_port('tcp://127.0.0.1')}")
left.send(b"hello")
assert right.recv() == b"hello"
left.close(), right.close(), context.term()
""",
    "scikit-learn==1.7.2": """\
import sklearn.svm
model = sklearn.svm.SVC().fit([[0.0], [1.0]], [0, 1])
assert list(model.predict([[0.1], [0.9]])) == [0, 1]
""",
    "scipy==1.16.3": """\
import numpy, scipy.linalg, scipy.special, scipy.fft
assert numpy.allclose(scipy.linalg.expm(numpy.zeros((2, 2))), numpy.eye(2)) and scipy.special.gamma(5) == 24
assert abs(scipy.fft.fft([1, 2, 3])[0] - 6) < 1e-12
""",
}
# What a sample leaves out: two thirds of the bytes.
WHOLE_ONLY = ("opencv-python-headless", "polars", "pyarrow", "scikit-learn", "scipy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--editor", type=pathlib.Path, help="the example elf_edit")
    parser.add_argument("--no-peer", action="store_true", help="leave patchelf out")
    arguments.add_portion(parser)
    args = parser.parse_args()
    if not (args.fetch or args.editor and args.editor.is_file()):
        parser.error(f"--editor must name a file that was built: {args.editor}")
    require({"readelf": "binutils"})
    tools = Tools()
    home = TARGET / "published" / ("sample" if args.sample else "whole")
    uses = {package: use for package, use in USES.items() if not args.sample or package.partition("==")[0] not in WHOLE_ONLY}
    used = "".join([*uses.values(), 'print("used")\n'])
    install_once(tools, home / "original", uses, used)
    if args.fetch:
        return 0
    editor = args.editor.resolve()
    report = Report("published")
    cases = [
        ("renamed and re-pathed", lambda: check(home, "edited", Ours(editor, []), used)),
        ("the same, and stripped", lambda: check(home, "stripped", Ours(editor, ["--strip", "all"]), used)),
    ]
    report.run(cases, jobs=1)
    if not (args.no_peer or args.sample):
        try:
            print(f"      patchelf: {check(home, 'patchelf', Theirs(tools.bin / 'patchelf'), used)}")
        except Failure as failure:
            print(f"      patchelf: {str(failure).splitlines()[-1]}")
    return report.close()


def install_once(tools, folder, packages, used):
    """An environment with the packages as they were published, and in use."""
    done = folder / "complete"
    wanted = "\n".join(packages)
    if done.is_file() and done.read_text() == wanted:
        return
    python = fresh_venv(folder)
    tools.run("uv", "pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, *packages)
    run([python, "-c", used])
    done.write_text(wanted)


class Ours:
    def __init__(self, editor, more):
        self.command = [editor, *more]

    def __call__(self, file, facts, names):
        command = list(self.command)
        if facts["soname"] in names:
            command += ["--soname", names[facts["soname"]]]
        command += [f"--{facts['kind']}", facts["path"]]
        for name in facts["needed"]:
            if name in names:
                command += ["--replace-needed", f"{name}={names[name]}"]
        run([*command, file, file])


class Theirs:
    def __init__(self, patchelf):
        self.patchelf = patchelf

    def __call__(self, file, facts, names):
        command = [self.patchelf]
        if facts["soname"] in names:
            command += ["--set-soname", names[facts["soname"]]]
        command += ["--set-rpath", facts["path"]]
        if facts["kind"] == "rpath":
            command += ["--force-rpath"]
        for name in facts["needed"]:
            if name in names:
                command += ["--replace-needed", name, names[name]]
        run([*command, file])


def check(home, name, editor, used):
    """Edits a copy of the environment, and uses it; the remark tells sizes and time."""
    folder = home / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "original", folder, symlinks=True)
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink() and is_elf(file)]
    facts = {file: read_dynamic(file) for file in files}
    needed = {name for known in facts.values() for name in known["needed"]}
    names = {known["soname"]: renamed(known["soname"]) for known in facts.values() if known["soname"] in needed}
    sizes = {file: file.stat().st_size for file in files}
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda file: editor(file, facts[file], names), files))
    seconds = time.monotonic() - started
    growth = [file.stat().st_size - sizes[file] for file in files]
    for file in files:
        if facts[file]["soname"] in names:
            file.rename(file.with_name(names[facts[file]["soname"]]))
    done = run([folder / "bin" / "python", "-c", used], env=clean_env(LD_BIND_NOW="1"), timeout=600)
    if done.stdout.strip() != "used":
        raise Failure(done.stdout + done.stderr)
    total = f"{len(files)} files, {len(names)} renamed, {seconds:.1f} s"
    return f"{total}; growth: median {statistics.median(growth):.0f}, largest {max(growth)}, total {sum(growth)} bytes"


def is_elf(file):
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def renamed(soname):
    stem, dot, rest = soname.partition(".so")
    return f"{stem}-1a2b3c4d{dot}{rest}"


def read_dynamic(file):
    """Names, and a search path that is the old one and more."""
    facts = {"needed": [], "soname": None, "kind": "rpath", "path": "$ORIGIN/../added/search/path"}
    for line in run(["readelf", "-dW", file]).stdout.splitlines():
        found = re.search(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]", line)
        if not found:
            continue
        tag, value = found.groups()
        if tag == "NEEDED":
            facts["needed"].append(value)
        elif tag == "SONAME":
            facts["soname"] = value
        else:
            facts["kind"] = tag.lower()
            facts["path"] = f"{value}:$ORIGIN/../added/search/path"
    return facts


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
