"""The same programs in a wheel: `audit repair` brings their libraries in, and the result is unpacked and run."""

import base64
import hashlib
import shutil
import zipfile

from building import PROGRAMS
from harness.programs import run
from harness.report import Failure
from judging import build_id, check_answer, debug_link, dynamic_names, new_complaints, strip, strips_of

# What to look up in each file, and where it is defined.
SYMBOLS = {"libbase": ("base_answer", "base.c"), "libmid": ("mid_answer", "mid.cpp"), "pie": ("main", "main.cpp"), "exec": ("main", "main.cpp")}


def make(home, built, target):
    """A wheel of two programs, without the libraries that they need."""
    home.mkdir(parents=True)
    tag = f"linux_{target.arch}"
    path = home / f"pkg-1.0-py3-none-{tag}.whl"
    headers = f"Wheel-Version: 1.0\nGenerator: loaders\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n"
    members = {"pkg/__init__.py": b""}
    members.update({f"pkg/bin/{program}": (built / program).read_bytes() for program in PROGRAMS})
    members["pkg-1.0.dist-info/METADATA"] = b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
    members["pkg-1.0.dist-info/WHEEL"] = headers.encode()
    rows = [f"{name},sha256={digest(content)},{len(content)}" for name, content in members.items()]
    members["pkg-1.0.dist-info/RECORD"] = "\n".join([*rows, "pkg-1.0.dist-info/RECORD,,", ""]).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if "/bin/" in name else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def repair(audit, wheel, built, out, *more):
    """Repairs a wheel and unpacks the result; returns the folder that stands for site-packages."""
    run([audit, "repair", wheel, "--no-config", "--no-host-libs", "--lib-path", built, "-w", out, *more])
    [repaired] = out.glob("*.whl")
    site = out / "site"
    with zipfile.ZipFile(repaired) as archive:
        archive.extractall(site)
        for entry in archive.infolist():
            (site / entry.filename).chmod(entry.external_attr >> 16 & 0o777)
    return site


def pairs(built, site):
    """Each file as built and as it came out."""
    for stem in ("libbase", "libmid"):
        [library] = (site / "pkg.libs").glob(f"{stem}-*.so.1")
        yield built / f"{stem}.so.1", library
    for program in PROGRAMS:
        yield built / program, site / "pkg" / "bin" / program


def check(audit, target, built, home, baseline):
    """Repairs, runs, strips and runs again; then has `audit` strip, and debuggers' tools look for what went."""
    wheel = make(home / "in", built, target)
    site = repair(audit, wheel, built, home / "out")
    check_wheel(target, built, site, "repaired wheel")
    for name in strips_of(target):
        place = home / f"site-{name}"
        shutil.copytree(site, place)
        try:
            for old, file in pairs(built, place):
                strip(name, target, file)
                check_names(old, file)
            if target.runs:
                check_answer(target, place / "pkg" / "bin", f"repaired wheel after {name} strip")
        except Failure:
            if not target.runs or baseline.works(name):
                raise
    debug = home / "debug"
    stripped = repair(audit, wheel, built, home / "stripped", "--strip", "--debug-dir", debug)
    check_wheel(target, built, stripped, "repaired and stripped wheel")
    if not target.zig:
        check_debug_files(built, stripped, debug)


def check_wheel(target, built, site, what):
    """Tools have no new complaint about any file, its names are those that `repair` gives, and the programs run."""
    for old, new in pairs(built, site):
        complaints = new_complaints(old, new)
        if complaints:
            raise Failure(f"{what}: {new.name}: new complaints: {complaints}")
        check_names(old, new)
    if target.runs:
        check_answer(target, site / "pkg" / "bin", what)


def check_names(old, new):
    """readelf sees that a file needs the libraries of `pkg.libs`, and finds them there."""
    names, own = dynamic_names(new), dynamic_names(old)
    libraries = {stem: name for name in names["NEEDED"] for stem in ("libbase", "libmid") if name.startswith(f"{stem}-")}
    wanted = [libraries.get(name.partition(".")[0], name) for name in own["NEEDED"]]
    if names["NEEDED"] != wanted or len(libraries) != sum(name in ("libbase.so.1", "libmid.so.1") for name in own["NEEDED"]):
        raise Failure(f"{new.name} needs {names['NEEDED']}, not {wanted}")
    library = old.name.startswith("lib")
    if library and names["SONAME"] != [new.name]:
        raise Failure(f"{new.name} calls itself {names['SONAME']}")
    if libraries and names["RPATH"] != ["$ORIGIN" if library else "$ORIGIN/../../pkg.libs"]:
        raise Failure(f"{new.name} searches {names['RPATH']}")


def check_debug_files(built, stripped, debug):
    """Each stripped file leads, by build-id or else by name, to a debug file that knows where its functions were written."""
    for old, new in pairs(built, stripped):
        identity = build_id(new)
        folder = debug / ".build-id" / identity[:2] if identity else debug
        file = folder / debug_link(new)
        if identity and file.name != f"{identity[2:]}.debug" or {build_id(old), build_id(file)} != {identity}:
            raise Failure(f"{new.name}: another build-id in {file.name}")
        symbol, source = SYMBOLS[old.name.partition(".")[0]]
        found = run(["eu-addr2line", f"--debuginfo-path={debug}", "-e", new, symbol], accept=range(256)).stdout
        if f"/{source}:" not in found:
            raise Failure(f"{new.name}: no source of {symbol} is found through {debug}: {found}")


def check_joined(editor, built, home):
    """A file that is only stripped, and its debug file, make the original again in the eyes of elfutils."""
    home.mkdir(parents=True)
    for name in ("libmid.so.1", *PROGRAMS):
        file, debug = home / name, home / f"debug-{name}"
        run([editor, "--strip", "all", "--debug-dir", debug, built / name, file])
        [kept] = debug.rglob("*.debug")
        run(["eu-unstrip", file, kept, "-o", home / "joined"])
        if symbols(home / "joined") != symbols(built / name):
            raise Failure(f"{name}: its debug file has other symbols")


def symbols(file):
    lines = run(["eu-nm", "-f", "posix", file]).stdout.splitlines()
    return sorted(line for line in lines if " T " in line or " t " in line or " b " in line)
