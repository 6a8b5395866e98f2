#!/usr/bin/env python3
"""Cuts debian/ from the database of a whole Debian system.

    excerpt.py / libssl3 zlib1g

What is kept is kept byte for byte.
"""

import pathlib
import shutil
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


if __name__ == "__main__":
    dpkg(sys.argv[1], sys.argv[2:])
