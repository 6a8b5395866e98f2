"""Whether each option and each variable of auditwheel stands in a case that is compared, as its own help and source have them."""

import re

import commands
import situations
from harness.report import Failure


def check(tools):
    """Fails with what no case has: (command, option) and (command, variable)."""
    cases = list(used())
    missing = []
    for name in ("show", "repair", "lddtree"):
        words = [word for command, line, _ in cases if command == name for word in line]
        for spellings in options(tools, name):
            if not any(has(word, spelling) for word in words for spelling in spellings):
                missing.append(f"{name} {'/'.join(sorted(spellings))}")
        variables_of = {variable for command, _, env in cases if command == name for variable in env}
        missing += [f"{name} with {variable}" for variable in sorted(variables(tools) - variables_of)]
    words = [word for command, line, _ in cases if command is None for word in line]
    missing += ["/".join(sorted(spellings)) for spellings in options(tools) if not spellings & set(words)]
    if missing:
        raise Failure("no case has\n" + "\n".join(missing))


def used():
    """(command, its words, variables) of each case; what stands before a command is under None."""
    for case in commands.COMMANDS:
        words = [str(word) for word in case.words]
        at = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
        yield None, words[:at], case.env
        if words[at:]:
            yield words[at], words[at + 1 :], case.env
    for case in situations.SITUATIONS:
        env = case.env | ({"LD_LIBRARY_PATH": ""} if case.libs else {})
        yield "show", case.show, env
        yield "repair", case.repair, env


def has(word, spelling):
    """Whether a word is the option, alone or with its value."""
    return word == spelling or word.startswith(f"{spelling}=" if spelling.startswith("--") else spelling)


def options(tools, *command):
    """The spellings of each option, from the list of the help."""
    listed = tools.run("auditwheel", *command, "--help").stdout.partition("\noptions:\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^  (-\S.*?)(?:  .*)?$", listed, re.MULTILINE)
    found = [set(re.findall(r"(?<!\S)--?[\w-]+", row)) for row in rows]
    if len(found) < 2:
        raise Failure(f"auditwheel {' '.join(command)} --help lists {found}")
    return found


def variables(tools):
    """The names that auditwheel's source reads from the environment."""
    [package] = tools.home.glob("lib/*/site-packages/auditwheel")
    text = "".join(file.read_text() for file in sorted(package.rglob("*.py")))
    found = set(re.findall(r"""(?:environ(?:\.get)?[(\[]|getenv\(|\benv=)\s*["'](\w+)["']""", text))
    if "AUDITWHEEL_PLAT" not in found:
        raise Failure(f"auditwheel's source reads {found}")
    return found
