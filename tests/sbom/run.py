#!/usr/bin/env python3
"""The SBOMs of repaired wheels against the official CycloneDX 1.4 schema.

    python3 tests/sbom/run.py --audit target/release/audit

The schema comes with cyclonedx-python-lib from PyPI, which is installed under target/. The wheels are
those of testdata/, and one that takes a library from this machine's packages.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness.programs import ROOT, TARGET

VALIDATOR = "cyclonedx-python-lib[json-validation]==11.12.0"
CHECK = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_4).validate_str(sys.stdin.read())
sys.exit(0 if fault is None else repr(fault))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audit", required=True, type=pathlib.Path, help="the program to test")
    audit = parser.parse_args().audit.resolve()
    python = validator()
    faults = []
    if valid(python, '{"bomFormat": "CycloneDX", "specVersion": "1.4", "version": "one"}') is None:
        sys.exit("the validator lets a wrong document pass")
    with tempfile.TemporaryDirectory() as scratch:
        for wheel, options in cases(pathlib.Path(scratch)):
            out = pathlib.Path(scratch) / f"out-{wheel.parent.name}-{wheel.stem}"
            repair = [audit, "repair", wheel, "-w", out, *options]
            done = subprocess.run(list(map(str, repair)), capture_output=True, text=True, cwd=scratch)
            if done.returncode:
                sys.exit(f"{wheel.name}: audit repair failed: {done.stderr}")
            [result] = out.iterdir()
            found = check(python, result)
            print(f"{result.name}: {'; '.join(found) or 'valid'}")
            faults += found
    return 1 if faults else 0


def validator():
    """A Python that can validate; installed once."""
    home = TARGET / "suites" / "sbom-validator"
    python = home / "bin" / "python"
    known = subprocess.run([python, "-c", "import cyclonedx.validation.json"], capture_output=True) if python.exists() else None
    if known is None or known.returncode:
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", VALIDATOR], check=True)
    return python


def cases(scratch):
    """Wheels and where their libraries are."""
    libs = ROOT / "testdata" / "libs"
    for folder, libc in [(ROOT / "testdata" / "wheels", "glibc"), (ROOT / "testdata" / "wheels" / "musl", "musl")]:
        for wheel in sorted(folder.glob("*.whl")):
            arch = wheel.stem.split("-linux_")[1]
            yield wheel, ["--no-host-libs", "--lib-path", libs / f"{arch}-{libc}"]
    yield packaged(scratch), ["--licenses"]


def packaged(scratch):
    """A wheel whose extension needs a library of a package."""
    source = scratch / "x.c"
    source.write_text("int answer(void) { return 42; }\n")
    extension = scratch / "x.so"
    link = ["gcc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", extension, source, "-l:libgomp.so.1"]
    subprocess.run(list(map(str, link)), check=True)
    headers = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n"
    metadata = "Metadata-Version: 2.1\nName: x_y.z\nVersion: 1.0+local\n"
    info = "x_y.z-1.0+local.dist-info"
    members = {
        "x/x.so": extension.read_bytes(),
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": headers.encode(),
    }
    path = scratch / f"x_y.z-1.0+local-py3-none-linux_{os.uname().machine}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", "".join(row(name, data) for name, data in members.items()) + f"{info}/RECORD,,\n")
    return path


def row(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def valid(python, text):
    done = subprocess.run([python, "-c", CHECK], input=text, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None


def check(python, wheel):
    """What is wrong with the document of a repaired wheel."""
    with zipfile.ZipFile(wheel) as archive:
        [place] = [name for name in archive.namelist() if name.endswith(".dist-info/sboms/wheel-audit.cdx.json")]
        text = archive.read(place).decode()
        grafts = {name for name in archive.namelist() if ".libs/" in name}
        digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in grafts}
    faults = []
    fault = valid(python, text)
    if fault:
        faults.append(fault)
    document = json.loads(text)
    told = {component["bom-ref"]: component["hashes"][0]["content"] for component in document["components"]}
    if told != digests:
        faults.append(f"components {sorted(told)} are not the grafts {sorted(digests)}, or their digests differ")
    refs = set(told) | {document["metadata"]["component"]["bom-ref"]}
    for dependency in document["dependencies"]:
        unknown = {dependency["ref"], *dependency.get("dependsOn", [])} - refs
        if unknown:
            faults.append(f"dependencies on {sorted(unknown)}, which are no components")
    return faults


if __name__ == "__main__":
    sys.exit(main())
