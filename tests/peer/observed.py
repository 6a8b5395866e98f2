"""What one tool makes of one wheel, as named facts that can be held against those of the other tool."""

import base64
import csv
import hashlib
import json
import os
import re
import stat
import zipfile

from harness import wheels
from harness.installs import fresh_venv
from harness.programs import run

HASHED = re.compile(r"-[0-9a-f]{8}(?=\.)")
SBOM = re.compile(r"[^/]+\.dist-info/sboms/[\w-]+\.cdx\.json")
VERDICT = ("overall_tag", "sym_tag", "pyfpe", "ucs2", "unsupported_isa", "versioned_symbols", "pure")
ANY_STATUS = range(-64, 256)


def show(tool, wheel, env, options=()):
    """The verdict of `show --json`."""
    done = run([tool, "show", "--json", *options, wheel], env=env, accept=ANY_STATUS)
    facts = {"show: exit": done.returncode}
    if done.returncode == 0:
        said = json.loads(done.stdout)
        facts |= {field: said.get(field) for field in VERDICT}
        upgrades = said.get("policy_upgrades") or {}
        facts["policy_upgrades"] = {tag: what for tag, what in upgrades.items() if not newer(tag)}
        facts["tags newer than manylinux_2_41"] = any(map(newer, upgrades))
        facts["external_libs"] = {name: bool(path) for name, path in sorted((said.get("external_libs") or {}).items())}
    return facts


def newer(tag):
    """Whether a tag is newer than what auditwheel 6.8.2 knows."""
    found = re.match(r"manylinux_2_(\d+)_", tag)
    return bool(found) and int(found[1]) > 41


def repair(tool, wheel, folder, env, options=()):
    """The facts of a repair and of its result, and the result."""
    folder.mkdir(parents=True)
    done = run([tool, "repair", "--wheel-dir", folder, *options, wheel], env=env, accept=ANY_STATUS)
    results = sorted(folder.glob("*.whl"))
    facts = {"repair: exit": done.returncode}
    if done.returncode or len(results) != 1:
        return facts | {"left behind by a failure": [path.name for path in results]}, None
    facts["file name"] = results[0].name
    return facts | result(results[0], wheel, folder / "unpacked"), results[0]


def result(path, source, unpacked):
    """What a result is made of. Hashes in the names of grafts are a fact of their own, and left out of the others."""
    with zipfile.ZipFile(source) as archive:
        before = archive.infolist()
    with zipfile.ZipFile(path) as archive:
        rows = archive.infolist()
        archive.extractall(unpacked)
    files = [row for row in rows if not row.is_dir()]
    names = [row.filename for row in files]
    plain = [name for name in names if not SBOM.fullmatch(name)]
    kept = [row.filename for row in before if row.filename in names]
    hashed = sorted(name for name in names if HASHED.search(name) and ".so" in name)
    needy = {name for name in hashed if any(HASHED.search(value) for tag, value in dynamic(unpacked / name) if tag == "NEEDED")}
    info = next(name for name in names if name.endswith(".dist-info/WHEEL"))
    purelib = re.search(r"^Root-Is-Purelib: (\w+)", (unpacked / info).read_text(), re.MULTILINE)
    return {
        "Tag lines": wheels.wheel_tags(path),
        "Root-Is-Purelib": purelib and purelib[1].lower(),
        "members": sorted(HASHED.sub("", name) for name in plain),
        "grafts": [name for name in hashed if name not in needy],
        "grafts that need grafts": [name for name in hashed if name in needy],
        "in the input's order": [name for name in names if name in kept and not in_info(name)] == [name for name in kept if not in_info(name)],
        "directory entries": len(rows) > len(files),
        "dates": dates(before, files),
        "modes": {HASHED.sub("", row.filename): oct(stat.S_IMODE(row.external_attr >> 16)) for row in files if not in_info(row.filename)},
        "compressed": any(row.compress_size < row.file_size for row in files if ".so" in row.filename),
        "RECORD": record(path, names, unpacked),
        "SBOM": sbom(names, unpacked),
    } | elf_facts(unpacked, plain)


def in_info(name):
    return ".dist-info/" in name


def dates(before, after):
    """Whether the members that were there keep their dates, or all have one."""
    old = {row.filename: row.date_time for row in before}
    if all(row.date_time == old[row.filename] for row in after if row.filename in old and not in_info(row.filename)):
        return "kept"
    distinct = {row.date_time for row in after}
    # The date of the run is no fact; one that was asked for is.
    return f"all {distinct.pop()[:3]}" if len(distinct) == 1 and max(distinct)[0] < 2020 else "of the run"


def record(path, names, unpacked):
    """Whether RECORD is true of every member."""
    name = next(name for name in names if name.endswith(".dist-info/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader((unpacked / name).read_text().splitlines())}
    for member in names:
        data = (unpacked / member).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        if member != name and rows.get(member) != [f"sha256={digest}", str(len(data))]:
            return f"wrong for {member}"
    return "true" if set(rows) == set(names) else "of other members"


def sbom(names, unpacked):
    """The name of the SBOM that the repair wrote, and the libraries in it."""
    found = [name for name in names if SBOM.fullmatch(name)]
    if not found:
        return None
    components = [row["name"] for name in found for row in json.loads((unpacked / name).read_text())["components"]]
    return [name.rpartition("/")[2] for name in found], sorted(components)


def elf_facts(unpacked, names):
    """For each ELF file what the loader reads in it, without hashes, and whether it has symbols."""
    facts = {}
    for name in names:
        path = unpacked / name
        if path.read_bytes()[:4] != b"\x7fELF":
            continue
        plain = HASHED.sub("", name)
        facts[f"ELF {plain}"] = [f"{tag} {HASHED.sub('', value)}" for tag, value in sorted(dynamic(path), key=lambda row: row[0])]
        facts[f"symbols {plain}"] = " .symtab " in run(["readelf", "-SW", path], accept=(0, 1)).stdout
    return facts


def dynamic(path):
    """What the loader reads: (tag, string), in the file's order."""
    said = run(["readelf", "-dW", path], accept=(0, 1)).stdout
    return re.findall(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]", said)


def works(tools, wheel, folder, call):
    """Whether a call works after an installation; `call` is Python, or the name of a script."""
    script = not call.startswith("import ")
    if script:
        python = fresh_venv(folder)
        tools.run("uv", "pip", "install", "--quiet", "--no-deps", "--offline", "--python", python, wheel)
        command, env = [folder / "bin" / call], tools.env
    else:
        tools.run("uv", "pip", "install", "--quiet", "--no-deps", "--offline", "--target", folder, wheel)
        command, env = ["python3", "-c", call], tools.env | {"PYTHONPATH": str(folder)}
    env = {name: value for name, value in env.items() if name != "LD_LIBRARY_PATH"}
    done = run(command, env=env, accept=ANY_STATUS, cwd=os.sep)
    return "works" if done.returncode == 0 else f"exit {done.returncode}"
