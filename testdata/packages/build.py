#!/usr/bin/env python3
"""Builds the package databases of this folder from packages of our own, with the tools of the package managers.

    build.py          in place
    build.py --check  builds elsewhere and compares what is read from both

The packages: `libwords`, with libwords of testdata/libs and a licence file, and `words-many`, whose record is larger than a page
of any database. Needs Debian 12's `rpm` (4.18), which writes SQLite and NDB and reads Berkeley DB, and `db-util`, which writes that.
rpm notes when a package was installed, so bytes differ from build to build; what is read does not. `debian/` is not made here:
see excerpt.py. The etc/os-release files were written by hand.
"""

import argparse
import base64
import hashlib
import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = HERE.parent / "libs/x86_64-glibc/libwords.so.2"
MUSL_LIBRARY = HERE.parent / "libs/s390x-musl/libwords.so.2"
QUERY = "%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH} %{LICENSE}\\n[%{FILEFLAGS:fflags} %{FILENAMES}\\n]"
# System: the folder of its database, and what kind it is.
RPM = {
    "fedora": ("usr/lib/sysimage/rpm", "sqlite"),
    "mariner": ("var/lib/rpm", "sqlite"),
    "suse": ("usr/lib/sysimage/rpm", "ndb"),
    "rhel": ("var/lib/rpm", "bdb_ro"),
}
ALPINE = "lib/apk/db/installed"

SPEC = """\
Name: libwords
Epoch: 1
Version: 2.0
Release: 3.fc40
Summary: Words to greet with
License: MIT OR Apache-2.0

%description
The library of this folder's neighbours, as a package.

%package -n words-many
Summary: More words than fit on a page
License: MIT

%description -n words-many
Many files.

%install
install -D -m 755 {library} %{{buildroot}}/usr/lib64/libwords.so.2.0
ln -s libwords.so.2.0 %{{buildroot}}/usr/lib64/libwords.so.2
mkdir -p %{{buildroot}}/usr/share/licenses/libwords %{{buildroot}}/usr/lib64/words
echo 'Free to use.' > %{{buildroot}}/usr/share/licenses/libwords/COPYING
for number in $(seq 100 250); do echo $number > %{{buildroot}}/usr/lib64/words/libword-$number.so; done

%files
%license /usr/share/licenses/libwords/COPYING
/usr/lib64/libwords.so.2
/usr/lib64/libwords.so.2.0

%files -n words-many
/usr/lib64/words
"""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def macros(**values):
    return [word for name, value in values.items() for word in ("--define", f"{name} {value}")]


def packages(top):
    """The .rpm files, built in the folder `top`."""
    spec = pathlib.Path(top, "libwords.spec")
    spec.write_text(SPEC.format(library=LIBRARY))
    define = macros(_topdir=top, _build_id_links="none", __os_install_post="%{nil}", _buildhost="localhost", use_source_date_epoch_as_buildtime="1")
    run("rpmbuild", "-bb", "--quiet", "--target", "x86_64", *define, str(spec), env={**os.environ, "SOURCE_DATE_EPOCH": "1704067200"})
    return sorted(str(path) for path in pathlib.Path(top, "RPMS").rglob("*.rpm"))


def build(root):
    """All systems below the folder `root`."""
    with tempfile.TemporaryDirectory() as top:
        files = packages(top)
        for system, (place, backend) in RPM.items():
            database = root / system / place
            database.mkdir(parents=True, exist_ok=True)
            for old in database.iterdir():
                old.unlink()
            if backend == "sqlite":
                install(files, database)
            elif backend == "ndb":
                (database / "Packages.db").write_bytes(ndb(records(files, top)))
            else:
                berkeley(records(files, top), database / "Packages")
    installed = root / "alpine" / ALPINE
    installed.parent.mkdir(parents=True, exist_ok=True)
    installed.write_text(alpine())


def install(files, database):
    """Only the database is written: nothing is installed."""
    options = ["--justdb", "--nodeps", "--ignoreos", "--ignorearch", "--force-debian"]
    run("rpm", "--dbpath", str(database), *macros(_db_backend="sqlite"), *options, "-i", *files)
    # One file, as a package manager that ended well leaves it.
    db = sqlite3.connect(database / "rpmdb.sqlite")
    db.execute("pragma journal_mode = delete")
    db.execute("vacuum")
    db.close()
    for other in database.iterdir():
        if other.name != "rpmdb.sqlite":
            other.unlink()


def records(files, top):
    """(number, record) of each package, as every kind of database holds them."""
    with tempfile.TemporaryDirectory(dir=top) as folder:
        install(files, pathlib.Path(folder))
        db = sqlite3.connect(pathlib.Path(folder, "rpmdb.sqlite"))
        rows = db.execute("select hnum, blob from Packages order by hnum").fetchall()
        db.close()
    return rows


def berkeley(rows, out):
    """The hash table that rpm wrote before 4.16: four bytes of a number, and the record; number 0 is the highest one."""
    rows = [(0, rows[-1][0].to_bytes(4, "little")), *rows]
    lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END"]
    lines += [f" {text}" for number, blob in rows for text in (number.to_bytes(4, "little").hex(), blob.hex())]
    run("db5.3_load", str(out), input="\n".join([*lines, "DATA=END", ""]))


def ndb(rows):
    """A page of slots, then the records in blocks of 16 bytes: https://github.com/rpm-software-management/rpm, lib/backend/ndb/rpmpkg.c"""
    generation = len(rows)
    slots, blobs = bytearray(4096), bytearray()
    struct.pack_into("<4s4I", slots, 0, b"RpmP", 0, generation, 1, rows[-1][0] + 1)
    for at in range(32, 4096, 16):
        slots[at : at + 4] = b"Slot"
    for index, (number, record) in enumerate(rows):
        blob = struct.pack("<4s3I", b"BlbS", number, index + 1, len(record)) + record
        blob += bytes(-(len(blob) + 12) % 16)
        blob += struct.pack("<2I4s", zlib.adler32(blob), len(record), b"BlbE")
        struct.pack_into("<3I", slots, 36 + index * 16, number, (len(slots) + len(blobs)) // 16, len(blob) // 16)
        blobs += blob
    return bytes(slots + blobs)


def names_in_ndb(data):
    """The name and the size of each record."""
    found = []
    for at in range(32, 4096, 16):
        number, block, count = struct.unpack_from("<3I", data, at + 4)
        if number:
            (size,) = struct.unpack_from("<I", data, block * 16 + 12)
            record = data[block * 16 + 16 :][:size]
            entries = struct.unpack_from(">I", record)[0]
            tags = {tag: place for tag, _, place, _ in struct.iter_unpack(">4I", record[8 : 8 + 16 * entries])}
            found.append(f"{record[8 + 16 * entries + tags[1000] :].split(bytes(1))[0].decode()} {size}\n")
    return "".join(found)


def alpine():
    """apk's database, which is text: https://wiki.alpinelinux.org/wiki/Apk_spec"""
    library = MUSL_LIBRARY.read_bytes()
    text = []
    for name, license, folder, file in (("musl-words", "MIT", "lib", "ld-musl-s390x.so.1"), ("libwords", "MIT OR Apache-2.0", "usr/lib", "libwords.so.2.0")):
        text += [f"C:{apk_digest(name.encode())}", f"P:{name}", "V:2.0-r3", "A:s390x", f"S:{len(library)}", f"I:{len(library)}"]
        text += [f"T:Words to greet with, {name}", "U:https://example.org/", f"L:{license}", f"o:{name}", "t:1704067200"]
        parents = folder.split("/")
        text += [f"F:{'/'.join(parents[:depth])}" for depth in range(1, len(parents) + 1)]
        text += [f"R:{file}", "a:0:0:755", f"Z:{apk_digest(library)}"]
        if name == "libwords":
            text += ["R:libwords.so.2", "a:0:0:777", f"Z:{apk_digest(b'libwords.so.2.0')}"]
        text.append("")
    return "\n".join([*text, ""])


def apk_digest(content):
    return f"Q1{base64.b64encode(hashlib.sha1(content).digest()).decode()}"


def told(root):
    """What package managers read from each database."""
    found = {"alpine": (root / "alpine" / ALPINE).read_text()}
    for system, (place, backend) in RPM.items():
        if backend == "ndb":
            found[system] = names_in_ndb((root / system / place / "Packages.db").read_bytes())
            continue
        # rpm may write beside a database that it reads.
        with tempfile.TemporaryDirectory() as copy:
            for file in (root / system / place).iterdir():
                pathlib.Path(copy, file.name).write_bytes(file.read_bytes())
            found[system] = run("rpm", "--dbpath", copy, *macros(_db_backend=backend), "-qa", "--qf", QUERY, stderr=subprocess.DEVNULL)
    for system, text in found.items():
        if "libwords" not in text or (system != "alpine" and "words-many" not in text):
            sys.exit(f"{system}: the packages are not there: {text!r}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        build(HERE)
        told(HERE)
        return
    with tempfile.TemporaryDirectory() as folder:
        fresh = pathlib.Path(folder)
        build(fresh)
        committed, built = told(HERE), told(fresh)
        different = [system for system in built if built[system] != committed[system]]
        if different:
            sys.exit(f"testdata/packages is not what this script builds: {', '.join(different)}")


if __name__ == "__main__":
    main()
