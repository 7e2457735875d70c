"""`make bench`: run all measurements, or the named ones: `make bench ARGS=recipients`.

Options, written `--name=value`, belong to the measurements: each reads those that it knows.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

MEASUREMENTS = sorted(
    file.stem
    for file in Path(__file__).parent.glob("*.py")
    if not file.stem.startswith(("_", "run"))
)


def main(names):
    """Run the named measurements and return the exit code: 1 when a limit was passed."""
    if unknown := set(names) - set(MEASUREMENTS):
        print(
            f"No such measurement: {', '.join(sorted(unknown))}. Known: {', '.join(MEASUREMENTS)}."
        )
        return 2
    passed = [
        importlib.import_module(f"benchmarks.{name}").main() for name in names or MEASUREMENTS
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main([word for word in sys.argv[1:] if not word.startswith("--")]))
