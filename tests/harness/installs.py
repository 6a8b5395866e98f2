"""Installing wheels into fresh virtual environments, with pip and with uv."""

import shutil
import sys

from .programs import run

INSTALLERS = ("pip", "uv")


def fresh_venv(folder):
    """An empty environment of the running interpreter at `folder`; its python."""
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", "--without-pip", folder])
    return folder / "bin" / "python"


def install(tools, wheel, folder, installer, requires=()):
    """Installs a wheel, and what it `requires` from PyPI, into a new environment; its python."""
    python = fresh_venv(folder)
    if requires:
        tools.run("uv", "pip", "install", "--quiet", "--python", python, *requires)
    if installer == "pip":
        tools.pip("--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    else:
        tools.run("uv", "pip", "install", "--quiet", "--no-deps", "--offline", "--python", python, wheel)
    return python
