#!/usr/bin/env python3
"""Derives the "since" tables of this folder from upstream's policy facts.

usage: derive.py FACTS_DIR [--check]

FACTS_DIR holds manylinux-policy.json, musllinux-policy.json and android-policy.json in
auditwheel's form: for every tag, in full, what it allows. manylinux-newer.json, of the same
form, adds tags that upstream's file does not have yet. The tables written beside this
script say from which tag on something is allowed. That is only possible where a newer tag
allows all that an older one does (PEP 600); facts that break the rule are refused, and so is
a tag that two files describe.

--check writes nothing and fails if a table differs from what the facts give.
"""
import argparse
import json
import pathlib
import re
import sys

FAMILIES = {
    "glibc": ["manylinux-policy.json", "manylinux-newer.json"],
    "musl": ["musllinux-policy.json"],
    "android": ["android-policy.json"],
}

# The facts say `libc.so`, the name that musl-gcc links; Alpine's musl, and with it most
# musl systems, calls the same library by its loader name, which spells some
# architectures its own way.
MUSL_ARCH = {"i686": "x86", "armv7l": "armv7"}


# The facts name the two that CPython supports (PEP 738); Android's libraries, and so its
# policies, are the same on the 32-bit ones, for which Chaquopy has wheels.
ANDROID_ARCHS = ["i686", "armv7l"]


# What `nodes` reads.
NODES = ["bind-glibc.json", "glibc-nodes.json"]

# The newest glibc whose libraries `glibc-nodes.json` was read from.
VERIFIED = "2.36"

# Part of libc.so.6 since glibc 2.34: what is left of them gets no more versions.
MERGED = ["libanl.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1"]

# How versions of other libraries begin that may stay outside. libgcc_s has those of glibc's oldest
# releases where unwinding was once glibc's.
OTHERS = {
    "libatomic.so.1": ["LIBATOMIC_"],
    "libgcc_s.so.1": ["GCC_", "GGC_", "GLIBC_2.0", "GLIBC_2.2"],
    "libstdc++.so.6": ["CXXABI_", "GLIBCXX_"],
    "libz.so.1": ["ZLIB_"],
}


class BadFacts(Exception):
    """The facts cannot be said as a "since" table."""


def numbers(tag):
    return [int(part) for part in re.findall(r"\d+", tag)]


def ladder(facts):
    """The tags, oldest first."""
    tags = [tag for tag in facts if tag["name"] != "linux"]
    names = [tag["name"] for tag in tags]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadFacts(f"{', '.join(twice)} is there twice: upstream has it now, so take it out of the other file")
    tags.sort(key=lambda tag: -tag["priority"])
    for older, newer in zip(tags, tags[1:]):
        if older["priority"] == newer["priority"]:
            raise BadFacts(f"{older['name']} and {newer['name']} have the same priority")
        if numbers(older["name"]) >= numbers(newer["name"]):
            raise BadFacts(f"by priority {older['name']} is older than {newer['name']}, by its number it is not")
    return tags


def first_allowed(tags, allowed, what):
    """{tag: what it is the first to allow}; `allowed(tag)` is all that a tag allows."""
    since, known = {}, set()
    for tag in tags:
        now = set(allowed(tag))
        if lost := known - now:
            raise BadFacts(f"{tag['name']} does not allow {what} {', '.join(sorted(lost))}, which an older tag allows")
        if new := now - known:
            since[tag["name"]] = sorted(new, key=natural)
        known = now
    return since


def first_not_forbidden(tags, library):
    """{tag: the symbols it is the first not to forbid}, `never` for those that all forbid."""
    since = {}
    forbidden = set(tags[0]["blacklist"].get(library, []))
    for tag in tags[1:]:
        now = set(tag["blacklist"].get(library, []))
        if new := now - forbidden:
            raise BadFacts(f"{tag['name']} forbids {library}'s {', '.join(sorted(new))}, which an older tag allows")
        if freed := forbidden - now:
            since[tag["name"]] = sorted(freed, key=natural)
        forbidden = now
    if forbidden:
        since["never"] = sorted(forbidden, key=natural)
    return since


def natural(text):
    """Sorts 3.4.9 before 3.4.10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]


def architecture(family, tags, arch):
    """What holds for one architecture only."""
    own = [tag for tag in tags if arch in tag["symbol_versions"]]
    prefixes = {tag["name"]: sorted(tag["symbol_versions"][arch]) for tag in own}
    first = prefixes[own[0]["name"]]
    for tag, listed in prefixes.items():
        if listed != first:
            raise BadFacts(f"{tag}_{arch} judges the versions {listed}, {own[0]['name']}_{arch} judges {first}")
    table = {"tags": [tag["name"] for tag in own]}
    versions = {}
    for prefix in first:
        versions[prefix] = first_allowed(own, lambda tag: tag["symbol_versions"][arch][prefix], f"for {arch} the {prefix} versions")
    if versions:
        table["versions"] = versions
    if family == "musl":
        loader = f"libc.musl-{MUSL_ARCH.get(arch, arch)}.so.1"
        table["libraries"] = first_allowed(own, lambda tag: [loader] if "libc.so" in tag["lib_whitelist"] else [], "library")
    return table


def derive(family, facts):
    """One table of this folder."""
    tags = ladder(facts)
    if not tags:
        raise BadFacts("no tag but linux")
    archs = []
    if family == "android":
        for tag in tags:
            tag["symbol_versions"].update(dict.fromkeys(ANDROID_ARCHS, {}))
    for tag in tags:
        archs += [arch for arch in tag["symbol_versions"] if arch not in archs]
    libraries = sorted({library for tag in tags for library in tag["blacklist"]})
    return {
        "libc": family,
        "tags": [{"name": tag["name"], "aliases": tag["aliases"]} for tag in tags],
        "libraries": first_allowed(tags, lambda tag: tag["lib_whitelist"], "library"),
        "symbols": {library: first_not_forbidden(tags, library) for library in libraries},
        "architectures": {arch: architecture(family, tags, arch) for arch in archs},
    }


def nodes(facts, more):
    """Which versions each library of glibc defines, by architecture: `nodes.json`.

    `facts` say which symbol has which version, `more` names versions without symbols. The loader
    goes by `ld`: its name differs by architecture.
    """
    archs = facts["architectures"]
    found = {}
    for index in facts["symbols"].values():
        for (library, version), mask in facts["signatures"][index]:
            for bit, arch in enumerate(archs):
                if mask >> bit & 1:
                    own = facts["base"][arch] if version == "B" else version
                    found.setdefault(library, {}).setdefault(arch, set()).add(own)
    for library, by_arch in more["nodes"].items():
        for arch, versions in by_arch.items():
            found.setdefault(library, {}).setdefault(arch, set()).update(versions)
    newest = max((v for by_arch in found.values() for own in by_arch.values() for v in own), key=numbers_in)
    glibc = {
        library: {arch: sorted(found[library][arch], key=natural) for arch in archs if arch in found[library]}
        for library in sorted(found)
    }
    return {"newest": newest, "verified": VERIFIED, "glibc": glibc, "merged": MERGED, "others": OTHERS}


def numbers_in(text):
    return [int(part) for part in text.split(".")]


def text(value, indent=""):
    """JSON with one line for each list of plain values."""
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{deeper}{json.dumps(key)}: {text(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        rows = [deeper + json.dumps(item) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + indent + "]"
    return json.dumps(value, ensure_ascii=False)


def main():
    cli = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cli.add_argument("facts", type=pathlib.Path, metavar="FACTS_DIR")
    cli.add_argument("--check", action="store_true", help="write nothing, fail if a table is out of date")
    args = cli.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    tables = {}
    for family, files in FAMILIES.items():
        facts = []
        try:
            for file in files:
                facts += json.loads((args.facts / file).read_text(encoding="utf-8"))
            tables[here / f"{family}.json"] = text(derive(family, facts)) + "\n"
        except (OSError, ValueError) as error:
            return f"error: {args.facts / file}: {error}"
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            return f"error: {args.facts / file}: not in the form of policy facts: {error!r}"
        except BadFacts as error:
            return f"error: {args.facts / file}: {error}"
    try:
        facts, more = (json.loads((args.facts / file).read_text(encoding="utf-8")) for file in NODES)
        tables[here / "nodes.json"] = text(nodes(facts, more)) + "\n"
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        return f"error: {args.facts}: {' and '.join(NODES)}: {error!r}"
    for path, table in tables.items():
        if not args.check:
            path.write_text(table, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != table:
            return f"error: {path.name} is not what the facts give: run policy/derive.py {args.facts}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
