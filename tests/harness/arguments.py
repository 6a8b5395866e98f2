"""What the suites' command lines share."""

import argparse
import pathlib

SAMPLE = "only what CI runs: docs/testing.md says what that leaves out"


def parser(doc):
    """The command line of a suite that `doc` describes in its first line; `parsed` reads it."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument("--audit", type=pathlib.Path, help="the binary to test")
    made.add_argument("--packages", action="store_true", help="print the Debian packages that the suite needs, and end")
    return made


def add_portion(made):
    """For suites that download much, and of which CI runs a part."""
    made.add_argument("--sample", action="store_true", help=SAMPLE)
    made.add_argument("--fetch", action="store_true", help="download what is needed, and end")


def parsed(made, packages):
    """The arguments, with a binary unless only downloads are asked for; prints what `packages` gives and ends where that is asked for."""
    args = made.parse_args()
    if args.packages:
        print(*packages())
        made.exit()
    if getattr(args, "fetch", False):
        return args
    if not (args.audit and args.audit.is_file()):
        made.error(f"--audit must name the binary: {args.audit}")
    args.audit = args.audit.resolve()
    return args
