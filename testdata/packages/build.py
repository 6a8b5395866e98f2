#!/usr/bin/env python3
"""Builds fedora/: the database of a system as Fedora lays it out, with one package of our own.

    build.py          in place
    build.py --check  builds elsewhere and compares what `rpm` reads from both

The package holds libwords of testdata/libs, and a licence file. Needs Debian 12's `rpm` (4.18, whose databases are
SQLite as Fedora's are). Bytes differ from build to build, since rpm notes when a package was installed; what is
read from them does not. fedora/etc/os-release was written by hand.
"""

import argparse
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = HERE.parent / "libs/x86_64-glibc/libwords.so.2"
DATABASE = "usr/lib/sysimage/rpm"
QUERY = "%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH} %{LICENSE}\\n[%{FILEFLAGS:fflags} %{FILENAMES}\\n]"

SPEC = """\
Name: libwords
Epoch: 1
Version: 2.0
Release: 3.fc40
Summary: Words to greet with
License: MIT OR Apache-2.0

%description
The library of this folder's neighbours, as a package.

%install
install -D -m 755 {library} %{{buildroot}}/usr/lib64/libwords.so.2.0
ln -s libwords.so.2.0 %{{buildroot}}/usr/lib64/libwords.so.2
mkdir -p %{{buildroot}}/usr/share/licenses/libwords
echo 'Free to use.' > %{{buildroot}}/usr/share/licenses/libwords/COPYING

%files
%license /usr/share/licenses/libwords/COPYING
/usr/lib64/libwords.so.2
/usr/lib64/libwords.so.2.0
"""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def build(database):
    """A new database in the folder `database` that holds the package."""
    database.mkdir(parents=True, exist_ok=True)
    for old in database.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as top:
        spec = pathlib.Path(top, "libwords.spec")
        spec.write_text(SPEC.format(library=LIBRARY))
        define = []
        for name, value in [
            ("_topdir", top),
            ("_build_id_links", "none"),
            ("__os_install_post", "%{nil}"),
            ("_buildhost", "localhost"),
            ("use_source_date_epoch_as_buildtime", "1"),
            ("_db_backend", "sqlite"),
        ]:
            define += ["--define", f"{name} {value}"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1704067200"}
        run("rpmbuild", "-bb", "--quiet", "--target", "x86_64", *define, str(spec), env=environment)
        package = next(pathlib.Path(top, "RPMS").rglob("*.rpm"))
        # Only the database is written: nothing is installed.
        run("rpm", "--dbpath", str(database), *define, "--justdb", "--nodeps", "--ignoreos", "--ignorearch",
            "--force-debian", "-i", str(package))
    settle(database)


def settle(database):
    """One file, as a package manager that ended well leaves it."""
    file = database / "rpmdb.sqlite"
    db = sqlite3.connect(file)
    db.execute("pragma journal_mode = delete")
    db.execute("vacuum")
    db.close()
    for other in database.iterdir():
        if other != file:
            other.unlink()


def told(database):
    return run("rpm", "--dbpath", str(database), "-qa", "--qf", QUERY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    here = HERE / "fedora" / DATABASE
    if not parser.parse_args().check:
        build(here)
        print(told(here), end="")
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "committed")
        copy.mkdir()
        (copy / "rpmdb.sqlite").write_bytes((here / "rpmdb.sqlite").read_bytes())
        fresh = pathlib.Path(folder, "fresh")
        build(fresh)
        if told(fresh) != told(copy):
            sys.exit(f"testdata/packages/fedora is not what this script builds:\n{told(copy)}\n{told(fresh)}")


if __name__ == "__main__":
    main()
