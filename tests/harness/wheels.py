"""Reading wheels, and the checks that every repaired wheel must pass."""

import base64
import csv
import hashlib
import re
import sys
import zipfile

from . import pypi
from .programs import run
from .report import Failure

GRAFT = re.compile(r"^(?P<base>.+?)-[0-9a-f]{8}(?P<rest>\..*)$")


def grafts(path):
    """{soname before hashing: member} of the libraries in `<distribution>.libs/`."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            folder, _, file = name.rpartition("/")
            hashed = GRAFT.match(file)
            if folder.endswith(".libs") and hashed:
                found[hashed["base"] + hashed["rest"]] = name
    return found


def wheel_tags(path):
    """The Tag lines of WHEEL, sorted."""
    with zipfile.ZipFile(path) as archive:
        [name] = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/WHEEL", name)]
        lines = archive.read(name).decode().splitlines()
    return sorted(line.partition(": ")[2] for line in lines if line.startswith("Tag: "))


def expanded_tags(path):
    """The tags that the file name stands for, sorted."""
    python, abi, platform = path.name.removesuffix(".whl").split("-")[-3:]
    return sorted(f"{p}-{a}-{t}" for p in python.split(".") for a in abi.split(".") for t in platform.split("."))


def check_archive(path, limits=True):
    """PyPI's rules (with its limits of size, or without), and those of a repair: zipfile's own test, no directory entries, no duplicates, RECORD last."""
    run([sys.executable, "-m", "zipfile", "-t", path])
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != len(set(names)):
            raise Failure(f"{path.name}: duplicate members")
        if any(name.endswith("/") for name in names):
            raise Failure(f"{path.name}: directory entries")
        if not names[-1].endswith(".dist-info/RECORD"):
            raise Failure(f"{path.name}: the last member is {names[-1]}, not RECORD")
        check_modes(archive)
    odd = pypi.check(path, limits)
    if odd:
        raise Failure(f"{path.name}: a repair does not write {odd[:5]}")
    if wheel_tags(path) != expanded_tags(path):
        raise Failure(f"{path.name}: WHEEL says {wheel_tags(path)}, the name {expanded_tags(path)}")


def check_record(path):
    """RECORD names every member with its hash and size, and nothing else; members of any size and number."""
    with zipfile.ZipFile(path) as archive:
        *names, record = archive.namelist()
        rows = {name: rest for name, *rest in csv.reader(archive.read(record).decode().splitlines())}
        if rows.pop(record, None) != ["", ""]:
            raise Failure(f"{path.name}: the row of {record}")
        if set(rows) != set(names):
            raise Failure(f"{path.name}: members without rows, or rows without members: {sorted(set(rows) ^ set(names))[:5]}")
        for name in names:
            with archive.open(name) as member:
                digest = base64.urlsafe_b64encode(hashlib.file_digest(member, "sha256").digest()).rstrip(b"=").decode()
            if rows[name] != [f"sha256={digest}", str(archive.getinfo(name).file_size)]:
                raise Failure(f"{path.name}: the row of {name} is {rows[name]}")


def check_modes(archive):
    for row in archive.infolist():
        mode = row.external_attr >> 16
        if mode not in (0o100644, 0o100755):
            raise Failure(f"{row.filename}: mode {mode:o}")


VALIDATE_RECORD = """
import sys
from installer.sources import WheelFile
with WheelFile.open(sys.argv[1]) as wheel:
    wheel.validate_record(validate_contents=True)
"""


def check_with_tools(tools, path):
    """What PyPI's and PyPA's own tools say: installer on RECORD, twine on METADATA."""
    tools.run("python", "-c", VALIDATE_RECORD, path)
    tools.run("twine", "check", path)


def content_warnings(tools, path):
    """The codes that check-wheel-contents gives for a wheel."""
    done = tools.run("check-wheel-contents", "--no-config", path, accept=(0, 1))
    return set(re.findall(r"\b(W\d{3})\b", done.stdout))


def check_content_warnings(tools, before, after):
    """Repairing must not add a warning of check-wheel-contents.

    It must add one: W010, a top-level folder without Python modules, which `<distribution>.libs/` is by design
    (W009 where that folder is the second at the top).
    """
    added = content_warnings(tools, after) - content_warnings(tools, before) - {"W009", "W010"}
    if added:
        raise Failure(f"check-wheel-contents warns of {sorted(added)} after the repair only")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
