"""One wheel around mutated files, made from a seed, and what it is like when it is installed."""

import json
import random
import shutil
import sys
import zipfile
from typing import NamedTuple

import mutate
from harness.making import WheelMaker
from harness.programs import run
from sources import DEEP, INSIDE, OUTSIDE

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
# Of each file, how often it is changed.
ODDS = {"extension": 0.6, OUTSIDE: 0.35, INSIDE: 0.3, "program": 0.3, DEEP: 0.15}
VERSIONED = {"glibc": ["manylinux_2_17", "manylinux_2_34", "manylinux_2_39"], "musl": ["musllinux_1_1", "musllinux_1_2"]}


class Loaded(NamedTuple):
    """What a loader made of an extension: None where it did not load."""

    answer: str
    files: list  # of all that is in memory, by the loader's own list


class Case:
    """A folder with a wheel, and libraries that lie outside of it."""

    def __init__(self, seed, kinds, home):
        self.seed, self.home = seed, home
        self.rng = random.Random(seed)
        self.kind = self.rng.choice(kinds)
        self.changes = []
        self.libs = home / "libs"
        shutil.rmtree(home, ignore_errors=True)
        self.libs.mkdir(parents=True)
        (home / "tmp").mkdir()
        self.make()

    def __str__(self):
        return f"seed {self.seed}: {self.kind.name}, {self.wheel.name}: " + "; ".join(self.changes)

    def file(self, name):
        """A file of the family, as it is or changed."""
        data = self.kind.files[name]
        if self.rng.random() < ODDS.get(name, 0.2):
            data, names = mutate.mutated(self.rng, data, self.rng.choice([1, 1, 1, 2, 3]))
            self.changes.append(f"{name}: {', '.join(names)}")
        return data

    def make(self):
        rng, kind = self.rng, self.kind
        names = [kind.platform, f"{rng.choice(VERSIONED['musl' if kind.musl else 'glibc'])}_{kind.platform.partition('_')[2]}"]
        platform = names[1] if rng.random() < 0.3 else names[0]
        self.wheel = self.home / f"mut-1.0-cp38-abi3-{platform}.whl"
        root = rng.choice(["", "", "", "mut-1.0.data/platlib/"])
        self.member = f"{root}mut/_mut.abi3.so"
        with WheelMaker(self.wheel) as maker:
            maker.add(f"{root}mut/__init__.py", [b""])
            maker.add(self.member, [self.file("extension")])
            if INSIDE in kind.files:
                self.inside(maker, root)
            if "program" in kind.files and rng.random() < 0.4:
                maker.add("mut-1.0.data/scripts/mut-program", [self.file("program")], mode=0o755)
        for name in kind.files:
            if name not in ("extension", "program", INSIDE):
                (self.libs / name).write_bytes(self.file(name))

    def inside(self, maker, root):
        """The library of the wheel, where its user looks for it; sometimes again where nobody does."""
        data = self.file(INSIDE)
        maker.add(f"{root}mut/lib/{INSIDE}", [data])
        if self.rng.random() < 0.2:
            maker.add(f"mut-1.0.data/data/lib/{INSIDE}", [data])
        if self.rng.random() < 0.15:
            maker.add(f"{root}mut/other.so", [self.file(OUTSIDE)])

    def installed(self, wheel, where):
        """Unpacks as an installer would; where the extension is then."""
        prefix = self.home / where
        places = {"platlib": SITE, "purelib": SITE, "data": ".", "scripts": "bin"}
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                first, _, rest = name.partition("/")
                at = prefix / SITE / name
                if first.endswith(".data"):
                    scheme, _, rest = rest.partition("/")
                    at = prefix / places[scheme] / rest
                at.parent.mkdir(parents=True, exist_ok=True)
                at.write_bytes(archive.read(name))
        return prefix / SITE / "mut/_mut.abi3.so"

    def loaded(self, extension, libs=None):
        """In a process of its own, which may die of it."""
        if not self.kind.host:
            return None
        env = {"LD_LIBRARY_PATH": str(libs)} if libs else {}
        done = run([self.kind.host, extension], env=env, cwd=self.home / "tmp", accept=range(-64, 256), timeout=20)
        lines = [line.partition(" ") for line in done.stdout.splitlines()]
        if done.returncode:
            return None
        answers = [text for word, _, text in lines if word == "answer"]
        return Loaded(" ".join(answers), [text for word, _, text in lines if word == "file"])

    def written(self, folder):
        """What lies in a folder that need not be there."""
        return sorted((self.home / folder).iterdir()) if (self.home / folder).is_dir() else []


def parsed(text):
    """A document on one line."""
    return json.loads(text) if text.count("\n") == 1 else None
