"""`make bench [ARGS="NAME … OPTION …"]`: run measurements by name, or all of them.

A measurement is a module of this folder with ``add_arguments(parser)`` and ``measure(args)``, which
returns rows ``{"figure", "measured", "target", "reached", "detail"}``.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path

from devtools.console import Failure, say, table

MEASUREMENTS = ("sending",)


def main(arguments):
    """Run the measurements and print one table; return the exit code."""
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in MEASUREMENTS}
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {MEASUREMENTS}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    for module in modules.values():
        module.add_arguments(parser)
    args = parser.parse_args(arguments)
    if unknown := set(args.names) - set(MEASUREMENTS):
        parser.error(f"There is no measurement {unknown.pop()!r}: choose from {MEASUREMENTS}.")
    rows = [row for name in args.names or MEASUREMENTS for row in modules[name].measure(args)]
    columns = ("figure", "measured", "target", "reached", "detail")
    table([[row[name] for name in columns] for row in rows], columns)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")
        say(f"The figures are in {args.json}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        sys.exit(str(failure))
