#!/usr/bin/env python3
"""Builds testdata/wheels and testdata/libs from testdata/src.

    python3 testdata/build.py                    every target, in place
    python3 testdata/build.py x86_64-glibc ...   some targets
    python3 testdata/build.py --check            builds elsewhere and compares with what is committed

The chain is the shortest that shows everything a repair must do: the extension
`greet/_greet.abi3.so` needs libgreet.so.1, which needs libwords.so.2, each with
symbol versions of its own. Nothing here is repaired: the wheels bear the `linux_*`
tag that a build backend gives, and the libraries lie outside, in libs/<target>.

Needs Debian 12's gcc, its cross compilers (`gcc-aarch64-linux-gnu` and so on, see
TARGETS), musl-tools, and the headers of any CPython from 3.8 on (python3-dev).
The same compilers give the same bytes: no debug information, build ids, dates or paths.
"""

import argparse
import base64
import hashlib
import io
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import urllib.request
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SRC = HERE / "src"
DATE = (2024, 1, 1, 0, 0, 0)

# target: (compiler, wheel platform, C library's headers or None for the compiler's own)
TARGETS = {
    "x86_64-glibc": ("x86_64-linux-gnu-gcc", "linux_x86_64", None),
    "i686-glibc": ("i686-linux-gnu-gcc", "linux_i686", None),
    "aarch64-glibc": ("aarch64-linux-gnu-gcc", "linux_aarch64", None),
    "armv7l-glibc": ("arm-linux-gnueabihf-gcc", "linux_armv7l", None),
    "ppc64le-glibc": ("powerpc64le-linux-gnu-gcc", "linux_ppc64le", None),
    "s390x-glibc": ("s390x-linux-gnu-gcc", "linux_s390x", None),
    "riscv64-glibc": ("riscv64-linux-gnu-gcc", "linux_riscv64", None),
    "x86_64-musl": ("x86_64-linux-gnu-gcc", "linux_x86_64", "amd64"),
    "aarch64-musl": ("aarch64-linux-gnu-gcc", "linux_aarch64", "arm64"),
    "s390x-musl": ("s390x-linux-gnu-gcc", "linux_s390x", "s390x"),
}

# Debian has no cross compiler for musl, but its musl-dev packages hold the headers of
# each architecture, and gcc's code does not depend on the C library.
MUSL_DEV = {
    "amd64": (
        "musl-dev_1.2.3-1_amd64.deb",
        "7c34f29a0c1aa12f6da1d25ed6de6fe6bbd9e048ee76b3dcb88c5e51fb65507f",
    ),
    "arm64": (
        "musl-dev_1.2.3-1_arm64.deb",
        "55c2ca4bc3041c8ed8ac7dc3ef6080d9551a21650568b2fd7610b59eaf98a4f4",
    ),
    "s390x": (
        "musl-dev_1.2.3-1_s390x.deb",
        "df31f96febb94b27f72a36fcffa0ef3c241dfd5cfde7a3cba10cdd153a0569d5",
    ),
}
POOL = "http://deb.debian.org/debian/pool/main/m/musl/"

CFLAGS = ["-Os", "-fPIC", "-fno-ident", "-fno-asynchronous-unwind-tables", "-U_FORTIFY_SOURCE", "-Wall", "-Wextra"]
LDFLAGS = ["-shared", "-s", "-Wl,--build-id=none", "-Wl,--hash-style=gnu", "-Wl,-z,relro", "-Wl,-z,now"]


def main():
    args = parse_args()
    if not args.check:
        for target in args.targets:
            build(target, HERE)
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        for target in args.targets:
            build(target, pathlib.Path(scratch))
        return compare(pathlib.Path(scratch))


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help="default: all")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, change nothing")
    args = parser.parse_args()
    unknown = sorted(set(args.targets) - set(TARGETS))
    if unknown:
        parser.error(f"unknown targets {unknown}, known are {sorted(TARGETS)}")
    return args


def build(target, out):
    """Writes libs/<target>/ and the wheel of one target under `out`."""
    libs = out / "libs" / target
    shutil.rmtree(libs, ignore_errors=True)
    libs.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        cc = Compiler(target, pathlib.Path(scratch))
        cc.library("words", 2, libs, needs=[])
        cc.library("greet", 1, libs, needs=[libs / "libwords.so.2"])
        extension = cc.extension(libs / "libgreet.so.1")
    # The name of an unrepaired wheel does not tell the C library.
    folder = out / "wheels" / ("musl" if target.endswith("-musl") else "")
    folder.mkdir(parents=True, exist_ok=True)
    pack(extension, TARGETS[target][1], folder)
    print(f"built {target}")


class Compiler:
    """One cross compiler with the C library and Python headers of its target."""

    def __init__(self, target, scratch):
        self.cc, _, musl = TARGETS[target]
        if not shutil.which(self.cc):
            sys.exit(f"{self.cc} is missing: apt-get install gcc-{self.cc[:-4].replace('_', '-')}")
        self.scratch = scratch
        self.includes = []
        self.tail = []
        if musl:
            self.includes = ["-nostdinc", "-isystem", self.gcc_headers(), "-isystem", str(musl_headers(musl))]
            self.tail = ["-nostdlib", "-Wl,--no-as-needed", str(self.musl_stub(target.removesuffix("-musl")))]

    def library(self, name, version, out, needs):
        soname = f"lib{name}.so.{version}"
        script = f"-Wl,--version-script={SRC / name}.map"
        self.link([f"{name}.c"], out / soname, ["-Wl,-soname," + soname, script, *map(str, needs)])

    def extension(self, library):
        out = self.scratch / "_greet.abi3.so"
        python = ["-DPy_LIMITED_API=0x03080000", f"-I{self.python_headers()}"]
        # The libraries that libgreet needs are not this link's business.
        self.link(["_greet.c"], out, [*python, str(library), "-Wl,--allow-shlib-undefined"])
        return out.read_bytes()

    def link(self, sources, out, options):
        sources = [str(SRC / source) for source in sources]
        run([self.cc, *CFLAGS, *self.includes, f"-I{SRC}", *sources, "-o", out, *LDFLAGS, *options, *self.tail])

    def gcc_headers(self):
        return str(pathlib.Path(run([self.cc, "-print-libgcc-file-name"]).strip()).parent / "include")

    def musl_stub(self, arch):
        """An empty library with the soname that musl bears on Alpine, where musl wheels are built.

        Linking needs no more: a shared object may leave symbols undefined.
        """
        stub = self.scratch / "libc.so"
        soname = f"-Wl,-soname,libc.musl-{arch}.so.1"
        run([self.cc, "-nostdlib", "-shared", soname, "-x", "c", "/dev/null", "-o", stub])
        return stub

    def python_headers(self):
        """The host's CPython headers with a pyconfig.h that asks the compiler for the sizes.

        With the limited API nothing else in them depends on the architecture.
        """
        include = pathlib.Path(sysconfig.get_path("include"))
        if not (include / "Python.h").is_file():
            sys.exit(f"{include}/Python.h is missing: apt-get install python3-dev")
        copy = self.scratch / "python"
        shutil.copytree(include, copy)
        config = pathlib.Path(sysconfig.get_config_h_filename()).read_text()
        if "SIZEOF_LONG" not in config:  # Debian's own python3: one file for each architecture
            triplet = sysconfig.get_config_var("MULTIARCH")
            config = (include.parent / triplet / include.name / "pyconfig.h").read_text()
        for name, macro in [
            ("SIZEOF_INT", "__SIZEOF_INT__"),
            ("SIZEOF_LONG", "__SIZEOF_LONG__"),
            ("SIZEOF_LONG_LONG", "__SIZEOF_LONG_LONG__"),
            ("SIZEOF_SIZE_T", "__SIZEOF_SIZE_T__"),
            ("SIZEOF_VOID_P", "__SIZEOF_POINTER__"),
            ("SIZEOF_WCHAR_T", "__SIZEOF_WCHAR_T__"),
        ]:
            config += f"\n#undef {name}\n#define {name} {macro}"
        (copy / "pyconfig.h").write_text(config + "\n")
        return copy


def musl_headers(debian_arch):
    """The headers of Debian's musl-dev package for an architecture, unpacked under target/."""
    name, digest = MUSL_DEV[debian_arch]
    cache = HERE.parent / "target" / "testdata"
    root = cache / name.removesuffix(".deb")
    if not root.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        package = cache / name
        with urllib.request.urlopen(POOL + name, timeout=60) as answer:
            content = answer.read()
        if hashlib.sha256(content).hexdigest() != digest:
            sys.exit(f"{POOL}{name} is not the package this script knows")
        package.write_bytes(content)
        run(["dpkg-deb", "--extract", package, root])
    [headers] = root.glob("usr/include/*-linux-musl")
    return headers


def pack(extension, platform, folder):
    """Writes the wheel as a build backend would: RECORD last, fixed dates."""
    info = "greet-1.0.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: testdata/build.py\nRoot-Is-Purelib: false\nTag: cp38-abi3-{platform}\n"
    metadata = (
        "Metadata-Version: 2.1\nName: greet\nVersion: 1.0\nSummary: Greets people in their language\n"
        "License: MIT OR Apache-2.0\nRequires-Python: >=3.8\nDescription-Content-Type: text/plain\n\n"
        "A small wheel that needs a shared library.\n"
    )
    members = {
        "greet/__init__.py": (SRC / "greet/__init__.py").read_bytes(),
        "greet/_greet.abi3.so": extension,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": wheel.encode(),
        f"{info}/top_level.txt": b"greet\n",
    }
    record = "".join(record_row(name, data) for name, data in members.items()) + f"{info}/RECORD,,\n"
    members[f"{info}/RECORD"] = record.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            row = zipfile.ZipInfo(name, DATE)
            row.compress_type = zipfile.ZIP_DEFLATED
            row.create_system = 3
            row.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            archive.writestr(row, data)
    (folder / f"greet-1.0-cp38-abi3-{platform}.whl").write_bytes(buffer.getvalue())


def record_row(name, data):
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def compare(fresh):
    """Whether the committed files are what the script builds; wheels by member, since deflate may differ."""
    wrong = []
    for path in sorted(fresh.rglob("*")):
        committed = HERE / path.relative_to(fresh)
        if path.is_file() and (not committed.is_file() or content(path) != content(committed)):
            wrong.append(committed)
    for path in wrong:
        print(f"differs from what {__file__} builds: {path}")
    return 1 if wrong else 0


def content(path):
    if path.suffix != ".whl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return [(row.filename, row.date_time, row.external_attr, archive.read(row)) for row in archive.infolist()]


def run(command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
