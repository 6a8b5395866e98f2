#!/usr/bin/env python3
"""Gives what audit prints to the programs it is meant for: JSON Schema, Graphviz, Mermaid, shells, man.

    python3 tests/formats/run.py --audit target/release/audit

docs/testing.md says what is checked.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import arguments
from harness.programs import ROOT, TARGET, Tools, require, run
from harness.report import Failure, Report

PACKAGES = {"dot": "graphviz", "npm": "npm", "node": "nodejs", "bash": "bash", "zsh": "zsh", "fish": "fish", "groff": "groff"}
WHEELS = {
    path: ROOT / "testdata/libs" / f"{path.stem.partition('linux_')[2]}-{'musl' if path.parent.name == 'musl' else 'glibc'}"
    for path in sorted((ROOT / "testdata/wheels").rglob("*.whl"))
}
COMMANDS = ("show", "repair", "tree", "policies", "explain", "schema", "completions", "man")


def main():
    args = arguments.parsed(arguments.parser(__doc__), missing_packages)
    require(PACKAGES)
    suite = Suite(args.audit, Tools(extra="jsonschema==4.26.0\n"))
    report = Report("formats")
    report.run(
        [
            ("show: JSON against its schema", suite.show),
            ("repair: JSON against its schema", suite.repair),
            ("tree: JSON against its schema", suite.tree),
            ("policies: JSON against its schema", suite.policies),
            ("schemas: a wrong document is refused", suite.schemas_refuse),
            ("dot: Graphviz draws it", suite.dot),
            ("mermaid: its own parser reads it", suite.mermaid),
            ("completions: shells read them", suite.completions),
            ("man: groff sets it without a warning", suite.man),
        ]
    )
    return report.close()


def missing_packages():
    """Not all of them: Node.js from elsewhere than Debian brings an npm that Debian's package conflicts with."""
    return sorted(package for program, package in PACKAGES.items() if not shutil.which(program))


class Suite:
    def __init__(self, audit, tools):
        self.audit = audit
        self.tools = tools

    def run(self, *arguments, accept=(0,)):
        return run([self.audit, *arguments], cwd=ROOT, accept=accept)

    def lines(self, *arguments, accept=(0,)):
        return self.run(*arguments, accept=accept).stdout.splitlines()

    def validate(self, name, documents):
        """Holds documents against the schema that the binary prints."""
        with tempfile.TemporaryDirectory() as folder:
            schema = pathlib.Path(folder) / "schema.json"
            schema.write_text(self.run("schema", name).stdout)
            instances = []
            for index, document in enumerate(documents):
                path = pathlib.Path(folder) / f"{index}.json"
                path.write_text(document)
                instances += ["--instance", path]
            if not instances:
                raise Failure("nothing was printed")
            self.tools.run("python", "-W", "ignore", "-m", "jsonschema", *instances, schema)
        return f"{len(documents)} documents"

    def show(self):
        documents = []
        for wheel, libs in WHEELS.items():
            documents += self.lines("show", "--json", "--no-host-libs", wheel)
            documents += self.lines("show", "--json", "--no-host-libs", "--lib-path", libs, wheel)
        documents += self.lines("show", "--json", "--no-host-libs", "testdata/libs/x86_64-glibc/libgreet.so.1", "testdata/libs/s390x-glibc")
        documents += self.lines("show", "--json", self.audit)
        documents += self.lines("show", "--json", "Cargo.toml", "docs", accept=(1,))
        with tempfile.TemporaryDirectory() as folder:
            documents += self.lines("show", "--json", "--allow-pure-python-wheel", pure_wheel(folder))
        return self.validate("show", documents)

    def repair(self):
        documents = []
        with tempfile.TemporaryDirectory() as folder:
            for wheel, libs in WHEELS.items():
                options = ["repair", "--json", "--no-host-libs", "-w", folder]
                documents += self.lines(*options, "--lib-path", libs, wheel)
                documents += self.lines(*options, "--lib-path", libs, "--dry-run", wheel)
                documents += self.lines(*options, wheel, accept=(1,))
            out_of_reach = [wheel for wheel in WHEELS if "riscv64" in wheel.name]
            for wheel in out_of_reach:
                documents += self.lines(*options, "--plat", "manylinux1", "--lib-path", WHEELS[wheel], wheel, accept=(2,))
        return self.validate("repair", documents)

    def tree(self):
        documents = []
        for wheel, libs in WHEELS.items():
            documents += self.lines("tree", "--json", "--no-host-libs", wheel)
            documents += self.lines("tree", "--json", "--no-host-libs", "--lib-path", libs, "--why", "libwords*", wheel)
        documents += self.lines("tree", "--json", self.audit)
        documents += self.lines("tree", "--json", "Cargo.toml", accept=(1,))
        return self.validate("tree", documents)

    def policies(self):
        return self.validate("policies", self.lines("policies", "--json"))

    def schemas_refuse(self):
        """A schema that lets everything through would prove nothing."""
        wheel = next(iter(WHEELS))
        [good] = self.lines("show", "--json", "--no-host-libs", wheel)
        for change in ({"overall_tag": 1}, {"platform": "beos"}, {"libc": "newlib"}):
            try:
                self.validate("show", [json.dumps(json.loads(good) | change)])
            except Failure:
                continue
            raise Failure(f"the schema of show lets {change} through")

    def drawings(self, format):
        """The text of some trees: small ones, one with real depth, one with hostile names."""
        for wheel, libs in WHEELS.items():
            yield self.run("tree", "--format", format, "--no-host-libs", "--lib-path", libs, wheel).stdout
            yield self.run("tree", "--format", format, "--no-host-libs", wheel).stdout
        yield self.run("tree", "--format", format, shutil.which("dot")).stdout
        yield self.run("tree", "--format", format, "-v", shutil.which("dot")).stdout
        with tempfile.TemporaryDirectory() as folder:
            hostile = pathlib.Path(folder) / 'a"]; b --> c;<b> end #quot; \\n é {x}.so'
            shutil.copy(ROOT / "testdata/libs/x86_64-glibc/libgreet.so.1", hostile)
            yield self.run("tree", "--format", format, "--no-host-libs", hostile).stdout

    def dot(self):
        number = 0
        for number, text in enumerate(self.drawings("dot"), 1):
            with tempfile.TemporaryDirectory() as folder:
                source = pathlib.Path(folder) / "tree.dot"
                source.write_text(text)
                done = run(["dot", "-Tsvg", source])
                if "<svg" not in done.stdout or "syntax" in done.stderr.lower():
                    raise Failure(f"Graphviz: {done.stderr}\n{text}")
        return f"{number} drawings"

    def mermaid(self):
        home = TARGET / "suites" / "mermaid"
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "parse.mjs"):
            shutil.copy(ROOT / "tests/formats/mermaid" / name, home / name)
        if not (home / "node_modules/mermaid").is_dir():
            run(["npm", "ci", "--no-audit", "--no-fund"], cwd=home)
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for index, text in enumerate(self.drawings("mermaid")):
                files.append(pathlib.Path(folder) / f"{index}.mmd")
                files[-1].write_text(text)
            done = run(["node", "parse.mjs", *files], cwd=home)
            if done.stdout.split() != ["flowchart-v2"] * len(files):
                raise Failure(done.stdout)
        return f"{len(files)} charts"

    def completions(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.run("completions", shell).stdout
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "completion"
                path.write_text(script)
                run([shell, "-n", path])
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "audit.bash"
            path.write_text(self.run("completions", "bash").stdout)
            words = 'COMP_WORDS=(audit show --no); COMP_CWORD=2; _audit audit --no show; echo "${COMPREPLY[@]}"'
            offered = run(["bash", "-c", f"source {path}; {words}"]).stdout.split()
        if "--no-host-libs" not in offered:
            raise Failure(f"bash is offered {offered}")

    def man(self):
        pages = [["man"]] + [["man", command] for command in COMMANDS]
        for page in pages:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "audit.1"
                path.write_text(self.run(*page).stdout)
                done = run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou", path])
            if done.stderr.strip() or "NAME" not in done.stdout:
                raise Failure(f"{' '.join(page)}: {done.stderr}")
        return f"{len(pages)} pages"


def pure_wheel(folder):
    """A wheel without compiled code, under a name of its own."""
    path = pathlib.Path(folder) / "greet-1.0-py3-none-any.whl"
    info = "greet-1.0.dist-info"
    members = {
        "greet/__init__.py": b"",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}\n")
    members[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


if __name__ == "__main__":
    sys.exit(main())
