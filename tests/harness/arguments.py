"""What the suites' command lines share."""

import argparse
import pathlib


def parser(doc):
    """The command line of a suite that `doc` describes in its first line; `parsed` reads it."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0])
    made.add_argument("--audit", type=pathlib.Path, help="the binary to test")
    made.add_argument("--packages", action="store_true", help="print the Debian packages that the suite needs, and end")
    return made


def parsed(made, packages):
    """The arguments; prints what `packages` gives and ends where that is asked for."""
    args = made.parse_args()
    if args.packages:
        print(*packages())
        made.exit()
    if not (args.audit and args.audit.is_file()):
        made.error(f"--audit must name the binary: {args.audit}")
    args.audit = args.audit.resolve()
    return args
