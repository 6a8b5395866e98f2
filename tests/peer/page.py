"""docs/differences.md: each row has a key in its first column, and names what holds it in its last."""

import re

from harness.programs import ROOT
from harness.report import Failure

PAGE = ROOT / "docs" / "differences.md"
ROW = re.compile(r"^\| `(?P<key>[a-z0-9-]+)` \|.*\| (?P<held>[^|]+) \|$")


def rows():
    """{key: what holds it}; a row that cannot be read, or a key that is twice there, fails."""
    found = {}
    for line in PAGE.read_text().splitlines():
        if not line.startswith("|") or line.startswith(("| ---", "| key |")):
            continue
        row = ROW.match(line)
        if not row or row["key"] in found:
            raise Failure(f"{PAGE.name}: no key, or one that is taken: {line[:100]}")
        found[row["key"]] = row["held"]
    return found


def check(entries):
    """Every entry has a row; every row has an entry or names a test that exists."""
    page, used = rows(), {entry.row for entry in entries}
    wrong = [f"an entry names the row {key}, which is not there" for key in sorted(used - set(page))]
    for key, held in page.items():
        if (held == "peer") != (key in used):
            wrong.append(f"{key}: held by {held}, but {'an' if key in used else 'no'} entry of differences.py names it")
        elif held != "peer" and not exists(held):
            wrong.append(f"{key}: there is no {held}")
    if wrong:
        raise Failure("\n".join(wrong))


def exists(held):
    """Whether there is a test, told as `path` of a suite or as `path::function`."""
    path, _, function = held.strip("`").partition("::")
    file = ROOT / path
    return file.exists() and (not function or re.search(rf"\b(fn|def) {function}\b", file.read_text()) is not None)
