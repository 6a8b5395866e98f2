#!/usr/bin/env python3
"""Cuts the package databases of this folder from those of whole systems.

    excerpt.py dpkg ROOT PACKAGE...      a Debian system -> debian/
    excerpt.py apk INSTALLED PACKAGE...  Alpine's lib/apk/db/installed -> alpine/
    excerpt.py sqlite RPMDB PACKAGE...   rpmdb.sqlite -> mariner/
    excerpt.py ndb PACKAGES PACKAGE...   SUSE's Packages.db -> suse/

`rhel/var/lib/rpm/Packages` (Berkeley DB) is whole: a system with one package.
What is kept is kept byte for byte. README.md tells where each comes from.
"""

import pathlib
import shutil
import sqlite3
import struct
import sys

HERE = pathlib.Path(__file__).parent


def dpkg(root, packages):
    root = pathlib.Path(root)
    status = (root / "var/lib/dpkg/status").read_text().split("\n\n")
    kept = [s for s in status if s.split("\n")[0].removeprefix("Package: ") in packages]
    to = HERE / "debian/var/lib/dpkg"
    (to / "info").mkdir(parents=True, exist_ok=True)
    (to / "status").write_text("\n\n".join(kept) + "\n\n")
    for package in packages:
        for file in (root / "var/lib/dpkg/info").glob(f"{package}:*.list"):
            shutil.copyfile(file, to / "info" / file.name)


def apk(installed, packages):
    stanzas = pathlib.Path(installed).read_text().split("\n\n")
    kept = [s for s in stanzas if any(f"\nP:{p}\n" in f"\n{s}" for p in packages)]
    to = HERE / "alpine/lib/apk/db"
    to.mkdir(parents=True, exist_ok=True)
    (to / "installed").write_text("\n\n".join(kept) + "\n\n")


def name_of(blob):
    entries, _ = struct.unpack(">II", blob[:8])
    for n in range(entries):
        tag, _, offset, _ = struct.unpack_from(">IIII", blob, 8 + 16 * n)
        if tag == 1000:
            return blob[8 + 16 * entries + offset :].split(b"\0")[0].decode()


def sqlite(rpmdb, packages):
    to = HERE / "mariner/var/lib/rpm/rpmdb.sqlite"
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(rpmdb, to)
    db = sqlite3.connect(to)
    for number, blob in db.execute("select hnum, blob from Packages").fetchall():
        if name_of(blob) not in packages:
            db.execute("delete from Packages where hnum = ?", (number,))
    tables = db.execute("select name from sqlite_master where type = 'table'").fetchall()
    for (table,) in tables:
        if table not in ("Packages", "sqlite_sequence"):
            db.execute(f"drop table '{table}'")
    db.commit()
    db.execute("pragma journal_mode = delete")
    db.execute("vacuum")
    db.close()


def ndb(path, packages):
    data = pathlib.Path(path).read_bytes()
    pages = struct.unpack_from("<I", data, 12)[0]
    slots = bytearray(data[: pages * 4096])
    blobs = bytearray()
    for at in range(32, len(slots), 16):
        magic, package, block, count = struct.unpack_from("<4sIII", slots, at)
        if magic != b"Slot" or block == 0:
            continue
        blob = data[block * 16 :][: count * 16]
        size = struct.unpack_from("<I", blob, 12)[0]
        if name_of(blob[16 : 16 + size]) in packages:
            struct.pack_into("<I", slots, at + 8, (len(slots) + len(blobs)) // 16)
            blobs += blob
        else:
            struct.pack_into("<III", slots, at + 4, 0, 0, 0)
    to = HERE / "suse/usr/lib/sysimage/rpm/Packages.db"
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(bytes(slots + blobs))


if __name__ == "__main__":
    {"dpkg": dpkg, "apk": apk, "sqlite": sqlite, "ndb": ndb}[sys.argv[1]](sys.argv[2], sys.argv[3:])
