"""`make bench`: run all measurements, or the named ones: `make bench ARGS=recipients`.

At the end one table says of each figure what was wanted, what was measured, and whether it is met. A
measurement that cannot be made here, because a program is missing say, is named below it; the others
go on.
Options, written `--name=value`, belong to the measurements: each reads those that it knows.
`--json=FILE` writes the table to a file, too.
"""

import argparse
import importlib
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import _figures as figures
from devtools.console import Failure, say

MEASUREMENTS = sorted(
    file.stem
    for file in Path(__file__).parent.glob("*.py")
    if not file.stem.startswith(("_", "run"))
)


def main(words):
    """Run the named measurements and return the exit code: 1 when a goal was not met."""
    parser = argparse.ArgumentParser(prog="make bench", allow_abbrev=False)
    parser.add_argument("--json", type=Path)
    options = parser.parse_known_args(words)[0]
    names = [word for word in words if not word.startswith("--")]
    if unknown := set(names) - set(MEASUREMENTS):
        print(
            f"No such measurement: {', '.join(sorted(unknown))}. Known: {', '.join(MEASUREMENTS)}."
        )
        return 2
    measured, failed = {}, {}
    for name in names or MEASUREMENTS:
        try:
            measured[name] = importlib.import_module(f"benchmarks.{name}").main()
        except Failure as failure:
            failed[name] = str(failure)
        except Exception as error:  # a fault in one must not lose the figures of the others
            traceback.print_exc()
            failed[name] = repr(error)
    are_met = figures.summarize(measured, options.json)
    for name, reason in failed.items():
        say(f"Not measured: {name}. {reason}")
    return 0 if are_met and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
